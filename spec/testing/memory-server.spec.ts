// `memoryServer`: a whole server without a port. Everything that a server does it does; only the sockets are missing.

import t from 'tap'
import { Connection, InvalidOptionsError, Server } from '../../lib/index.js'
import { manualClock, memoryServer } from '../../lib/testing/index.js'
import { client, echo, ending, inMemory, talk } from '../server/support.js'
import { isPending, pattern, rejection, turns, until, within } from '../support/wait.js'

t.test('a client of it talks to a handler, and both ends are connections', async (t) => {
  const { server, connect } = inMemory(t)
  t.ok(server instanceof Server)
  void server.serve(echo)
  const one = await connect()
  t.ok(one instanceof Connection)
  t.equal(one.server, undefined)
  await talk(one)
  const [connection] = server.connections
  t.equal(connection?.server, server)
  for (const side of [one, connection!]) {
    t.match(side.remote, { address: '', port: 0, family: 'unix' })
    t.match(side.local, { address: '', port: 0, family: 'unix' })
  }
})

t.test('what a client sends before anybody looks is there, whole', async (t) => {
  const { server, connect } = inMemory(t)
  const one = await connect()
  const sent = pattern(1_000_000)
  const writing = one.end(sent)
  await turns(20)
  const connection = (await within(server.accept())) as Connection
  t.ok((await connection.readToEnd()).equals(sent))
  await within(writing)
})

t.test('connect takes the options of a connection', async (t) => {
  const clock = manualClock()
  const { connect } = inMemory(t, { clock })
  const one = await connect({ idleTimeout: 500, maxBufferSize: 99 })
  t.equal(one.limits.maxBufferSize, 99)
  const reading = rejection(one.read())
  await clock.advance(500)
  t.match(await within(reading), { code: 'ERR_LINNET_TIMEOUT', kind: 'idle' })
})

t.test('options that do not fit: the server throws them back, connect rejects', async (t) => {
  const wrong: unknown[] = [
    null,
    5,
    { port: 80 },
    { path: '/x' },
    { endpoints: [] },
    { backlog: 5 },
    { maxConnection: 1 },
    { maxPending: -1 },
    { clock: 1 },
    { tls: {} },
    { tls: { key: 'x', cert: 'y' } },
  ]
  for (const options of wrong) t.throws(() => memoryServer(options as object), InvalidOptionsError)
  const { server, connect } = inMemory(t)
  for (const options of [null, 5, { maxBufferSize: 0 }, { clock: manualClock() }, { port: 5 }, { tls: 1 }, { tls: { key: 'x' } }]) {
    t.ok((await rejection(connect(options as object))) instanceof InvalidOptionsError)
  }
  t.equal(server.stats().accepted, 0)
})

t.test('when it listens no more, connect rejects as the system would', async (t) => {
  const [closed, left] = [inMemory(t), inMemory(t)]
  await closed.server.close()
  await left.server[Symbol.asyncIterator]().return!()
  for (const { connect } of [closed, left]) t.match(await rejection(connect()), { code: 'ECONNREFUSED', syscall: 'connect' })
  t.equal(closed.server.stats().accepted, 0)
  t.ok((await rejection(closed.connect({ port: 5 } as object))) instanceof InvalidOptionsError, 'arguments are checked first')
})

t.test('one that is turned away finds out as over a socket: reset', async (t) => {
  const { server, books, connect } = inMemory(t, { admit: () => false })
  const one = await connect()
  t.equal(await within(ending(one)), 'broken')
  t.match(await one.closed, { by: 'lost', error: { code: 'ECONNRESET' } })
  t.match(books.drops, [{ reason: 'admit', remote: { address: '', family: 'unix' } }])
  t.equal(server.stats().dropped, 1)
})

t.test('its drain, and its clients, run on the clock that was given', async (t) => {
  const clock = manualClock()
  const { server, connect } = inMemory(t, { clock })
  const accepting = server.accept()
  const one = await connect({ closeTimeout: 60_000 })
  await within(accepting)
  const closing = server.close({ grace: 3_600_000 })
  await clock.advance(3_599_999)
  t.equal(await isPending(closing), true)
  await clock.advance(1)
  t.strictSame(await within(closing), { drained: 0, aborted: 1 })
  t.equal(await ending(one), 'broken')
})

t.test('it may listen on a real port as well', async (t) => {
  const { server, connect } = inMemory(t)
  await server.add({ port: 0, host: '127.0.0.1' })
  void server.serve(echo)
  t.ok(server.port > 0)
  await talk(await client(t, server, {}, { port: server.port }))
  await talk(await connect())
  t.equal(server.stats().active, 2)
  await server.close({ grace: 0 })
  t.match(await rejection(client(t, server, {}, { port: server.port })), { code: 'ECONNREFUSED' })
})

t.test('a signal that aborts later is close()', async (t) => {
  const controller = new AbortController()
  const { server, connect } = memoryServer({ signal: controller.signal })
  const served = server.serve(echo)
  const one = await connect()
  await talk(one)
  controller.abort()
  t.equal(await within(ending(one)), 'end')
  await within(served)
  t.equal(server.draining, true)
  await until(() => server.stats().active === 0)
})
