// Connections of a TCP listener: their settings, those at the edges (before everything is bound, dead at accept, in the queue
// at close), and its close.

import { spawnSync } from 'node:child_process'
import net from 'node:net'
import t, { type Test } from 'tap'
import { bind } from '../../../lib/transport/listening/bind.js'
import { AcceptedCarriers, bound, dial, knock, refusal } from '../listening-support.js'
import { next, recording, turns } from '../support.js'
import { everyListen, everywhere, named, servers, tcp } from './tcp-support.js'

t.test('accepted sockets are paused, half-open, and have the requested settings', async (t) => {
  const seen: net.Server[] = []
  everyListen(t, (server, place, go) => {
    seen.push(server)
    go.call(server, place)
  })
  const listener = await bind(tcp(), new AcceptedCarriers(), { noDelay: false, keepAlive: true, keepAliveInitialDelay: 5000 })
  t.match(seen[0], { pauseOnConnect: true, allowHalfOpen: true, noDelay: false, keepAlive: true, keepAliveInitialDelay: 5 })
  await listener.close()
})

t.test('an error of accepting is reported, and accepting goes on', async (t) => {
  const seen: net.Server[] = []
  everyListen(t, (server, place, go) => {
    seen.push(server)
    go.call(server, place)
  })
  const { accepted, listener } = await bound(t, tcp())
  const error = new Error('accept EMFILE')
  seen[0]?.emit('error', error)
  seen[0]?.emit('error', error)
  t.same(accepted.failures, [error, error])
  t.equal(await knock({ host: '127.0.0.1', port: listener.addresses[0]?.port ?? 0 }), 'connected')
})

t.test('a connection that is dead when it is accepted is passed on, and is a loss', async (t) => {
  for (const host of ['127.0.0.1', '::1', undefined]) {
    const { accepted, listener } = await bound(t, host === undefined ? everywhere() : tcp({ host }))
    const port = listener.addresses[0]?.port ?? 0
    const code = `const s = require('net').connect(${port}, '${host ?? '127.0.0.1'}', () => { s.resetAndDestroy(); s.destroy() })`
    // This process is blocked meanwhile: the connection waits in the kernel, and is reset there.
    spawnSync(process.execPath, ['-e', code], { env: {} })
    const carrier = await accepted.carrier()
    t.match(carrier.remote, { address: '', port: 0, family: host === '::1' ? 'IPv6' : 'IPv4' }, 'it has no address')
    t.equal(carrier.local.port, port)
    const recorder = recording(carrier)
    await recorder.waitFor('lost')
    t.same(recorder.events, ['lost'])
  }
})

t.test('a connection without a local address has that of its listener', async (t) => {
  const seen: net.Server[] = []
  everyListen(t, (server, place, go) => {
    seen.push(server)
    go.call(server, place)
  })
  const { accepted, listener } = await bound(t, everywhere())
  seen[0]?.emit('connection', new net.Socket())
  const carrier = await accepted.carrier()
  t.equal(carrier.local, listener.addresses[0])
  t.match(carrier.remote, { address: '', port: 0, family: 'IPv6' })
})

/** Lets `meanwhile` run between the binding of 127.0.0.1 and that of 127.0.0.2. */
function betweenTheTwo(t: Test, meanwhile: (port: number) => Promise<void>): void {
  everyListen(t, (server, place, go) => {
    if (place.host !== '127.0.0.2') go.call(server, place)
    else
      meanwhile(place.port ?? 0).then(
        () => go.call(server, place),
        (error) => server.emit('error', error),
      )
  })
}

t.test('a connection from before everything is bound is passed on after the bind', async (t) => {
  const accepted = new AcceptedCarriers()
  let client: net.Socket | undefined
  betweenTheTwo(t, async (port) => {
    client = await dial(t, { host: '127.0.0.1', port })
    await turns(5)
    t.same(accepted.carriers, [])
  })
  await bound(t, tcp({ host: named(t, ['127.0.0.1', '127.0.0.2']) }), accepted)
  t.equal(accepted.carriers.length, 1)
  t.equal(accepted.carriers[0]?.remote.port, client?.localPort)
})

t.test('a connection from before a bind that fails is reset, and not passed on', async (t) => {
  const accepted = new AcceptedCarriers()
  let code: Promise<[NodeJS.ErrnoException]> | undefined
  betweenTheTwo(t, async (port) => {
    const client = await dial(t, { host: '127.0.0.1', port })
    code = next<[NodeJS.ErrnoException]>(client.resume(), 'error')
    await turns(5)
    throw Object.assign(new Error('no'), { code: 'EACCES' })
  })
  t.equal((await refusal(tcp({ host: named(t, ['127.0.0.1', '127.0.0.2']) }), accepted)).code, 'EACCES')
  t.equal((await code)?.[0].code, 'ECONNRESET')
  t.same(accepted.carriers, [])
})

// --- close -----------------------------------------------------------------------------------------------------------

t.test('a close does not wait for open connections, which go on, and frees the port at once', async (t) => {
  const { accepted, listener } = await bound(t, tcp())
  const { port } = listener.addresses[0] as { port: number }
  const client = await dial(t, { host: '127.0.0.1', port })
  const carrier = await accepted.carrier()
  const closing = listener.close()
  t.equal(listener.close(), closing)
  await closing
  t.equal(await listener.close(), undefined)
  t.equal(await knock({ host: '127.0.0.1', port }), 'ECONNREFUSED')
  t.equal(listener.addresses[0]?.port, port)
  const recorder = recording(carrier)
  client.write('still here')
  await recorder.waitFor('data')
  await bound(t, tcp({ port }))
})

t.test('a connection in the queue of the system at close is reset, and not accepted', async (t) => {
  const { accepted, listener } = await bound(t, tcp())
  const client = net.connect({ host: '127.0.0.1', port: listener.addresses[0]?.port ?? 0 })
  const error = next<[NodeJS.ErrnoException]>(client.resume(), 'error')
  // The kernel has completed the connection by now, and the event loop had no turn to accept it.
  await new Promise<void>((resolve) => process.nextTick(() => process.nextTick(resolve)))
  await listener.close()
  t.match((await error)[0].code, /^ECONNRESET$/)
  t.same(accepted.carriers, [])
})

t.test('after a close within `accepted` no connection is passed on', async (t) => {
  const accepted = new AcceptedCarriers()
  const { listener } = await bound(t, tcp(), accepted)
  accepted.onAccepted = () => void listener.close()
  const to = { host: '127.0.0.1', port: listener.addresses[0]?.port ?? 0 }
  const clients = [net.connect(to), net.connect(to), net.connect(to)]
  const ends = clients.map((client) => new Promise((resolve) => void client.resume().once('error', resolve)))
  await Promise.all(ends.slice(1))
  t.equal(accepted.carriers.length, 1)
  clients[0]?.destroy()
})

t.test('only a referenced listener keeps the process alive', async (t) => {
  const before = servers()
  const { listener } = await bound(t, tcp({ host: named(t, ['127.0.0.1', '127.0.0.2']) }))
  t.equal(servers(), before + 2)
  listener.unref()
  t.equal(servers(), before)
  listener.ref()
  t.equal(servers(), before + 2)
})
