// The clock of all time limits. A test can replace it. It is monotonic, unlike `Date.now`, which jumps when the machine's clock
// is set. Delays beyond the range of a timer mean "never".
//
// Tests that replace `setTimeout` (fake timers of node:test, sinon, vitest, jest) expect time limits to follow, so timers are
// set by the current global `setTimeout`. Whether such a test also replaces `Date` and `performance` is unknown, so nothing
// is computed from `now` then: see `faked`.
// Decision: docs/decisions/time-limits-follow-fake-timers.md

/** A timer that is set: the used part of `NodeJS.Timeout`. */
export interface Timer {
  ref(): void
  unref(): void
  clear(): void
}

/** The clock of time limits: `systemClock`, or in tests `manualClock()` of `linnet/testing`. */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes back. */
  now(): number
  /** Calls `callback` once, `ms` milliseconds from now; 0 < ms ≤ 2^31 − 1. */
  setTimer(callback: () => void, ms: number): Timer
  /** True while a test has replaced the timers, whose time `now` does not follow. Each limit needs an exact timer then. */
  readonly faked?: boolean
}

/** The longest delay of a timer in Node. A longer one fires at once. */
export const LONGEST_TIMER: number = 2 ** 31 - 1

/** Node's own functions, taken before a test can replace the globals. */
export const setTimeout: typeof globalThis.setTimeout = globalThis.setTimeout
export const clearTimeout: typeof globalThis.clearTimeout = globalThis.clearTimeout
/** Resolves after real milliseconds, also under fake timers. */
export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
/** Unix time, for comparison with the times of files. */
export const unixTime: () => number = Date.now
// Bound, because a test may mock the method of `performance` later.
const monotonic = performance.now.bind(performance)

class SystemTimer implements Timer {
  readonly #timeout: NodeJS.Timeout

  constructor(callback: () => void, ms: number) {
    this.#timeout = setTimeout(callback, ms)
  }

  ref(): void {
    this.#timeout.ref()
  }

  unref(): void {
    this.#timeout.unref()
  }

  clear(): void {
    clearTimeout(this.#timeout)
  }
}

/** A timer of a replaced `setTimeout`. Some are numbers, as in browsers, without `ref` and `unref`. */
class FakedTimer implements Timer {
  readonly #timeout: Partial<NodeJS.Timeout>
  /** The counterpart of the `setTimeout` that was called: a test may replace both again before the timer is cleared. */
  readonly #clearTimeout: (timeout: never) => void

  constructor(callback: () => void, ms: number) {
    this.#timeout = globalThis.setTimeout(callback, ms)
    this.#clearTimeout = globalThis.clearTimeout
  }

  ref(): void {
    this.#timeout.ref?.()
  }

  unref(): void {
    this.#timeout.unref?.()
  }

  clear(): void {
    this.#clearTimeout.call(globalThis, this.#timeout as never)
  }
}

/** The monotonic clock of the machine, and the timers of Node or of a test. */
export const systemClock: Clock = {
  now: monotonic,
  setTimer(callback, ms) {
    return globalThis.setTimeout === setTimeout ? new SystemTimer(callback, ms) : new FakedTimer(callback, ms)
  },
  get faked() {
    return globalThis.setTimeout !== setTimeout
  },
}
