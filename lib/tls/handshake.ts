// A TLS handshake under way: the part that client and server have in common. It settles once: with a carrier over TLS, or with
// an error, and then nothing is left open.

import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { markHandled } from '../rejections.js'
import type { Carrier, Handshake } from '../transport/carrier.js'
import { ignoreErrors } from '../transport/ignore-errors.js'
import { codedError } from '../transport/system-error.js'
import { setImmediate } from '../turn.js'
import { TlsCarrier } from './carrier.js'
import { mayBeShutting } from './shutting.js'

/** A TLS handshake over the stream that a carrier gives up. */
export class TlsHandshake implements Handshake {
  readonly done: Promise<Carrier>
  readonly #carrier: Carrier
  readonly #stream: Duplex
  #resolve!: (carrier: Carrier) => void
  #reject!: (error: unknown) => void
  #settled = false
  #secured: TlsCarrier | undefined
  readonly #onEnd = (): void => this.failed(peerLeft())
  readonly #onClose = (): unknown => setImmediate(this.#onEnd)

  /** `begin` passes the stream to Node's TLS and calls `secured` or `failed`. An exception from it is a failure. */
  constructor(carrier: Carrier, begin: (stream: Duplex, handshake: TlsHandshake) => void) {
    this.#carrier = carrier
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    // After `cut` the caller no longer waits for `done`.
    markHandled(this.done)
    const stream = carrier.upgrade()
    this.#stream = stream
    // With `true`, Node's TLS does not notice a peer that ends during the handshake.
    stream.allowHalfOpen = false
    // The end may come before Node's TLS listens for it.
    stream.once('end', this.#onEnd)
    // Node's TLS emits its error in the turn in which the stream closes. A close without an error is an end too.
    stream.once('close', this.#onClose)
    try {
      if (stream.destroyed || stream.readableEnded) throw peerLeft()
      begin(stream, this)
    } catch (error) {
      this.failed(error)
    }
  }

  /**
   * The handshake has succeeded. `done` resolves a turn later: OpenSSL is still on the stack, and a server's session tickets
   * have not left. A reset in this turn would free the connection under OpenSSL, and Node would wait for the tickets forever.
   */
  secured(socket: TLSSocket): void {
    if (!this.#settle()) return
    this.#stream.allowHalfOpen = true
    const carrier = new TlsCarrier(socket, this.#carrier, this.#stream)
    this.#secured = carrier
    setImmediate(() => this.#resolve(carrier))
  }

  /** The handshake has failed. Node has written its alert to the peer by now. */
  failed(error: unknown): void {
    if (!this.#settle()) return
    this.#free()
    this.#reject(error)
  }

  cut(): void {
    this.#secured?.reset()
    if (!this.#settle()) return
    // A peer that has ended, or does not read, gets a plain close: a reset could leave the handle open forever.
    if (mayBeShutting(this.#stream)) this.#carrier.release()
    else this.#carrier.reset()
    this.#free()
    this.#reject(new Error('the handshake was given up'))
  }

  #settle(): boolean {
    if (this.#settled) return false
    this.#settled = true
    this.#stream.off('end', this.#onEnd).off('close', this.#onClose)
    return true
  }

  // A turn later, because this may be called from within OpenSSL, which still uses the socket.
  #free(): void {
    ignoreErrors(this.#stream)
    setImmediate(() => this.#stream.destroy())
  }
}

function peerLeft(): Error {
  return codedError('ECONNRESET', 'the peer left before the TLS handshake was done')
}
