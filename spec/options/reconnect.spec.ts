// The options of `reconnect`: what fits, what it resolves to, and what belongs into the other argument.

import t from 'tap'
import { InvalidOptionsError } from '../../lib/errors.js'
import { resolveConnectOptions } from '../../lib/options/connect.js'
import { type ReconnectOptions, resolveReconnectOptions } from '../../lib/options/reconnect.js'
import { manualClock } from '../../lib/testing/index.js'
import { LONGEST_TIMER, systemClock } from '../../lib/transport/clock.js'
import { rejection } from '../support/wait.js'
import { refusal } from './refusal.js'

const defaults = {
  minDelay: 100,
  maxDelay: 30_000,
  resetAfter: 10_000,
  maxAttempts: Number.POSITIVE_INFINITY,
  signal: undefined,
  onFailure: undefined,
  clock: systemClock,
}

const settings = (options?: ReconnectOptions): object => {
  const { target: _, ...rest } = resolveReconnectOptions({ port: 80 }, options)
  return rest
}

t.test('every option has a default, and one that is undefined is not given', async (t) => {
  t.strictSame(settings(), defaults)
  t.strictSame(settings({}), defaults)
  t.strictSame(settings(Object.fromEntries(Object.keys(defaults).map((name) => [name, undefined]))), defaults)
})

t.test('what is given is passed on', async (t) => {
  const { signal } = new AbortController()
  const given = { minDelay: 0.5, maxDelay: 0.5, resetAfter: 0, maxAttempts: 1, signal, onFailure() {}, clock: manualClock() }
  t.strictSame(settings(given), given)
})

t.test('a longest delay is held by a timer, and is no shorter than a shortest delay that stands alone', async (t) => {
  for (const maxDelay of [Number.POSITIVE_INFINITY, 2 ** 40, LONGEST_TIMER]) t.match(settings({ maxDelay }), { maxDelay: LONGEST_TIMER })
  t.match(settings({ minDelay: 60_000 }), { minDelay: 60_000, maxDelay: 60_000 })
  t.match(settings({ minDelay: LONGEST_TIMER }), { maxDelay: LONGEST_TIMER })
  t.match(settings({ maxDelay: 10 }), { minDelay: 100, maxDelay: 10 })
  t.match(settings({ resetAfter: Number.POSITIVE_INFINITY }), { resetAfter: Number.POSITIVE_INFINITY })
})

t.test('an option that does not fit is named, with what was expected', async (t) => {
  const cases: [object, string, RegExp][] = [
    [{ minDelay: 0 }, 'minDelay', /^expected milliseconds, more than 0, at most 2147483647, got 0$/],
    [{ minDelay: Number.POSITIVE_INFINITY }, 'minDelay', /at most 2147483647, got Infinity$/],
    [{ minDelay: '100' }, 'minDelay', /write Number\('100'\)$/],
    [{ maxDelay: 0 }, 'maxDelay', /more than 0/],
    [{ maxDelay: Number.NaN }, 'maxDelay', /got NaN$/],
    [{ minDelay: 10, maxDelay: 9 }, 'maxDelay', /^expected `minDelay` \(10\) or more, got 9$/],
    [{ resetAfter: -1 }, 'resetAfter', /0 or more/],
    [{ maxAttempts: 0 }, 'maxAttempts', /^expected a whole number, 1 or more, or Infinity, got 0$/],
    [{ maxAttempts: 1.5 }, 'maxAttempts', /whole number/],
    [{ signal: new AbortController() }, 'signal', /^expected an AbortSignal/],
    [{ onFailure: true }, 'onFailure', /^expected a function, got true$/],
    [{ clock: Date }, 'clock', /^expected a clock, as `manualClock\(\)` makes it/],
    [{ minDealy: 5 }, 'minDealy', /did you mean `minDelay`\?$/],
    [{ host: 'a' }, 'host', /^unknown option; it is an option of `connect`: write reconnect\(\{ host \}\)$/],
    [{ retries: 5 }, 'retries', /^unknown option; expected one of minDelay, /],
  ]
  for (const [options, path, message] of cases) {
    t.match(Object.entries(refusal(() => resolveReconnectOptions({ port: 80 }, options))), [[path, message]])
  }
  t.match(
    refusal(() => resolveReconnectOptions({ port: 80 }, new AbortController().signal)),
    { '': /; write \{ signal \}$/ },
  )
  for (const options of [null, 5, () => {}, []]) {
    t.match(
      refusal(() => resolveReconnectOptions({ port: 80 }, options)),
      { '': /^expected an object of options/ },
    )
  }
})

t.test('where it connects to is checked as the options of `connect`, and resolves to the same', async (t) => {
  const options = { port: 80, host: 'a', tls: true, idleTimeout: 5 } as const
  t.strictSame(await resolveReconnectOptions(options).target(), resolveConnectOptions(options))
  t.strictSame(await resolveReconnectOptions({ port: 80, signal: undefined }).target(), resolveConnectOptions({ port: 80 }))
  const cases: [unknown, string, RegExp][] = [
    [{}, 'port', /^expected a port/],
    [{ port: 80, tiemout: 5 }, 'tiemout', /did you mean `timeout`/],
    [{ port: 80, path: '/a' }, 'port', /no `path` beside it/],
    [{ port: 80, maxAttempts: 5 }, 'maxAttempts', /^unknown option; it stands behind the options of `connect`: .*\{ maxAttempts \}\)$/],
    ['localhost:80', '', /write \{ host: 'localhost', port: 80 \}$/],
    [undefined, '', /^expected an object of options, got undefined$/],
  ]
  for (const [target, path, message] of cases) t.match(Object.entries(refusal(() => resolveReconnectOptions(target))), [[path, message]])
})

t.test('a signal stands among the options of `reconnect` alone', async (t) => {
  const { signal } = new AbortController()
  t.match(Object.entries(refusal(() => resolveReconnectOptions({ port: 80, signal }))), [
    ['signal', /^expected none among the options of `connect`, got .*; write reconnect\(options, \{ signal \}\)$/],
  ])
})

t.test('an object is read once, at the call', async (t) => {
  const options = { port: 80 }
  const { target } = resolveReconnectOptions(options)
  options.port = 81
  t.match(await target(), { destination: { port: 80 } })
})

t.test('a function is called for each attempt, and what it returns is checked', async (t) => {
  let port = 80
  const { target } = resolveReconnectOptions(() => ({ port: port++ }))
  t.equal(port, 80, 'not at the call')
  t.match(await target(), { destination: { port: 80 } })
  t.match(await target(), { destination: { port: 81 } })
  t.match(await resolveReconnectOptions(async () => ({ port: 5 })).target(), { destination: { port: 5 } })
  const failure = new Error('no address today')
  const failing = (): never => {
    throw failure
  }
  t.equal(await rejection(resolveReconnectOptions(failing).target()), failure)
  t.equal(await rejection(resolveReconnectOptions(() => Promise.reject(failure)).target()), failure)
  for (const wrong of [{ port: 0 }, undefined, { port: 80, signal: AbortSignal.abort() }]) {
    t.type(await rejection(resolveReconnectOptions(() => wrong).target()), InvalidOptionsError)
  }
})
