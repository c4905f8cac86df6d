// The two sinks that a carrier uses while no connection is attached: one keeps events, before `attach` and `resume` and
// between two listeners; the other discards them, after `reset` or `release`. A carrier always has a sink, so it never
// checks whether a listener is attached.

import type { CarrierSink } from './carrier.js'

/** Discards every event. Installed after `reset` or `release`. */
export const silent: CarrierSink = {
  data() {},
  end() {},
  sent() {},
  finished() {},
  lost() {},
}

/** Keeps bytes, the end and the loss until the connection resumes; passes events about sending on at once. */
export class BufferingSink implements CarrierSink {
  /** The listener that `attach` names; `silent` before. */
  target: CarrierSink = silent
  /** Whether the first `resume` has scheduled the replay. */
  replayScheduled = false
  #chunks: Buffer[] | undefined
  #ended = false
  #loss: Error | undefined

  /** `unread` arrived before everything else. */
  constructor(unread?: Buffer) {
    if (unread !== undefined && unread.length > 0) this.#chunks = [unread]
  }

  /** A new sink with `unread` in front and, behind it, everything that this one has not replayed. */
  renew(unread?: Buffer): BufferingSink {
    const next = new BufferingSink(unread)
    for (const chunk of this.#chunks ?? []) next.data(chunk)
    next.#ended = this.#ended
    next.#loss = this.#loss
    return next
  }

  get isEmpty(): boolean {
    return this.#chunks === undefined && !this.#ended && this.#loss === undefined
  }

  /** Removes the chunks and returns them. */
  takeChunks(): Buffer[] {
    const chunks = this.#chunks ?? []
    this.#chunks = undefined
    return chunks
  }

  /** The error that broke the carrier, if any. */
  get loss(): Error | undefined {
    return this.#loss
  }

  data(chunk: Buffer): void {
    ;(this.#chunks ??= []).push(chunk)
  }

  end(): void {
    if (this.#loss === undefined) this.#ended = true
  }

  lost(error: Error): void {
    this.#loss ??= error
  }

  sent(): void {
    this.target.sent()
  }

  finished(): void {
    this.target.finished()
  }

  /** Passes the bytes and the end to `sink()`, which is called for each event: a listener may detach within one. */
  replay(sink: () => CarrierSink): void {
    for (const chunk of this.#chunks ?? []) sink().data(chunk)
    if (this.#ended) sink().end()
  }
}
