// The options of the testing kit: of a pair, of a server in memory and of its connect.

import t from 'tap'
import { type Address, tcpAddress, unixAddress } from '../../lib/address.js'
import { resolveConnectOptions } from '../../lib/options/connect.js'
import { defaultConnectionOptions } from '../../lib/options/connection.js'
import { resolveListenOptions } from '../../lib/options/listen.js'
import { resolveMemoryConnectOptions, resolveMemoryServerOptions, resolvePairOptions } from '../../lib/options/testing.js'
import { systemClock } from '../../lib/transport/clock.js'
import { refusal } from './refusal.js'

const never = { resetAfter: Infinity, stallAfter: Infinity, endAfter: Infinity }
/** How bytes travel by default. */
const plain = { maxChunk: Infinity, latency: 0, highWaterMark: 65_536, faults: never }

t.test('a pair without options has the defaults and no faults', async (t) => {
  const plan = { way: plain, client: defaultConnectionOptions, server: defaultConnectionOptions, clock: undefined }
  t.strictSame(resolvePairOptions(undefined), plan)
  t.strictSame(resolvePairOptions({}), plan)
  const names = ['client', 'server', 'maxChunk', 'latency', 'highWaterMark', 'faults', 'clock']
  const nothing = Object.fromEntries(names.map((name) => [name, undefined]))
  t.strictSame(resolvePairOptions(nothing), plan)
})

t.test('an option that a pair was given replaces the default', async (t) => {
  const plan = resolvePairOptions({
    client: { maxBufferSize: 5 },
    server: { closeTimeout: 0 },
    maxChunk: 1,
    latency: 2.5,
    highWaterMark: 3,
    faults: { resetAfter: 0, endAfter: undefined, stallAfter: 4 },
    clock: systemClock,
  })
  t.strictSame(plan, {
    client: { ...defaultConnectionOptions, limits: { ...defaultConnectionOptions.limits, maxBufferSize: 5 } },
    server: { ...defaultConnectionOptions, closeTimeout: 0 },
    way: { maxChunk: 1, latency: 2.5, highWaterMark: 3, faults: { resetAfter: 0, stallAfter: 4, endAfter: Infinity } },
    clock: systemClock,
  })
  t.equal(plan.clock, systemClock)
})

const rows: [string, unknown[]][] = [
  ['client', [null, 5, []]],
  ['server', [null, 5, []]],
  ['maxChunk', ['1', null, 0, -1, 1.5]],
  ['latency', ['1', null, -1, Number.NaN, Infinity, 2 ** 31]],
  ['highWaterMark', ['1', null, 0, 1.5]],
  ['faults', [null, 5, true]],
  ['clock', [null, 5, {}, { now() {} }, { setTimer() {} }, Date]],
]

for (const [name, values] of rows) {
  t.test(`a wrong or impossible ${name} of a pair is refused by its path`, async (t) => {
    for (const value of values)
      t.match(
        refusal(() => resolvePairOptions({ [name]: value })),
        { [name]: /^expected .+, got / },
      )
    // Those of the way are options of a memory server's connect as well.
    if (name in plain)
      for (const value of values)
        t.match(
          refusal(() => resolveMemoryConnectOptions({ [name]: value })),
          { [name]: /^expected .+, got / },
        )
  })
}

t.test('a mistake within an option is refused by its whole path', async (t) => {
  const options = { client: { readTimeout: 0, port: 1 }, server: { signal: null }, faults: { resetAfter: -1, dropAfter: 1 }, lag: 1 }
  t.match(
    refusal(() => resolvePairOptions(options)),
    {
      'client.readTimeout': /^expected milliseconds/,
      'client.port': /^unknown option/,
      'server.signal': /^unknown option/,
      'faults.resetAfter': /^expected a whole number, 0 or more/,
      'faults.dropAfter': /^unknown option/,
      lag: /^unknown option/,
    },
  )
  for (const other of [null, 5, 'x', [], () => 1])
    t.match(
      refusal(() => resolvePairOptions(other)),
      { '': /^expected an object of options/ },
    )
})

t.test('a server in memory takes the options of listen except where it listens', async (t) => {
  const admit = (): boolean => true
  const options = { maxConnections: 3, idleTimeout: 5, admit, tls: false, proxyProtocol: false }
  const { endpoints, ...plan } = resolveListenOptions(options)
  t.equal(endpoints.length, 1)
  t.strictSame(resolveMemoryServerOptions(options), { listen: plan, clock: undefined })
  t.strictSame(resolveMemoryServerOptions(undefined), resolveMemoryServerOptions({}))
  t.equal(resolveMemoryServerOptions({ clock: systemClock }).clock, systemClock)
})

t.test('a server in memory takes no place to listen on, and checks the other options', async (t) => {
  const places = {
    port: 0,
    host: 'a',
    path: 'a',
    mode: 0,
    fd: 3,
    systemd: true,
    endpoints: [{}],
    backlog: 1,
    ipv6Only: true,
    reusePort: true,
  }
  for (const [name, value] of Object.entries(places))
    t.match(
      refusal(() => resolveMemoryServerOptions({ [name]: value })),
      { [name]: /^unknown option/ },
    )
  t.match(
    refusal(() => resolveMemoryServerOptions({ tls: true, maxPending: -1, clock: 1 })),
    {
      tls: /^expected false, or TLS options/,
      maxPending: /^expected/,
      clock: /^expected a clock/,
    },
  )
  t.match(
    refusal(() => resolveMemoryServerOptions(8888)),
    { '': /^expected an object of options/ },
  )
})

t.test('connect of a server in memory takes the options of connect except the destination', async (t) => {
  const { destination, ...nothing } = resolveConnectOptions({ path: '/x' })
  t.equal(destination.kind, 'unix')
  const plan = { destination: { kind: 'unix', path: '' }, ...nothing, way: plain, remote: undefined }
  t.strictSame(resolveMemoryConnectOptions(undefined), plan)
  t.strictSame(resolveMemoryConnectOptions({ tls: false, proxyProtocol: false, noDelay: false }), {
    ...plan,
    connection: { ...defaultConnectionOptions, noDelay: false },
  })
  const tls = { servername: 'a' }
  t.equal(resolveMemoryConnectOptions({ tls }).tls, tls)
  t.equal(resolveMemoryConnectOptions({ tls: true }).tls, true)
  const { signal } = new AbortController()
  t.match(resolveMemoryConnectOptions({ signal, timeout: 5, proxyProtocol: { version: 1 } }), {
    signal,
    timeout: 5,
    header: { version: 1 },
  })
  t.match(
    refusal(() => resolveMemoryConnectOptions({ tls: 'yes', signal: null, maxPending: 1, idleTimeout: 0, timeout: 0, proxyProtocol: 1 })),
    {
      tls: /^expected true, false, or TLS options/,
      signal: /^expected an AbortSignal/,
      maxPending: /^unknown option/,
      idleTimeout: /^expected/,
      timeout: /^expected/,
      proxyProtocol: /^expected a connection/,
    },
  )
  for (const where of ['port', 'host', 'family', 'localAddress', 'localPort', 'path', 'clock', 'client'])
    t.match(
      refusal(() => resolveMemoryConnectOptions({ [where]: 1 })),
      { [where]: /^unknown option/ },
    )
  t.match(
    refusal(() => resolveMemoryConnectOptions(null)),
    { '': /^expected an object of options/ },
  )
})

t.test('connect of a server in memory takes the options of a pair for the wire', async (t) => {
  const options = { maxChunk: 1, latency: 2.5, highWaterMark: 3, faults: { endAfter: 4 } }
  t.strictSame(resolveMemoryConnectOptions(options).way, resolvePairOptions(options).way)
})

t.test('the address of a client is an Address or its text', async (t) => {
  const cases: [unknown, Address][] = [
    ['192.0.2.1:4000', tcpAddress('192.0.2.1', 4000)],
    ['192.0.2.1', tcpAddress('192.0.2.1', 0)],
    ['[2001:db8::1]:4000', tcpAddress('2001:db8::1', 4000)],
    ['[::1]', tcpAddress('::1', 0)],
    ['2001:DB8:0::1', tcpAddress('2001:db8::1', 0)],
    ['[::ffff:1.2.3.4]:5', tcpAddress('1.2.3.4', 5)],
    ['[fe80::1%eth0]:5', tcpAddress('fe80::1%eth0', 5)],
    ['/run/client.sock', unixAddress('/run/client.sock')],
    ['./client.sock', unixAddress('./client.sock')],
    ['\0name', unixAddress('\0name')],
    ['', unixAddress()],
    [tcpAddress('::1', 5), tcpAddress('::1', 5)],
    [unixAddress('client.sock'), unixAddress('client.sock')],
    [{ address: '192.0.2.1', family: 'IPv4' }, tcpAddress('192.0.2.1', 0)],
  ]
  for (const [remote, address] of cases) t.strictSame(resolveMemoryConnectOptions({ remote }).remote, address, String(remote))
  for (const { remote } of [{ remote: tcpAddress('192.0.2.1', 9) }, { remote: tcpAddress('fe80::1%eth0', 9) }])
    t.strictSame(resolveMemoryConnectOptions({ remote: String(remote) }).remote, remote, 'there and back')
})

t.test('a text that is no address is refused, a name too', async (t) => {
  const texts = [
    'localhost',
    'localhost:80',
    '1.2.3:80',
    '1.2.3.256',
    '1.2.3.4:65536',
    '1.2.3.4:',
    '1.2.3.4:-1',
    '10.0.0.0/8',
    '[1.2.3.4]:80',
  ]
  const more = ['[::1', '[::1]:x', '::1:80x', ' 1.2.3.4', 'client.sock', '/a\0b', ':80', '1.2.3.4:123456']
  const others: unknown[] = [null, 5, {}, [], () => 1, { address: '1.2.3.4', port: 80 }, { address: '', family: 'IPv4' }]
  const throws = {
    get address(): string {
      throw new Error('of a getter')
    },
  }
  for (const remote of [...texts, ...more, ...others, throws])
    t.match(
      refusal(() => resolveMemoryConnectOptions({ remote })),
      { remote: /^expected an address: \{ address, port, family \}, or its text.*, got / },
      String(remote),
    )
})
