// Pauses and resumes the carrier, so that at most `readHighWaterMark` bytes, and what a pending read needs, are read ahead of
// the program.

import type { ConnectionLimits } from '../../options/connection.js'
import { nextTick } from '../../turn.js'

/** The read half, as its back-pressure uses it. */
export interface BackpressureSource {
  readonly queue: { readonly length: number }
  /** True if more bytes must be let in. */
  readonly needsMore: boolean
  readonly host: { readonly limits: ConnectionLimits; pause(): void; resume(): void }
}

export class Backpressure {
  paused = false
  readonly #source: BackpressureSource
  #checking = false

  constructor(source: BackpressureSource) {
    this.#source = source
  }

  get #full(): boolean {
    const { queue, host } = this.#source
    return queue.length > host.limits.readHighWaterMark
  }

  /** Pauses or resumes the carrier, if necessary. */
  check(): void {
    const paused = !this.#source.needsMore && this.#full
    if (paused === this.paused) return
    this.paused = paused
    if (paused) this.#source.host.pause()
    else this.#source.host.resume()
  }

  /** Checks on the next tick: a program that takes the chunk at once then causes no pause and resume. */
  checkSoon(): void {
    if (this.paused || !this.#full) return
    // A stream may deliver many chunks before the next tick: the second one is checked at once.
    if (this.#checking) return this.check()
    this.#checking = true
    nextTick(() => {
      this.#checking = false
      this.check()
    })
  }
}
