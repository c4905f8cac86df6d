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
import { afterTurn, nextTick, setImmediate } from '../turn.js'

export class TlsCarrier extends CloseNotifyCarrier<TLSSocket> {
  override readonly tls: TlsInfo
  readonly #beneath: Carrier
  readonly #stream: Duplex
  /** The same stream, where the lowest layer is no Node socket. */
  readonly #duplex: CarrierDuplex | undefined
  #referenced = true
  #reset = false

  /** `stream` is the one that `beneath` has given up by `upgrade`. */
  constructor(socket: TLSSocket, beneath: Carrier, stream: Duplex) {
    super(socket, beneath)
    this.#beneath = beneath
    this.#stream = stream
    this.#duplex = stream instanceof CarrierDuplex ? stream : undefined
    this.#duplex?.secured()
    this.listen()
    this.tls = infoOf(socket)
    if (this.#duplex === undefined) return
    // A record is several pieces of the stream beneath, so the number of plain bytes that have left is unknown. It is reported
    // as 0: progress all the same.
    this.#duplex.onMoved = () => this.moved(0)
    this.#duplex.onEmptied = () => this.reportSent()
  }

  // Node calls back when all bytes have left the stream beneath. Bun calls back at once.
  protected override get hasBytesBeneath(): boolean {
    return this.#duplex?.hasBytes === true
  }

  override write(piece: Uint8Array): boolean {
    return this.#duplex?.orphaned ? this.#refuse() : super.write(piece)
  }

  override writeBatch(pieces: readonly Uint8Array[]): boolean {
    return this.#duplex?.orphaned ? this.#refuse() : super.writeBatch(pieces)
  }

  /** A TLS that has ended with its peer would accept the bytes and drop them. */
  #refuse(): false {
    const error = Object.assign(new Error('on this runtime TLS over a stream accepts no bytes after the end of its peer'), {
      code: 'EPIPE',
    })
    nextTick(() => this.lose(error))
    return false
  }

  override end(): void {
    this.#duplex?.expectEnd()
    super.end()
  }

  protected override streamFinished(): void {
    if (this.#duplex === undefined) super.streamFinished()
    else this.#duplex.finish(() => super.streamFinished())
  }

  protected override destroyStream(): void {
    if (this.isLost) this.#duplex?.resetCarrier()
    else this.#duplex?.releaseCarrier()
    super.destroyStream()
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
    if (isShuttingDown(this.stream) && this.#duplex === undefined) this.#resetLater()
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
