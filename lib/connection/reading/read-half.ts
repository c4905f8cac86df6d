// The receiving half of a connection: the bytes that arrived, the one read that may be pending, and how both meet the
// end of the stream. Whatever ends a read, an abort, a time limit, a drain, an end, takes nothing.

import type { Address } from '../../address.js'
import { compileDelimiter } from '../../bytes/delimiter.js'
import { Latin1Cache } from '../../bytes/latin1.js'
import { LineCache } from '../../bytes/lines.js'
import { ByteQueue } from '../../bytes/queue.js'
import {
  ConcurrentReadError,
  ConnectionClosedError,
  type ConnectionLostError,
  EndOfStreamError,
  type ErrorDetails,
  isLinnetError,
  LimitExceededError,
  type LinnetError,
  untraced,
} from '../../errors.js'
import type { ConnectionLimits } from '../../options/connection.js'
import { isNews, markHandled, rejectHandled } from '../../rejections.js'
import { leaveSignal } from '../../signals.js'
import { rememberCaller, showCaller, stacks } from '../../stacks.js'
import { type DeadlineKind, READ } from '../deadlines.js'
import { Backpressure, type BackpressureSource } from './backpressure.js'
import { ParkedRead } from './parked-read.js'
import { PatternPace } from './pattern-pace.js'
import { failIfAborted, type PendingOperation, PendingRead, type PendingReadHost } from './pending-read.js'
import { type IteratorState, type Limit, type Read, type Stream, WAIT } from './read-kinds.js'
import type { ReadLock } from './read-lock.js'
import type { ResolvedReadOptions } from './read-options.js'
import { drainSoon, firstByteArrived, startTimer } from './read-timers.js'

/** What the read half needs of its connection. */
export interface ReadHalfHost {
  /** Which connection it is, for those who look for the cause of an error. */
  readonly id: number
  readonly remote: Address
  readonly limits: ConnectionLimits
  /** Starts a time limit of `ms` from now, or moves it there; Infinity lifts it. */
  limit(slot: DeadlineKind, ms: number): void
  lift(slot: DeadlineKind): void
  readonly draining: boolean
  /** Bytes have arrived that wait for their turn to be handed on. */
  readonly holding: boolean
  /** Marks an error as this connection's own, and returns it. */
  own<E extends LinnetError>(error: E): E
  /** Cuts the connection. */
  abort(reason: unknown): void
  /** A read begins to wait. */
  readerWaits(): void
  resume(): void
  pause(): void
}

// The limit of a read that has none of its own: the same for nearly all connections of a process.
let usual: Limit = { bytes: 0, before: 0, option: 'maxBufferSize', shared: false }

function usualLimit(maxBufferSize: number): Limit {
  if (maxBufferSize !== usual.bytes) usual = { bytes: maxBufferSize, before: 0, option: 'maxBufferSize', shared: false }
  return usual
}

export class ReadHalf implements PendingReadHost, BackpressureSource {
  readonly queue: ByteQueue = new ByteQueue()
  /** Bytes that arrived. */
  received = 0
  stream: Stream = 'open'
  /** Where in the stream the last write was made while no read was pending. */
  #writtenAt = 0
  /** True while the rest of an over-long line is being dropped: a new loop that drops such lines goes on with it. */
  overflowing = false
  readonly host: ReadHalfHost
  // biome-ignore lint/suspicious/noExplicitAny: what a read resolves with is its own matter
  #pending: PendingRead<any> | undefined
  /** The usual read, while it waits. Undefined where none has waited. */
  #parked: ParkedRead | undefined
  #lock: ReadLock | undefined
  #refusal: (() => Error) | undefined
  /** A read is pending, another reader has the connection, or this side has closed it: one flag for the fast path. */
  #busy = false
  #loss: ConnectionLostError | undefined
  readonly #backpressure: Backpressure = new Backpressure(this)
  #lines: LineCache | undefined
  #latin1: Latin1Cache | undefined
  /** Only where a pattern has waited. */
  #pace: PatternPace | undefined
  /** What the last `tryRead…` would have waited for, in bytes: they may come until the next read. */
  #tried = 0

  constructor(host: ReadHalfHost) {
    this.host = host
  }

  get pending(): PendingOperation | undefined {
    return this.#unpark()
  }

  // biome-ignore lint/suspicious/noExplicitAny: what a read resolves with is its own matter
  #unpark(): PendingRead<any> | undefined {
    const parked = this.#parked
    if (parked?.waits) this.#pending = parked.leave(this, usualLimit(parked.limits.maxBufferSize))
    return this.#pending
  }

  get lock(): ReadLock | undefined {
    return this.#lock
  }

  // --- reading ---------------------------------------------------------------------------------------------------------

  /** What a read by `by` may gather. */
  limit(maxBytes: number | undefined, lock: ReadLock | undefined): Limit {
    if (lock !== undefined) return lock.limitOf(maxBytes)
    if (maxBytes !== undefined) return { bytes: maxBytes, before: 0, option: 'maxBytes', shared: false }
    return usualLimit(this.host.limits.maxBufferSize)
  }

  /** Throws what a read by `by` is refused with before it looks at any byte. */
  assertReadable(lock: ReadLock | undefined, signal: AbortSignal | undefined): void {
    if (lock?.released) throw lock.errorAfterRelease()
    if (this.#unpark() !== undefined || this.#lock !== lock) {
      // What has come may settle the pending one.
      if (this.#pace?.claim()) this.#retry()
      failIfAborted(this.#pending)
      failIfAborted(this.#waiting())
      if (this.#pending !== undefined || this.#lock !== lock) throw this.#conflict(lock)
    }
    if (signal?.aborted) throw signal.reason
    if (this.queue.torn) this.#tear()
    if (this.#refusal !== undefined) throw this.#refusal()
  }

  /** What a read by `by` meets: another read that is pending, or another reader. */
  #conflict(lock: ReadLock | undefined): ConcurrentReadError {
    const other = this.#lock === lock ? undefined : this.#lock
    if (other !== undefined) return new ConcurrentReadError({ message: other.refusal })
    const { operation } = this.#pending as PendingOperation
    return new ConcurrentReadError({
      message: `a read is already pending on this connection, ${operation}: await it, or abort it by its \`signal\``,
    })
  }

  /** Memory of unread bytes was transferred by the program. What is left of the stream makes no sense: the connection is cut. */
  #tear(): void {
    const cause = new TypeError(
      'the memory of a Buffer that a read returned was transferred while it held unread bytes: copy what goes to another thread',
    )
    this.host.abort(cause)
    // A connection that is over already refuses reads all the same.
    this.refuse(() => this.host.own(new ConnectionClosedError({ cause })))
  }

  /** The fast path of the commonest read: a delimiter of one byte that lies in the first chunk. Undefined: go the slow path. */
  takeUntil(delimiter: unknown): Buffer | undefined {
    if (this.#busy || typeof delimiter !== 'string' || delimiter === '') return undefined
    const { byte } = compileDelimiter(delimiter)
    if (byte < 0) return undefined
    const bytes = this.queue.takeThrough(byte, this.host.limits.maxBufferSize)
    if (bytes !== undefined) this.#tookFast()
    return bytes
  }

  /**
   * The fast path of the same read where it has to wait and nothing is unread: see `ParkedRead`. Undefined: go the slow path.
   */
  parkUntil(delimiter: unknown): Promise<Buffer> | undefined {
    if (this.#busy || this.queue.length > 0 || this.stream !== 'open' || typeof delimiter !== 'string' || delimiter === '') return undefined
    const { host } = this
    const compiled = compileDelimiter(delimiter)
    if (compiled.byte < 0 || host.draining || stacks.wanted) return undefined
    const { limits } = host
    const { fresh } = this
    const promise = (this.#parked ??= new ParkedRead()).park(compiled, limits, fresh)
    this.#busy = true
    this.#tried = 0
    host.limit(READ, fresh ? limits.idleTimeout : limits.readTimeout)
    if (this.#backpressure.paused) this.#backpressure.check()
    host.readerWaits()
    return promise
  }

  /** A chunk has come for the parked read: ends it, if its delimiter is there. */
  #endParked(parked: ParkedRead, chunk: Buffer): boolean {
    const end = parked.end(chunk)
    if (end === 0) return false
    const { queue } = this
    let bytes = chunk
    if (end === chunk.length) queue.pass(end)
    else {
      queue.push(chunk)
      bytes = queue.take(end)
    }
    this.#busy = false
    this.overflowing = false
    this.host.lift(READ)
    parked.settle(bytes)
    return true
  }

  /** The fast path of a line that ends in `\n` or `\r\n`. Undefined: go the slow path. */
  takeLine(maxBytes: number | undefined): string | undefined {
    if (this.#busy || this.overflowing) return undefined
    this.#lines ??= new LineCache()
    const line = this.#lines.next(this.queue, maxBytes ?? this.host.limits.maxBufferSize)
    if (line !== undefined) this.#tookFast()
    return line
  }

  /** Nothing was consumed since the last write: a read waits for a new message. */
  get fresh(): boolean {
    return this.#writtenAt === this.queue.consumed
  }

  /** What is unread as text for patterns. */
  get latin1(): Latin1Cache {
    return (this.#latin1 ??= new Latin1Cache())
  }

  /** Text of bytes that were read is not kept. */
  #forgetText(): void {
    this.#lines?.clear()
    this.#latin1?.clear()
  }

  #tookFast(): void {
    this.overflowing = false
    this.#tried = 0
    if (this.queue.length === 0) this.#forgetText()
    if (this.#backpressure.paused) this.#backpressure.check()
  }

  /** Starts a read; `idle` is its default where neither its options nor what went before say otherwise. */
  run<T>(make: (limit: Limit) => Read<T>, plan: ResolvedReadOptions, lock: ReadLock | undefined, idle?: boolean): Promise<T> {
    try {
      return this.begin(make, plan, lock, idle)
    } catch (error) {
      return rejectHandled(error, plan.signal)
    }
  }

  /** The same, but throws what the read is refused with, or fails with at once. */
  begin<T>(make: (limit: Limit) => Read<T>, plan: ResolvedReadOptions, lock: ReadLock | undefined, idle?: boolean): Promise<T> {
    try {
      this.assertReadable(lock, plan.signal)
      const read = make(this.limit(plan.maxBytes, lock))
      this.#tried = 0
      // Asked before the attempt, which may drop what is there.
      const empty = this.queue.length === 0
      const result = this.#attempt(read)
      if (result !== WAIT) return Promise.resolve(result)
      if (this.stream !== 'open') throw this.endError()
      return this.#wait(read, plan, empty && (plan.idle ?? idle ?? this.fresh)).promise
    } catch (error) {
      throw this.#failure(error, plan, lock)
    }
  }

  /**
   * A read that must not wait: undefined where `run` would. Bytes may then come up to its limit, as they may for a read
   * that waits: a program that polls gets a message that is longer than what is read ahead.
   */
  try<T>(make: (limit: Limit) => Read<T>, plan: ResolvedReadOptions, lock: ReadLock | undefined): T | undefined {
    try {
      this.assertReadable(lock, plan.signal)
      const read = make(this.limit(plan.maxBytes, lock))
      this.#tried = 0
      const result = this.#attempt(read)
      if (result !== WAIT) return result
      if (this.stream !== 'open') throw this.endError()
      this.#tried = read.most ?? read.limit.bytes
      if (this.#backpressure.paused) this.#backpressure.check()
      return undefined
    } catch (error) {
      throw this.#failure(error, plan, lock)
    }
  }

  /** A limit is the connection's own error, an impossible argument the program's. */
  #failure(error: unknown, plan: ResolvedReadOptions, lock: ReadLock | undefined): unknown {
    lock?.failed(error, isNews(error, plan.signal))
    return isLinnetError(error) && error instanceof LimitExceededError ? this.host.own(error) : error
  }

  #attempt<T>(read: Read<T>): T | typeof WAIT {
    const { consumed } = this.queue
    try {
      return read.attempt(this.queue, this.stream)
    } finally {
      if (this.queue.consumed !== consumed) this.#took(this.queue.consumed - consumed, read)
    }
  }

  #took(bytes: number, read: Read<unknown>): void {
    if (!('overflows' in read)) this.overflowing = false
    if (this.queue.length === 0) this.#forgetText()
    this.#lock?.took(bytes, read.limit)
    if (this.#backpressure.paused) this.#backpressure.check()
  }

  #wait<T>(read: Read<T>, plan: ResolvedReadOptions, idle: boolean): PendingRead<T> {
    const inMessage = this.#lock !== undefined
    const pending = new PendingRead(this, read, plan, !inMessage && idle)
    this.#pending = pending
    this.#busy = true
    if (read.took !== undefined && this.queue.length > 0) this.#rest(read.took)
    if (stacks.wanted) rememberCaller(pending, this.begin)
    // Inside a message the time is the message's, unless the read has some of its own.
    if (!inMessage || plan.timeout !== undefined) startTimer(this.host, pending, READ)
    this.drainLater(pending)
    this.#lock?.waits()
    if (this.#backpressure.paused) this.#backpressure.check()
    this.host.readerWaits()
    return pending
  }

  #settle(): PendingRead<unknown> | undefined {
    const pending = this.#unpark()
    this.#pending = undefined
    this.#pace?.stop()
    this.#busy = this.#lock !== undefined || this.#refusal !== undefined
    this.host.lift(READ)
    if (pending !== undefined) leaveSignal(pending.plan.signal, pending)
    return pending
  }

  /** Rejects the pending read, if there is one. The next may be made at once. `news`: the program made no mistake. */
  failPending(error: unknown, news: boolean = true): void {
    // What has arrived before it comes first.
    if (this.#pace?.claim()) this.#retry()
    const pending = this.#settle()
    if (pending === undefined) return
    if (pending.read.iterator !== undefined) pending.read.iterator.over = true
    this.#lock?.failed(error, news)
    if (stacks.wanted) showCaller(error, pending, this.host)
    if (news) markHandled(pending.promise)
    pending.reject(error)
    this.#backpressure.checkSoon()
  }

  /** Takes back the read of an iterator that is left, if it is pending: it resolves with `result`, and nothing is consumed. */
  cancelRead(iterator: IteratorState, result: unknown): void {
    if (this.#pending?.read.iterator !== iterator) return
    this.#settle()?.resolve(result)
    this.#backpressure.checkSoon()
  }

  #retry(): void {
    const pending = this.#unpark()
    if (pending === undefined) return
    if (this.queue.torn) return this.#tear()
    let result: unknown
    try {
      result = this.#attempt(pending.read)
    } catch (error) {
      const failure = this.#failure(error, pending.plan, undefined)
      this.failPending(failure, isNews(failure))
      return
    }
    if (result === WAIT && this.stream !== 'open') {
      this.failPending(this.endError(pending.operation))
      return
    }
    if (result === WAIT) {
      // It needs more of what arrived, though it may have dropped that.
      if (pending.idle) firstByteArrived(this.host, pending, READ)
      if (pending.read.took !== undefined) this.#rest(pending.read.took)
      return
    }
    this.#settle()
    pending.resolve(result)
  }

  #rest(took: number): void {
    this.#pace ??= new PatternPace(() => this.#retry())
    this.#pace.rest(took)
  }

  /** Whether what has come now may be tried later. What reaches the limit is judged at once. */
  #mayRest(pending: PendingRead<unknown>): boolean {
    if (!this.#pace?.resting || this.queue.length >= pending.read.limit.bytes) return false
    this.#pace.owe()
    return true
  }

  // --- read locks ----------------------------------------------------------------------------------------------------------

  /** Gives all reading to one reader. `admit` must have passed. */
  acquire(lock: ReadLock): void {
    this.#lock = lock
    this.#busy = true
  }

  /** Takes it back. A read of it that is still pending rejects as those that come too late. */
  release(lock: ReadLock): void {
    this.#pace?.stop()
    if (this.#pending !== undefined) this.failPending(lock.errorAfterRelease(this.#pending.operation))
    this.#lock = undefined
    this.#busy = this.#refusal !== undefined
    this.#backpressure.checkSoon()
  }

  // --- draining --------------------------------------------------------------------------------------------------------

  /** The connection is asked to finish. */
  drain(): void {
    const waiting = this.#waiting()
    if (waiting?.idle) this.#drainSoon(waiting)
  }

  /** For what begins to wait while the connection drains. */
  drainLater(waiting: PendingOperation): void {
    if (waiting.idle && this.host.draining) this.#drainSoon(waiting)
  }

  #drainSoon(waiting: PendingOperation): void {
    drainSoon(this.host, waiting, () => this.#waiting() === waiting)
  }

  /** What waits: the message, if one is being read, else the read. */
  #waiting(): PendingOperation | undefined {
    return this.#lock !== undefined && 'plan' in this.#lock ? (this.#lock as ReadLock & PendingOperation) : this.#unpark()
  }

  /** Something was written: the next read waits for a new message, unless one is being read. */
  written(): void {
    if (!this.#busy) this.#writtenAt = this.queue.consumed
  }

  // --- what arrives ----------------------------------------------------------------------------------------------------

  data(chunk: Buffer): void {
    this.received += chunk.length
    if (this.#refusal !== undefined || chunk.length === 0) return
    if (this.#parked?.waits && this.#endParked(this.#parked, chunk)) {
      if (this.queue.length > 0) this.#backpressure.checkSoon()
      return
    }
    if (this.queue.torn) return this.#tear()
    this.queue.push(chunk)
    if (this.#lock?.idle) this.#lock.firstByteArrived()
    if (this.#pace === undefined || this.#pending === undefined || !this.#mayRest(this.#pending)) this.#retry()
    if (this.#pending === undefined) this.#backpressure.checkSoon()
  }

  /** The peer ended its side. */
  ended(): void {
    this.stream = 'ended'
    this.#retry()
  }

  /** The connection was lost. Where the peer had ended already, there is nothing more to lose. */
  lost(loss: ConnectionLostError): void {
    if (this.stream === 'ended') return
    this.stream = 'lost'
    this.#loss = loss
    this.#retry()
  }

  /** This side closed, aborted or cut the connection: what is buffered is dropped, and every read rejects with what `refusal` makes. The first one stays. */
  refuse(refusal: () => Error): void {
    if (this.#refusal !== undefined) return
    this.#refusal = refusal
    this.#busy = true
    this.#pace?.stop()
    this.queue.clear()
    this.#forgetText()
    if (this.#lock !== undefined || this.#unpark() !== undefined) {
      const error = refusal()
      this.#lock?.refused(error)
      this.failPending(error)
    }
    this.#backpressure.check()
  }

  /** What a read rejects with that no further byte can satisfy; `waiting`: one that waits, and is told so by an event. */
  endError(waiting?: string): Error {
    if (this.#refusal !== undefined) return this.#refusal()
    if (this.#loss !== undefined) return this.#loss
    const make = (): EndOfStreamError => new EndOfStreamError(this.partial())
    return this.host.own(waiting === undefined ? make() : untraced(waiting, make))
  }

  /** The `partial` of an error: a copy of what is unread. It is empty where no copy can be made, and `cause` says why; the bytes stay unread. */
  partial(): ErrorDetails & { partial: Buffer } {
    try {
      return { partial: this.queue.copy(this.queue.length) }
    } catch (cause) {
      return { partial: Buffer.alloc(0), cause }
    }
  }

  /** Takes what is unread, as if it had never arrived: it was not meant for who reads here. */
  takeBackUnread(): Buffer {
    const bytes = this.queue.take(this.queue.length)
    this.received -= bytes.length
    // Nothing was consumed.
    this.#writtenAt += bytes.length
    this.#backpressure.check()
    return bytes
  }

  // --- flow ------------------------------------------------------------------------------------------------------------

  /** Lets bytes come for the first time. */
  start(): void {
    this.host.resume()
  }

  /** A read is pending, or was tried and needs more, or what comes is dropped: nothing may stand in its way. */
  get needsMore(): boolean {
    return this.#pending !== undefined || this.#parked?.waits === true || this.#refusal !== undefined || this.queue.length < this.#tried
  }
}
