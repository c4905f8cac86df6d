// A connection as a Node Duplex: for libraries that want one. Back-pressure goes both ways, an end is an end, a loss is
// the Duplex's error, and destroying it before its ends aborts the connection.

import { Duplex } from 'node:stream'
import { Bridge } from './bridge.js'
import type { ConnectionCore } from './core.js'

/** @throws ConcurrentReadError with a read pending, ConnectionClosedError on a closed connection */
export function toDuplex(core: ConnectionCore): Duplex {
  return new ConnectionDuplex(core)
}

class ConnectionDuplex extends Duplex {
  readonly #core: ConnectionCore
  readonly #bridge: Bridge
  readonly #forget: () => void

  constructor(core: ConnectionCore) {
    const bridge = new Bridge(core)
    super({ allowHalfOpen: core.settings.allowHalfOpen, decodeStrings: true, emitClose: true })
    this.#core = core
    this.#bridge = bridge
    // A cut is told even while nobody reads; everything that had arrived may still be read first.
    this.#forget = core.onOver(({ by, error }) => {
      if (by === 'aborted' || by === 'timeout') this.destroy(error instanceof Error ? error : core.outbox.refusal)
    })
  }

  override _read(): void {
    this.#bridge.read().then(
      (piece) => this.push(piece),
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
    this.#forget()
    this.#bridge.remove(error ?? undefined)
    const whole = this.readableEnded && this.writableFinished
    if (whole && error === null) this.#core.close()
    else this.#core.abort(error ?? undefined)
    done(error)
  }
}
