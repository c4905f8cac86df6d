// The options of `listen` and of `server.add`: every row of the table, and what it resolves to. (Contradictions: `contradictions.spec.ts`.)

import { BlockList } from 'node:net'
import t from 'tap'
import { defaultConnectionOptions } from '../../lib/options/connection.js'
import { type ListenOptions, type ResolvedEndpoint, resolveEndpoint, resolveListenOptions } from '../../lib/options/listen.js'
import type { ServerTlsOptions } from '../../lib/options/tls.js'
import { refusal } from './refusal.js'

const shared = { backlog: 511, ipv6Only: false, reusePort: false }
const tcp = { kind: 'tcp', host: undefined, port: 0, ...shared }

t.test('listen without options takes a port that the system picks, and the defaults', async (t) => {
  const plan = {
    endpoints: [tcp],
    defaults: shared,
    admission: {
      maxConnections: undefined,
      maxPending: undefined,
      maxConnectionsPerAddress: Infinity,
      admit: undefined,
      blockList: undefined,
    },
    connection: defaultConnectionOptions,
    signal: undefined,
  }
  t.strictSame(resolveListenOptions(undefined), plan)
  t.strictSame(resolveListenOptions({}), plan)
  t.strictSame(resolveListenOptions({ port: 0 }), plan)
  t.strictSame(resolveListenOptions(0), plan)
})

t.test('an option that is undefined is not given', async (t) => {
  const names =
    'port host path mode fd systemd endpoints backlog ipv6Only reusePort tls proxyProtocol admit blockList maxConnections maxPending maxConnectionsPerAddress maxBufferSize readHighWaterMark writeHighWaterMark maxWriteBuffer readTimeout idleTimeout writeTimeout handshakeTimeout closeTimeout allowHalfOpen noDelay keepAlive keepAliveInitialDelay signal'
  const nothing = Object.fromEntries(names.split(' ').map((name) => [name, undefined]))
  t.strictSame(resolveListenOptions(nothing), resolveListenOptions({}))
  t.strictSame(resolveListenOptions({ ...nothing, path: '/run/a' }).endpoints, [
    { kind: 'unix', path: '/run/a', mode: 0o600, backlog: 511 },
  ])
})

t.test('an endpoint of each kind resolves to its kind and its options', async (t) => {
  const cases: [ListenOptions, ResolvedEndpoint][] = [
    [
      { port: 65_535, host: '::1', ipv6Only: true, reusePort: true, backlog: 0 },
      { kind: 'tcp', host: '::1', port: 65_535, ipv6Only: true, reusePort: true, backlog: 0 },
    ],
    [{ host: 'localhost' }, { kind: 'tcp', host: 'localhost', port: 0, ...shared }],
    [
      { path: 'a', mode: 0, backlog: 1 },
      { kind: 'unix', path: 'a', mode: 0, backlog: 1 },
    ],
    [
      { path: 'a', mode: 0o777 },
      { kind: 'unix', path: 'a', mode: 0o777, backlog: 511 },
    ],
    [{ fd: 0 }, { kind: 'fd', fd: 0, backlog: 511 }],
    [{ systemd: true }, { kind: 'systemd', name: undefined, backlog: 511 }],
    [
      { systemd: 'http', backlog: 7 },
      { kind: 'systemd', name: 'http', backlog: 7 },
    ],
    [
      { tls: false, proxyProtocol: false },
      { kind: 'tcp', host: undefined, port: 0, ...shared },
    ],
  ]
  for (const [options, plan] of cases) {
    t.strictSame(resolveListenOptions(options).endpoints, [plan])
    t.strictSame(resolveListenOptions({ endpoints: [options, {}] }).endpoints, [plan, tcp])
    t.strictSame(resolveEndpoint(options), plan)
  }
  t.strictSame(resolveListenOptions(8888).endpoints, [{ ...tcp, port: 8888 }])
  t.strictSame(resolveEndpoint(8888), { ...tcp, port: 8888 })
})

t.test('an endpoint has the options of listen, unless it has its own', async (t) => {
  const defaults = { backlog: 9, ipv6Only: true, reusePort: true }
  const plan = resolveListenOptions({
    endpoints: [{}, { path: 'a' }, { backlog: 1, ipv6Only: false, reusePort: false }, { fd: 3, backlog: 2 }],
    ...defaults,
  })
  t.strictSame(plan.defaults, defaults)
  t.strictSame(plan.endpoints, [
    { ...tcp, ...defaults },
    { kind: 'unix', path: 'a', mode: 0o600, backlog: 9 },
    { ...tcp, backlog: 1 },
    { kind: 'fd', fd: 3, backlog: 2 },
  ])
  t.strictSame(resolveEndpoint({}, plan.defaults), { ...tcp, ...defaults })
  t.strictSame(resolveEndpoint({ backlog: undefined, ipv6Only: false }, plan.defaults), { ...tcp, ...defaults, ipv6Only: false })
})

t.test('the options of admission and of connections resolve to their own parts', async (t) => {
  const blockList = new BlockList()
  const { signal } = new AbortController()
  const admit = (): boolean => true
  const plan = resolveListenOptions({
    admit,
    blockList,
    signal,
    maxConnections: 1,
    maxPending: 0,
    maxConnectionsPerAddress: 2,
    idleTimeout: 3,
    noDelay: false,
  })
  t.strictSame(plan.admission, { admit, blockList, maxConnections: 1, maxPending: 0, maxConnectionsPerAddress: 2 })
  t.equal(plan.admission.blockList, blockList)
  t.equal(plan.signal, signal)
  t.strictSame(plan.connection, {
    ...defaultConnectionOptions,
    limits: { ...defaultConnectionOptions.limits, idleTimeout: 3 },
    noDelay: false,
  })
  t.equal(resolveListenOptions({ maxConnections: Infinity, maxPending: Infinity }).admission.maxPending, Infinity)
})

// For each option: values of a wrong type, and impossible values of the right one.
const endpointRows: [string, unknown[]][] = [
  ['port', ['eighty', '80', null, true, {}, 80n, -1, 65_536, 80.5, Number.NaN, Infinity]],
  ['host', [127, null, {}, '', 'a\0b']],
  ['path', [5, null, {}, Buffer.from('/a'), '', 'a\0b', '\0', '\0a\0b']],
  ['fd', ['3', null, -1, 0.5, Infinity, 2 ** 31]],
  ['systemd', [false, 1, null, {}, '']],
  ['backlog', ['1', null, -1, 0.5, Infinity, 2 ** 31]],
  ['ipv6Only', [1, 'true', null]],
  ['reusePort', [1, 'true', null]],
  ['tls', [true, [], null, 'tls', new Map(), { optional: 'yes' }]],
  ['proxyProtocol', ['yes', 1, null]],
]
const rows: [string, unknown[]][] = [
  ...endpointRows,
  ['endpoints', [{}, null, 'a', [], new Set([{}]), Promise.resolve([{}])]],
  ['admit', [true, null, 'yes', {}]],
  ['blockList', [[], null, ['10.0.0.1'], { check() {} }]],
  ['maxConnections', ['1', null, 0, -1, 1.5, Number.NaN]],
  ['maxPending', ['1', null, -1, 0.5, Number.NaN]],
  ['maxConnectionsPerAddress', ['1', null, 0, -1, 1.5]],
  ['maxBufferSize', ['1', 0]],
  ['readHighWaterMark', ['1', 0]],
  ['writeHighWaterMark', ['1', 0]],
  ['maxWriteBuffer', ['1', 0]],
  ['readTimeout', ['1', 0]],
  ['idleTimeout', ['1', 0]],
  ['writeTimeout', ['1', 0]],
  ['handshakeTimeout', ['1', 0]],
  ['closeTimeout', ['1', -1]],
  ['allowHalfOpen', [1]],
  ['noDelay', [1]],
  ['keepAlive', [1]],
  ['keepAliveInitialDelay', ['1', -1]],
  ['signal', [true, null, {}, new AbortController()]],
]

for (const [name, values] of rows) {
  t.test(`a wrong or impossible ${name} is refused, together with an unknown key beside it`, async (t) => {
    for (const value of values) {
      const issues = refusal(() => resolveListenOptions({ [name]: value, zzz: 8888 }))
      t.strictSame(Object.keys(issues).sort(), [name, 'zzz'].sort())
      t.match(issues[name], /^expected .+, got /)
    }
  })
}

for (const [name, values] of endpointRows) {
  t.test(`a wrong or impossible ${name} of an endpoint is refused by its place in the list`, async (t) => {
    for (const value of values) {
      t.match(
        refusal(() => resolveListenOptions({ endpoints: [{}, { [name]: value }] })),
        { [`endpoints.1.${name}`]: /^expected .+, got / },
      )
      t.match(
        refusal(() => resolveEndpoint({ [name]: value })),
        { [name]: /^expected .+, got / },
      )
    }
  })
}

t.test('a wrong or impossible mode is refused', async (t) => {
  for (const mode of ['0600', null, -1, 0o1000, 0.5]) {
    t.strictSame(Object.keys(refusal(() => resolveListenOptions({ path: 'a', mode }))), ['mode'])
    t.match(
      refusal(() => resolveListenOptions({ endpoints: [{ path: 'a', mode }] })),
      { 'endpoints.0.mode': /0 to 0o777/ },
    )
  }
})

t.test('TLS options are passed on as they are; an endpoint has its own, or none', async (t) => {
  const [tls, own] = [{ key: 'k', anything: 1 } as ServerTlsOptions, { cert: 'c', optional: true }]
  t.strictSame(resolveListenOptions({ tls }).endpoints[0]?.tls, { options: tls, path: ['tls'] })
  const { defaults, endpoints } = resolveListenOptions({ tls, endpoints: [{ port: 1 }, { port: 2, tls: own }, { port: 3, tls: false }] })
  t.equal(endpoints[0]?.tls, defaults.tls)
  t.strictSame(endpoints[1]?.tls, { options: own, path: ['endpoints', 1, 'tls'] })
  t.equal(endpoints[2]?.tls, undefined)
  t.strictSame(resolveEndpoint({ port: 1, tls: own }, defaults).tls, { options: own, path: ['tls'] })
  t.equal(resolveEndpoint(1, defaults).tls, defaults.tls)
})

t.test('a misspelt key is refused by its own path, with the name that is nearest', async (t) => {
  t.strictSame(
    refusal(() => resolveListenOptions({ prot: 8888 })),
    { prot: 'unknown option; did you mean `port`?' },
  )
  t.strictSame(
    refusal(() => resolveListenOptions({ port: 8888, prot: 8888, maxConnection: 1 })),
    {
      prot: 'unknown option; did you mean `port`?',
      maxConnection: 'unknown option; did you mean `maxConnections`?',
    },
  )
  t.strictSame(
    refusal(() => resolveListenOptions({ exclusive: true })),
    { exclusive: 'unknown option' },
  )
  t.strictSame(
    refusal(() => resolveEndpoint({ prot: 8888 })),
    { prot: 'unknown option; did you mean `port`?' },
  )
  t.match(
    refusal(() => resolveListenOptions({ endpoints: [{ maxPending: 1, noDelay: true, signal: null, endpoints: [] }] })),
    {
      'endpoints.0.maxPending': /^unknown option; expected one of port, host/,
      'endpoints.0.noDelay': /^unknown option/,
      'endpoints.0.signal': /^unknown option/,
      'endpoints.0.endpoints': /^unknown option/,
    },
  )
})

t.test('an abstract name is a name on Linux, and a path with a NUL elsewhere', async (t) => {
  const real = Object.getOwnPropertyDescriptor(process, 'platform') as PropertyDescriptor
  t.teardown(() => Object.defineProperty(process, 'platform', real))
  Object.defineProperty(process, 'platform', { ...real, value: 'linux' })
  t.strictSame(resolveEndpoint({ path: '\0name' }), { kind: 'unix', path: '\0name', mode: 0o600, backlog: 511 })
  Object.defineProperty(process, 'platform', { ...real, value: 'darwin' })
  t.match(
    refusal(() => resolveEndpoint({ path: '\0name' })),
    { path: /on Linux/ },
  )
})

t.test('a number is a port, and must be one', async (t) => {
  for (const port of [-1, 65_536, 1.5, Number.NaN, Infinity]) {
    t.match(
      refusal(() => resolveListenOptions(port)),
      { port: /^expected a whole number from 0 to 65535, got / },
    )
    t.match(
      refusal(() => resolveEndpoint(port)),
      { port: /^expected a whole number from 0 to 65535, got / },
    )
  }
})

t.test('a value that is no object of options is refused as a whole', async (t) => {
  for (const other of [null, '8888', 8888n, true, Symbol('x'), [], () => 1, new Map(), Promise.resolve({ port: 1 })]) {
    t.match(
      refusal(() => resolveListenOptions(other)),
      { '': /^expected an object of options, got / },
    )
    t.match(
      refusal(() => resolveEndpoint(other)),
      { '': /^expected an object of options, got / },
    )
    t.match(
      refusal(() => resolveListenOptions({ endpoints: [other] })),
      { 'endpoints.0': /^expected an object of options, got / },
    )
  }
  t.match(
    refusal(() => resolveEndpoint(undefined)),
    { '': /^expected an object of options, got undefined/ },
  )
  t.match(
    refusal(() => resolveListenOptions({ endpoints: [8888] })),
    { 'endpoints.0': /^expected an object of options, got 8888/ },
  )
})
