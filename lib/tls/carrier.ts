// The carrier over a TLSSocket after its handshake. It keeps the rules of all carriers with the help of the carrier beneath:
// a loss below is a loss above, and a reset is that of the stream beneath, because TLS has none. Its end is a close_notify
// alert before the end of stream.

import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { Carrier } from '../transport/carrier.js'
import { CarrierDuplex } from '../transport/carrier-duplex.js'
import { CloseNotifyCarrier } from '../transport/close-notify.js'
import { isShuttingDown } from '../transport/socket-reset.js'
import { infoOf, type TlsInfo } from '../transport/tls-info.js'
import { afterTurn, setImmediate } from '../turn.js'

export class TlsCarrier extends CloseNotifyCarrier<TLSSocket> {
  override readonly tls: TlsInfo
  readonly #beneath: Carrier
  readonly #stream: Duplex
  #referenced = true
  #reset = false

  /** `stream` is the one that `beneath` has given up by `upgrade`. */
  constructor(socket: TLSSocket, beneath: Carrier, stream: Duplex) {
    super(socket, beneath)
    this.#beneath = beneath
    this.#stream = stream
    this.listen()
    this.tls = infoOf(socket)
    // A record is several pieces of the stream beneath, so the number of plain bytes that have left is unknown. It is reported
    // as 0: progress all the same.
    if (stream instanceof CarrierDuplex) stream.onMoved = () => this.moved(0)
  }

  protected override get paced(): boolean {
    return this.#referenced
  }

  override get received(): number {
    return this.#beneath.received
  }

  queueKeys(): readonly string[] {
    return this.#beneath.queueKeys?.() ?? []
  }

  protected override get mayEnd(): boolean {
    return !this.#reset
  }

  // Resets the stream beneath, where it has a reset: a TLSSocket has none, and closes when that stream does. While libuv shuts
  // the sending side down a reset is impossible (see `isShuttingDown`), and the socket beneath does not show that state. It
  // can last, while a peer does not read the close_notify. But everything else has left by then, so a plain close cuts nothing
  // off.
  protected resetStream(): void {
    this.#reset = true
    if (isShuttingDown(this.stream) && !(this.#stream instanceof CarrierDuplex)) this.#resetLater()
    else this.#resetBeneath()
  }

  #resetLater(): void {
    let waiting = true
    const once = (act: () => void) => () => {
      if (waiting) act()
      waiting = false
    }
    this.stream.once('finish', () => setImmediate(once(() => this.#resetBeneath())))
    afterTurn(() => setImmediate(once(() => this.#stream.destroy())))
  }

  // Destroying a TLSSocket in the turn of the reset crashes the process if the reset was called from within OpenSSL.
  #resetBeneath(): void {
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
