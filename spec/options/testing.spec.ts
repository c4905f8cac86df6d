// The options of the testing kit: of a pair, of a server in memory and of its connect.

import t from 'tap'
import { defaultSettings, listenPlan, memoryConnectPlan, memoryServerPlan, pairPlan } from '../../lib/options/index.js'
import { systemClock } from '../../lib/transport/clock.js'
import { refusal } from './refusal.js'

const never = { resetAfter: Infinity, stallAfter: Infinity, endAfter: Infinity }

t.test('a pair of nothing has the defaults and no faults', async (t) => {
  const plan = {
    client: defaultSettings,
    server: defaultSettings,
    maxChunk: Infinity,
    latency: 0,
    highWaterMark: 65_536,
    faults: never,
    clock: undefined,
  }
  t.strictSame(pairPlan(undefined), plan)
  t.strictSame(pairPlan({}), plan)
  const nothing = Object.fromEntries(Object.keys(plan).map((name) => [name, undefined]))
  t.strictSame(pairPlan(nothing), plan)
})

t.test('what a pair was given is what holds', async (t) => {
  const plan = pairPlan({
    client: { maxBufferSize: 5 },
    server: { closeTimeout: 0 },
    maxChunk: 1,
    latency: 2.5,
    highWaterMark: 3,
    faults: { resetAfter: 0, endAfter: undefined, stallAfter: 4 },
    clock: systemClock,
  })
  t.strictSame(plan, {
    client: { ...defaultSettings, limits: { ...defaultSettings.limits, maxBufferSize: 5 } },
    server: { ...defaultSettings, closeTimeout: 0 },
    maxChunk: 1,
    latency: 2.5,
    highWaterMark: 3,
    faults: { resetAfter: 0, stallAfter: 4, endAfter: Infinity },
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
        refusal(() => pairPlan({ [name]: value })),
        { [name]: /^expected .+, got / },
      )
  })
}

t.test('what is wrong inside is refused by its whole path', async (t) => {
  const options = { client: { readTimeout: 0, port: 1 }, server: { signal: null }, faults: { resetAfter: -1, dropAfter: 1 }, lag: 1 }
  t.match(
    refusal(() => pairPlan(options)),
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
      refusal(() => pairPlan(other)),
      { '': /^expected an object of options/ },
    )
})

t.test('a server in memory takes what listen takes, but for where', async (t) => {
  const admit = (): boolean => true
  const options = { maxConnections: 3, idleTimeout: 5, admit, tls: false, proxyProtocol: false }
  const { endpoints, ...plan } = listenPlan(options)
  t.equal(endpoints.length, 1)
  t.strictSame(memoryServerPlan(options), { listen: plan, clock: undefined })
  t.strictSame(memoryServerPlan(undefined), memoryServerPlan({}))
  t.equal(memoryServerPlan({ clock: systemClock }).clock, systemClock)
})

t.test('a server in memory has no place, and no TLS yet', async (t) => {
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
      refusal(() => memoryServerPlan({ [name]: value })),
      { [name]: /^unknown option/ },
    )
  t.match(
    refusal(() => memoryServerPlan({ tls: true, maxPending: -1, clock: 1 })),
    {
      tls: /^expected false, or TLS options/,
      maxPending: /^expected/,
      clock: /^expected a clock/,
    },
  )
  t.match(
    refusal(() => memoryServerPlan(8888)),
    { '': /^expected an object of options/ },
  )
})

t.test('connecting to it takes connection options only', async (t) => {
  t.strictSame(memoryConnectPlan(undefined), { settings: defaultSettings, tls: false })
  t.strictSame(memoryConnectPlan({ tls: false, noDelay: false }), { settings: { ...defaultSettings, noDelay: false }, tls: false })
  const tls = { servername: 'a' }
  t.equal(memoryConnectPlan({ tls }).tls, tls)
  t.equal(memoryConnectPlan({ tls: true }).tls, true)
  t.match(
    refusal(() => memoryConnectPlan({ tls: 'yes', signal: null, maxPending: 1, idleTimeout: 0 })),
    {
      tls: /^expected true, false, or TLS options/,
      signal: /^unknown option/,
      maxPending: /^unknown option/,
      idleTimeout: /^expected/,
    },
  )
  t.match(
    refusal(() => memoryConnectPlan(null)),
    { '': /^expected an object of options/ },
  )
})
