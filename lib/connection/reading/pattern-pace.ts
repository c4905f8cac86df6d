// When a pattern is tried again. Each try looks at all that has arrived, and a peer may send many small chunks in one turn of
// the event loop (TLS records of a byte, thousands of them in what one system call reads). So after a try in vain the
// next one waits for the end of the turn, and sees all that has come by then. Where a try takes long, as over a megabyte,
// the next one comes nineteen times as much later: patterns then take a twentieth of the process's time at most.

import { clearTimeout, setTimeout } from '../../transport/clock.js'
import { clearImmediate, setImmediate } from '../../turn.js'

const SHARE = 19
/** From so many milliseconds on. Below, the end of the turn is far enough. */
const LONG = 0.5

export class PatternPace {
  readonly #retry: () => void
  #immediate: NodeJS.Immediate | undefined
  #timer: NodeJS.Timeout | undefined
  #owed = false

  constructor(retry: () => void) {
    this.#retry = retry
  }

  get resting(): boolean {
    return this.#immediate !== undefined || this.#timer !== undefined
  }

  /** A try was in vain, and took so many milliseconds. */
  rest(took: number): void {
    this.stop()
    if (took < LONG) this.#immediate = setImmediate(this.#over)
    else this.#timer = setTimeout(this.#over, took * SHARE)
  }

  /** Bytes came while it rests: they are tried when it is over. */
  owe(): void {
    this.#owed = true
  }

  /** Whether bytes wait to be tried; from now on they are the caller's matter. */
  claim(): boolean {
    const owed = this.#owed
    this.#owed = false
    return owed
  }

  stop(): void {
    clearImmediate(this.#immediate)
    clearTimeout(this.#timer)
    this.#immediate = undefined
    this.#timer = undefined
    this.#owed = false
  }

  readonly #over = (): void => {
    const owed = this.#owed
    this.stop()
    if (owed) this.#retry()
  }
}
