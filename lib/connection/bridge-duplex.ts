// A connection as a Node Duplex: for libraries that want one. Back-pressure goes both ways, an end is an end, a loss is
// the Duplex's error, and destroying it before its ends aborts the connection.

import { Duplex } from 'node:stream'
import { isRaisedBy } from '../errors.js'
import { isUsableError } from '../foreign.js'
import { Bridge } from './bridge.js'
import type { ConnectionCore } from './core.js'

/** @throws ConcurrentReadError with a read pending, ConnectionClosedError on a closed connection */
export function toDuplex(core: ConnectionCore): Duplex {
  return new ConnectionDuplex(core)
}

class ConnectionDuplex extends Duplex {
  readonly #core: ConnectionCore
  readonly #bridge: Bridge
  #forget: (() => void) | undefined
  /** A piece is asked for and not pushed yet. */
  #reading = false

  constructor(core: ConnectionCore) {
    const bridge = new Bridge(core)
    // It reads nothing ahead, the connection does: an error drops what a stream holds, and a loss may come behind bytes.
    super({ allowHalfOpen: core.settings.allowHalfOpen, readableHighWaterMark: 0 })
    this.#core = core
    this.#bridge = bridge
    // A break is told even while nobody reads; but a loss only behind everything that had arrived.
    this.#forget = core.outcome.listen(({ by, error }) => {
      const unread = this.#reading || this.readableLength + core.inbox.queue.length > 0
      if (by === 'aborted' || by === 'timeout' || (by === 'lost' && !unread))
        this.destroy(isUsableError(error) ? error : core.outbox.refusal)
    })
  }

  override _read(): void {
    this.#reading = true
    this.#bridge.read().then(
      (piece) => {
        this.#reading = false
        this.push(piece)
      },
      (error) => this.destroy(error),
    )
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#core.outbox.write(chunk).then(() => done(), done)
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#core.outbox.write(chunks.map(({ chunk }) => chunk)).then(() => done(), done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#core.finish().then(() => done(), done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#forget?.()
    this.#bridge.remove(error ?? undefined)
    const whole = this.readableEnded && this.writableFinished
    // An error of the connection's own is news from it, and no wish of the program: a close goes on to send what is queued.
    if (error === null ? whole : isRaisedBy(error, this.#core.id)) this.#core.close()
    else this.#core.abort(error ?? undefined)
    done(error)
  }
}
