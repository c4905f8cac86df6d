// The delays of repeated attempts: exponential back-off with jitter. Each failure in a row doubles the delay, up to a limit, and each
// delay is a random part of it, so that the clients of one restarted server do not return at the same moment. Pure: the iterator of
// `reconnect` counts what is a failure, and waits.
// Decision: docs/decisions/reconnecting-is-a-loop.md

/** The limits of the delays, in milliseconds. */
export interface BackOffLimits {
  /** The whole of the first delay, if `maxDelay` is not smaller. */
  readonly minDelay: number
  /** The whole of the longest delay. */
  readonly maxDelay: number
}

// Between half and the whole: a delay of zero would be a busy loop, and a spread of a half is enough to separate the clients.
const LEAST = 0.5

export class BackOff {
  readonly #limits: BackOffLimits
  readonly #random: () => number
  /** The failures since the start or the last `reset`. */
  #failures = 0

  /** `random` returns a number from 0 to below 1, as `Math.random` does. */
  constructor(limits: BackOffLimits, random: () => number = Math.random) {
    this.#limits = limits
    this.#random = random
  }

  /** Counts a failure, and returns the delay before the next attempt, in milliseconds. */
  failed(): number {
    const { minDelay, maxDelay } = this.#limits
    // After a thousand failures the power is Infinity, of which `maxDelay` is the smaller one too.
    const whole = Math.min(maxDelay, minDelay * 2 ** this.#failures++)
    return whole * (LEAST + (1 - LEAST) * this.#random())
  }

  /** The next failure is the first one again. */
  reset(): void {
    this.#failures = 0
  }
}
