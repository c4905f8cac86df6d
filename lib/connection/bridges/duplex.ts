// A connection as a Node Duplex, for libraries that need one. Back-pressure applies in both directions, each end of stream
// is passed on, a loss becomes the error of the Duplex, and destroying the Duplex before its end aborts the connection.

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
  #removeListener: (() => void) | undefined
  /** A read of the bridge is pending. */
  #reading = false

  constructor(core: ConnectionCore) {
    const bridge = new Bridge(core, REFUSAL)
    // The Duplex does not read ahead, the connection does: an error drops what a stream holds, and a loss may follow bytes.
    super(core, { allowHalfOpen: core.options.allowHalfOpen, readableHighWaterMark: 0 })
    this.#core = core
    this.#bridge = bridge
    // A cut is reported even while nothing reads; a loss only after all bytes that were received before it.
    this.#removeListener = core.closeState.listen(({ by, error }) => {
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

  // As with Node's sockets, a write is done once the system has its bytes: destroying the stream then cuts nothing off.
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
    this.#removeListener?.()
    this.#bridge.remove(error ?? undefined)
    // With an error that the connection itself raised, the program did not ask for an abort: what is queued is still sent.
    if (error === null ? this.#endsInOrder : isRaisedBy(error, this.#core.id)) this.#core.close()
    else this.#core.abort(error ?? undefined)
    super._destroy(error, done)
  }

  // An HTTP server ends idle connections by `destroy()`, after a time-out or when it closes. A reset would look like an error
  // to the client.
  // Decision: docs/decisions/a-destroyed-duplex-resets-unless-it-is-idle.md
  get #endsInOrder(): boolean {
    if (this.writableFinished) return true
    return (this.silent || this.#core.draining) && this.writableLength === 0 && this.#core.writeHalf.queued === 0
  }
}
