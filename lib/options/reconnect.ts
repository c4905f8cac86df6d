// The options of `reconnect`: those of `connect` but for its `signal`, or a function that returns them, and its own: the delays, when
// they begin anew, when it gives up, and what ends or observes it. What they do is in `lib/client/reconnect.ts`.

import { lazily } from '../lazily.js'
import { type Clock, LONGEST_TIMER, systemClock } from '../transport/clock.js'
import {
  type ConnectKeys,
  type ConnectOptions,
  connectRules,
  connectShape,
  type ResolvedConnectOptions,
  resolveCheckedConnectOptions,
} from './connect.js'
import { checkOptions, type Shape, strictObject } from './schema.js'
import { meantSignal } from './suggestion.js'
import { abortSignal, clock, limitFrom, number, time, timeOrZero, value } from './values.js'

/** Where `reconnect` connects to: the options of `connect`. The `signal` is an option of `reconnect` itself. */
export type ReconnectTarget = Omit<ConnectOptions, 'signal'>

/** What `onFailure` receives beside the error. */
export interface ReconnectFailure {
  /** How many attempts in a row have failed, from 1 on. A connection ends the row. */
  readonly attempt: number
  /** The time until the next attempt, in ms. The last failure, after which the loop ends, has none. */
  readonly delay?: number | undefined
}

/** The options of `reconnect` beside those of `connect`. */
export interface ReconnectOptions {
  /** The whole of the delay after the first failure, in ms, > 0. The delay is a random part of it, at least half. Default: 100. */
  minDelay?: number | undefined
  /** What doubling the delay ends at, in ms, > 0, or Infinity. Default: 30 000, or `minDelay` if that is longer. */
  maxDelay?: number | undefined
  /**
   * How long a connection has to live, in ms, ≥ 0, or Infinity, so that the delays begin anew with `minDelay`. A shorter one counts
   * as a failure for the delay. Default: 10 000.
   */
  resetAfter?: number | undefined
  /** How many attempts in a row may fail: with the last of them the loop ends. A whole number ≥ 1. Default: Infinity. */
  maxAttempts?: number | undefined
  /** Ends the loop with `done` at any time, and closes its connection. */
  signal?: AbortSignal | undefined
  /** Is called after each attempt that failed, and awaited before the delay begins. What it throws ends the loop. */
  onFailure?: ((error: Error, failure: ReconnectFailure) => unknown) | undefined
  /** What the delays and every time limit of the connections run on: a `manualClock()`. Default: the machine's clock. */
  clock?: Clock | undefined
}

/** The options of `reconnect` with a value for each. */
export interface ResolvedReconnectOptions {
  /** Returns the checked options of the next attempt. Rejects with what the program's function throws, or InvalidOptionsError. */
  target: () => Promise<ResolvedConnectOptions>
  minDelay: number
  maxDelay: number
  resetAfter: number
  maxAttempts: number
  signal: AbortSignal | undefined
  onFailure: ((error: Error, failure: ReconnectFailure) => unknown) | undefined
  clock: Clock
}

// A client whose server is restarted is back within a second or two, and one whose server is down for a day asks some thousand times.
const MIN_DELAY = 100
const MAX_DELAY = 30_000
// A server that accepts, and closes or resets at once, is as unavailable as one that refuses; it does so within seconds.
const RESET_AFTER = 10_000

// Made by the first call: most programs have none, and each schema is work at import.
const schemas = lazily(() => {
  const own: Shape<ReconnectOptions> = {
    // Not a limit but a delay: it must fit into a timer.
    minDelay: number(`milliseconds, more than 0, at most ${LONGEST_TIMER}`, (ms) => ms > 0 && ms <= LONGEST_TIMER),
    maxDelay: time,
    resetAfter: timeOrZero,
    maxAttempts: limitFrom(1),
    signal: abortSignal,
    onFailure: value('a function', (value) => typeof value === 'function'),
    clock,
  }
  const signal = value<AbortSignal>(
    'none among the options of `connect`',
    () => false,
    () => 'reconnect(options, { signal })',
  )
  return {
    target: strictObject<ConnectKeys>(
      { ...connectShape, signal },
      {
        ...connectRules,
        elsewhere: (key) =>
          Object.hasOwn(own, key) ? `it stands behind the options of \`connect\`: write reconnect(options, { ${key} })` : undefined,
      },
    ),
    own: strictObject<ReconnectOptions>(own, {
      meant: meantSignal,
      contradictions: ({ minDelay = 0, maxDelay = Infinity }) =>
        minDelay > maxDelay ? [{ path: ['maxDelay'], message: `expected \`minDelay\` (${minDelay}) or more, got ${maxDelay}` }] : [],
      elsewhere: (key) => (Object.hasOwn(connectShape, key) ? `it is an option of \`connect\`: write reconnect({ ${key} })` : undefined),
    }),
  }
})

/**
 * The arguments of `reconnect`, completed by the defaults.
 *
 * @throws InvalidOptionsError
 */
export function resolveReconnectOptions(target: unknown, options: unknown = {}): ResolvedReconnectOptions {
  const given = checkOptions(schemas().own, options)
  const { minDelay = MIN_DELAY, maxDelay = Math.max(minDelay, MAX_DELAY), resetAfter = RESET_AFTER, maxAttempts = Infinity } = given
  const { signal, onFailure, clock = systemClock } = given
  // A timer holds the longest delay, however long it may be.
  const delays = { minDelay, maxDelay: Math.min(maxDelay, LONGEST_TIMER), resetAfter }
  return { target: typeof target === 'function' ? asking(target) : constant(target), ...delays, maxAttempts, signal, onFailure, clock }
}

function resolveTarget(target: unknown): ResolvedConnectOptions {
  return resolveCheckedConnectOptions(checkOptions(schemas().target, target))
}

function constant(target: unknown): () => Promise<ResolvedConnectOptions> {
  const resolved = resolveTarget(target)
  return async () => resolved
}

// biome-ignore lint/complexity/noBannedTypes: what `typeof` says of it
function asking(target: Function): () => Promise<ResolvedConnectOptions> {
  return async () => resolveTarget(await target())
}
