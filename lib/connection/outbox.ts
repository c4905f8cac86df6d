// The sending half of a connection: what was written and has not left. Writes are gathered while the program's promises
// run and leave together, large ones in slices, so that progress can be seen within them. Here is decided who waits for
// room and what a write is refused with. Nothing here knows of time but the write limit it starts and lifts.

import { LimitExceededError } from '../errors.js'
import type { ConnectionLimits } from '../options/connection.js'
import type { Carrier } from '../transport/carrier.js'
import { type Slot, WRITE } from './deadlines.js'
import { depart } from './departures.js'
import { Gatherer, WIDEST } from './gather.js'
import { quietly, refused } from './refusals.js'
import { checkWritable, type Piece, type Writable } from './writable.js'

/** What the outbox needs of its connection. */
export interface OutboxHost {
  readonly limits: ConnectionLimits
  /** Starts a time limit of `ms` from now, or moves it there; Infinity lifts it. */
  limit(slot: Slot, ms: number): void
  lift(slot: Slot): void
  /** Bytes were queued. */
  written(): void
  /** Bytes have left. */
  progressed(): void
  /** The peer is too slow: cuts the connection. */
  overflowed(error: LimitExceededError): void
}

// What is handed on at once: progress is seen, and a writeTimeout is fair, in steps of this size.
const SLICE = 64 * 1024

interface Waiter {
  /** Bytes that must have left (flush), or −1 for one that waits for room below `room` (write). */
  until: number
  readonly room: number
  readonly since: number
  resolve(): void
  reject(error: unknown): void
}

type State =
  /** Takes writes. */
  | { kind: 'open' }
  /** Takes none; what is queued goes out, then the end of stream, if it was asked for. */
  | { kind: 'ending'; refusal: () => Error }
  /** Nothing goes out any more; `loss` makes the error for what was queued and is lost, if anything was. */
  | { kind: 'failed'; refusal: () => Error; loss: (() => Error) | undefined }

const OPEN: State = { kind: 'open' }

const DONE: Promise<void> = Promise.resolve()

export class Outbox {
  /** Bytes that have left. */
  sent = 0
  #carrier: Carrier
  readonly #host: OutboxHost
  #state: State = OPEN
  #gathered: Gatherer
  /** While a barrier stands, what was written before it; `#gathered` is what was written since, and waits. */
  #before: { gathered: Gatherer; until: number; standing: boolean } | undefined
  /** Bytes written and not yet handed to the system, but for what text that is not encoded yet has beyond a byte a unit. */
  #queued = 0
  /** The most that may turn out to be. */
  #most = 0
  #underWay = 0
  #scheduled = false
  #endAsked = false
  /** Undefined while nobody waits, as nearly always. */
  #waiters: Waiter[] | undefined

  constructor(carrier: Carrier, host: OutboxHost) {
    this.#carrier = carrier
    this.#host = host
    this.#gathered = new Gatherer(carrier.copies)
  }

  /** Bytes written and not yet handed to the system. */
  get queued(): number {
    return this.#settle()
  }

  #settle(): number {
    if (this.#most !== this.#queued) this.#most = this.#queued += this.#gathered.settle()
    return this.#queued
  }

  /** Whether less than `limit` is queued: asked without encoding text, where that cannot change the answer. */
  #below(limit: number): boolean {
    return this.#most < limit || this.queued < limit
  }

  /** Takes it all; resolves when the caller may write more. */
  write(data: unknown): Promise<void> {
    const { maxWriteBuffer, writeHighWaterMark } = this.#host.limits
    if (this.#quickly(data, maxWriteBuffer)) return this.#most < writeHighWaterMark ? DONE : this.room()
    try {
      this.put(data)
    } catch (error) {
      return refused(error)
    }
    return this.room()
  }

  /** One piece, and less than `limit` queued: the quick way. False: take the long one. */
  #quickly(data: unknown, limit: number): boolean {
    if (this.#state !== OPEN || this.#most >= limit) return false
    if (typeof data === 'string') this.#took(this.#gatherText(data))
    else if (data instanceof Uint8Array) this.#took(this.#gatherBytes(data))
    else return false
    return true
  }

  /** Takes it all, and says how many bytes that was. Throws TypeError for what cannot be written, and what ended the stream. */
  put(data: unknown): number {
    checkWritable(data)
    this.#admit()
    const before = this.queued
    this.#add(data)
    return this.queued - before
  }

  /** Resolves when there is room below the high-water mark; rejects once the stream has ended. */
  room(): Promise<void> {
    if (this.#state.kind !== 'open') return refused(this.#state.refusal())
    const { writeHighWaterMark } = this.#host.limits
    return this.#below(writeHighWaterMark) ? DONE : this.#wait(-1, writeHighWaterMark)
  }

  /** What a write is refused with, once none is taken any more. */
  get refusal(): Error {
    return (this.#state as Exclude<State, { kind: 'open' }>).refusal()
  }

  /** The same; undefined while writes are taken. */
  get refused(): Error | undefined {
    return this.#state.kind === 'open' ? undefined : this.#state.refusal()
  }

  #admit(): void {
    if (this.#state.kind !== 'open') throw this.#state.refusal()
    const { maxWriteBuffer } = this.#host.limits
    if (this.#below(maxWriteBuffer)) return
    // What was written in this turn had no chance to leave yet.
    this.pump()
    if (this.queued < maxWriteBuffer) return
    const error = new LimitExceededError({ limit: maxWriteBuffer, size: this.queued, option: 'maxWriteBuffer' })
    this.#host.overflowed(error)
    throw error
  }

  /** Takes it all if there is room, else nothing. */
  tryWrite(data: unknown): boolean {
    if (this.#quickly(data, this.#host.limits.writeHighWaterMark)) return true
    checkWritable(data)
    if (this.#state.kind !== 'open' || !this.#below(this.#host.limits.writeHighWaterMark)) return false
    this.#add(data)
    return true
  }

  /** Resolves when all that was written so far has left. */
  flush(): Promise<void> {
    if (this.#state.kind === 'failed') return this.#state.loss === undefined ? DONE : quietly(Promise.reject(this.#state.loss()))
    return this.queued === 0 ? DONE : this.#wait(this.sent + this.queued, 0)
  }

  /** Since when (Unix time) somebody waits for bytes to leave. */
  get waitingSince(): number | undefined {
    return this.#waiters?.[0]?.since
  }

  #wait(until: number, room: number): Promise<void> {
    return quietly(new Promise((resolve, reject) => (this.#waiters ??= []).push({ until, room, since: Date.now(), resolve, reject })))
  }

  /** Takes no more writes: they reject with what `refusal` makes. What is queued goes on. */
  close(refusal: () => Error): void {
    if (this.#state.kind === 'open') this.#state = { kind: 'ending', refusal }
  }

  /** Ends the stream once everything has left. */
  end(): void {
    this.#endAsked = true
    this.pump()
  }

  /** Drops what is queued: it rejects with what `loss` makes. So does what comes, unless something ended the stream before. */
  fail(loss: () => Error): void {
    if (this.#state.kind === 'failed') return
    const refusal = this.#state.kind === 'ending' ? this.#state.refusal : loss
    this.#state = { kind: 'failed', refusal, loss: this.queued > 0 ? loss : undefined }
    const waiters = this.#waiters ?? []
    this.#waiters = undefined
    this.#queued = 0
    this.#most = 0
    this.#underWay = 0
    this.#gathered.clear()
    this.#before?.gathered.clear()
    for (const waiter of waiters) waiter.reject(loss())
  }

  // --- changing carriers -----------------------------------------------------------------------------------------------

  /** From here on nothing leaves but what was written so far. */
  bar(): void {
    this.#before = { gathered: this.#gathered, until: this.sent + this.queued, standing: true }
    this.#gathered = new Gatherer(this.#carrier.copies)
  }

  /** Puts these bytes before the barrier, behind what was written there. Resolves when all of that has left. */
  clear(bytes: Uint8Array): Promise<void> {
    const before = this.#before as { gathered: Gatherer; until: number }
    for (const waiter of this.#waiters ?? []) if (waiter.until > before.until) waiter.until += bytes.length
    before.until += bytes.length
    if (bytes.length > 0) {
      before.gathered.add(bytes)
      this.#took(bytes.length)
    }
    return this.sent < before.until ? this.#wait(before.until, 0) : DONE
  }

  /** Lifts the barrier: what waits leaves, by this carrier. */
  unbar(carrier: Carrier): void {
    this.#carrier = carrier
    if (this.#before !== undefined) this.#before.standing = false
    this.pump()
  }

  // --- taking ----------------------------------------------------------------------------------------------------------

  #add(data: Writable): void {
    let added = 0
    if (Array.isArray(data)) for (const piece of data) added += this.#gather(piece)
    else added = this.#gather(data as Piece)
    this.#took(added)
  }

  #took(bytes: number): void {
    if (bytes === 0) return
    this.#queued += bytes
    this.#most += bytes
    this.#host.written()
    this.#schedule()
  }

  #gather(piece: Piece): number {
    if (typeof piece === 'string') return this.#gatherText(piece)
    return this.#gatherBytes(piece instanceof Uint8Array ? piece : new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength))
  }

  #gatherText(text: string): number {
    const units = text.length
    if (units > 0) this.#gathered.addText(text)
    this.#most += units * (WIDEST - 1)
    return units
  }

  #gatherBytes(bytes: Uint8Array): number {
    // Not `byteLength`, which costs ten times as much.
    const { length } = bytes
    if (length > 0) this.#gathered.add(bytes)
    return length
  }

  #schedule(): void {
    if (this.#scheduled || this.#underWay > 0) return
    this.#scheduled = true
    depart(this)
  }

  // --- leaving ---------------------------------------------------------------------------------------------------------

  /** Hands on what is queued, as far as the system takes it. */
  pump(): void {
    this.#scheduled = false
    // Who hears of the progress may cut the connection.
    while (this.#underWay === 0 && this.#state.kind !== 'failed') {
      this.#settle()
      const pieces = (this.#before?.gathered ?? this.#gathered).next(SLICE)
      const [first] = pieces
      if (first === undefined) {
        if (this.#before?.standing) return
        if (this.#before === undefined) {
          this.#empty()
          return
        }
        this.#before = undefined
        continue
      }
      for (const { length } of pieces) this.#underWay += length
      if (pieces.length === 1 ? this.#carrier.write(first) : this.#carrier.writeBatch(pieces)) this.#left(this.#underWay)
      else this.#host.limit(WRITE, this.#host.limits.writeTimeout)
    }
  }

  /** What the carrier was handed has left. */
  sentAll(): void {
    this.#host.lift(WRITE)
    this.#left(this.#underWay)
    this.pump()
  }

  /** A part of it has left: the peer takes something, and has its time anew. */
  sentPart(bytes: number): void {
    this.#host.limit(WRITE, this.#host.limits.writeTimeout)
    this.#left(bytes)
  }

  #left(bytes: number): void {
    this.#queued -= bytes
    this.#most -= bytes
    this.sent += bytes
    this.#underWay -= bytes
    this.#host.progressed()
    if (this.#waiters !== undefined) this.#tell(this.#waiters)
  }

  #tell(waiters: Waiter[]): void {
    const waiting = waiters.filter((waiter) => {
      const ready = waiter.until < 0 ? this.queued < waiter.room : this.sent >= waiter.until
      if (ready) waiter.resolve()
      return !ready
    })
    this.#waiters = waiting.length === 0 ? undefined : waiting
  }

  #empty(): void {
    this.#gathered.rest()
    if (!this.#endAsked) return
    this.#endAsked = false
    this.#carrier.end()
  }
}
