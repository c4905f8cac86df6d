// A check of any value succeeds or fails with its own kind of error: arbitrary values, arbitrary values under the names of real
// options, and objects that throw when they are read.

import fc from 'fast-check'
import t from 'tap'
import { InvalidOptionsError } from '../../lib/errors.js'
import { resolveConnectOptions } from '../../lib/options/connect.js'
import { changedLimits, defaultConnectionOptions, resolveConnectionOptions } from '../../lib/options/connection.js'
import { changedAdmission, closeGrace, resolveEndpoint, resolveListenOptions } from '../../lib/options/listen.js'
import { resolveReconnectOptions } from '../../lib/options/reconnect.js'
import { resolveMemoryConnectOptions, resolveMemoryServerOptions, resolvePairOptions } from '../../lib/options/testing.js'

const checks: [string, (options: unknown) => unknown, (error: unknown) => boolean][] = [
  ['resolveConnectionOptions', resolveConnectionOptions, isInvalidOptions],
  ['resolveListenOptions', resolveListenOptions, isInvalidOptions],
  ['resolveEndpoint', (options) => resolveEndpoint(options), isInvalidOptions],
  ['resolveConnectOptions', resolveConnectOptions, isInvalidOptions],
  ['resolveReconnectOptions', (options) => resolveReconnectOptions({ port: 80 }, options), isInvalidOptions],
  ['resolveReconnectOptions: where to', (options) => resolveReconnectOptions(options), isInvalidOptions],
  ['resolvePairOptions', resolvePairOptions, isInvalidOptions],
  ['resolveMemoryServerOptions', resolveMemoryServerOptions, isInvalidOptions],
  ['resolveMemoryConnectOptions', resolveMemoryConnectOptions, isInvalidOptions],
  ['changedLimits', (changes) => changedLimits(defaultConnectionOptions.limits, changes), isWrongArgument],
  ['changedAdmission', changedAdmission, isWrongArgument],
  ['closeGrace', closeGrace, isWrongArgument],
]

function isInvalidOptions(error: unknown): boolean {
  return error instanceof InvalidOptionsError && error.issues.length > 0 && error.issues.every(({ message }) => message !== '')
}

function isWrongArgument(error: unknown): boolean {
  return (error as Error).constructor === TypeError || (error as Error).constructor === RangeError
}

const anything = fc.anything({
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
  withUnicodeString: true,
})

const names =
  'port host path mode fd systemd endpoints backlog ipv6Only reusePort tls proxyProtocol admit blockList maxConnections maxPending maxConnectionsPerAddress maxBufferSize readTimeout closeTimeout allowHalfOpen keepAliveInitialDelay signal client server faults maxChunk latency highWaterMark clock grace family localAddress localPort timeout minDelay maxDelay resetAfter maxAttempts onFailure'
const number = fc.oneof(fc.integer({ min: -2, max: 70_000 }), fc.double())
const property = fc.oneof(anything, number, fc.string(), fc.boolean(), fc.constant(undefined))
const named = fc.dictionary(fc.constantFrom(...names.split(' ')), property, { maxKeys: 4 })
const nested = fc.dictionary(fc.constantFrom('endpoints', 'client', 'faults'), fc.oneof(named, fc.array(named, { maxLength: 3 })), {
  maxKeys: 2,
})

for (const [name, check, fitting] of checks) {
  t.test(`any value makes ${name} succeed or fail with its own kind of error`, async (t) => {
    const property = fc.property(fc.oneof(anything, named, nested), (options) => {
      try {
        check(options)
      } catch (error) {
        return fitting(error)
      }
      return true
    })
    fc.assert(property, { numRuns: 500 })
    t.pass()
  })

  t.test(`an object that throws when it is read makes ${name} succeed or fail with its own kind of error`, async (t) => {
    const fight = (): never => {
      throw new SyntaxError('mine')
    }
    const revoked = Proxy.revocable({}, {})
    revoked.revoke()
    const traps = ['get', 'has', 'ownKeys', 'getOwnPropertyDescriptor', 'getPrototypeOf'] as const
    const hostile = [
      revoked.proxy,
      ...traps.map((trap) => new Proxy({ a: 1 }, { [trap]: fight })),
      ...traps.map((trap) => new Proxy([{}], { [trap]: fight })),
      ...traps.map((trap) => new Proxy(() => 1, { [trap]: fight })),
      Object.defineProperty({}, 'toString', { get: fight, enumerable: true }),
      Object.defineProperty({}, Symbol.toStringTag, { get: fight }),
      Object.defineProperty({}, Symbol.toPrimitive, { get: fight }),
      Object.defineProperty({}, 'then', { get: fight }),
    ]
    const refuses = (options: unknown): boolean => {
      try {
        check(options)
      } catch (error) {
        return fitting(error)
      }
      return true
    }
    for (const options of hostile) {
      t.ok(refuses(options))
      for (const key of names.split(' ')) if (!refuses({ [key]: options }) || !refuses({ [key]: [options] })) t.fail(key)
    }
  })
}
