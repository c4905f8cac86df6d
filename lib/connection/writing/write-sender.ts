// How queued bytes are sent: in slices, each after the one before it was handed to the system, so that progress can be seen
// within large writes and `writeTimeout` is fair. Behind the last byte it sends the end of stream, if that was asked for.
// It starts and lifts the write limit, and no other.
//
//   open ──end()──▶ ending ──all was sent──▶ ended
//     └───────────────┴────────────────────────┴──fail()──▶ failed

import type { Carrier } from '../../transport/carrier.js'
import { WRITE } from '../deadlines.js'
import { Barrier } from './barrier.js'
import { type Flushable, scheduleFlush } from './flush-schedule.js'
import { WriteBuffer } from './write-buffer.js'
import { detachedMemory } from './write-data.js'
import { type WriteHalfHost, WriteQueue } from './write-queue.js'
import { type Progress, WriteWaiters } from './write-waiters.js'

// What is handed to the carrier at once.
const SLICE = 64 * 1024

/** `refusal` makes the error that writes reject with. */
export type WriteState =
  /** Accepts writes. */
  | { kind: 'open' }
  /** Accepts none. What is queued is sent, then the end of stream. */
  | { kind: 'ending'; refusal: () => Error }
  /** The carrier was asked to send the end of stream. */
  | { kind: 'ended'; refusal: () => Error }
  /** Sends nothing. `loss` makes the error for what was queued and is lost, if anything was. */
  | { kind: 'failed'; refusal: () => Error; loss: (() => Error) | undefined }

export const OPEN: WriteState = { kind: 'open' }

const NOTHING: readonly Uint8Array[] = []

/** The bytes of all pieces. @throws TypeError where the memory of one was detached */
function lengthOf(pieces: readonly Uint8Array[]): number {
  let bytes = 0
  for (const piece of pieces) {
    if (isDetached(piece)) throw detachedMemory('before it left')
    bytes += piece.length
  }
  return bytes
}

/** Memory that was transferred, or made smaller, leaves a view of no bytes: no piece is empty when it is queued. */
const isDetached = ({ length }: Uint8Array): boolean => length === 0

export abstract class WriteSender extends WriteQueue implements Flushable, Progress {
  protected state: WriteState = OPEN
  /** Bytes were queued, and will be sent in this turn of the event loop. */
  scheduled = false
  #carrier: Carrier
  /** Bytes that were handed to the carrier and not sent. */
  #inFlight = 0
  /** The pieces of these bytes, but for copies of the connection's own. */
  #inFlightPieces: readonly Uint8Array[] = NOTHING
  /** While `startTls` is under way: what was written before it. `buffer` holds what was written since. */
  #barrier: Barrier | undefined
  /** Undefined where no caller has waited. */
  protected waiters: WriteWaiters | undefined

  constructor(carrier: Carrier, host: WriteHalfHost) {
    super(host)
    this.#carrier = carrier
  }

  protected get ensuredWaiters(): WriteWaiters {
    return (this.waiters ??= new WriteWaiters())
  }

  protected schedule(): void {
    if (this.scheduled || this.#inFlight > 0) return
    this.scheduled = true
    scheduleFlush(this)
  }

  /** Sends what is queued, as far as the system accepts it. It never throws: a failure here is this connection's own. */
  sendQueued(): void {
    this.scheduled = false
    try {
      // The carrier may cut the connection, and may call back.
      while (this.#inFlight === 0 && this.state.kind !== 'failed' && this.#sendSlice());
    } catch (error) {
      this.host.abort(error)
    }
  }

  /** Hands a slice to the carrier; false if none is queued, or none may be sent. */
  #sendSlice(): boolean {
    this.encodePending()
    const buffer = this.#barrier?.buffer ?? this.buffer
    const small = buffer.takeSmall()
    const pieces = small === undefined ? buffer.next(SLICE) : NOTHING
    const first = small ?? pieces[0]
    if (first === undefined) return this.#nextBuffer()
    const bytes = small === undefined ? lengthOf(pieces) : small.length
    this.#inFlight = bytes
    this.#inFlightPieces = pieces
    const sent = pieces.length > 1 ? this.#carrier.writeBatch(pieces) : this.#carrier.write(first)
    if (this.state.kind === 'failed') return false
    if (sent) {
      if (small !== undefined) buffer.releaseSmall(small)
      this.#countSent(bytes)
    } else this.host.limit(WRITE, this.host.limits.writeTimeout)
    return true
  }

  /** The buffer is empty: goes on with what waits behind a lifted barrier. False if nothing does. */
  #nextBuffer(): boolean {
    if (this.#barrier?.standing) return false
    if (this.#barrier === undefined) {
      this.#queueEmpty()
      return false
    }
    this.#barrier = undefined
    return true
  }

  #queueEmpty(): void {
    this.buffer.recycle()
    if (this.state.kind !== 'ending') return
    this.state = { kind: 'ended', refusal: this.state.refusal }
    this.#carrier.end()
  }

  /** The carrier has sent what it was handed. */
  sentAll(): void {
    this.host.lift(WRITE)
    const { memoryError } = this
    if (memoryError !== undefined) {
      this.host.abort(memoryError)
      return
    }
    this.#countSent(this.#inFlight)
    this.sendQueued()
  }

  /** The carrier has sent a part of it: the peer reads, so the write limit starts again. */
  sentPart(bytes: number): void {
    this.host.limit(WRITE, this.host.limits.writeTimeout)
    this.#countSent(bytes)
  }

  /** Set if memory in flight was detached: it is unknown what was sent in its place. */
  get memoryError(): TypeError | undefined {
    return this.#inFlightPieces.some(isDetached) ? detachedMemory('before it left') : undefined
  }

  #countSent(bytes: number): void {
    this.minQueued -= bytes
    this.maxQueued -= bytes
    this.sent += bytes
    this.#inFlight -= bytes
    if (this.#inFlight === 0) this.#inFlightPieces = NOTHING
    this.host.progressed()
    if (this.waiters?.any) this.waiters.advance(this)
  }

  /** Drops what is queued. */
  protected dropQueued(): void {
    this.minQueued = 0
    this.maxQueued = 0
    this.#inFlight = 0
    this.#inFlightPieces = NOTHING
    this.buffer.clear()
    this.#barrier?.buffer.clear()
  }

  // --- the barrier of startTls -----------------------------------------------------------------------------------------

  /** From here on only what was written before this call is sent. */
  beginBarrier(): void {
    this.#barrier = new Barrier(this.buffer, this.sent + this.queued)
    this.buffer = new WriteBuffer()
  }

  /** Queues `bytes` in front of the barrier, behind what was written there. Resolves when all of that was sent. */
  flushBeforeBarrier(bytes: Uint8Array): Promise<void> {
    const barrier = this.#barrier as Barrier
    if (bytes.length > 0) {
      const { position } = barrier
      barrier.add(bytes)
      this.waiters?.shift(position, bytes.length)
      this.countQueued(bytes.length)
    }
    return this.sent < barrier.position ? this.ensuredWaiters.until(barrier.position) : Promise.resolve()
  }

  /** Lifts the barrier: what waits behind it is sent by this carrier. */
  endBarrier(carrier: Carrier): void {
    this.#carrier = carrier
    if (this.#barrier !== undefined) this.#barrier.standing = false
    this.sendQueued()
  }
}
