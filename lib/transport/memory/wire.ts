// One direction of a connection in memory: the bytes that were sent and have not arrived, their latency, the size of the
// pieces in which they arrive, and the faults on the way. It keeps the order, the limit on bytes under way and the receiver's
// pause. Each piece arrives in memory of its own, as from a socket: the program may transfer it to another thread.

import { clearImmediate, setImmediate } from '../../turn.js'
import type { Clock } from '../clock.js'
import { copyOf } from '../copy.js'

/** How bytes travel. Infinity means no limit, or never. */
export interface WireOptions {
  /** The most bytes that arrive in one piece. */
  readonly maxChunk: number
  /** How long each piece travels, in ms; 0: until the next turn of the event loop. */
  readonly latency: number
  /** The most bytes under way. */
  readonly highWaterMark: number
  /** The faults, each after so many bytes have arrived. */
  readonly faults: { readonly resetAfter: number; readonly stallAfter: number; readonly endAfter: number }
  readonly clock: Clock
}

/** The end to which the wire delivers. */
export interface Receiver {
  /** False while no bytes are wanted. Read before each piece. */
  readonly ready: boolean
  arrived(chunk: Buffer): void
  ended(): void
}

/** The end that sends, and receives reports of progress. */
export interface Sender {
  /** All bytes of the last `send` have left. */
  flushed(): void
  /** So many of them have left, and others wait for room. */
  moved(bytes: number): void
}

/** What the wire needs of the connection that it is part of. */
export interface WireHost {
  /** The end to which the wire delivers. */
  receiver(): Receiver
  /** A fault breaks both directions. */
  broken(): void
}

/** Bytes under way; without bytes it is the end of stream. */
type Packet = { bytes: Buffer | undefined; due: number }

type State =
  /** Carries bytes. */
  | 'open'
  /** The receiver has seen an end: everything sent later is dropped. */
  | 'ended'
  /** Broken: nothing is delivered or accepted. */
  | 'cut'

/** How often something has arrived, by the clock of the wire. */
const arrivals = new WeakMap<Clock, number>()

/** A number that changes whenever something arrives over a wire with this clock. */
export function arrivalsBy(clock: Clock): number {
  return arrivals.get(clock) ?? 0
}

export class Wire {
  readonly #options: WireOptions
  readonly #sender: Sender
  readonly #host: WireHost
  #state: State = 'open'
  /** Under way, in order. */
  #packets: Packet[] = []
  #underWay = 0
  /** Sent, and waiting for room. */
  #waiting: Uint8Array[] = []
  /** Bytes that have left since the last report to the sender. */
  #unreported = 0
  #passed = 0
  #next: { cancel(): void; ref(): void; unref(): void } | undefined
  #referenced = true

  constructor(options: WireOptions, sender: Sender, host: WireHost) {
    this.#options = options
    this.#sender = sender
    this.#host = host
  }

  get #receiver(): Receiver {
    return this.#host.receiver()
  }

  get #isOpen(): boolean {
    return this.#state === 'open'
  }

  // --- the sender's end ------------------------------------------------------------------------------------------------

  /** True: all of it is under way. False: a part waits for room, and `flushed` reports when it has left. */
  send(pieces: readonly Uint8Array[]): boolean {
    if (this.#state === 'cut') return false
    this.#waiting = pieces.filter((piece) => piece.length > 0)
    this.#unreported = 0
    this.#load()
    this.#schedule()
    return this.#waiting.length === 0
  }

  /** Sends bytes before everything else, without regard to the limit. Nothing is reported of them. */
  sendFirst(bytes: Uint8Array): void {
    this.#loadPart(bytes)
    this.#schedule()
  }

  /** Sends the end of stream, behind everything that is under way. Bytes that wait for room are dropped. */
  end(): void {
    this.#waiting = []
    if (this.#isOpen) this.#packets.push({ bytes: undefined, due: this.#due() })
    this.#schedule()
  }

  /** Drops everything. Returns whether bytes were waiting for room. */
  cut(): boolean {
    const waited = this.#waiting.length > 0
    this.#state = 'cut'
    this.#packets = []
    this.#waiting = []
    this.#next?.cancel()
    this.#next = undefined
    return waited
  }

  /** Copies as many bytes as there is room for, as the system would. The others remain the sender's. */
  #load(): void {
    while (this.#waiting.length > 0) {
      const piece = this.#waiting[0] as Uint8Array
      // Its memory was transferred meanwhile. The sender handles that.
      if (piece.length === 0) {
        this.#waiting.shift()
        continue
      }
      // Bytes that will never arrive take no room.
      const room = this.#isOpen ? this.#options.highWaterMark - this.#underWay : Number.POSITIVE_INFINITY
      if (room <= 0) return
      const part = piece.length > room ? piece.subarray(0, room) : piece
      if (part === piece) this.#waiting.shift()
      else this.#waiting[0] = piece.subarray(room)
      if (!this.#isOpen) continue
      this.#loadPart(part)
      this.#unreported += part.length
    }
  }

  #loadPart(part: Uint8Array): void {
    this.#underWay += part.length
    this.#packets.push({ bytes: copyOf(part), due: this.#due() })
  }

  #due(): number {
    return this.#options.latency > 0 ? this.#options.clock.now() + this.#options.latency : 0
  }

  // --- delivery --------------------------------------------------------------------------------------------------------

  /** Schedules a delivery after a change: the receiver is ready, or a fault may be due. */
  wake(): void {
    this.#schedule()
  }

  reference(on: boolean): void {
    this.#referenced = on
    if (on) this.#next?.ref()
    else this.#next?.unref()
  }

  /** Whether the stall fault has struck: nothing more arrives, without any event. */
  get #stalled(): boolean {
    return this.#passed >= this.#options.faults.stallAfter
  }

  #schedule(): void {
    if (this.#next !== undefined || !this.#isOpen) return
    const delay = this.#delay()
    if (delay === undefined) return
    const { clock, latency } = this.#options
    if (latency > 0 && delay > 0) {
      // Timers are coarser than the clock. When this one fires the packet is due, even if the clock shows less.
      const due = clock.now() + delay
      const timer = clock.setTimer(() => this.#deliver(due), delay)
      this.#next = { cancel: () => timer.clear(), ref: () => timer.ref(), unref: () => timer.unref() }
    } else {
      const turn = setImmediate(() => this.#deliver(0))
      this.#next = { cancel: () => clearImmediate(turn), ref: () => turn.ref(), unref: () => turn.unref() }
    }
    if (!this.#referenced) this.#next.unref()
  }

  /** The time until the next delivery; undefined while nothing can be delivered. */
  #delay(): number | undefined {
    const { faults, clock } = this.#options
    // A reset arrives whether bytes are wanted or not.
    if (this.#passed >= faults.resetAfter) return 0
    if (!this.#receiver.ready) return undefined
    if (this.#passed >= faults.endAfter) return 0
    const head = this.#packets[0]
    return head === undefined || this.#stalled ? undefined : head.due - clock.now()
  }

  // One batch a turn, as from a socket. Bytes for which this delivery makes room arrive in the next turn.
  #deliver(due: number): void {
    this.#next = undefined
    arrivals.set(this.#options.clock, arrivalsBy(this.#options.clock) + 1)
    const latest = this.#options.latency > 0 ? Math.max(due, this.#options.clock.now()) : 0
    let remaining = this.#packets.length
    while (!this.#strike() && this.#receiver.ready && remaining > 0 && !this.#stalled) {
      const packet = this.#packets[0] as Packet
      if (packet.due > latest) break
      if (packet.bytes === undefined) this.#end()
      else if (this.#take(packet, packet.bytes)) remaining--
    }
    const waited = this.#waiting.length > 0
    this.#load()
    const bytes = this.#unreported
    this.#unreported = 0
    if (waited && this.#waiting.length === 0) this.#sender.flushed()
    else if (waited && bytes > 0) this.#sender.moved(bytes)
    this.#schedule()
  }

  /** Delivers one chunk. Returns whether it was the last of its packet. */
  #take(packet: Packet, bytes: Buffer): boolean {
    const { maxChunk, faults } = this.#options
    const size = Math.min(
      bytes.length,
      maxChunk,
      faults.resetAfter - this.#passed,
      faults.stallAfter - this.#passed,
      faults.endAfter - this.#passed,
    )
    const whole = size === bytes.length
    if (whole) this.#packets.shift()
    else packet.bytes = bytes.subarray(size)
    this.#passed += size
    this.#underWay -= size
    this.#receiver.arrived(size === bytes.buffer.byteLength ? bytes : copyOf(bytes.subarray(0, size)))
    return whole
  }

  /** Lets a fault strike that is due. Returns whether nothing more can be delivered. */
  #strike(): boolean {
    if (!this.#isOpen) return true
    const { resetAfter, endAfter } = this.#options.faults
    if (this.#passed >= resetAfter) this.#host.broken()
    else if (this.#passed >= endAfter && this.#receiver.ready) this.#end()
    return !this.#isOpen
  }

  #end(): void {
    this.#state = 'ended'
    this.#packets = []
    this.#receiver.ended()
  }
}
