// A handshake under way, on either side: what it is to those who wait for it, and what both sides do alike. It has one
// end: a carrier to go on with, or a failure after which nothing is open.

import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { Carrier, Handshake } from '../transport/carrier.js'
import { setImmediate } from '../turn.js'
import { TlsCarrier } from './carrier.js'
import { mayBeShutting } from './shutting.js'

const ignore = (): void => {}

/** A TLS handshake over what a carrier gives away. */
export class TlsHandshake implements Handshake {
  readonly done: Promise<Carrier>
  readonly #carrier: Carrier
  readonly #stream: Duplex
  #resolve!: (carrier: Carrier) => void
  #reject!: (error: unknown) => void
  #settled = false
  #secured: TlsCarrier | undefined
  readonly #ended = (): void => this.failed(left())
  readonly #closed = (): unknown => setImmediate(this.#ended)

  /** `begin` lets Node's TLS take the stream, and tells `secured` or `failed`; what it throws is a failure. */
  constructor(carrier: Carrier, begin: (stream: Duplex, handshake: TlsHandshake) => void) {
    this.#carrier = carrier
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    // Who has given up does not ask any more.
    this.done.catch(ignore)
    const stream = carrier.upgrade()
    this.#stream = stream
    // With `true`, a peer that leaves in the middle of a handshake is not noticed.
    stream.allowHalfOpen = false
    // The end may have come before Node's TLS looked for it.
    stream.once('end', this.#ended)
    // Whatever ends a stream, Node's TLS names it in the turn that closes it; what it does not name is an end too.
    stream.once('close', this.#closed)
    try {
      if (stream.destroyed || stream.readableEnded) throw left()
      begin(stream, this)
    } catch (error) {
      this.failed(error)
    }
  }

  /**
   * It is done. Told a turn later: OpenSSL is on the stack still, and a server's session tickets have not left. Whoever
   * reset the connection now would take the first away from under itself, and Node would wait for the second for ever.
   */
  secured(socket: TLSSocket): void {
    if (!this.#settle()) return
    this.#stream.allowHalfOpen = true
    const carrier = new TlsCarrier(socket, this.#carrier, this.#stream)
    this.#secured = carrier
    setImmediate(() => this.#resolve(carrier))
  }

  /** It has failed. What Node says to the peer of it has been written. */
  failed(error: unknown): void {
    if (!this.#settle()) return
    this.#free()
    this.#reject(error)
  }

  /** Also what came of it, if nobody has taken that yet. */
  cut(): void {
    this.#secured?.reset()
    if (!this.#settle()) return
    // A plain close, where a reset could leave the handle open for ever: of a peer that has ended, or does not read.
    if (mayBeShutting(this.#stream)) this.#carrier.release()
    else this.#carrier.reset()
    this.#free()
    this.#reject(new Error('the handshake was given up'))
  }

  #settle(): boolean {
    if (this.#settled) return false
    this.#settled = true
    this.#stream.off('end', this.#ended).off('close', this.#closed)
    return true
  }

  // A turn later, since what runs may have been called from within OpenSSL, whose socket this takes away.
  #free(): void {
    this.#stream.on('error', ignore)
    setImmediate(() => this.#stream.destroy())
  }
}

function left(): Error {
  return Object.assign(new Error('the peer left before the TLS handshake was done'), { code: 'ECONNRESET' })
}
