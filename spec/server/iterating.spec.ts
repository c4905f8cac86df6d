// The loop over a server: which loop gets a connection, how a loop ends, and what leaving it means for open connections,
// pending connections and other loops.

import t from 'tap'
import type { Connection } from '../../lib/index.js'
import { isPending, rejection, turns, until, within } from '../support/wait.js'
import { cut, echo, ending, overEach, talk } from './support.js'

overEach(t, 'a loop gets each connection once, in order of arrival', async (t, open) => {
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

overEach(t, 'a waiting loop ends without an error when the server closes', async (t, open) => {
  const { server } = await open()
  const loop = server[Symbol.asyncIterator]()
  const next = loop.next()
  await turns()
  await server.close()
  t.strictSame(await within(next), { value: undefined, done: true })
  t.strictSame(await loop.next(), { value: undefined, done: true }, 'it has ended for good')
  t.strictSame(await server[Symbol.asyncIterator]().next(), { value: undefined, done: true }, 'a new one ends at once')
})

overEach(t, 'leaving the loop drops all pending connections', async (t, open, way) => {
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
  await talk(alive, 'the yielded connection stays open')
  t.equal(first?.drainSignal.aborted, false)
  await t.rejects(connect(), { code: way === 'unix' ? 'ENOENT' : 'ECONNREFUSED' }, 'the server does not listen any more')
  const [closing, ended] = [server.close(), ending(alive)]
  t.equal(server.draining, true)
  t.equal(await within(ended), 'end')
  t.strictSame(await within(closing), { drained: 1, aborted: 0 }, 'a later close drains it')
})

overEach(t, 'an exception in the body of the loop stops accepting as a break does', async (t, open, way) => {
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

overEach(t, 'return() ends every loop and every pending call at once, and waits for no connection', async (t, open) => {
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

overEach(t, 'the iterator is async disposable, and return(value) resolves with the value', async (t, open) => {
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

overEach(t, 'return() may be called before the first next(), and twice', async (t, open) => {
  const { server } = await open()
  const loop = server[Symbol.asyncIterator]()
  await loop.return!()
  await loop.return!()
  await within(server.closed)
  t.equal(await server.accept(), null)
})

overEach(t, 'several loops, accept and serve share the connections, and each connection goes to one of them', async (t, open) => {
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

overEach(t, 'a loop that is in its body when another one is left ends at its next next()', async (t, open) => {
  const { server, connect } = await open()
  const [one, other] = [server[Symbol.asyncIterator](), server[Symbol.asyncIterator]()]
  await connect()
  const { value } = await within(one.next())
  await other.return!()
  t.strictSame(await within(one.next()), { value: undefined, done: true })
  t.equal((value as Connection).ended, false)
})

overEach(t, 'silent clients delay no other client', async (t, open) => {
  const { server, connect } = await open()
  void server.serve(echo)
  const silent = await Promise.all(Array.from({ length: 20 }, () => connect()))
  await talk(await connect())
  t.equal(
    silent.some(({ peerEnded }) => peerEnded),
    false,
  )
})
