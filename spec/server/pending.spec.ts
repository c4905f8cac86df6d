// Connections that wait for room, or for a loop: in order, unread, limited in number, and never lost.

import t from 'tap'
import { type Connection, ConnectionLostError } from '../../lib/index.js'
import { pattern, turns, until, within } from '../support/wait.js'
import { cut, echo, overEach, talk } from './support.js'

overEach(t, 'with maxConnections: 1 waiting connections are served in order of arrival', async (t, open) => {
  const { server, connect } = await open({ maxConnections: 1 })
  const order: string[] = []
  let most = 0
  void server.serve(async (connection) => {
    most = Math.max(most, server.stats().active)
    order.push(await connection.readLine())
    await connection.write('done\n')
  })
  const clients: Connection[] = []
  for (let n = 0; n < 5; n++) {
    const one = await connect()
    await one.write(`${n}\n`)
    clients.push(one)
    await until(() => server.stats().accepted === n + 1)
  }
  for (const one of clients) {
    t.equal(await within(one.readLine()), 'done')
    await one.close()
  }
  t.strictSame(order, ['0', '1', '2', '3', '4'])
  t.equal(most, 1)
  t.equal(server.stats().dropped, 0)
})

overEach(t, 'nothing is read from a waiting connection', async (t, open) => {
  const { server, connect } = await open({ readHighWaterMark: 1024 })
  const client = await connect()
  const sent = pattern(8 * 1024 * 1024)
  const writing = client.write(sent)
  await until(() => server.stats().pending === 1)
  await turns(50)
  t.match(server.stats(), { pending: 1, bytesRead: 0 })
  t.ok(client.queued > 0, 'the client is held up')
  const connection = (await within(server.accept())) as Connection
  const got = await connection.readExactly(sent.length, { maxBytes: sent.length })
  t.ok(got.equals(sent), 'and nothing is lost')
  await writing
})

overEach(t, 'a connection that has ended while it waited is yielded, with the bytes that it sent', async (t, open, way) => {
  const { server, connect } = await open()
  const gone = await connect()
  await gone.write('last words\n')
  await gone.end()
  const reset = await connect()
  await until(() => server.stats().pending === 2)
  reset.abort()
  await turns()
  const [first, second] = [(await within(server.accept())) as Connection, (await within(server.accept())) as Connection]
  t.equal(await first.readLine(), 'last words')
  t.equal(await first.read(), null)
  const lost = await second.read().catch((error: unknown) => error)
  if (way !== 'unix') t.ok(lost instanceof ConnectionLostError, 'a reset is not an end')
  t.match(server.stats(), { accepted: 2, dropped: 0, pending: 0 })
  await first.close()
  await second.close()
  t.equal(server.stats().active, 0)
})

overEach(t, 'connections beyond maxPending are dropped while no loop is waiting', async (t, open, way) => {
  const { server, books, connect } = await open({ maxPending: 2 })
  await connect()
  await connect()
  await until(() => server.stats().pending === 2)
  for (let n = 0; n < 3; n++) await cut(t, way, connect())
  await until(() => books.drops.length === 3)
  t.strictSame(books.reasons, Array(3).fill('maxPending'))
  t.ok(await within(server.accept()))
  await connect()
  await until(() => server.stats().pending === 2)
  t.equal(books.drops.length, 3, 'there is room again')
})

overEach(t, 'connections beyond maxPending are dropped while there is no room, although a loop is waiting', async (t, open, way) => {
  const { server, books, connect } = await open({ maxConnections: 2, maxPending: 1 })
  void server.serve(echo)
  const clients = [await connect(), await connect()]
  for (const one of clients) await talk(one)
  const waiting = await connect()
  await until(() => server.stats().pending === 1)
  await cut(t, way, connect())
  await until(() => books.drops.length === 1)
  t.match(server.stats(), { active: 2, pending: 1, dropped: 1, accepted: 4 })
  await clients[0]!.close()
  await talk(waiting)
  t.match(server.stats(), { active: 2, pending: 0 })
})

overEach(t, 'with maxPending: 0 a connection is yielded to a waiting loop, or dropped', async (t, open, way) => {
  const { server, books, connect } = await open({ maxPending: 0, maxConnections: 1 })
  await cut(t, way, connect())
  await until(() => books.drops.length === 1)
  const accepting = server.accept()
  await connect()
  const connection = (await within(accepting)) as Connection
  const again = server.accept()
  await cut(t, way, connect())
  await until(() => books.drops.length === 2)
  t.strictSame(books.reasons, ['maxPending', 'maxPending'])
  connection.abort()
  await connect()
  t.ok(await within(again), 'the accept that is still pending gets the next one that finds room')
  t.match(server.stats(), { active: 1, pending: 0, dropped: 2, accepted: 4 })
})

overEach(t, 'a waiting loop takes each connection of a burst before the next one is checked', async (t, open) => {
  const { server, books, connect } = await open({ maxPending: 0 })
  const served = server.serve(echo)
  const clients = await Promise.all(Array.from({ length: 20 }, () => connect()))
  for (const one of clients) await talk(one)
  t.equal(books.drops.length, 0)
  t.equal(server.stats().active, 20)
  for (const one of clients) one.abort()
  await server.close()
  await served
})

overEach(t, 'a connection listener without a loop takes no connection from the queue', async (t, open) => {
  const { server, books, connect } = await open()
  server.on('connection', () => {})
  await connect()
  await until(() => server.stats().pending === 1)
  await turns(20)
  t.equal(books.count('connection'), 0)
  t.match(server.stats(), { pending: 1, active: 0 })
  t.ok(await within(server.accept()))
  t.equal(books.count('connection'), 1)
})

overEach(t, 'connections that wait for room at a close are reset, and each is reported as dropped', async (t, open, way) => {
  const { server, books, connect } = await open({ maxConnections: 1 })
  const served = server.serve(echo)
  const first = await connect()
  await talk(first)
  const waiting = [await connect(), await connect()]
  await until(() => server.stats().pending === 2)
  const closing = server.close()
  for (const one of waiting) await cut(t, way, one)
  await first.readToEnd().then(() => first.close())
  t.strictSame(await within(closing), { drained: 1, aborted: 0 }, 'never yielded: neither drained nor aborted')
  t.strictSame(books.reasons, ['draining', 'draining'])
  t.equal(books.count('disconnect'), 1)
  await served
})
