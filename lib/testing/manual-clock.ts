// `manualClock`: a clock that a test advances. The time limits and latencies of a pair or a memory server use it, so that a test
// of an hour takes no time and runs the same way every time.

import { signalOf } from '../options/arguments.js'
import { ownMembers } from '../options/own.js'
import { addAbortListener, removeAbortListener } from '../signals.js'
import type { Clock, Timer } from '../transport/clock.js'
import { workDone } from './turns.js'

/** A clock for tests. */
export interface ManualClock extends Clock {
  /**
   * Advances the clock by `ms` milliseconds. Every timer that is due by then fires, in order, and the work that it causes is
   * done before the next one fires.
   *
   * **Resolves** when all of that work is done.
   *
   * **Rejects** with TypeError or RangeError for a wrong `ms`.
   *
   * @example
   * await clock.advance(60_000)
   */
  advance(ms: number): Promise<void>
  /**
   * Waits by this clock, in order with the time limits that use it.
   *
   * **Resolves** once the clock was advanced by `ms` milliseconds.
   *
   * **Rejects** with `signal.reason` when `signal` aborts, and with TypeError or RangeError for wrong arguments.
   */
  sleep(ms: number, options?: { signal?: AbortSignal | undefined }): Promise<void>
}

/**
 * Makes a clock that stands still until `advance` is called. Pass it as the `clock` of `pair`, `memoryServer` or `reconnect`.
 *
 * @example
 * const clock = manualClock()
 * const { server, connect } = memoryServer({ idleTimeout: 60_000, clock })
 */
export function manualClock(): ManualClock {
  return new SteppedClock()
}

class ManualTimer implements Timer {
  readonly at: number
  readonly fire: () => void
  readonly #timers: Set<ManualTimer>

  constructor(timers: Set<ManualTimer>, at: number, fire: () => void) {
    this.at = at
    this.fire = fire
    this.#timers = timers
    timers.add(this)
  }

  clear(): void {
    this.#timers.delete(this)
  }

  // A timer of this clock never keeps the process alive.
  ref(): void {}
  unref(): void {}
}

class SteppedClock implements ManualClock {
  readonly #timers = new Set<ManualTimer>()
  #now = 0
  #advancing: Promise<unknown> = Promise.resolve()

  now(): number {
    return this.#now
  }

  setTimer(callback: () => void, ms: number): Timer {
    return new ManualTimer(this.#timers, this.#now + ms, callback)
  }

  async advance(ms: number): Promise<void> {
    checkTime(ms)
    // One after the other: a shorter, concurrent advance would set the clock back.
    const advanced = this.#advancing.then(() => this.#advance(ms))
    this.#advancing = advanced.catch(() => {})
    await advanced
  }

  async sleep(ms: number, options?: { signal?: unknown }): Promise<void> {
    checkTime(ms)
    const signal = signalOf(ownMembers<'signal'>(options).signal)
    signal?.throwIfAborted()
    await new Promise<void>((resolve, reject) => {
      const sleeper = {
        fail: (reason: unknown) => {
          timer.clear()
          reject(reason)
        },
      }
      const timer = this.setTimer(() => {
        removeAbortListener(signal, sleeper)
        resolve()
      }, ms)
      addAbortListener(signal, sleeper)
    })
  }

  async #advance(ms: number): Promise<void> {
    const end = this.#now + ms
    await workDone(this)
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#now = next.at
      next.clear()
      next.fire()
      await workDone(this)
    }
    this.#now = end
  }

  /** The timer that is due first, at `end` at the latest; of several at one time, the one that was set first. */
  #next(end: number): ManualTimer | undefined {
    let first: ManualTimer | undefined
    for (const timer of this.#timers) if (timer.at <= end && (first === undefined || timer.at < first.at)) first = timer
    return first
  }
}

function checkTime(ms: unknown): void {
  if (typeof ms !== 'number') throw new TypeError(`ms must be a number of milliseconds, not ${typeof ms}`)
  if (!(ms >= 0 && ms < Number.POSITIVE_INFINITY)) throw new RangeError(`ms must be a time ≥ 0, not ${ms}`)
}
