// The loop over a server: who gets which connection, how it ends, and what leaving it means for those who are in, those
// who wait, and the other loops.

import t from 'tap'
import type { Connection } from '../../lib/index.js'
import { isPending, rejection, turns, until, within } from '../support/wait.js'
import { cut, echo, ending, overEach, talk } from './support.js'

overEach(t, 'a loop gets each connection once, in the order in which they came', async (t, open) => {
  const { server, connect } = await open()
  for (let n = 0; n < 5; n++) await (await connect()).write(`${n}\n`)
  await until(() => server.stats().pending === 5)
  const got: string[] = []
  for await (const connection of server) {
    got.push(await connection.readLine())
    if (got.length === 5) break
  }
  t.strictSame(got, ['0', '1', '2', '3', '4'])
})

overEach(t, 'a loop that waits ends, without throwing, when the server closes', async (t, open) => {
  const { server } = await open()
  const loop = server[Symbol.asyncIterator]()
  const next = loop.next()
  await turns()
  await server.close()
  t.strictSame(await within(next), { value: undefined, done: true })
  t.strictSame(await loop.next(), { value: undefined, done: true }, 'it stays at its end')
  t.strictSame(await server[Symbol.asyncIterator]().next(), { value: undefined, done: true }, 'a new one ends at once')
})

overEach(t, 'leaving the loop after a burst of 64 leaks none', async (t, open, way) => {
  const { server, books, connect } = await open()
  const clients = await Promise.all(Array.from({ length: 64 }, () => connect()))
  await until(() => server.stats().pending === 64)
  let first: Connection | undefined
  for await (const connection of server) {
    first = connection
    void connection.run(echo)
    break
  }
  t.strictSame(books.reasons, Array(63).fill('draining'))
  t.match(server.stats(), { active: 1, pending: 0, accepted: 64, dropped: 63 })
  const [alive, ...others] = clients as [Connection, ...Connection[]]
  for (const other of others) await cut(t, way, other)
  t.equal(server.draining, false)
  await talk(alive, 'what was yielded goes on')
  t.equal(first?.drainSignal.aborted, false)
  await t.rejects(connect(), { code: way === 'unix' ? 'ENOENT' : 'ECONNREFUSED' }, 'it listens no more')
  const [closing, ended] = [server.close(), ending(alive)]
  t.equal(server.draining, true)
  t.equal(await within(ended), 'end')
  t.strictSame(await within(closing), { drained: 1, aborted: 0 }, 'a later close drains them')
})

overEach(t, 'a throw out of the loop stops accepting as a break does', async (t, open, way) => {
  const { server, books, connect } = await open()
  const clients = [await connect(), await connect()] as const
  await until(() => server.stats().pending === 2)
  const wrong = new Error('out')
  const loop = async (): Promise<void> => {
    for await (const connection of server) {
      void connection.run(echo)
      throw wrong
    }
  }
  t.equal(await rejection(loop()), wrong)
  t.strictSame(books.reasons, ['draining'])
  await cut(t, way, clients[1])
  await talk(clients[0])
})

overEach(t, 'return() ends every loop, the pending calls of its own too, and waits for no connection', async (t, open) => {
  const { server, books, connect } = await open()
  const [one, other] = [server[Symbol.asyncIterator](), server[Symbol.asyncIterator]()]
  t.equal(one[Symbol.asyncIterator](), one)
  const first = one.next()
  const peer = await connect()
  const { value: connection } = await within(first)
  const waiting = [one.next(), other.next(), server.accept()]
  t.strictSame(await within(one.return!()), { value: undefined, done: true })
  t.strictSame(await within(Promise.all(waiting)), [{ value: undefined, done: true }, { value: undefined, done: true }, null])
  t.strictSame(await other.next(), { value: undefined, done: true })
  t.strictSame(await one.next(), { value: undefined, done: true })
  t.equal(await isPending(server.closed), true)
  await peer.write('still here\n')
  t.equal(await (connection as Connection).readLine(), 'still here')
  await peer.end()
  await (connection as Connection).close()
  await within(server.closed)
  t.equal(server.draining, false)
  t.strictSame(books.told, ['connection', 'disconnect', 'close'])
  t.strictSame(await server.close(), { drained: 0, aborted: 0 }, 'a close afterwards has nothing to do')
  t.equal(server.draining, true)
})

overEach(t, 'the iterator is async disposable, and return(value) gives the value back', async (t, open) => {
  const { server } = await open()
  let next: Promise<unknown>
  {
    await using loop = server[Symbol.asyncIterator]()
    next = loop.next()
    t.equal(await isPending(next), true)
  }
  t.strictSame(await within(next), { value: undefined, done: true })
  t.strictSame(await server[Symbol.asyncIterator]().return!('why'), { value: 'why', done: true })
  await within(server.closed)
})

overEach(t, 'a loop may be left before it was begun, or twice', async (t, open) => {
  const { server } = await open()
  const loop = server[Symbol.asyncIterator]()
  await loop.return!()
  await loop.return!()
  await within(server.closed)
  t.equal(await server.accept(), null)
})

overEach(t, 'several loops, accept and serve share the connections, each going to one', async (t, open) => {
  const { server, connect } = await open()
  const got: Connection[] = []
  const loop = async (): Promise<void> => {
    for await (const connection of server) {
      got.push(connection)
      void connection.run(echo)
    }
  }
  const served = server.serve(async (connection) => {
    got.push(connection)
    await echo(connection)
  })
  const loops = [loop(), loop()]
  const accepting = server.accept()
  const clients: Connection[] = []
  for (let n = 0; n < 12; n++) clients.push(await connect())
  const accepted = (await within(accepting)) as Connection
  got.push(accepted)
  void accepted.run(echo)
  for (const one of clients) await talk(one)
  t.equal(new Set(got).size, 12)
  t.equal(got.length, 12)
  t.strictSame(new Set(got), new Set(server.connections))
  for (const one of clients) void ending(one)
  t.strictSame(await within(server.close()), { drained: 12, aborted: 0 })
  await within(Promise.all([served, ...loops]))
})

overEach(t, 'a loop that is in its body when another one is left ends when it comes back', async (t, open) => {
  const { server, connect } = await open()
  const [one, other] = [server[Symbol.asyncIterator](), server[Symbol.asyncIterator]()]
  await connect()
  const { value } = await within(one.next())
  await other.return!()
  t.strictSame(await within(one.next()), { value: undefined, done: true })
  t.equal((value as Connection).ended, false)
})

overEach(t, 'a silent client holds up nobody', async (t, open) => {
  const { server, connect } = await open()
  void server.serve(echo)
  const silent = await Promise.all(Array.from({ length: 20 }, () => connect()))
  await talk(await connect())
  t.equal(
    silent.some(({ peerEnded }) => peerEnded),
    false,
  )
})
