// The end of a TLS stream from this side: a close_notify alert. Node lets OpenSSL send it and, in the same call, look for the
// peer's. Two precautions are needed before that, for a TLSSocket that carries a connection and for any stream that may be
// one or contain one.
//
// Node emits what it has decrypted record by record, and promises and ticks run in between. An end at such a moment makes
// OpenSSL discard the records that have arrived and are not decrypted yet: the rest of the stream is lost, and this side
// reads a clean end. A turn later nothing is left to decrypt. (All releases of Node up to 26, TLS 1.2 and 1.3.)
//
// A close_notify that meets a reset fails without an event, and the system returns its error only once: so the system is
// asked first.
// Decision: docs/decisions/an-end-over-tls-waits-a-turn.md

import type { Duplex } from 'node:stream'
import { setImmediate } from '../turn.js'
import { pendingReset } from './descriptor.js'
import { StreamCarrier } from './stream.js'

/** The carrier over a stream whose end may be a close_notify. */
export abstract class CloseNotifyCarrier<S extends Duplex> extends StreamCarrier<S> {
  /** A reset that the close_notify would have met. */
  #reset: Error | undefined

  override end(): void {
    setImmediate(() => {
      if (!this.mayEnd) return
      this.#reset = pendingReset(this.stream)
      super.end()
    })
  }

  /** Whether the end, which comes a turn late, is still to be sent. */
  protected get mayEnd(): boolean {
    return true
  }

  protected override ended(unsure: boolean, inOrder: () => void): void {
    if (this.#reset === undefined) super.ended(unsure, inOrder)
    else this.lose(this.#reset)
  }
}
