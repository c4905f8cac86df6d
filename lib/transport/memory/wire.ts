// One direction of a connection in memory: what was sent and has not been taken, how long it travels, in which pieces
// it arrives, and what goes wrong on the way. It keeps the order, the limit on bytes under way and the receiver's pause;
// who sends and who receives is the carriers' business. Each piece arrives in memory of its own, as from a socket: the
// receiver may hand it to a program, and the program may transfer it to another thread.

import { clearImmediate, setImmediate } from '../../turn.js'
import type { Clock } from '../clock.js'
import { copyOf } from '../copy.js'

/** How bytes travel; Infinity is no limit, or never. */
export interface Way {
  /** The most bytes that arrive in one piece. */
  readonly maxChunk: number
  /** How long each piece travels, in ms; 0: until the next turn of the event loop. */
  readonly latency: number
  /** The most bytes under way. */
  readonly highWaterMark: number
  /** What goes wrong, after so many bytes have arrived. */
  readonly faults: { readonly resetAfter: number; readonly stallAfter: number; readonly endAfter: number }
  readonly clock: Clock
}

/** Whom the wire brings bytes to. */
export interface Receiver {
  /** False while bytes are not wanted; asked again for each piece. */
  readonly ready: boolean
  arrived(chunk: Buffer): void
  ended(): void
}

/** Whom the wire tells about what it took. */
export interface Sender {
  /** All that was given has left. */
  left(): void
  /** So many bytes of it have left, and others wait. */
  moved(bytes: number): void
}

/** What is at the far end. */
export interface Far {
  receiver(): Receiver
  /** The fault has come that breaks both directions. */
  broken(): void
}

type Parcel = { bytes: Buffer | undefined; due: number }

type State =
  /** Carries bytes. */
  | 'open'
  /** The receiver has seen an end: whatever else is sent vanishes. */
  | 'ended'
  /** Carries nothing any more, and takes nothing. */
  | 'cut'

/** How often something has arrived, by the clock that the wire runs on. */
const arrivals = new WeakMap<Clock, number>()

/** A number that changes whenever something arrives over a wire that runs on this clock. */
export function arrivalsBy(clock: Clock): number {
  return arrivals.get(clock) ?? 0
}

export class Wire {
  readonly #way: Way
  readonly #sender: Sender
  readonly #far: Far
  #state: State = 'open'
  /** Under way, in order; without bytes it is the end of stream. */
  #parcels: Parcel[] = []
  #underWay = 0
  /** What there was no room for. */
  #rest: Uint8Array[] = []
  /** Bytes that have left since the sender was last told. */
  #loaded = 0
  #passed = 0
  #next: { cancel(): void; ref(): void; unref(): void } | undefined
  #referenced = true

  constructor(way: Way, sender: Sender, far: Far) {
    this.#way = way
    this.#sender = sender
    this.#far = far
  }

  get #receiver(): Receiver {
    return this.#far.receiver()
  }

  // --- the sender's end ------------------------------------------------------------------------------------------------

  /** True: all of it is under way. False: a part waits for room, and the sender will hear when it has left. */
  send(pieces: readonly Uint8Array[]): boolean {
    if (this.#state === 'cut') return false
    this.#rest = pieces.filter((piece) => piece.length > 0)
    this.#loaded = 0
    this.#load()
    this.#schedule()
    return this.#rest.length === 0
  }

  /** Bytes that go before everything else, whatever room there is. The sender hears nothing of them. */
  sendFirst(bytes: Uint8Array): void {
    this.#loadPart(bytes)
    this.#schedule()
  }

  /** The end of stream, behind everything that is under way. What waits for room is dropped. */
  end(): void {
    this.#rest = []
    if (this.#state === 'open') this.#parcels.push({ bytes: undefined, due: this.#due() })
    this.#schedule()
  }

  /** Drops everything; true if there was something that waited for room. */
  cut(): boolean {
    const waited = this.#rest.length > 0
    this.#state = 'cut'
    this.#parcels = []
    this.#rest = []
    this.#next?.cancel()
    this.#next = undefined
    return waited
  }

  /** Copies as much as there is room for, as a system would: the rest stays the sender's. */
  #load(): void {
    while (this.#rest.length > 0) {
      const piece = this.#rest[0] as Uint8Array
      // Its memory was taken away meanwhile: the sender looks to that.
      if (piece.length === 0) {
        this.#rest.shift()
        continue
      }
      // What will never arrive takes no room.
      const room = this.#state === 'open' ? this.#way.highWaterMark - this.#underWay : Number.POSITIVE_INFINITY
      if (room <= 0) return
      const part = piece.length > room ? piece.subarray(0, room) : piece
      if (part === piece) this.#rest.shift()
      else this.#rest[0] = piece.subarray(room)
      if (this.#state !== 'open') continue
      this.#loadPart(part)
      this.#loaded += part.length
    }
  }

  #loadPart(part: Uint8Array): void {
    this.#underWay += part.length
    this.#parcels.push({ bytes: copyOf(part), due: this.#due() })
  }

  #due(): number {
    return this.#way.latency > 0 ? this.#way.clock.now() + this.#way.latency : 0
  }

  // --- on the way ------------------------------------------------------------------------------------------------------

  /** Something may have become possible: bytes are wanted, or a fault may be due. */
  wake(): void {
    this.#schedule()
  }

  reference(on: boolean): void {
    this.#referenced = on
    if (on) this.#next?.ref()
    else this.#next?.unref()
  }

  /** Nothing comes any more from here on, and nobody is told. */
  get #stalled(): boolean {
    return this.#passed >= this.#way.faults.stallAfter
  }

  #schedule(): void {
    if (this.#next !== undefined || this.#state !== 'open') return
    const delay = this.#delay()
    if (delay === undefined) return
    const { clock, latency } = this.#way
    if (latency > 0 && delay > 0) {
      // Timers are coarser than the clock: when this one fires it is time, whatever the clock says.
      const due = clock.now() + delay
      const timer = clock.setTimer(() => this.#deliver(due), delay)
      this.#next = { cancel: () => timer.clear(), ref: () => timer.ref(), unref: () => timer.unref() }
    } else {
      const turn = setImmediate(() => this.#deliver(0))
      this.#next = { cancel: () => clearImmediate(turn), ref: () => turn.ref(), unref: () => turn.unref() }
    }
    if (!this.#referenced) this.#next.unref()
  }

  /** How long until something can happen; undefined while nothing can. */
  #delay(): number | undefined {
    const { faults, clock } = this.#way
    // A reset does not ask whether bytes are wanted.
    if (this.#passed >= faults.resetAfter) return 0
    if (!this.#receiver.ready) return undefined
    if (this.#passed >= faults.endAfter) return 0
    const head = this.#parcels[0]
    return head === undefined || this.#stalled ? undefined : head.due - clock.now()
  }

  // One batch a turn, as from a socket: what these deliveries make room for comes in the next.
  #deliver(due: number): void {
    this.#next = undefined
    arrivals.set(this.#way.clock, arrivalsBy(this.#way.clock) + 1)
    const latest = this.#way.latency > 0 ? Math.max(due, this.#way.clock.now()) : 0
    let left = this.#parcels.length
    while (!this.#fail() && this.#receiver.ready && left > 0 && !this.#stalled) {
      const parcel = this.#parcels[0] as Parcel
      if (parcel.due > latest) break
      if (parcel.bytes === undefined) this.#end()
      else if (this.#take(parcel, parcel.bytes)) left--
    }
    const waited = this.#rest.length > 0
    this.#load()
    const loaded = this.#loaded
    this.#loaded = 0
    if (waited && this.#rest.length === 0) this.#sender.left()
    else if (waited && loaded > 0) this.#sender.moved(loaded)
    this.#schedule()
  }

  /** Hands on one chunk; true if that was the last of its parcel. */
  #take(parcel: Parcel, bytes: Buffer): boolean {
    const { maxChunk, faults } = this.#way
    const size = Math.min(
      bytes.length,
      maxChunk,
      faults.resetAfter - this.#passed,
      faults.stallAfter - this.#passed,
      faults.endAfter - this.#passed,
    )
    const whole = size === bytes.length
    if (whole) this.#parcels.shift()
    else parcel.bytes = bytes.subarray(size)
    this.#passed += size
    this.#underWay -= size
    this.#receiver.arrived(size === bytes.buffer.byteLength ? bytes : copyOf(bytes.subarray(0, size)))
    return whole
  }

  /** True if nothing can come any more, perhaps because a fault has just struck. */
  #fail(): boolean {
    if (this.#state !== 'open') return true
    const { resetAfter, endAfter } = this.#way.faults
    if (this.#passed >= resetAfter) this.#far.broken()
    else if (this.#passed >= endAfter && this.#receiver.ready) this.#end()
    return (this.#state as State) !== 'open'
  }

  #end(): void {
    this.#state = 'ended'
    this.#parcels = []
    this.#receiver.ended()
  }
}
