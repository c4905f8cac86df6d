// Time as the library sees it: one clock that time limits run on, so that a test can hold it. Monotonic, and not
// `Date.now`, which jumps when the machine's clock is set. Delays beyond a timer's range mean "never".

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
}

/** The longest delay a timer of Node takes; a longer one would fire at once. */
export const LONGEST_TIMER: number = 2 ** 31 - 1

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

/** The machine's monotonic clock and Node's timers. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimer: (callback, ms) => new SystemTimer(callback, ms),
}
