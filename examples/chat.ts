// A chat with names and rooms: what a guest says goes to everybody else in the room. The protocol is its own, lines for
// people at a terminal; RFC 1459 (IRC) is where it leads.
//   nc 127.0.0.1 8888        first your name, then what you have to say; /join ROOM, /quit
//   printf 'ann\nhello\n' | nc -q1 127.0.0.1 8888        from two shells at once

import { setTimeout } from 'node:timers/promises'
import { type Connection, listen, shutdownOn } from 'linnet'

type Guest = { name: string; room: string; readonly connection: Connection }

const guests = new Set<Guest>()
const { PORT = 8888 } = process.env
const server = await listen({ port: Number(PORT), maxBufferSize: 1024, closeTimeout: 1_000 }) // netcat never hangs up first
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
    // The guest has ended its side, as `printf … | nc` does, and may still listen for a while.
    await setTimeout(2_000, undefined, { signal: AbortSignal.any([connection.signal, connection.drainSignal]) })
  } catch (error) {
    // The server drains: who waits is woken by an error, and may still say something.
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

/** A guest who reads too slowly misses what `tryWrite` finds no room for, and holds up nobody. */
function tellOthers(guest: Guest, text: string): void {
  for (const other of othersOf(guest)) other.connection.tryWrite(`${text}\n`)
}

function othersOf(guest: Guest): Guest[] {
  return [...guests].filter((other) => other !== guest && other.room === guest.room)
}

/** Terminals obey control characters, and nobody's should obey another guest. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '')
}
