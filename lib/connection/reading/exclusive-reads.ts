// One read at a time: the read that is pending, the lock of a message, pipe or bridge, and the ways in which both end. A
// read that is ended by an abort, a time limit, a drain or the end of the stream consumes nothing. The base of `ReadHalf`.
// Decision: docs/decisions/a-failed-read-consumes-nothing.md

import { ConcurrentReadError, ConnectionClosedError, FrameError, isLinnetError, LimitExceededError } from '../../errors.js'
import { isIgnorable, markHandled } from '../../rejections.js'
import { removeAbortListener } from '../../signals.js'
import { attachCaller, stacks } from '../../stacks.js'
import { READ } from '../deadlines.js'
import { Backpressure, type BackpressureSource } from './backpressure.js'
import type { ParkedRead } from './parked-read.js'
import { PatternPace } from './pattern-pace.js'
import {
  drainSoon,
  failIfAborted,
  firstByteArrived,
  type PendingOperation,
  type PendingRead,
  type PendingReadHost,
} from './pending-read.js'
import { type IteratorState, type Read, WAIT } from './read-kinds.js'
import type { ReadLock } from './read-lock.js'
import type { ResolvedReadOptions } from './read-options.js'
import { ReceivedStream } from './received-stream.js'

export abstract class ExclusiveReads extends ReceivedStream implements PendingReadHost, BackpressureSource {
  // biome-ignore lint/suspicious/noExplicitAny: a pending read resolves with the type of its caller
  protected pendingRead: PendingRead<any> | undefined
  /** The read that was parked last. */
  // biome-ignore lint/suspicious/noExplicitAny: a parked read resolves with the type of its caller
  protected parked: ParkedRead<any> | undefined
  /** True while a read is pending, a lock is held, or reads are refused: the fast paths check this one flag. */
  protected busy = false
  /** Bytes that the last `tryRead…` needed. Until the next read the queue may grow to that size. */
  protected tryLimit = 0
  protected readonly backpressure: Backpressure = new Backpressure(this)
  /** Made when the first pattern waits. */
  protected pace: PatternPace | undefined
  /** The lock that is held. Only `acquire` and `release` change it. */
  lock: ReadLock | undefined

  get pending(): PendingOperation | undefined {
    return this.unpark()
  }

  /** The pending read, as a `PendingRead` also if it was parked. */
  // biome-ignore lint/suspicious/noExplicitAny: a pending read resolves with the type of its caller
  protected unpark(): PendingRead<any> | undefined {
    const { parked } = this
    if (parked?.waits) this.pendingRead = parked.unpark(this)
    return this.pendingRead
  }

  /** Throws if a read through `lock` may not start now. */
  assertReadable(lock: ReadLock | undefined, signal: AbortSignal | undefined): void {
    if (lock?.released) throw lock.errorAfterRelease()
    if (this.unpark() !== undefined || this.lock !== lock) {
      // Bytes that arrived may complete a pending pattern.
      if (this.pace?.takeRetry()) this.retry()
      failIfAborted(this.pendingRead)
      failIfAborted(this.#waiting())
      if (this.pendingRead !== undefined || this.lock !== lock) throw this.#conflict(lock)
    }
    if (signal?.aborted) throw signal.reason
    if (this.queue.detached) this.abortDetached()
    if (this.refusal !== undefined) throw this.refusal()
  }

  /** The error of a read through `lock` while another read is pending, or another lock is held. */
  #conflict(lock: ReadLock | undefined): ConcurrentReadError {
    const other = this.lock === lock ? undefined : this.lock
    if (other !== undefined) return new ConcurrentReadError({ message: other.refusal })
    const { operation } = this.pendingRead as PendingOperation
    return new ConcurrentReadError({
      message: `a read is already pending on this connection, ${operation}: await it, or abort it by its \`signal\``,
    })
  }

  /** Aborts the connection: the program transferred memory that held unread bytes, so the rest of the stream cannot be read. */
  protected abortDetached(): void {
    const cause = new TypeError(
      'the memory of a Buffer that a read returned was transferred while it held unread bytes: copy what goes to another thread',
    )
    this.host.abort(cause)
    // The abort of a connection that has closed has no effect.
    this.refuse(() => this.host.raised(new ConnectionClosedError({ cause })))
  }

  // --- attempts --------------------------------------------------------------------------------------------------------

  protected attempt<T>(read: Read<T>): T | typeof WAIT {
    const { consumed } = this.queue
    try {
      return read.attempt(this.queue, this.stream)
    } finally {
      if (this.queue.consumed !== consumed) this.#took(this.queue.consumed - consumed, read)
    }
  }

  #took(bytes: number, read: Read<unknown>): void {
    if (!('overflows' in read)) this.overflowing = false
    if (this.queue.length === 0) this.clearText()
    this.lock?.took(bytes, read.limit)
    if (this.backpressure.paused) this.backpressure.check()
  }

  /** Attempts the pending read again: bytes arrived, or the stream ended. */
  protected retry(): void {
    const pending = this.unpark()
    if (pending === undefined) return
    if (this.queue.detached) return this.abortDetached()
    let result: unknown
    try {
      result = this.attempt(pending.read)
    } catch (error) {
      const failure = this.failure(error, pending.options, undefined)
      this.failPending(failure, isIgnorable(failure))
      return
    }
    if (result === WAIT && this.stream !== 'open') {
      this.failPending(this.endError(pending.operation))
      return
    }
    if (result === WAIT) {
      // A byte arrived, also where the read has dropped it.
      if (pending.idle) firstByteArrived(this.host, pending, READ)
      if (pending.read.attemptMs !== undefined) this.pausePattern(pending.read.attemptMs)
      return
    }
    this.#settle()
    pending.resolve(result)
  }

  /** Delays the next attempt of a pattern; the last one took `ms` milliseconds. */
  protected pausePattern(ms: number): void {
    this.pace ??= new PatternPace(() => this.retry())
    this.pace.pause(ms)
  }

  /** Whether the attempt for bytes that arrived can wait for the pattern's pace. Bytes that reach the limit are judged at once. */
  protected delaysPattern(pending: PendingRead<unknown>): boolean {
    if (!this.pace?.pausing || this.queue.length >= pending.read.limit.bytes) return false
    this.pace.requestRetry()
    return true
  }

  /** What a read that threw `error` rejects with. The connection raises exceeded limits and broken frames; a wrong argument it does not. */
  protected failure(error: unknown, options: ResolvedReadOptions, lock: ReadLock | undefined): unknown {
    lock?.failed(error, isIgnorable(error, options.signal))
    return isLinnetError(error) && (error instanceof LimitExceededError || error instanceof FrameError) ? this.host.raised(error) : error
  }

  // --- the end of the pending read -------------------------------------------------------------------------------------

  #settle(): PendingRead<unknown> | undefined {
    const pending = this.unpark()
    this.pendingRead = undefined
    this.pace?.stop()
    this.busy = this.lock !== undefined || this.refusal !== undefined
    this.host.lift(READ)
    if (pending !== undefined) removeAbortListener(pending.options.signal, pending)
    return pending
  }

  /** Rejects the pending read, if any; the next one may start at once. `mayIgnore`: the rejection needs no handler. */
  failPending(error: unknown, mayIgnore: boolean = true): void {
    // Bytes that arrived earlier come before the error.
    if (this.pace?.takeRetry()) this.retry()
    const pending = this.#settle()
    if (pending === undefined) return
    if (pending.read.iterator !== undefined) pending.read.iterator.done = true
    this.lock?.failed(error, mayIgnore)
    if (stacks.enabled) attachCaller(error, pending, this.host)
    if (mayIgnore) markHandled(pending.promise)
    pending.reject(error)
    this.backpressure.checkSoon()
  }

  /** Resolves the pending read with `result` and consumes nothing, if it is a read of `iterator`. */
  cancelRead(iterator: IteratorState, result: unknown): void {
    if (this.unpark()?.read.iterator !== iterator) return
    this.#settle()?.resolve(result)
    this.backpressure.checkSoon()
  }

  /**
   * This side closed, aborted or cut off the connection: discards the unread bytes, and rejects every read with the error
   * that `refusal` makes. Only the first call has an effect.
   */
  refuse(refusal: () => Error): void {
    if (this.refusal !== undefined) return
    this.refusal = refusal
    this.busy = true
    this.pace?.stop()
    this.queue.clear()
    this.clearText()
    if (this.lock !== undefined || this.unpark() !== undefined) {
      const error = refusal()
      this.lock?.refused(error)
      this.failPending(error)
    }
    this.backpressure.check()
  }

  // --- locks -----------------------------------------------------------------------------------------------------------

  /** Acquires the lock. `assertReadable` must have passed. */
  acquire(lock: ReadLock): void {
    this.lock = lock
    this.busy = true
  }

  /** Releases the lock. A read through it that is pending rejects with `errorAfterRelease()`. */
  release(lock: ReadLock): void {
    this.pace?.stop()
    if (this.pendingRead !== undefined) this.failPending(lock.errorAfterRelease(this.pendingRead.operation))
    this.lock = undefined
    this.busy = this.refusal !== undefined
    this.backpressure.checkSoon()
  }

  /** A write was made: the next read waits for a new message, unless one is being read. */
  written(): void {
    if (!this.busy) this.writtenAt = this.queue.consumed
  }

  // --- draining --------------------------------------------------------------------------------------------------------

  /** The connection starts to drain. */
  drain(): void {
    const waiting = this.#waiting()
    if (waiting?.idle) this.#drainSoon(waiting)
  }

  /** An operation starts to wait, perhaps while the connection drains. */
  drainLater(waiting: PendingOperation): void {
    if (waiting.idle && this.host.draining) this.#drainSoon(waiting)
  }

  #drainSoon(waiting: PendingOperation): void {
    drainSoon(this.host, waiting, () => this.#waiting() === waiting)
  }

  /** The operation that waits: the message that is being read, or else the pending read. */
  #waiting(): PendingOperation | undefined {
    return this.lock !== undefined && 'options' in this.lock ? (this.lock as ReadLock & PendingOperation) : this.unpark()
  }

  /** True if more bytes must be let in: for a pending read, for a `tryRead…` that needed more, or to be discarded. */
  get needsMore(): boolean {
    return this.pendingRead !== undefined || this.parked?.waits === true || this.refusal !== undefined || this.queue.length < this.tryLimit
  }
}
