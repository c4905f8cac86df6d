// TCP listeners: which addresses are bound, what is left open after a failure, and connections at the edges: before everything is
// bound, dead at accept, in the queue at close.

import { spawnSync } from 'node:child_process'
import dns from 'node:dns'
import net from 'node:net'
import t, { type Test } from 'tap'
import { InvalidOptionsError } from '../../../lib/errors.js'
import type { ResolvedEndpoint } from '../../../lib/options/listen.js'
import { bind } from '../../../lib/transport/listening/bind.js'
import { AcceptedCarriers, bound, defaults, dial, knock, refusal } from '../listening-support.js'
import { next, recording, turns } from '../support.js'

const tcp = (options: { host?: string; port?: number; ipv6Only?: boolean; reusePort?: boolean } = {}): ResolvedEndpoint => ({
  kind: 'tcp',
  host: '127.0.0.1',
  port: 0,
  backlog: 511,
  ipv6Only: false,
  reusePort: false,
  ...options,
})
const everywhere = (ipv6Only = false): ResolvedEndpoint => ({
  kind: 'tcp',
  host: undefined,
  port: 0,
  backlog: 511,
  ipv6Only,
  reusePort: false,
})

/** Makes a host name resolve to these addresses, for one test. */
function named(t: Test, addresses: string[]): string {
  const { lookup } = dns
  const host = 'several.test'
  const fake = (name: string, options: dns.LookupAllOptions, done: (error: Error | null, found: dns.LookupAddress[]) => void): void => {
    if (name !== host) (lookup as (...args: unknown[]) => void)(name, options, done)
    else
      setImmediate(
        done,
        null,
        addresses.map((address) => ({ address, family: net.isIP(address) })),
      )
  }
  dns.lookup = fake as typeof dns.lookup
  t.teardown(() => {
    dns.lookup = lookup
  })
  return host
}

type Listen = (this: net.Server, place: net.ListenOptions & { reusePort?: boolean }, callback?: () => void) => net.Server

/** Puts `instead` in front of every `listen`, for one test. */
function everyListen(t: Test, instead: (server: net.Server, place: net.ListenOptions & { reusePort?: boolean }, go: Listen) => void): void {
  const { listen } = net.Server.prototype
  net.Server.prototype.listen = function (this: net.Server, place: net.ListenOptions, callback: () => void) {
    if (callback !== undefined) this.once('listening', callback)
    instead(this, place, (listen as unknown as Listen).bind(this) as Listen)
    return this
  } as typeof listen
  t.teardown(() => {
    net.Server.prototype.listen = listen
  })
}

const failWith = (server: net.Server, code: string): void => {
  process.nextTick(() => server.emit('error', Object.assign(new Error(`listen ${code}`), { code })))
}

const servers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap').length

// --- which addresses are bound ---------------------------------------------------------------------------------------

t.test('a connection right after the bind is accepted unread, with both its addresses', async (t) => {
  const { accepted, listener } = await bound(t, tcp())
  const [address] = listener.addresses
  t.same([listener.addresses.length, address?.address, address?.family], [1, '127.0.0.1', 'IPv4'])
  const port = address?.port ?? 0
  t.ok(port > 0)
  const client = await dial(t, { port, host: '127.0.0.1' })
  client.write('hello')
  const carrier = await accepted.carrier()
  t.equal(carrier.local, address, 'one shared object')
  t.equal(String(carrier.remote), `127.0.0.1:${client.localPort}`)
  const recorder = recording(carrier)
  await recorder.waitFor('data')
  t.equal(recorder.text, 'hello')
  const answer = next<[Buffer]>(client, 'data')
  carrier.write(Buffer.from('hi'))
  t.equal(String((await answer)[0]), 'hi')
})

t.test('without a host all interfaces are bound, and a connection has the local address of its interface', async (t) => {
  const { accepted, listener } = await bound(t, everywhere())
  t.equal(listener.addresses[0]?.address, '::')
  const port = listener.addresses[0]?.port ?? 0
  for (const [index, host] of ['127.0.0.1', '127.0.0.2', '::1'].entries()) {
    await dial(t, { port, host })
    t.equal((await accepted.carrier(index)).local.address, host)
  }
})

t.test('without IPv6, binding all interfaces binds those of IPv4', async (t) => {
  for (const code of ['EAFNOSUPPORT', 'EADDRNOTAVAIL']) {
    await t.test(code, async (t) => {
      everyListen(t, (server, place, go) => (place.host === '::' ? failWith(server, code) : go.call(server, place)))
      const { listener } = await bound(t, everywhere())
      t.equal(listener.addresses[0]?.address, '0.0.0.0')
      t.equal((await refusal(everywhere(true))).code, code, 'not with ipv6Only')
    })
  }
})

t.test('any other failure to bind all interfaces rejects', async (t) => {
  everyListen(t, (server) => failWith(server, 'EACCES'))
  t.equal((await refusal(everywhere())).code, 'EACCES')
})

t.test('ipv6Only keeps IPv4 out, also without a host', async (t) => {
  for (const plan of [tcp({ host: '::', ipv6Only: true }), everywhere(true)]) {
    const { listener } = await bound(t, plan)
    const port = listener.addresses[0]?.port ?? 0
    t.equal(await knock({ port, host: '127.0.0.1' }), 'ECONNREFUSED')
    t.equal(await knock({ port, host: '::1' }), 'connected')
  }
})

t.test('a name is bound on all its addresses, each once, with one port', async (t) => {
  const { listener } = await bound(t, tcp({ host: named(t, ['127.0.0.3', '127.0.0.2', '::ffff:127.0.0.3', '127.0.0.2', '::1']) }))
  t.same(
    listener.addresses.map(({ address }) => address),
    ['127.0.0.3', '127.0.0.2', '::1'],
  )
  t.equal(new Set(listener.addresses.map(({ port }) => port)).size, 1)
  for (const { address, port } of listener.addresses) t.equal(await knock({ host: address, port }), 'connected')
})

t.test('an IPv6 address that the machine does not have is left out, if the name has another', async (t) => {
  const { listener } = await bound(t, tcp({ host: named(t, ['2001:db8::1', '127.0.0.1', '2001:db8::2']) }))
  t.same(
    listener.addresses.map(({ address }) => address),
    ['127.0.0.1'],
  )
  const local = await bound(t, tcp({ host: named(t, ['fe80::1', '127.0.0.1']) }))
  t.same(
    local.listener.addresses.map(({ address }) => address),
    ['127.0.0.1'],
    'one that names no interface',
  )
  t.match((await refusal(tcp({ host: 'fe80::1' }))).code, /^(EINVAL|EADDRNOTAVAIL)$/)
  t.equal((await refusal(tcp({ host: '2001:db8::1' }))).code, 'EADDRNOTAVAIL')
  t.equal((await refusal(tcp({ host: '192.0.2.1' }))).code, 'EADDRNOTAVAIL')
})

t.test('a name that does not resolve rejects with the error of the resolver', async (t) => {
  const { lookup } = dns
  const error = Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })
  dns.lookup = ((_host: string, _options: unknown, done: (error: Error) => void) =>
    setImmediate(done, error)) as unknown as typeof dns.lookup
  t.teardown(() => {
    dns.lookup = lookup
  })
  t.equal(await refusal(tcp({ host: 'nowhere.test' })), error)
})

t.test('a lookup under way is abandoned when `stopped` resolves', async (t) => {
  const { lookup } = dns
  dns.lookup = (() => {}) as unknown as typeof dns.lookup
  t.teardown(() => {
    dns.lookup = lookup
  })
  let stop = (): void => {}
  const stopped = new Promise<void>((resolve) => {
    stop = resolve
  })
  const binding = refusal(tcp({ host: 'never.test' }), Object.assign(new AcceptedCarriers(), { stopped }))
  stop()
  t.equal((await binding).code, 'ERR_LINNET_DRAINING')
})

t.test("a bind that fails rejects with Node's own error and leaves nothing open", async (t) => {
  const rival = net.createServer()
  await new Promise<void>((resolve) => void rival.listen(0, '127.0.0.2', resolve))
  const { port } = rival.address() as net.AddressInfo
  const before = servers()
  const error = await refusal(tcp({ host: named(t, ['127.0.0.1', '127.0.0.2']), port }))
  t.match(error, { code: 'EADDRINUSE', syscall: 'listen', address: '127.0.0.2', port })
  t.equal(servers(), before)
  t.equal(await knock({ host: '127.0.0.1', port }), 'ECONNREFUSED')
  rival.close()
})

t.test('if the picked port is taken on another address, a new one is picked', async (t) => {
  const rivals: net.Server[] = []
  everyListen(t, (server, place, go) => {
    if (place.host !== '127.0.0.2' || rivals.length === 2 || rivals.includes(server)) {
      go.call(server, place)
      return
    }
    const rival = net.createServer()
    rivals.push(rival)
    rival.listen({ host: '127.0.0.2', port: place.port ?? 0 }, () => go.call(server, place))
  })
  const { listener } = await bound(t, tcp({ host: named(t, ['127.0.0.1', '127.0.0.2']) }))
  t.equal(rivals.length, 2)
  const [one, other] = listener.addresses
  t.equal(one?.port, other?.port)
  for (const rival of rivals) {
    t.not((rival.address() as net.AddressInfo).port, one?.port)
    rival.close()
  }
})

t.test('the number of picked ports is limited', async (t) => {
  let tries = 0
  everyListen(t, (server, place, go) => {
    if (place.host !== '127.0.0.2') go.call(server, place)
    else {
      tries++
      failWith(server, 'EADDRINUSE')
    }
  })
  const before = servers()
  t.equal((await refusal(tcp({ host: named(t, ['127.0.0.1', '127.0.0.2']) }))).code, 'EADDRINUSE')
  t.ok(tries > 5 && tries < 100)
  t.equal(servers(), before)
})

t.test('reusePort works, or is refused, whichever a test of the runtime shows', async (t) => {
  const error: unknown = await bind(tcp({ reusePort: true }), new AcceptedCarriers(), defaults).then(
    (listener) => listener.close(),
    (error) => error,
  )
  if (error !== undefined) {
    t.ok(error instanceof InvalidOptionsError)
    t.same((error as InvalidOptionsError).issues[0]?.path, ['reusePort'])
  }
  // A runtime in which it works, whatever its version.
  const asked: unknown[] = []
  everyListen(t, (server, place, go) => {
    asked.push(place.reusePort)
    go.call(server, { ...place, port: 0, reusePort: false })
  })
  await bound(t, tcp({ reusePort: true }))
  t.same(asked, [true, true, true])
})

// --- accepted connections ------------------------------------------------------------------------------------------------------

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
