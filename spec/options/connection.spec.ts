// The options of a connection: every row of the table, its default, and what `setLimits` makes of it.

import t from 'tap'
import { changedLimits, defaultConnectionOptions, resolveConnectionOptions } from '../../lib/options/connection.js'
import { refusal, thrown } from './refusal.js'

const defaults = {
  limits: {
    maxBufferSize: 1_048_576,
    readHighWaterMark: 65_536,
    writeHighWaterMark: 65_536,
    maxWriteBuffer: 16_777_216,
    readTimeout: Infinity,
    idleTimeout: Infinity,
    writeTimeout: 60_000,
  },
  closeTimeout: 5_000,
  handshakeTimeout: 10_000,
  allowHalfOpen: true,
  noDelay: true,
  keepAlive: false,
  keepAliveInitialDelay: 0,
}

const sizes = ['maxBufferSize', 'readHighWaterMark', 'writeHighWaterMark', 'maxWriteBuffer'] as const
const times = ['readTimeout', 'idleTimeout', 'writeTimeout'] as const
const flags = ['allowHalfOpen', 'noDelay', 'keepAlive'] as const

t.test('a connection without options has the defaults, which are frozen', async (t) => {
  t.strictSame(defaultConnectionOptions, defaults)
  t.ok(Object.isFrozen(defaultConnectionOptions))
  t.ok(Object.isFrozen(defaultConnectionOptions.limits))
  t.strictSame(resolveConnectionOptions(undefined), defaults)
  t.strictSame(resolveConnectionOptions({}), defaults)
  const all = Object.fromEntries([...sizes, ...times, ...flags, 'closeTimeout', 'handshakeTimeout'].map((name) => [name, undefined]))
  t.strictSame(resolveConnectionOptions(all), defaults)
  resolveConnectionOptions({}).limits.maxBufferSize = 1
  t.strictSame(resolveConnectionOptions({}), defaults)
})

t.test('an option that was given replaces the default', async (t) => {
  const limits = {
    maxBufferSize: 1,
    readHighWaterMark: 2,
    writeHighWaterMark: Infinity,
    maxWriteBuffer: 3,
    readTimeout: 4.5,
    idleTimeout: 5,
    writeTimeout: Infinity,
  }
  const rest = {
    closeTimeout: 0,
    handshakeTimeout: 6,
    allowHalfOpen: false,
    noDelay: false,
    keepAlive: true,
    keepAliveInitialDelay: 7,
  }
  t.strictSame(resolveConnectionOptions({ ...limits, ...rest }), { limits, ...rest })
})

t.test('a time that no timer can hold is Infinity', async (t) => {
  for (const name of times) t.equal(resolveConnectionOptions({ [name]: 2 ** 31 }).limits[name], Infinity)
  for (const name of ['closeTimeout', 'handshakeTimeout'] as const) {
    t.equal(resolveConnectionOptions({ [name]: 2 ** 31 })[name], Infinity)
    t.equal(resolveConnectionOptions({ [name]: 2 ** 31 - 1 })[name], 2 ** 31 - 1)
  }
})

const bad: [string, unknown[]][] = [
  ...sizes.map((name): [string, unknown[]] => [name, ['1', null, true, {}, 0, -1, 1.5, Number.NaN, -Infinity]]),
  ...[...times, 'handshakeTimeout'].map((name): [string, unknown[]] => [name, ['1s', null, false, [], 0, -1, Number.NaN, -Infinity]]),
  ['closeTimeout', ['0', null, -1, Number.NaN]],
  ...flags.map((name): [string, unknown[]] => [name, ['true', 0, 1, null, {}]]),
  ['keepAliveInitialDelay', ['1', null, -1, 0.5, Number.NaN, Infinity]],
]

for (const [name, values] of bad) {
  t.test(`a wrong or impossible ${name} is refused by its path`, async (t) => {
    for (const value of values) {
      t.match(
        refusal(() => resolveConnectionOptions({ [name]: value })),
        { [name]: /^expected .+, got / },
      )
      t.match(
        refusal(() => resolveConnectionOptions({ [name]: value }, ['client'])),
        { [`client.${name}`]: /^expected .+, got / },
      )
    }
  })
}

t.test('options that are not of a connection are unknown', async (t) => {
  for (const name of ['port', 'tls', 'signal', 'maxConnections', 'limits', 'highWaterMark']) {
    t.match(
      refusal(() => resolveConnectionOptions({ [name]: 1 })),
      { [name]: /^unknown option/ },
    )
  }
  t.match(
    refusal(() => resolveConnectionOptions(8888, ['client'])),
    { client: 'expected an object of options, got 8888' },
  )
})

t.test('setLimits changes the limits that it is given, in a new object', async (t) => {
  const before = { ...defaults.limits }
  const after = changedLimits(before, { maxBufferSize: 5, readTimeout: 2 ** 31, idleTimeout: undefined })
  t.strictSame(after, { ...defaults.limits, maxBufferSize: 5, readTimeout: Infinity })
  t.strictSame(before, defaults.limits)
  t.not(changedLimits(before, {}), before)
  t.strictSame(changedLimits(before, {}), before)
})

t.test('a wrong type in setLimits is a TypeError that names it, an impossible value a RangeError', async (t) => {
  for (const changes of [undefined, null, 5, 'x', [], () => 1])
    t.equal((thrown(() => changedLimits(defaults.limits, changes)) as Error).name, 'TypeError')
  for (const name of [...sizes, ...times]) {
    for (const value of ['1', null, true, 1n, {}]) {
      t.match(
        thrown(() => changedLimits(defaults.limits, { [name]: value })),
        { name: 'TypeError', message: new RegExp(`^${name}: expected `) },
      )
    }
    for (const value of [0, -1, Number.NaN, -Infinity]) {
      t.match(
        thrown(() => changedLimits(defaults.limits, { [name]: value })),
        { name: 'RangeError', message: new RegExp(`^${name}: expected `) },
      )
    }
  }
  for (const name of sizes)
    t.match(
      thrown(() => changedLimits(defaults.limits, { [name]: 1.5 })),
      { name: 'RangeError' },
    )
  for (const name of ['closeTimeout', 'noDelay', 'maxBufferSizes']) {
    t.match(
      thrown(() => changedLimits(defaults.limits, { [name]: 1 })),
      { name: 'TypeError', message: new RegExp(`^${name}: unknown option`) },
    )
  }
})
