// When a pattern is tried again. Each try looks at all bytes that have arrived, and a peer may send many small chunks in one
// turn of the event loop (TLS records of one byte, thousands of them in one system call). After a try that found nothing,
// the next one therefore waits for the end of the turn. If a try takes long, as over a megabyte, the next one waits nineteen
// times as long: patterns take at most a twentieth of the process's time.

import { clearTimeout, setTimeout } from '../../transport/clock.js'
import { clearImmediate, setImmediate } from '../../turn.js'

/** The pause after a long try, as a multiple of its time. */
const PAUSE = 19
/** Milliseconds from which on a try is long. */
const LONG = 0.5

export class PatternPace {
  readonly #retry: () => void
  #immediate: NodeJS.Immediate | undefined
  #timer: NodeJS.Timeout | undefined
  #retryRequested = false

  constructor(retry: () => void) {
    this.#retry = retry
  }

  /** True during a pause. */
  get pausing(): boolean {
    return this.#immediate !== undefined || this.#timer !== undefined
  }

  /** Starts a pause after a try that found nothing and took `ms` milliseconds. */
  pause(ms: number): void {
    this.stop()
    if (ms < LONG) this.#immediate = setImmediate(this.#wake)
    else this.#timer = setTimeout(this.#wake, ms * PAUSE)
  }

  /** Bytes arrived during the pause: the pattern is tried at its end. */
  requestRetry(): void {
    this.#retryRequested = true
  }

  /** Whether bytes arrived during the pause. The caller then makes the try. */
  takeRetry(): boolean {
    const retryRequested = this.#retryRequested
    this.#retryRequested = false
    return retryRequested
  }

  /** Ends the pause without a try. */
  stop(): void {
    clearImmediate(this.#immediate)
    clearTimeout(this.#timer)
    this.#immediate = undefined
    this.#timer = undefined
    this.#retryRequested = false
  }

  readonly #wake = (): void => {
    const retryRequested = this.#retryRequested
    this.stop()
    if (retryRequested) this.#retry()
  }
}
