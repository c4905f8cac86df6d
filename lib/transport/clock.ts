// Time as the library sees it: one clock that time limits run on, so that a test can hold it. Monotonic, and not
// `Date.now`, which jumps when the machine's clock is set. Delays beyond a timer's range mean "never".
//
// Tests that replace `setTimeout` (fake timers of node:test, sinon, vitest, jest) expect time limits to follow: so timers
// are set by the `setTimeout` of the moment. How such a test's time goes is not known (`Date` and `performance` may be
// replaced or not), so under a replaced `setTimeout` nothing is computed from `now`: see `faked`.

/** A timer that was set; the part of `NodeJS.Timeout` that is needed. */
export interface Timer {
  ref(): void
  unref(): void
  clear(): void
}

/** What time limits run on. The real one is `systemClock`; tests hold `manualClock()` of `linnet/testing`. */
export interface Clock {
  /** Milliseconds since some fixed moment; never goes back. */
  now(): number
  /** Calls `callback` once, `ms` milliseconds from now; 0 < ms ≤ 2^31 − 1. */
  setTimer(callback: () => void, ms: number): Timer
  /** True while timers are a test's, whose time `now` does not show: then each limit needs an exact timer of its own. */
  readonly faked?: boolean
}

/** The longest delay a timer of Node takes; a longer one would fire at once. */
export const LONGEST_TIMER: number = 2 ** 31 - 1

/** Node's own, whatever the globals are replaced with later. */
export const setTimeout: typeof globalThis.setTimeout = globalThis.setTimeout
export const clearTimeout: typeof globalThis.clearTimeout = globalThis.clearTimeout
/** Some milliseconds, whatever a test makes of time. */
export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
/** Unix time: for what is compared with the file system's. */
export const unixTime: () => number = Date.now
// Bound, as a mocked method of `performance` would be found by any later call.
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

/** A timer of whatever a test has put in place of Node's: some are numbers, as in browsers, and keep no process alive. */
class FakedTimer implements Timer {
  readonly #timeout: Partial<NodeJS.Timeout>
  /** The one that belongs to the `setTimeout` that was called: either may be another one by the time it is cleared. */
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

/** The machine's monotonic clock and Node's timers, or those of a test. */
export const systemClock: Clock = {
  now: monotonic,
  setTimer(callback, ms) {
    return globalThis.setTimeout === setTimeout ? new SystemTimer(callback, ms) : new FakedTimer(callback, ms)
  },
  get faked() {
    return globalThis.setTimeout !== setTimeout
  },
}
