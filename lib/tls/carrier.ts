// The carrier over a TLSSocket whose handshake is done. It keeps what every carrier promises, with the help of the one
// beneath: a break below is a break above, and a reset is that of the stream beneath, since TLS has none. Its goodbye
// is a close_notify before the end of stream.

import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { Carrier } from '../transport/carrier.js'
import { CarrierDuplex } from '../transport/carrier-duplex.js'
import { beforeCloseNotify } from '../transport/close-notify.js'
import { StreamCarrier } from '../transport/stream.js'
import { afterTurn, setImmediate } from '../turn.js'
import { factsOf, type TlsInfo } from './info.js'

export class TlsCarrier extends StreamCarrier<TLSSocket> {
  protected override get paced(): boolean {
    return this.#referenced
  }

  override readonly tls: TlsInfo
  readonly #beneath: Carrier
  readonly #stream: Duplex
  #referenced = true
  #cut = false

  /** `stream` is what `beneath` has given away for it. */
  constructor(socket: TLSSocket, beneath: Carrier, stream: Duplex) {
    super(socket, beneath)
    this.#beneath = beneath
    this.#stream = stream
    this.take()
    this.tls = factsOf(socket)
    // A record is several pieces of the stream beneath, so what has left of it is no number of our bytes; that something
    // has is worth telling all the same.
    if (stream instanceof CarrierDuplex) stream.onMoved = () => this.moved(0)
  }

  override get received(): number {
    return this.#beneath.received
  }

  queueKeys(): readonly string[] {
    return this.#beneath.queueKeys?.() ?? []
  }

  /** A reset that our own close_notify would have met. */
  #reset: Error | undefined

  override end(): void {
    beforeCloseNotify(this.stream, (reset) => {
      if (this.#cut) return
      this.#reset = reset
      super.end()
    })
  }

  protected override ended(unsure: boolean, inOrder: () => void): void {
    if (this.#reset === undefined) super.ended(unsure, inOrder)
    else this.lose(this.#reset)
  }

  // RST, where the stream beneath has one: never by the TLSSocket, which cannot, and closes by itself when that is gone.
  // While libuv shuts the sending side down a reset is impossible (see SocketCarrier), and the socket beneath does not
  // know of it. That can last, behind a goodbye that a peer does not read; but then everything else has left, and
  // nothing is cut by a plain end.
  protected cut(): void {
    this.#cut = true
    const { writableEnded, writableFinished, writableLength } = this.stream
    const shutting = writableEnded && !writableFinished && writableLength === 0 && !(this.#stream instanceof CarrierDuplex)
    if (shutting) this.#breakOffLater()
    else this.#breakOff()
  }

  #breakOffLater(): void {
    let waiting = true
    const once = (act: () => void) => () => {
      if (waiting) act()
      waiting = false
    }
    this.stream.once('finish', () => setImmediate(once(() => this.#breakOff())))
    afterTurn(() => setImmediate(once(() => this.#stream.destroy())))
  }

  // A TLSSocket that is destroyed in the turn of the reset takes the process down if that came from within OpenSSL.
  #breakOff(): void {
    this.#beneath.reset()
    setImmediate(() => this.#stream.destroy())
  }

  setNoDelay(enable: boolean): void {
    this.#beneath.setNoDelay(enable)
  }

  setKeepAlive(enable: boolean, initialDelay: number): void {
    this.#beneath.setKeepAlive(enable, initialDelay)
  }

  ref(): void {
    this.#referenced = true
    this.#beneath.ref()
  }

  unref(): void {
    this.#referenced = false
    this.#beneath.unref()
  }
}
