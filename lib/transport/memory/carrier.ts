// Two carriers tied together in memory, for tests: no socket, but what a socket does. Bytes are copied and arrive a turn
// later or after a latency, in pieces, held up by the receiver's pause and by a limit on what is under way; an end is an
// end, a reset drops what is under way, and whoever writes to a side that is gone is told so.

import type { Duplex } from 'node:stream'
import { type Address, unixAddress } from '../../address.js'
import { bare } from '../../options/own.js'
import { nextTick, setImmediate } from '../../turn.js'
import type { Carrier, CarrierSink } from '../carrier.js'
import { CarrierDuplex } from '../carrier-duplex.js'
import { silent } from '../sink.js'
import { type Receiver, type Sender, type Way, Wire } from './wire.js'

type Phase =
  /** Nothing may arrive: not yet, or between two listeners; next: open, breaking, over. */
  | 'early'
  /** Next: early, breaking, over. */
  | 'open'
  /** Broken, and the sink is not told yet; next: early, over. */
  | 'breaking'
  /** Told of a loss, reset or released. */
  | 'over'

/** Who is at the two ends, and what goes first. */
export interface MemoryEnds {
  /** The client's address. Default: an unnamed Unix socket's. */
  readonly from?: Address | undefined
  /** The server's address. Default: an unnamed Unix socket's. */
  readonly to?: Address | undefined
  /** A PROXY header, which the client sends before everything else. It is no payload. */
  readonly header?: Uint8Array | undefined
}

const unnamed = unixAddress()
// Where nothing is said, there is nothing to inherit either.
const NOBODY: MemoryEnds = Object.freeze(bare({}))

function systemError(code: string, text: string): Error {
  return Object.assign(new Error(`${code}: ${text}`), { code })
}

class MemoryCarrier implements Carrier, Receiver, Sender {
  readonly holding = false
  readonly remote: Address
  readonly local: Address
  readonly tls = undefined
  received = 0
  readonly #way: Way
  readonly #out: Wire
  #peer: MemoryCarrier = this
  #sink: CarrierSink = silent
  #phase: Phase = 'early'
  #paused = false
  /** What a listener left to the next. */
  #unread: Buffer | undefined
  #peerEnded = false
  #finished = false
  #loss: Error | undefined
  /** The loss is on its way to this side. */
  #telling: { clear(): void } | undefined
  #referenced = true

  constructor(way: Way, local: Address, remote: Address) {
    this.#way = way
    this.local = local
    this.remote = remote
    this.#out = new Wire(way, this, {
      // The other end of this wire is not known yet.
      receiver: () => this.#peer,
      broken: () => this.#breakBoth(),
    })
  }

  static pair(way: Way, ends: MemoryEnds): [Carrier, Carrier] {
    const { from = unnamed, to = unnamed, header } = bare(ends)
    const [a, b] = [new MemoryCarrier(way, from, to), new MemoryCarrier(way, to, from)]
    a.#peer = b
    b.#peer = a
    if (header !== undefined) a.#out.sendFirst(header)
    // A fault may strike before the first byte.
    a.#out.wake()
    b.#out.wake()
    return [a, b]
  }

  attach(sink: CarrierSink): void {
    if (this.#phase !== 'over') this.#sink = sink
  }

  detach(unread?: Buffer): void {
    if (this.#phase === 'over') return
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
      if (this.#unread !== undefined || this.#loss !== undefined) nextTick(() => this.#tellKept())
    }
    this.#peer.#out.wake()
  }

  pause(): void {
    this.#paused = true
  }

  /** What the last listener left, before anything that the wire brings. */
  #tellKept(): void {
    const unread = this.#unread
    if (unread !== undefined && (this.#phase === 'open' || this.#phase === 'breaking')) {
      this.#unread = undefined
      this.#sink.data(unread)
      this.#peer.#out.wake()
    }
    this.#tellLoss()
  }

  // --- sending ---------------------------------------------------------------------------------------------------------

  write(piece: Uint8Array): boolean {
    return this.writeBatch([piece])
  }

  writeBatch(pieces: readonly Uint8Array[]): boolean {
    if (this.#peer.#phase === 'over') {
      this.#broken(systemError('EPIPE', 'the other side is closed'))
      return false
    }
    return this.#out.send(pieces)
  }

  left(): void {
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

  /** The peer learns of it as late as of bytes; what it has not taken by now it never gets. */
  reset(): void {
    if (this.#phase === 'over') return
    this.#leave()
    this.#out.cut()
    this.#peer.#out.cut()
    this.#peer.#broken(systemError('ECONNRESET', 'the other side reset the connection'))
  }

  /** As a socket's destroy: what is under way arrives, then the end; what the peer still sends is refused. */
  release(): void {
    if (this.#phase === 'over') return
    this.#leave()
    this.#out.end()
    if (this.#peer.#out.cut()) this.#peer.#broken(systemError('EPIPE', 'the other side is closed'))
  }

  #leave(): void {
    this.#phase = 'over'
    this.#sink = silent
    this.#telling?.clear()
  }

  #breakBoth(): void {
    this.#out.cut()
    this.#peer.#out.cut()
    const error = systemError('ECONNRESET', 'a fault of this pair, as it was asked for')
    for (const side of [this.#peer, this]) if (side.#breaks(error)) side.#tellLoss()
  }

  /** A loss is on its way to this side. */
  #broken(error: Error): void {
    if (!this.#breaks(error)) return
    const { latency, clock } = this.#way
    const tell = (): void => this.#tellLoss()
    if (latency > 0) {
      const timer = clock.setTimer(tell, latency)
      this.#telling = timer
      if (!this.#referenced) timer.unref()
    } else {
      const turn = setImmediate(tell)
      if (!this.#referenced) turn.unref()
    }
  }

  /** True if this is the loss that is to be told. Only the first one is, and after both directions ended none. */
  #breaks(error: Error): boolean {
    if (this.#phase === 'over' || this.#loss !== undefined || (this.#peerEnded && this.#finished)) return false
    this.#loss = error
    if (this.#phase === 'early') return false
    this.#phase = 'breaking'
    return true
  }

  #tellLoss(): void {
    // It may have been cut, or its listener taken off, since this was on its way.
    if (this.#phase !== 'breaking') return
    const sink = this.#sink
    this.#leave()
    // What was under way to either side reaches nobody.
    this.#out.cut()
    this.#peer.#out.cut()
    sink.lost(this.#loss as Error)
  }

  // --- the rest --------------------------------------------------------------------------------------------------------

  setNoDelay(_enable: boolean): void {}

  setKeepAlive(_enable: boolean, _initialDelay: number): void {}

  /** A pair at rest keeps no process alive; what is under way to a side does, unless that side is unreferenced. */
  ref(): void {
    this.#referenced = true
    this.#peer.#out.reference(true)
  }

  unref(): void {
    this.#referenced = false
    this.#peer.#out.reference(false)
  }
}

/** Two ends of a connection in memory. The first is the client's. */
export function memoryPair(options: Way, ends: MemoryEnds = NOBODY): [Carrier, Carrier] {
  return MemoryCarrier.pair(options, ends)
}
