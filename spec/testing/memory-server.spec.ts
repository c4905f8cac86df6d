// `memoryServer`: a server without a port, which does all that a server does, and its disposal. How its clients connect is in
// memory-connect.spec.ts.

import { getEventListeners } from 'node:events'
import t from 'tap'
import { ConnectError, Connection, InvalidOptionsError, Server } from '../../lib/index.js'
import { manualClock, memoryServer } from '../../lib/testing/index.js'
import { client, echo, ending, inMemory, talk } from '../server/support.js'
import { identityOf } from '../support/certificates.js'
import { isPending, pattern, rejection, turns, until, within } from '../support/wait.js'

t.test('a client in memory is served by a handler, and both ends are connections', async (t) => {
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

t.test('bytes that a client sends before it is accepted arrive whole', async (t) => {
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

t.test('memoryServer throws for wrong options, and connect rejects', async (t) => {
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
  for (const options of [
    null,
    5,
    { maxBufferSize: 0 },
    { clock: manualClock() },
    { port: 5 },
    { tls: 1 },
    { tls: { key: 'x' } },
    { remote: 'localhost' },
  ]) {
    t.ok((await rejection(connect(options as object))) instanceof InvalidOptionsError)
  }
  t.equal(server.stats().accepted, 0)
})

t.test('connect rejects with ECONNREFUSED when the server does not listen any more', async (t) => {
  const [closed, left] = [inMemory(t), inMemory(t)]
  await closed.server.close()
  await left.server[Symbol.asyncIterator]().return!()
  for (const { connect } of [closed, left])
    for (const options of [{}, { remote: '192.0.2.1:4000' }, { tls: true } as const]) {
      const error = (await rejection(connect(options))) as ConnectError
      t.ok(error instanceof ConnectError)
      t.match(error, { code: 'ECONNREFUSED', message: /^no connection to the server in memory could be made \(ECONNREFUSED\)/ })
      t.match(error.cause, { code: 'ECONNREFUSED', syscall: 'connect' })
      t.strictSame(error.errors, [error.cause])
    }
  t.equal(closed.server.stats().accepted, 0)
  t.ok((await rejection(closed.connect({ port: 5 } as object))) instanceof InvalidOptionsError, 'arguments are checked first')
})

t.test('a dropped client is reset, as over a socket', async (t) => {
  const { server, books, connect } = inMemory(t, { admit: () => false })
  const one = await connect()
  t.equal(await within(ending(one)), 'broken')
  t.match(await one.closed, { by: 'lost', error: { code: 'ECONNRESET' } })
  t.match(books.drops, [{ reason: 'admit', remote: { address: '', family: 'unix' } }])
  t.equal(server.stats().dropped, 1)
})

t.test('the drain and the clients run on the given clock', async (t) => {
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

t.test('a server in memory can listen on a real port too', async (t) => {
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

t.test('an abort of its signal closes the server', async (t) => {
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

t.test('disposal drains the server, and closes both ends of each connection', async (t) => {
  const kit = memoryServer()
  const drained: unknown[] = []
  const served = kit.server.serve(async (connection) => {
    try {
      for await (const line of connection.lines()) await connection.write(`${line}\n`)
    } catch (error) {
      drained.push((error as { code: string }).code)
      await connection.write('goodbye\n')
    }
  })
  const client = await kit.connect()
  await client.write('hello\n')
  t.equal(await client.readLine(), 'hello')
  await within(kit[Symbol.asyncDispose]())
  t.equal(kit.server.draining, true)
  await within(served)
  t.ok(client.signal.aborted)
  t.strictSame(drained, ['ERR_LINNET_DRAINING'])
  t.match(kit.server.stats(), { active: 0, pending: 0, handlerErrors: 0 })
  t.match(await rejection(kit.connect()), { code: 'ECONNREFUSED' })
  await within(kit[Symbol.asyncDispose](), 'a second time')
})

t.test('disposal waits neither for handlers nor for a clock', async (t) => {
  const clock = manualClock()
  for (const options of [{}, { clock }, { clock, maxConnections: 1 }]) {
    const kit = memoryServer(options)
    const accepting = kit.server.accept()
    const left = await kit.connect({ latency: 1000, closeTimeout: Infinity })
    const connection = (await within(accepting)) as Connection
    const waiting = await kit.connect({ latency: 1000 })
    void kit.server.serve(() => new Promise(() => {}))
    await turns()
    await within(kit[Symbol.asyncDispose]())
    await within(kit.server.closed)
    for (const side of [left, connection, waiting]) t.equal(side.signal.aborted, true)
  }
})

t.test('disposal aborts a connect that is in its handshake', async (t) => {
  const { key, cert } = identityOf()
  const kit = memoryServer({ clock: manualClock(), tls: { key, cert } })
  const { signal } = new AbortController()
  const connecting = rejection(kit.connect({ tls: { ca: cert }, latency: 100, signal }))
  await turns()
  await within(kit[Symbol.asyncDispose]())
  t.match(await within(connecting), { code: 'ERR_LINNET_CLOSED', message: /disposed of/ })
  t.equal(getEventListeners(signal, 'abort').length, 0)
})
