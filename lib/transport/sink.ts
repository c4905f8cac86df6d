// The two listeners that stand in where the connection is not, or no longer, to be told: one that remembers, for what
// happens before a carrier is attached and resumed, or between two listeners, and one that hears nothing, for what happens
// after it was reset or released. So a carrier asks nowhere whether somebody listens: it tells its sink.

import type { CarrierSink } from './carrier.js'

/** Hears nothing: the sink of a carrier that has said its last word. */
export const silent: CarrierSink = {
  data() {},
  end() {},
  sent() {},
  finished() {},
  lost() {},
}

/** Remembers what arrives until the connection wants it; passes on what concerns writing at once. */
export class EarlySink implements CarrierSink {
  /** Who will listen; `silent` until `attach` has named it. */
  listener: CarrierSink = silent
  /** Whether the first `resume` has come. */
  wanted = false
  #kept: Buffer[] | undefined
  #ended = false
  #loss: Error | undefined

  /** `unread` arrived before all that it will hear. */
  constructor(unread?: Buffer) {
    if (unread !== undefined && unread.length > 0) this.#kept = [unread]
  }

  /** Another one, which knows all that this one has not told, behind what was handed back. */
  again(unread?: Buffer): EarlySink {
    const next = new EarlySink(unread)
    for (const chunk of this.#kept ?? []) next.data(chunk)
    next.#ended = this.#ended
    next.#loss = this.#loss
    return next
  }

  /** True while there is nothing to tell. */
  get empty(): boolean {
    return this.#kept === undefined && !this.#ended && this.#loss === undefined
  }

  /** Gives away the bytes. */
  take(): Buffer[] {
    const kept = this.#kept ?? []
    this.#kept = undefined
    return kept
  }

  /** What broke the carrier, if it is broken. */
  get loss(): Error | undefined {
    return this.#loss
  }

  data(chunk: Buffer): void {
    ;(this.#kept ??= []).push(chunk)
  }

  end(): void {
    if (this.#loss === undefined) this.#ended = true
  }

  lost(error: Error): void {
    this.#loss ??= error
  }

  sent(): void {
    this.listener.sent()
  }

  finished(): void {
    this.listener.finished()
  }

  /** Tells the bytes and the end to `sink()`, which is asked each time: whoever is told may want to hear no more. */
  replay(sink: () => CarrierSink): void {
    for (const chunk of this.#kept ?? []) sink().data(chunk)
    if (this.#ended) sink().end()
  }
}
