// `signal` of listen: an abort before all endpoints are bound closes those that are, a later one is `close()`.

import dns from 'node:dns'
import { getEventListeners } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import { dirname } from 'node:path'
import t from 'tap'
import { listen } from '../../lib/index.js'
import { memoryServer } from '../../lib/testing/index.js'
import { opened, socketPath } from '../support/fixture.js'
import { isPending, rejection, turns, within } from '../support/wait.js'
import { cut, echo, ending, overEach, talk } from './support.js'

/** A TCP port that is free now. */
async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as net.AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

const refused = (where: net.NetConnectOpts): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = net.connect(where, () => resolve(false)).on('error', () => resolve(true))
    socket.once('connect', () => socket.destroy())
  })

t.test('with an aborted signal listen rejects with the reason and binds nothing', async (t) => {
  const port = await freePort()
  const path = socketPath()
  const reason = new Error('not today')
  const signal = AbortSignal.abort(reason)
  t.equal(await rejection(listen({ endpoints: [{ port, host: '127.0.0.1' }, { path }], signal })), reason)
  t.ok(await refused({ port, host: '127.0.0.1' }))
  t.equal(fs.existsSync(path), false)
  t.equal(getEventListeners(signal, 'abort').length, 0)
  t.match(await rejection(listen({ port: -1, signal })), { code: 'ERR_LINNET_OPTIONS' }, 'arguments are checked first')
  t.equal(
    t.throws(() => memoryServer({ signal })),
    reason,
    'memoryServer, which is synchronous, throws it',
  )
})

t.test('an abort while listen binds closes all that was bound', async (t) => {
  const path = socketPath()
  for (let wait = 0; wait < 12; wait++) {
    const port = await freePort()
    const controller = new AbortController()
    const listening = listen({
      endpoints: [{ port, host: '127.0.0.1' }, { path }, { port: 0, host: '127.0.0.2' }],
      signal: controller.signal,
    })
    const outcome = listening.then(
      (server) => server,
      (error: unknown) => error,
    )
    // Later and later, until it is bound.
    for (let turn = 0; turn < wait; turn++) await (wait % 2 ? Promise.resolve() : new Promise(setImmediate))
    controller.abort(new Error(`after ${wait}`))
    const result = await within(outcome)
    if (result !== controller.signal.reason) await within((result as Awaited<typeof listening>).closed, 'the close of one that was bound')
    t.ok(await refused({ port, host: '127.0.0.1' }))
    t.equal(fs.existsSync(path), false)
    t.equal(getEventListeners(controller.signal, 'abort').length, 0)
  }
  t.strictSame(
    fs.readdirSync(dirname(path)).filter((name) => name.startsWith('.linnet')),
    [],
  )
})

t.test('an abort while a name is looked up rejects at once', async (t) => {
  const port = await freePort()
  const { lookup } = dns
  t.teardown(() => {
    dns.lookup = lookup
  })
  let answer: ((error: Error | null, addresses: dns.LookupAddress[]) => void) | undefined
  dns.lookup = ((_name: string, _options: unknown, callback: typeof answer) => {
    answer = callback
  }) as unknown as typeof dns.lookup
  const controller = new AbortController()
  const listening = rejection(listen({ host: 'slow.test', port, signal: controller.signal }))
  t.equal(await isPending(listening), true)
  controller.abort('enough')
  t.equal(await within(listening), 'enough')
  dns.lookup = lookup
  answer?.(null, [{ address: '127.0.0.1', family: 4 }])
  await turns()
  t.ok(await refused({ port, host: '127.0.0.1' }), 'the late answer binds nothing')
})

overEach(t, 'an abort after listen has resolved closes the server', async (t, open, way) => {
  const controller = new AbortController()
  const { server, books, connect } = await open({ signal: controller.signal, maxConnections: 1 })
  const served = server.serve(echo)
  const client = await connect()
  await talk(client)
  const waiting = await connect()
  controller.abort(new Error('shut down'))
  t.equal(server.draining, true)
  await cut(t, way, waiting).catch(() => {})
  t.equal(await within(ending(client)), 'end')
  await within(served)
  t.strictSame(await server.close(), { drained: 1, aborted: 0 })
  t.strictSame(
    books.told.filter((name) => name !== 'drop'),
    ['connection', 'draining', 'disconnect', 'close'],
  )
  t.equal(getEventListeners(controller.signal, 'abort').length, 0)
})

overEach(t, 'an abort after the close changes nothing, and no listener stays on the signal', async (t, open) => {
  const controller = new AbortController()
  const { server, books } = await open({ signal: controller.signal })
  t.equal(getEventListeners(controller.signal, 'abort').length, 1)
  await server[Symbol.asyncIterator]().return!()
  await within(server.closed)
  await turns()
  t.equal(getEventListeners(controller.signal, 'abort').length, 0)
  controller.abort()
  t.equal(server.draining, false)
  t.strictSame(books.told, ['close'])
})

overEach(t, 'an abort after a loop was left drains the open connections', async (t, open) => {
  const controller = new AbortController()
  const { server, connect } = await open({ signal: controller.signal })
  const accepting = server.accept()
  const client = await connect()
  const connection = await within(accepting)
  await server[Symbol.asyncIterator]().return!()
  t.equal(connection?.drainSignal.aborted, false)
  controller.abort()
  t.equal(connection?.drainSignal.aborted, true)
  void connection?.run(echo)
  t.equal(await within(ending(client)), 'end')
  await within(server.closed)
})

t.test('a failed bind closes what was bound before it, and leaves no listener on the signal', async (t) => {
  const taken = await opened(t)
  const { signal } = new AbortController()
  const port = await freePort()
  const endpoints = [
    { port, host: '127.0.0.1' },
    { port: taken.port, host: '127.0.0.1' },
  ]
  t.match(await rejection(listen({ endpoints, signal })), { code: 'EADDRINUSE' })
  t.ok(await refused({ port, host: '127.0.0.1' }))
  t.equal(getEventListeners(signal, 'abort').length, 0)
})
