// One time limit with a timer of its own: of a handshake, a `connect`, a drain. It expires once, after a last check for
// progress. The limits of a connection share a timer: connection/deadlines.ts.

import { type Clock, LONGEST_TIMER, type Timer } from './clock.js'
import { pollOnceMore } from './last-poll.js'

/** The options of a time limit. */
export interface DeadlineOptions {
  readonly clock: Clock
  /** Milliseconds from now. A value beyond the range of a timer means never. */
  readonly ms: number
  /** A number that changes with each progress. Without it, a limit whose timer fires late is extended by the delay once. */
  readonly progress?: () => number
  /** Called once, when the limit expires. */
  readonly expired: () => void
}

const unknown = (): number => Number.NaN

export class Deadline implements Timer {
  readonly #options: DeadlineOptions
  #timer: Timer | undefined
  #referenced = true
  #ended = false

  constructor(options: DeadlineOptions) {
    this.#options = options
    this.#set(options.ms)
  }

  #set(ms: number): void {
    if (ms > LONGEST_TIMER) return
    const { clock } = this.#options
    const at = clock.now() + ms
    // Under fake timers `now` does not follow their time.
    this.#timer = clock.setTimer(() => this.#fired(clock.faked ? 0 : clock.now() - at), ms)
    if (!this.#referenced) this.#timer.unref()
  }

  #fired(late: number): void {
    const { ms, progress = unknown, expired } = this.#options
    const limit = {
      isSet: () => !this.#ended,
      progress,
      postpone: (more: number) => this.#set(Math.min(more, ms)),
      expire: () => {
        this.#ended = true
        expired()
      },
    }
    pollOnceMore(limit, late)
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
    this.#ended = true
    this.#timer?.clear()
  }
}
