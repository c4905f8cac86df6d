// Two carriers connected in memory, for tests. They behave as sockets do: bytes are copied and arrive a turn later or after a
// latency, in pieces, subject to the receiver's pause and to a limit on bytes under way. A reset drops what is under way, and
// a write to a closed side is a loss.

import type { Duplex } from 'node:stream'
import { type Address, unixAddress } from '../../address.js'
import { withoutPrototype } from '../../options/own.js'
import { nextTick, setImmediate } from '../../turn.js'
import type { Carrier, CarrierSink } from '../carrier.js'
import { CarrierDuplex } from '../carrier-duplex.js'
import { silent } from '../sink.js'
import { codedError } from '../system-error.js'
import { type Receiver, type Sender, Wire, type WireOptions } from './wire.js'

type Phase =
  /** Nothing may arrive: before the first listener, or between two; next: open, breaking, closed. */
  | 'early'
  /** Next: early, breaking, closed. */
  | 'open'
  /** Broken, and the loss is not reported yet; next: early, closed. */
  | 'breaking'
  /** The loss was reported, or the carrier was reset or released. */
  | 'closed'

/** The addresses of the two ends, and a PROXY header. */
export interface MemoryAddresses {
  /** The client's address. Default: an unnamed Unix socket's. */
  readonly from?: Address | undefined
  /** The server's address. Default: an unnamed Unix socket's. */
  readonly to?: Address | undefined
  /** A PROXY header, which the client sends before everything else. It is not counted as payload. */
  readonly header?: Uint8Array | undefined
}

const unnamed = unixAddress()
// Without a prototype, so that nothing is inherited from Object.prototype.
const UNNAMED_ADDRESSES: MemoryAddresses = Object.freeze(withoutPrototype({}))

function memoryError(code: string, text: string): Error {
  return codedError(code, `${code}: ${text}`)
}

class MemoryCarrier implements Carrier, Receiver, Sender {
  readonly holding = false
  readonly remote: Address
  readonly local: Address
  readonly tls = undefined
  received = 0
  readonly #options: WireOptions
  readonly #out: Wire
  #peer: MemoryCarrier = this
  #sink: CarrierSink = silent
  #phase: Phase = 'early'
  #paused = false
  /** Bytes that a detached listener has given back. */
  #unread: Buffer | undefined
  #peerEnded = false
  #finished = false
  #loss: Error | undefined
  /** The timer of a loss that travels to this side. */
  #lossTimer: { clear(): void } | undefined
  #referenced = true

  constructor(options: WireOptions, local: Address, remote: Address) {
    this.#options = options
    this.local = local
    this.remote = remote
    this.#out = new Wire(options, this, {
      // The peer does not exist yet.
      receiver: () => this.#peer,
      broken: () => this.#breakBoth(),
    })
  }

  static pair(options: WireOptions, ends: MemoryAddresses): [Carrier, Carrier] {
    const { from = unnamed, to = unnamed, header } = withoutPrototype(ends)
    const [a, b] = [new MemoryCarrier(options, from, to), new MemoryCarrier(options, to, from)]
    a.#peer = b
    b.#peer = a
    if (header !== undefined) a.#out.sendFirst(header)
    // A fault may strike before the first byte.
    a.#out.wake()
    b.#out.wake()
    return [a, b]
  }

  attach(sink: CarrierSink): void {
    if (this.#phase !== 'closed') this.#sink = sink
  }

  detach(unread?: Buffer): void {
    if (this.#phase === 'closed') return
    this.#phase = 'early'
    this.#sink = silent
    this.#paused = true
    if (unread !== undefined && unread.length > 0) this.#unread = this.#unread ? Buffer.concat([unread, this.#unread]) : unread
  }

  upgrade(): Duplex {
    return new CarrierDuplex(this)
  }

  // --- receiving -------------------------------------------------------------------------------------------------------

  get ready(): boolean {
    return this.#phase === 'open' && !this.#paused && this.#unread === undefined
  }

  arrived(chunk: Buffer): void {
    this.received += chunk.length
    this.#sink.data(chunk)
  }

  ended(): void {
    this.#peerEnded = true
    this.#sink.end()
  }

  resume(): void {
    this.#paused = false
    if (this.#phase === 'early') {
      this.#phase = this.#loss === undefined ? 'open' : 'breaking'
      if (this.#unread !== undefined || this.#loss !== undefined) nextTick(() => this.#replay())
    }
    this.#peer.#out.wake()
  }

  pause(): void {
    this.#paused = true
  }

  /** Passes on the bytes that were given back, before anything that the wire delivers. */
  #replay(): void {
    const unread = this.#unread
    if (unread !== undefined && (this.#phase === 'open' || this.#phase === 'breaking')) {
      this.#unread = undefined
      this.#sink.data(unread)
      this.#peer.#out.wake()
    }
    this.#reportLoss()
  }

  // --- sending ---------------------------------------------------------------------------------------------------------

  write(piece: Uint8Array): boolean {
    return this.writeBatch([piece])
  }

  writeBatch(pieces: readonly Uint8Array[]): boolean {
    if (this.#peer.#phase === 'closed') {
      this.#broken(memoryError('EPIPE', 'the other side is closed'))
      return false
    }
    return this.#out.send(pieces)
  }

  flushed(): void {
    this.#sink.sent()
  }

  moved(bytes: number): void {
    this.#sink.moved?.(bytes)
  }

  end(): void {
    this.#out.end()
    nextTick(() => {
      if (this.#loss !== undefined) return
      this.#finished = true
      this.#sink.finished()
    })
  }

  // --- breaking --------------------------------------------------------------------------------------------------------

  /** The reset travels as long as bytes do. Bytes that the peer has not received by now are dropped. */
  reset(): void {
    if (this.#phase === 'closed') return
    this.#close()
    this.#out.cut()
    this.#peer.#out.cut()
    this.#peer.#broken(memoryError('ECONNRESET', 'the other side reset the connection'))
  }

  /** As `destroy` of a socket: what is under way arrives, then the end. A later write of the peer is a loss. */
  release(): void {
    if (this.#phase === 'closed') return
    this.#close()
    this.#out.end()
    if (this.#peer.#out.cut()) this.#peer.#broken(memoryError('EPIPE', 'the other side is closed'))
  }

  #close(): void {
    this.#phase = 'closed'
    this.#sink = silent
    this.#lossTimer?.clear()
  }

  #breakBoth(): void {
    this.#out.cut()
    this.#peer.#out.cut()
    const error = memoryError('ECONNRESET', 'a fault of this pair, as it was asked for')
    for (const side of [this.#peer, this]) if (side.#breaks(error)) side.#reportLoss()
  }

  /** Sends a loss to this side. */
  #broken(error: Error): void {
    if (!this.#breaks(error)) return
    const { latency, clock } = this.#options
    const report = (): void => this.#reportLoss()
    if (latency > 0) {
      const timer = clock.setTimer(report, latency)
      this.#lossTimer = timer
      if (!this.#referenced) timer.unref()
    } else {
      const turn = setImmediate(report)
      if (!this.#referenced) turn.unref()
    }
  }

  /** Whether this loss is to be reported now. Only the first one is, and none after both directions have ended. */
  #breaks(error: Error): boolean {
    if (this.#phase === 'closed' || this.#loss !== undefined || (this.#peerEnded && this.#finished)) return false
    this.#loss = error
    if (this.#phase === 'early') return false
    this.#phase = 'breaking'
    return true
  }

  #reportLoss(): void {
    // The carrier may have been reset, or its listener detached, while the loss was on its way.
    if (this.#phase !== 'breaking') return
    const sink = this.#sink
    this.#close()
    // What is under way in either direction is dropped.
    this.#out.cut()
    this.#peer.#out.cut()
    sink.lost(this.#loss as Error)
  }

  // --- settings --------------------------------------------------------------------------------------------------------

  setNoDelay(_enable: boolean): void {}

  setKeepAlive(_enable: boolean, _initialDelay: number): void {}

  /** An idle pair does not keep the process alive. Bytes under way to a side do, unless that side is unreferenced. */
  ref(): void {
    this.#referenced = true
    this.#peer.#out.reference(true)
  }

  unref(): void {
    this.#referenced = false
    this.#peer.#out.reference(false)
  }
}

/** The two ends of a connection in memory. The first is the client's. */
export function memoryPair(options: WireOptions, ends: MemoryAddresses = UNNAMED_ADDRESSES): [Carrier, Carrier] {
  return MemoryCarrier.pair(options, ends)
}
