// A clock that stands still until it is told: time limits and latencies of a pair or a memory server run on it, so that
// a test of an hour takes no time, and takes the same course every time.

import { signalOf } from '../connection/reading/read-options.js'
import { ownOf } from '../options/own.js'
import { leaveSignal, waitUnder } from '../signals.js'
import type { Clock, Timer } from '../transport/clock.js'
import { workDone } from './turns.js'

/** A clock for tests. */
export interface ManualClock extends Clock {
  /** Moves time on by `ms` milliseconds: every timer due by then fires, in order, with the work in between done. Resolves when all is done. */
  advance(ms: number): Promise<void>
  /** Resolves once time has moved on by `ms` milliseconds, in its place among the time limits. Rejects with the reason of `signal` when that aborts. */
  sleep(ms: number, options?: { signal?: AbortSignal | undefined }): Promise<void>
}

/** Makes a clock that moves only when told. Give it as `clock`. */
export function manualClock(): ManualClock {
  return new StandingClock()
}

class HeldTimer implements Timer {
  readonly at: number
  readonly fire: () => void
  readonly #timers: Set<HeldTimer>

  constructor(timers: Set<HeldTimer>, at: number, fire: () => void) {
    this.at = at
    this.fire = fire
    this.#timers = timers
    timers.add(this)
  }

  clear(): void {
    this.#timers.delete(this)
  }

  // It keeps no process alive anyway.
  ref(): void {}
  unref(): void {}
}

class StandingClock implements ManualClock {
  readonly #timers = new Set<HeldTimer>()
  #now = 0
  #advancing: Promise<unknown> = Promise.resolve()

  now(): number {
    return this.#now
  }

  setTimer(callback: () => void, ms: number): Timer {
    return new HeldTimer(this.#timers, this.#now + ms, callback)
  }

  async advance(ms: number): Promise<void> {
    checkTime(ms)
    // One after the other, or time would go back where a shorter one overtakes.
    const advanced = this.#advancing.then(() => this.#advance(ms))
    this.#advancing = advanced.catch(() => {})
    await advanced
  }

  async sleep(ms: number, options?: { signal?: unknown }): Promise<void> {
    checkTime(ms)
    const signal = signalOf(ownOf<'signal'>(options).signal)
    signal?.throwIfAborted()
    await new Promise<void>((resolve, reject) => {
      const sleeper = {
        fail: (reason: unknown) => {
          timer.clear()
          reject(reason)
        },
      }
      const timer = this.setTimer(() => {
        leaveSignal(signal, sleeper)
        resolve()
      }, ms)
      waitUnder(signal, sleeper)
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

  /** The timer that is due first, by `end`; of several, the one that was set first. */
  #next(end: number): HeldTimer | undefined {
    let first: HeldTimer | undefined
    for (const timer of this.#timers) if (timer.at <= end && (first === undefined || timer.at < first.at)) first = timer
    return first
  }
}

function checkTime(ms: unknown): void {
  if (typeof ms !== 'number') throw new TypeError(`ms must be a number of milliseconds, not ${typeof ms}`)
  if (!(ms >= 0 && ms < Number.POSITIVE_INFINITY)) throw new RangeError(`ms must be a time ≥ 0, not ${ms}`)
}
