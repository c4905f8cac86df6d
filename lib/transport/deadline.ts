// One time limit on a timer of its own: of a handshake, a `connect`, a drain. It runs out once, after a last look at what
// the system has. A connection's limits share a timer: connection/deadlines.ts.

import { type Clock, LONGEST_TIMER, type Timer } from './clock.js'
import { lookOnce } from './last-look.js'

/** What a limit is on. */
export interface DeadlineOptions {
  readonly clock: Clock
  /** Milliseconds from now; what is beyond a timer's range means never. */
  readonly ms: number
  /** A number that changes whenever something has come that is waited for. Left out: not known, and a late timer is given its time once more. */
  readonly progress?: () => number
  /** Called once, when the time is over. */
  readonly expired: () => void
}

const unknown = (): number => Number.NaN

export class Deadline implements Timer {
  readonly #options: DeadlineOptions
  #timer: Timer | undefined
  #referenced = true
  #over = false

  constructor(options: DeadlineOptions) {
    this.#options = options
    this.#set(options.ms)
  }

  #set(ms: number): void {
    if (ms > LONGEST_TIMER) return
    const { clock } = this.#options
    const at = clock.now() + ms
    // Under a test's timers `now` shows nothing.
    this.#timer = clock.setTimer(() => this.#fired(clock.faked ? 0 : clock.now() - at), ms)
    if (!this.#referenced) this.#timer.unref()
  }

  #fired(late: number): void {
    const { ms, progress = unknown, expired } = this.#options
    const limit = {
      stands: () => !this.#over,
      progress,
      postpone: (more: number) => this.#set(Math.min(more, ms)),
      expire: () => {
        this.#over = true
        expired()
      },
    }
    lookOnce(limit, late)
  }

  ref(): void {
    this.#referenced = true
    this.#timer?.ref()
  }

  unref(): void {
    this.#referenced = false
    this.#timer?.unref()
  }

  clear(): void {
    this.#over = true
    this.#timer?.clear()
  }
}
