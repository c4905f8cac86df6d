// A chat with names and rooms: each line of a guest is sent to all other guests of the room. The protocol consists of lines for a
// terminal; RFC 1459 (IRC) is a complete one.
//   nc 127.0.0.1 8888        first a name, then messages; /join ROOM, /quit
//   printf 'ann\nhello\n' | nc -q1 127.0.0.1 8888        from two shells at once

import { setTimeout } from 'node:timers/promises'
import { type Connection, listen, shutdownOn } from 'linnet'

type Guest = { name: string; room: string; readonly connection: Connection }

const guests = new Set<Guest>()
const { PORT = 8888 } = process.env
const server = await listen({ port: Number(PORT), maxBufferSize: 1024, closeTimeout: 1_000 }) // netcat does not close first
shutdownOn(server)
console.log(`chat: join with  nc 127.0.0.1 ${server.port}  and say your name first`)

await server.serve(async (connection) => {
  const guest: Guest = { name: 'somebody', room: 'the door', connection }
  try {
    await connection.write('* your name?\n')
    guest.name = printable(await connection.readLine())
    guests.add(guest)
    enter(guest, 'lobby')
    for await (const line of connection.lines({ overflow: 'skip' })) {
      if (line === '/quit') return
      if (line.startsWith('/join ')) enter(guest, printable(line.slice(6)))
      else tellOthers(guest, `${guest.name}: ${printable(line)}`)
    }
    // The guest has ended its side, as `printf … | nc` does, and may still read.
    await setTimeout(2_000, undefined, { signal: AbortSignal.any([connection.signal, connection.drainSignal]) })
  } catch (error) {
    // The server drains: a pending read rejects, and the handler may still write.
    if (!connection.drainSignal.aborted) throw error
    await connection.write('* the chat closes: goodbye\n')
  } finally {
    guests.delete(guest)
    tellOthers(guest, `* ${guest.name} left`)
  }
})

function enter(guest: Guest, room: string): void {
  tellOthers(guest, `* ${guest.name} went to ${room}`)
  guest.room = room
  tellOthers(guest, `* ${guest.name} joined`)
  guest.connection.tryWrite(`* in ${room}: ${[...othersOf(guest).map(({ name }) => name), 'you'].join(', ')}\n`)
}

/** Sends a line to all other guests. A guest that reads too slowly misses lines, and does not delay the others. */
function tellOthers(guest: Guest, text: string): void {
  for (const other of othersOf(guest)) other.connection.tryWrite(`${text}\n`)
}

function othersOf(guest: Guest): Guest[] {
  return [...guests].filter((other) => other !== guest && other.room === guest.room)
}

/** Removes control characters, which would act on the terminals of other guests. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '')
}
