// The sending half of a connection: what was written and has not left. Writes are gathered while the program's promises
// run and leave together, large ones in slices, so that progress can be seen within them. Here is decided who waits for
// room and what a write is refused with. Nothing here knows of time but the write limit it starts and lifts.

import { LimitExceededError } from '../../errors.js'
import type { ConnectionLimits } from '../../options/connection.js'
import { markHandled, rejectHandled } from '../../rejections.js'
import type { Carrier } from '../../transport/carrier.js'
import { type DeadlineKind, WRITE } from '../deadlines.js'
import { encodingOf } from '../reading/read-options.js'
import { flushNow, flushSoon, scheduleFlush, thisTurn } from './flush-schedule.js'
import { LARGE, WIDEST, WriteBuffer } from './write-buffer.js'
import { bytesOf, checkWritable, memoryGone, type Piece, type WriteData } from './write-data.js'
import { type Progress, WriteWaiters } from './write-waiters.js'

/** What the write half needs of its connection. */
export interface WriteHalfHost {
  readonly limits: ConnectionLimits
  /** Starts a time limit of `ms` from now, or moves it there; Infinity lifts it. */
  limit(slot: DeadlineKind, ms: number): void
  lift(slot: DeadlineKind): void
  /** Bytes were queued. */
  written(): void
  /** Bytes have left. */
  progressed(): void
  /** The peer is too slow: cuts the connection. */
  slowConsumer(error: LimitExceededError): void
  /** What was written cannot be sent: cuts the connection. */
  abort(reason: unknown): void
}

// What is handed on at once: progress is seen, and a writeTimeout is fair, in steps of this size.
const SLICE = 64 * 1024
// What one connection hands on before the end of a turn for a caller that waits: then the others have their turn.
const AT_ONCE = 512 * 1024

type State =
  /** Takes writes. */
  | { kind: 'open' }
  /** Takes none; what is queued goes out, then the end of stream, if it was asked for. */
  | { kind: 'ending'; refusal: () => Error }
  /** Nothing goes out any more; `loss` makes the error for what was queued and is lost, if anything was. */
  | { kind: 'failed'; refusal: () => Error; loss: (() => Error) | undefined }

const OPEN: State = { kind: 'open' }

const DONE: Promise<void> = Promise.resolve()

const NOTHING: readonly Uint8Array[] = []

/** The bytes of all pieces. @throws TypeError where memory of one was taken away */
function lengthOf(pieces: readonly Uint8Array[]): number {
  let bytes = 0
  for (const piece of pieces) {
    if (isGone(piece)) throw memoryGone('before it left')
    bytes += piece.length
  }
  return bytes
}

/** Memory that was transferred, or made smaller, leaves a view of no bytes: none is empty when it is written. */
const isGone = ({ length }: Uint8Array): boolean => length === 0

export class WriteHalf implements Progress {
  /** Bytes that have left. */
  sent = 0
  #carrier: Carrier
  readonly #host: WriteHalfHost
  #state: State = OPEN
  #buffer: WriteBuffer
  /** While a barrier stands, what was written before it; `#gathered` is what was written since, and waits. */
  #before: { gathered: WriteBuffer; until: number; standing: boolean } | undefined
  /** Bytes written and not yet handed to the system, but for what text that is not encoded yet has beyond a byte a unit. */
  #queued = 0
  /** The most that may turn out to be. */
  #most = 0
  #underWay = 0
  /** What is under way, but for copies of the connection's own. */
  #handed: readonly Uint8Array[] = NOTHING
  /** It was written to, and will be pumped in this turn. */
  scheduled = false
  /** In which turn it last handed on for a caller that waits, and up to which byte it does. */
  #turn = -1
  #atOnceTo = 0
  #endAsked = false
  /** Undefined where nothing has ever waited. */
  #waiters: WriteWaiters | undefined
  /** What every write is answered with once none is taken. */
  #refused: Promise<never> | undefined
  /** Called when writes are taken no more. */
  #whenRefused: Set<() => void> | undefined

  constructor(carrier: Carrier, host: WriteHalfHost) {
    this.#carrier = carrier
    this.#host = host
    this.#buffer = new WriteBuffer()
  }

  /** Bytes written and not yet handed to the system. */
  get queued(): number {
    try {
      return this.#encodePending()
    } catch (error) {
      // Text that was taken cannot be encoded.
      this.#host.abort(error)
      return 0
    }
  }

  #encodePending(): number {
    if (this.#most !== this.#queued) this.#most = this.#queued += this.#buffer.encodePending()
    return this.#queued
  }

  /** Whether less than `limit` is queued: asked without encoding text, where that cannot change the answer. */
  below(limit: number): boolean {
    return this.#most < limit || (this.#queued < limit && this.queued < limit)
  }

  /** Takes it all; resolves when the caller may write more, and use its memory again. */
  write(data: unknown): Promise<void> {
    const { maxWriteBuffer, writeHighWaterMark } = this.#host.limits
    try {
      if (this.#takeSmall(data, maxWriteBuffer)) return this.#most < writeHighWaterMark ? DONE : this.room()
      return this.#roomBehind(this.#take(data))
    } catch (error) {
      return this.#refuse(error)
    }
  }

  /** The same for text in an encoding of Node's; each text of a list. */
  writeEncoded(data: unknown, encoding: unknown): Promise<void> {
    try {
      const encodes = encodingOf(encoding)
      checkWritable(data)
      const encoded = (piece: Piece): Piece => (typeof piece === 'string' ? Buffer.from(piece, encodes) : piece)
      return this.write(Array.isArray(data) ? data.map(encoded) : encoded(data as Piece))
    } catch (error) {
      return rejectHandled(error)
    }
  }

  /** Takes it all; says how many bytes that was, and when the caller may go on as after `write`. Throws as `put`. */
  putAwaited(data: unknown): { bytes: number; room: Promise<void> } {
    const before = this.sent + this.queued
    const end = this.#take(data)
    return { bytes: this.sent + this.queued - before, room: this.#roomBehind(end) }
  }

  /** Takes it all, and says how many bytes that was. Throws TypeError for what cannot be written, and what ended the stream. */
  put(data: unknown): number {
    const before = this.sent + this.queued
    this.#take(data)
    return this.sent + this.queued - before
  }

  /** One small piece, and less than `limit` queued: the fast path. False: take the long one. */
  #takeSmall(data: unknown, limit: number): boolean {
    if (this.#state !== OPEN || this.#most >= limit) return false
    if (typeof data === 'string') {
      if (data.length * WIDEST >= LARGE) return false
      this.#took(this.#gatherText(data))
      return true
    }
    if (!(data instanceof Uint8Array)) return false
    // Not `byteLength`, which costs ten times as much. A view of no bytes may be one whose memory is gone.
    const { length } = data
    if (length === 0 || length >= LARGE) return false
    this.#buffer.add(data)
    this.#took(length)
    return true
  }

  /** Resolves when there is room below the high-water mark; rejects once the stream has ended. */
  room(): Promise<void> {
    return this.#roomBehind(0)
  }

  /** The same, and the byte before `end` must have left, if that is not 0. */
  #roomBehind(end: number): Promise<void> {
    if (this.#state.kind !== 'open') return this.#refuse(this.#state.refusal())
    const { writeHighWaterMark } = this.#host.limits
    if (end <= this.sent && this.below(writeHighWaterMark)) return DONE
    if (this.scheduled) this.#handOnSoon()
    return end > this.sent ? this.#waiting.until(end, writeHighWaterMark) : this.#waiting.room(writeHighWaterMark)
  }

  // Whoever waits shall not wait for the end of the turn, if the system takes what is queued at once.
  #handOnSoon(): void {
    const turn = thisTurn()
    if (turn !== this.#turn) {
      this.#turn = turn
      this.#atOnceTo = this.sent + AT_ONCE
    }
    if (this.sent < this.#atOnceTo) flushSoon(this)
  }

  /** The connection's reader begins to wait. */
  readerWaits(): void {
    if (this.scheduled) flushNow(this)
  }

  get #waiting(): WriteWaiters {
    return (this.#waiters ??= new WriteWaiters())
  }

  /** What a write is refused with, once none is taken any more. */
  get refusal(): Error {
    return (this.#state as Exclude<State, { kind: 'open' }>).refusal()
  }

  /** The same; undefined while writes are taken. */
  get refused(): Error | undefined {
    return this.#state.kind === 'open' ? undefined : this.#state.refusal()
  }

  /** A rejection with `error`: one and the same for all writes that come too late. */
  #refuse(error: unknown): Promise<never> {
    if (this.#state.kind === 'open' || error !== this.#state.refusal()) return rejectHandled(error)
    return (this.#refused ??= markHandled(Promise.reject(error)))
  }

  /** Calls `listener` when writes are taken no more, also at once; returns what takes it back. */
  whenRefused(listener: () => void): () => void {
    if (this.#state.kind !== 'open') listener()
    else (this.#whenRefused ??= new Set()).add(listener)
    return () => this.#whenRefused?.delete(listener)
  }

  #callRefused(): void {
    const listeners = this.#whenRefused
    this.#whenRefused = undefined
    for (const listener of listeners ?? []) listener()
  }

  #assertWritable(): void {
    if (this.#state.kind !== 'open') throw this.#state.refusal()
    const { maxWriteBuffer } = this.#host.limits
    let fits = this.below(maxWriteBuffer)
    if (!fits) {
      // What was written in this turn had no chance to leave yet.
      this.sendQueued()
      fits = this.below(maxWriteBuffer)
    }
    // What was written before may have failed, and with it the connection.
    const { refused } = this
    if (refused !== undefined) throw refused
    if (fits) return
    const error = new LimitExceededError({ limit: maxWriteBuffer, size: this.queued, option: 'maxWriteBuffer' })
    this.#host.slowConsumer(error)
    throw error
  }

  /** Takes it all if there is room, else nothing. */
  tryWrite(data: unknown): boolean {
    const { writeHighWaterMark } = this.#host.limits
    if (this.#takeSmall(data, writeHighWaterMark)) return true
    checkWritable(data)
    // What was written in this turn had no chance to leave yet.
    if (this.scheduled && !this.below(writeHighWaterMark)) this.sendQueued()
    // What was written before may have failed, and with it the connection.
    if (this.#state.kind !== 'open' || !this.below(writeHighWaterMark)) return false
    this.#add(data)
    return true
  }

  /** Resolves when all that was written so far has left. */
  flush(): Promise<void> {
    const until = this.#queued === 0 ? 0 : this.sent + this.queued
    if (this.#state.kind === 'failed') return this.#state.loss === undefined ? DONE : markHandled(Promise.reject(this.#state.loss()))
    return until === 0 ? DONE : this.#waiting.until(until)
  }

  /** Since when (Unix time) somebody waits for bytes to leave. */
  get waitingSince(): number | undefined {
    return this.#waiters?.since
  }

  /** Takes no more writes: they reject with what `refusal` makes. What is queued goes on. Called while writes are taken. */
  close(refusal: () => Error): void {
    this.#state = { kind: 'ending', refusal }
    this.#callRefused()
  }

  /** Ends the stream once everything has left. */
  end(): void {
    this.#endAsked = true
    this.sendQueued()
  }

  /** Drops what is queued: it rejects with what `loss` makes. So does what comes, unless something ended the stream before. */
  fail(loss: () => Error): void {
    if (this.#state.kind === 'failed') return
    const refusal = this.#state.kind === 'ending' ? this.#state.refusal : loss
    this.#state = { kind: 'failed', refusal, loss: this.#queued > 0 ? loss : undefined }
    this.#queued = 0
    this.#most = 0
    this.#underWay = 0
    this.#handed = NOTHING
    this.#buffer.clear()
    this.#before?.gathered.clear()
    if (this.#waiters?.any) this.#waiters.fail(loss())
    this.#callRefused()
  }

  // --- changing carriers -----------------------------------------------------------------------------------------------

  /** From here on nothing leaves but what was written so far. */
  beginBarrier(): void {
    this.#before = { gathered: this.#buffer, until: this.sent + this.queued, standing: true }
    this.#buffer = new WriteBuffer()
  }

  /** Puts these bytes before the barrier, behind what was written there. Resolves when all of that has left. */
  flushBeforeBarrier(bytes: Uint8Array): Promise<void> {
    const before = this.#before as { gathered: WriteBuffer; until: number }
    if (bytes.length > 0) {
      before.gathered.add(bytes)
      this.#waiters?.shift(before.until, bytes.length)
      before.until += bytes.length
      this.#took(bytes.length)
    }
    return this.sent < before.until ? this.#waiting.until(before.until) : DONE
  }

  /** Lifts the barrier: what waits leaves, by this carrier. */
  endBarrier(carrier: Carrier): void {
    this.#carrier = carrier
    if (this.#before !== undefined) this.#before.standing = false
    this.sendQueued()
  }

  // --- taking ----------------------------------------------------------------------------------------------------------

  /** Takes it all, or throws and takes nothing. Where a piece goes by reference, says behind which byte that has left; else 0. */
  #take(data: unknown): number {
    checkWritable(data)
    this.#assertWritable()
    return this.#add(data)
  }

  #add(data: WriteData): number {
    const gathered = this.#buffer
    const mark = gathered.mark()
    const [queued, most] = [this.#queued, this.#most]
    let end = 0
    try {
      for (const piece of Array.isArray(data) ? data : [data]) {
        const large = this.#gather(piece)
        if (large) end = this.sent + this.#encodePending()
      }
    } catch (error) {
      gathered.undo(mark)
      this.#queued = queued
      this.#most = most
      throw error
    }
    if (this.#queued > queued) this.#queuedMore()
    return end
  }

  /** Takes one piece; true if it is a large one. */
  #gather(piece: Piece): boolean {
    if (typeof piece === 'string') {
      const units = this.#gatherText(piece)
      this.#queued += units
      this.#most += units
      return units >= LARGE || (units * WIDEST >= LARGE && Buffer.byteLength(piece) >= LARGE)
    }
    const bytes = bytesOf(piece)
    const { length } = bytes
    if (length > 0) this.#buffer.add(bytes)
    this.#queued += length
    this.#most += length
    return length >= LARGE
  }

  /** Takes text; returns its UTF-16 units, which are not counted yet. What it may have beyond these is. */
  #gatherText(text: string): number {
    const units = text.length
    if (units > 0) this.#buffer.addText(text)
    this.#most += units * (WIDEST - 1)
    return units
  }

  #took(bytes: number): void {
    if (bytes === 0) return
    this.#queued += bytes
    this.#most += bytes
    this.#queuedMore()
  }

  #queuedMore(): void {
    this.#host.written()
    this.#schedule()
  }

  #schedule(): void {
    if (this.scheduled || this.#underWay > 0) return
    this.scheduled = true
    scheduleFlush(this)
  }

  // --- leaving ---------------------------------------------------------------------------------------------------------

  /** Hands on what is queued, as far as the system takes it. It never throws: what fails is this connection's own failure. */
  sendQueued(): void {
    this.scheduled = false
    try {
      // What is called in it may cut the connection, and may call back.
      while (this.#underWay === 0 && this.#state.kind !== 'failed' && this.#handOn());
    } catch (error) {
      this.#host.abort(error)
    }
  }

  /** Hands on a slice; false if there is none, or nothing may leave. */
  #handOn(): boolean {
    this.#encodePending()
    const gathered = this.#before?.gathered ?? this.#buffer
    const small = gathered.takeSmall()
    const pieces = small === undefined ? gathered.next(SLICE) : NOTHING
    const first = small ?? pieces[0]
    if (first === undefined) return this.#turnToNext()
    const bytes = small === undefined ? lengthOf(pieces) : small.length
    this.#underWay = bytes
    this.#handed = pieces
    const hasLeft = pieces.length > 1 ? this.#carrier.writeBatch(pieces) : this.#carrier.write(first)
    if ((this.#state as State).kind === 'failed') return false
    if (hasLeft) {
      if (small !== undefined) gathered.releaseSmall(small)
      this.#sent(bytes)
    } else this.#host.limit(WRITE, this.#host.limits.writeTimeout)
    return true
  }

  /** Nothing is left of what may leave: what waits behind a barrier that was lifted is next. False if nothing is. */
  #turnToNext(): boolean {
    if (this.#before?.standing) return false
    if (this.#before === undefined) {
      this.#empty()
      return false
    }
    this.#before = undefined
    return true
  }

  /** What the carrier was handed has left. */
  sentAll(): void {
    this.#host.lift(WRITE)
    const { takenAway } = this
    if (takenAway !== undefined) {
      this.#host.abort(takenAway)
      return
    }
    this.#sent(this.#underWay)
    this.sendQueued()
  }

  /** A part of it has left: the peer takes something, and has its time anew. */
  sentPart(bytes: number): void {
    this.#host.limit(WRITE, this.#host.limits.writeTimeout)
    this.#sent(bytes)
  }

  /** What to say if the memory of what is under way was taken away: nobody knows what was sent in its place. */
  get takenAway(): TypeError | undefined {
    return this.#handed.some(isGone) ? memoryGone('before it left') : undefined
  }

  #sent(bytes: number): void {
    this.#queued -= bytes
    this.#most -= bytes
    this.sent += bytes
    this.#underWay -= bytes
    if (this.#underWay === 0) this.#handed = NOTHING
    this.#host.progressed()
    if (this.#waiters?.any) this.#waiters.advance(this)
  }

  #empty(): void {
    this.#buffer.rest()
    if (!this.#endAsked) return
    this.#endAsked = false
    this.#carrier.end()
  }
}
