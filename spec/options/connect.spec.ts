// The options of `connect`: what fits, what it resolves to, and what cannot go together.

import t from 'tap'
import { type ConnectOptions, type Destination, resolveConnectOptions } from '../../lib/options/connect.js'
import { defaultConnectionOptions } from '../../lib/options/connection.js'
import { refusal } from './refusal.js'

const tcp = { kind: 'tcp', host: 'localhost', port: 80, family: 0, localAddress: undefined, localPort: undefined } as const

t.test('a port alone is that port of localhost, with the defaults', async (t) => {
  t.strictSame(resolveConnectOptions({ port: 80 }), {
    destination: tcp,
    tls: undefined,
    header: undefined,
    timeout: 30_000,
    signal: undefined,
    connection: defaultConnectionOptions,
  })
})

t.test('an option that is undefined is not given', async (t) => {
  const names =
    'host path family localAddress localPort tls proxyProtocol timeout signal maxBufferSize readHighWaterMark writeHighWaterMark maxWriteBuffer readTimeout idleTimeout writeTimeout handshakeTimeout closeTimeout allowHalfOpen noDelay keepAlive keepAliveInitialDelay'
  const nothing = Object.fromEntries(names.split(' ').map((name) => [name, undefined]))
  t.strictSame(resolveConnectOptions({ ...nothing, port: 80 }), resolveConnectOptions({ port: 80 }))
  t.strictSame(resolveConnectOptions({ ...nothing, port: undefined, path: '/run/a' }).destination, { kind: 'unix', path: '/run/a' })
})

t.test('each destination resolves to its host, port and family, or to its path', async (t) => {
  const cases: [ConnectOptions, Destination][] = [
    [
      { port: 1, host: '::1', family: 6 },
      { ...tcp, port: 1, host: '::1', family: 6 },
    ],
    [
      { port: 65_535, family: 4 },
      { ...tcp, port: 65_535, family: 4 },
    ],
    [
      { port: 80, localPort: 0 },
      { ...tcp, localPort: 0 },
    ],
    // What can be reached from an address is of its family.
    [
      { port: 80, localAddress: '127.0.0.1', localPort: 9 },
      { ...tcp, family: 4, localAddress: '127.0.0.1', localPort: 9 },
    ],
    [
      { port: 80, localAddress: 'fe80::1%eth0', family: 0 },
      { ...tcp, family: 6, localAddress: 'fe80::1%eth0' },
    ],
    [
      { port: 80, localAddress: '::1', family: 6 },
      { ...tcp, family: 6, localAddress: '::1' },
    ],
    [{ path: 'a.sock' }, { kind: 'unix', path: 'a.sock' }],
  ]
  for (const [options, destination] of cases) t.strictSame(resolveConnectOptions(options).destination, destination)
})

t.test('timeout, signal, tls and the options of a connection are passed on', async (t) => {
  const { signal } = new AbortController()
  const plan = resolveConnectOptions({ port: 80, timeout: 2 ** 31, signal, maxBufferSize: 5, allowHalfOpen: false, keepAlive: true })
  t.equal(plan.timeout, Number.POSITIVE_INFINITY, 'beyond a timer is none')
  t.equal(plan.signal, signal)
  const tls = { servername: 'a' }
  t.equal(resolveConnectOptions({ port: 80, tls }).tls, tls)
  t.equal(resolveConnectOptions({ path: '/a', tls: true }).tls, true)
  t.equal(resolveConnectOptions({ port: 80, tls: false }).tls, undefined)
  t.match(plan.connection, { limits: { maxBufferSize: 5 }, allowHalfOpen: false, keepAlive: true, noDelay: true })
})

t.test('an option that does not fit is named, with what was expected', async (t) => {
  const cases: [object, string, RegExp][] = [
    [{ port: 0 }, 'port', /^expected a whole number from 1 to 65535, got 0$/],
    [{ port: 65_536 }, 'port', /from 1 to 65535/],
    [{ port: '80' }, 'port', /got '80'; write Number\('80'\)$/],
    [{ port: 80, host: '' }, 'host', /^expected a host name or an IP address/],
    [{ port: 80, host: 'a\0b' }, 'host', /^expected a host name/],
    [{ port: 80, family: 5 }, 'family', /^expected 0, 4 or 6, got 5$/],
    [{ port: 80, family: 'IPv4' }, 'family', /^expected 0, 4 or 6/],
    [{ port: 80, localAddress: 'localhost' }, 'localAddress', /^expected an IP address, got 'localhost'$/],
    [{ port: 80, localPort: -1 }, 'localPort', /from 0 to 65535/],
    [{ port: 80, tls: 'yes' }, 'tls', /^expected true, false, or TLS options of Node, got 'yes'$/],
    [{ port: 80, timeout: 0 }, 'timeout', /more than 0/],
    [{ port: 80, signal: {} }, 'signal', /^expected an AbortSignal/],
    [{ port: 80, maxBufferSize: 0 }, 'maxBufferSize', /1 or more/],
    [{ path: '' }, 'path', /^expected a path/],
    [{ path: 'a\0b' }, 'path', /without NUL/],
    [{ port: 80, tiemout: 5 }, 'tiemout', /did you mean `timeout`/],
    [{ port: 80, maxConnections: 5 }, 'maxConnections', /^unknown option/],
  ]
  for (const [options, path, message] of cases) t.match(Object.entries(refusal(() => resolveConnectOptions(options))), [[path, message]])
})

t.test('a path contradicts each option of TCP', async (t) => {
  for (const [name, value] of Object.entries({ port: 80, host: 'a', family: 0, localAddress: '::1', localPort: 5 })) {
    t.match(Object.entries(refusal(() => resolveConnectOptions({ path: '/a', [name]: value }))), [[name, /no `path` beside it/]])
  }
})

t.test('a port or a path is required, and every other mistake is reported beside it', async (t) => {
  t.match(
    refusal(() => resolveConnectOptions({})),
    { port: /^expected a port, or the `path`/ },
  )
  t.strictSame(Object.keys(refusal(() => resolveConnectOptions({ prot: 80, host: '', timeout: -1 }))).sort(), [
    'host',
    'port',
    'prot',
    'timeout',
  ])
  for (const options of [undefined, null, 80, 'localhost', []])
    t.match(
      refusal(() => resolveConnectOptions(options)),
      { '': /^expected an object of options/ },
    )
})

t.test('a local address of one family cannot reach the other', async (t) => {
  for (const [family, localAddress] of [
    [4, '::1'],
    [6, '127.0.0.1'],
  ]) {
    t.match(Object.entries(refusal(() => resolveConnectOptions({ port: 80, family, localAddress }))), [
      ['localAddress', `expected an IPv${family} address`],
    ])
  }
})
