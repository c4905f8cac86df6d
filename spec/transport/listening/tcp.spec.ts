// TCP listeners: which addresses are bound, and what is left open after a failure.

import dns from 'node:dns'
import net from 'node:net'
import t from 'tap'
import { InvalidOptionsError } from '../../../lib/errors.js'
import { bind } from '../../../lib/transport/listening/bind.js'
import { AcceptedCarriers, bound, defaults, dial, knock, refusal } from '../listening-support.js'
import { next, recording } from '../support.js'
import { everyListen, everywhere, named, servers, tcp } from './tcp-support.js'

const failWith = (server: net.Server, code: string): void => {
  process.nextTick(() => server.emit('error', Object.assign(new Error(`listen ${code}`), { code })))
}

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
