// Pull: when the carrier is paused. Nothing is read ahead beyond the high-water mark and what a pending read needs.

import type { ConnectionLimits } from '../../options/connection.js'
import { nextTick } from '../../turn.js'

/** Whose bytes are held back. */
export interface BackpressureSource {
  readonly queue: { readonly length: number }
  /** A read is pending, or what comes is dropped: nothing may stand in its way. */
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

  /** Pauses or resumes the carrier, if that has become right. */
  check(): void {
    const paused = !this.#source.needsMore && this.#full
    if (paused === this.paused) return
    this.paused = paused
    if (paused) this.#source.host.pause()
    else this.#source.host.resume()
  }

  /**
   * Checks once the promises of this chunk have run: a program that is about to take what has just come shall not have
   * the carrier paused and resumed around it.
   */
  checkSoon(): void {
    if (this.paused || !this.#full) return
    // A stream that brings many chunks in one go would bring all of them by then: its second one is enough.
    if (this.#checking) return this.check()
    this.#checking = true
    nextTick(() => {
      this.#checking = false
      this.check()
    })
  }
}
