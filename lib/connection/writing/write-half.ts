// The write half of a connection, and what its callers are answered: which writes are accepted, when a write resolves,
// and what it rejects with. The bytes are queued by `WriteQueue` and sent by `WriteSender`. This class extends both, so that
// the layers need no objects and no calls between them.

import { LARGE } from '../../bytes/large.js'
import { LimitExceededError } from '../../errors.js'
import { encodingOf } from '../../options/arguments.js'
import { markHandled, rejectHandled } from '../../rejections.js'
import { flushNow, flushSoon, thisTurn } from './flush-schedule.js'
import { addSmallList } from './small-lists.js'
import { MAX_BYTES_PER_UNIT } from './utf8.js'
import { checkWritable, type Piece } from './write-data.js'
import { OPEN, WriteSender, type WriteState } from './write-sender.js'

export type { WriteHalfHost } from './write-queue.js'

// The most bytes that one connection sends for waiting callers before the end of a turn, so that others have theirs.
const MAX_EARLY = 1024 * 1024

const RESOLVED: Promise<void> = Promise.resolve()

export class WriteHalf extends WriteSender {
  /** The turn in which bytes were last sent for a waiting caller, and the position up to which they may be. */
  #earlyTurn = -1
  #earlyEnd = 0
  /** The rejection of all writes after the end, once one was made. */
  #rejection: Promise<never> | undefined
  /** Called when no more writes are accepted. */
  #endListeners: Set<() => void> | undefined

  // --- writing ---------------------------------------------------------------------------------------------------------

  /** Queues all of `data`; resolves when the caller may write more, and use its memory again. */
  write(data: unknown): Promise<void> {
    const { maxWriteBuffer, writeHighWaterMark } = this.host.limits
    try {
      if (this.#enqueueSmall(data, maxWriteBuffer)) return this.maxQueued < writeHighWaterMark ? RESOLVED : this.room()
      return this.#roomBehind(this.#enqueueChecked(data))
    } catch (error) {
      return this.#reject(error)
    }
  }

  /** The same for text in one of Node's encodings; of a list, each text. */
  writeEncoded(data: unknown, encoding: unknown): Promise<void> {
    try {
      const encodes = encodingOf(encoding)
      const checked = checkWritable(data)
      const encoded = (piece: Piece): Piece => (typeof piece === 'string' ? Buffer.from(piece, encodes) : piece)
      return this.write(Array.isArray(checked) ? checked.map(encoded) : encoded(checked as Piece))
    } catch (error) {
      return rejectHandled(error)
    }
  }

  /** Queues all of `data`; returns its bytes, and what resolves as `write` does. Throws as `put`. */
  putAwaited(data: unknown): { bytes: number; room: Promise<void> } {
    const before = this.sent + this.queued
    const end = this.#enqueueChecked(data)
    return { bytes: this.sent + this.queued - before, room: this.#roomBehind(end) }
  }

  /** Queues all of `data`; returns its bytes. @throws TypeError for other data, and what writes reject with */
  put(data: unknown): number {
    const before = this.sent + this.queued
    this.#enqueueChecked(data)
    return this.sent + this.queued - before
  }

  /** Queues all of `data` if fewer than `writeHighWaterMark` bytes are queued; otherwise nothing. */
  tryWrite(data: unknown): boolean {
    const { writeHighWaterMark } = this.host.limits
    if (this.#enqueueSmall(data, writeHighWaterMark)) return true
    const checked = checkWritable(data)
    // What was written in this turn may not have been sent yet.
    if (this.scheduled && !this.below(writeHighWaterMark)) this.sendQueued()
    // Sending may have failed, and cut the connection.
    if (this.state.kind !== 'open' || !this.below(writeHighWaterMark)) return false
    this.enqueue(checked)
    return true
  }

  /** The fast path: small pieces, and less than `limit` queued. False: nothing was queued, take the slow path. */
  #enqueueSmall(data: unknown, limit: number): boolean {
    if (this.state !== OPEN || this.maxQueued >= limit) return false
    if (typeof data === 'string') {
      if (data.length * MAX_BYTES_PER_UNIT >= LARGE) return false
      this.countQueued(this.enqueueText(data))
      return true
    }
    if (!(data instanceof Uint8Array)) return Array.isArray(data) && this.#enqueueSmallList(data, limit)
    // Not `byteLength`, which costs ten times as much. The memory of a view of no bytes may be detached.
    const { length } = data
    if (length === 0 || length >= LARGE) return false
    this.buffer.add(data)
    this.countQueued(length)
    return true
  }

  #enqueueSmallList(list: readonly unknown[], limit: number): boolean {
    // A list in a list is a mistake.
    if (list.length === 1) return !Array.isArray(list[0]) && this.#enqueueSmall(list[0], limit)
    const length = addSmallList(this.buffer, list)
    if (length === undefined) return false
    this.countQueued(length)
    return true
  }

  /** The slow path: queues all of `data`, or throws and queues nothing. Returns as `enqueue` does. */
  #enqueueChecked(data: unknown): number {
    const checked = checkWritable(data)
    this.#assertWritable()
    return this.enqueue(checked)
  }

  #assertWritable(): void {
    if (this.state.kind !== 'open') throw this.state.refusal()
    const { maxWriteBuffer } = this.host.limits
    let fits = this.below(maxWriteBuffer)
    if (!fits) {
      // What was written in this turn may not have been sent yet.
      this.sendQueued()
      fits = this.below(maxWriteBuffer)
    }
    // Sending may have failed, and cut the connection.
    const { refused } = this
    if (refused !== undefined) throw refused
    if (fits) return
    const error = new LimitExceededError({ limit: maxWriteBuffer, size: this.queued, option: 'maxWriteBuffer' })
    this.host.slowConsumer(error)
    throw error
  }

  // --- waiting ---------------------------------------------------------------------------------------------------------

  /** Resolves when less than `writeHighWaterMark` is queued; rejects once no more writes are accepted. */
  room(): Promise<void> {
    return this.#roomBehind(0)
  }

  /** The same, and the bytes up to position `end` were sent, if that is not 0. */
  #roomBehind(end: number): Promise<void> {
    if (this.state.kind !== 'open') return this.#reject(this.state.refusal())
    const { writeHighWaterMark } = this.host.limits
    if (end <= this.sent && this.below(writeHighWaterMark)) return RESOLVED
    if (this.scheduled) this.#flushEarly()
    return end > this.sent ? this.ensuredWaiters.until(end, writeHighWaterMark) : this.ensuredWaiters.room(writeHighWaterMark)
  }

  // A caller that waits need not wait for the end of the turn, if the system accepts at once what is queued.
  #flushEarly(): void {
    const turn = thisTurn()
    if (turn !== this.#earlyTurn) {
      this.#earlyTurn = turn
      this.#earlyEnd = this.sent + MAX_EARLY
    }
    if (this.sent < this.#earlyEnd) flushSoon(this)
  }

  /** A read of the connection begins to wait: the answers before it are complete. */
  readerWaits(): void {
    if (this.scheduled) flushNow(this)
  }

  /** Resolves when all bytes written so far were sent. */
  flush(): Promise<void> {
    const end = this.minQueued === 0 ? 0 : this.sent + this.queued
    if (this.state.kind === 'failed') return this.state.loss === undefined ? RESOLVED : markHandled(Promise.reject(this.state.loss()))
    return end === 0 ? RESOLVED : this.ensuredWaiters.until(end)
  }

  /** Unix time at which the first of the waiting callers began to wait. */
  get waitingSince(): number | undefined {
    return this.waiters?.since
  }

  // --- ending ----------------------------------------------------------------------------------------------------------

  /** What writes reject with. Only where no more writes are accepted. */
  get refusal(): Error {
    return (this.state as Exclude<WriteState, { kind: 'open' }>).refusal()
  }

  /** The same; undefined while writes are accepted. */
  get refused(): Error | undefined {
    return this.state.kind === 'open' ? undefined : this.state.refusal()
  }

  /** A rejection with `error`: after the end one and the same for all writes. */
  #reject(error: unknown): Promise<never> {
    if (this.state.kind === 'open' || error !== this.state.refusal()) return rejectHandled(error)
    return (this.#rejection ??= markHandled(Promise.reject(error)))
  }

  /** Calls `listener` when no more writes are accepted, at once if none are; returns a function that removes it. */
  onEnd(listener: () => void): () => void {
    if (this.state.kind !== 'open') listener()
    else (this.#endListeners ??= new Set()).add(listener)
    return () => this.#endListeners?.delete(listener)
  }

  #callEndListeners(): void {
    const listeners = this.#endListeners
    this.#endListeners = undefined
    for (const listener of listeners ?? []) listener()
  }

  /** Accepts no more writes: they reject with what `refusal` makes. Sends what is queued, then the end of stream. Only while open. */
  end(refusal: () => Error): void {
    this.state = { kind: 'ending', refusal }
    this.#callEndListeners()
    this.sendQueued()
  }

  /** Drops what is queued: it rejects with what `loss` makes. So do later writes, unless they were refused before. */
  fail(loss: () => Error): void {
    const { state } = this
    if (state.kind === 'failed') return
    this.state = { kind: 'failed', refusal: state.kind === 'open' ? loss : state.refusal, loss: this.minQueued > 0 ? loss : undefined }
    this.dropQueued()
    if (this.waiters?.any) this.waiters.fail(loss())
    this.#callEndListeners()
  }
}
