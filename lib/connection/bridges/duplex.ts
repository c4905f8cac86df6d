// A connection as a Node Duplex: for libraries that want one. Back-pressure goes both ways, an end is an end, a loss is
// the Duplex's error, and destroying it before its end aborts the connection.

import { isRaisedBy } from '../../errors.js'
import { isUsableError } from '../../foreign.js'
import type { ConnectionCore } from '../lifecycle.js'
import type { WriteData } from '../writing/write-data.js'
import { Bridge } from './bridge.js'
import { type ConnectionDuplex, SocketDuplex } from './socket-duplex.js'

const REFUSAL = 'toDuplex() has given the reading of this connection to its Duplex: read from that, and not from the connection'

/** @throws ConcurrentReadError with a read pending, ConnectionClosedError on a closed connection */
export function toDuplex(core: ConnectionCore): ConnectionDuplex {
  return new DuplexBridge(core)
}

class DuplexBridge extends SocketDuplex {
  readonly #core: ConnectionCore
  readonly #bridge: Bridge
  #forget: (() => void) | undefined
  /** A piece is asked for and not pushed yet. */
  #reading = false

  constructor(core: ConnectionCore) {
    const bridge = new Bridge(core, REFUSAL)
    // It reads nothing ahead, the connection does: an error drops what a stream holds, and a loss may come behind bytes.
    super(core, { allowHalfOpen: core.settings.allowHalfOpen, readableHighWaterMark: 0 })
    this.#core = core
    this.#bridge = bridge
    // A break is told even while nobody reads; but a loss only behind everything that had arrived.
    this.#forget = core.closeState.listen(({ by, error }) => {
      const unread = this.#reading || this.readableLength + core.readHalf.queue.length > 0
      if (by === 'aborted' || by === 'timeout' || (by === 'lost' && !unread))
        this.destroy(isUsableError(error) ? error : core.writeHalf.refusal)
    })
  }

  override _read(): void {
    this.#reading = true
    this.#bridge.read().then(
      (piece) => {
        this.#reading = false
        this.active()
        this.push(piece)
      },
      (error) => this.destroy(error),
    )
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#send(chunk, done)
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#send(
      chunks.map(({ chunk }) => chunk),
      done,
    )
  }

  // As of a socket of Node's, a write is done once the system has it: who then destroys the stream cuts nothing off.
  #send(data: WriteData, done: (error?: Error | null) => void): void {
    this.active()
    const { writeHalf } = this.#core
    writeHalf
      .write(data)
      .then(() => writeHalf.flush())
      .then(() => {
        this.active()
        done()
      }, done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#core.finish().then(() => done(), done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#forget?.()
    this.#bridge.remove(error ?? undefined)
    // An error of the connection's own is news from it, and no wish of the program: a close goes on to send what is queued.
    if (error === null ? this.#endsInOrder : isRaisedBy(error, this.#core.id)) this.#core.close()
    else this.#core.abort(error ?? undefined)
    super._destroy(error, done)
  }

  // An HTTP server ends its idle connections by `destroy()`, when they have been silent for long or when it closes. A reset
  // would say to the client that something was cut: docs/decisions/a-destroyed-duplex-resets-unless-it-is-idle.md.
  get #endsInOrder(): boolean {
    if (this.writableFinished) return true
    return (this.silent || this.#core.draining) && this.writableLength === 0 && this.#core.writeHalf.queued === 0
  }
}
