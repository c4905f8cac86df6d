// The receiving half of a connection: how a read starts, and what bytes that arrive, or the end of the stream, do to it. The
// rules for several reads are in `ExclusiveReads`, the unread bytes and the errors of the stream in `ReceivedStream`.

import { compileDelimiter } from '../../bytes/delimiter.js'
import { LineCache } from '../../bytes/lines.js'
import type { ByteQueue } from '../../bytes/queue.js'
import type { ConnectionLostError } from '../../errors.js'
import { rejectHandled } from '../../rejections.js'
import { captureCaller, stacks } from '../../stacks.js'
import { READ } from '../deadlines.js'
import { ExclusiveReads } from './exclusive-reads.js'
import { type Limit, limitOf } from './limit.js'
import { ParkedLine } from './parked-line.js'
import { type ParkedRead, ParkedUntil } from './parked-read.js'
import { endsPlainly, ParkedSome } from './parked-some.js'
import { PendingRead, startTimer } from './pending-read.js'
import { type Read, WAIT, type Wait } from './read-kinds.js'
import type { ReadLock } from './read-lock.js'
import { NO_OPTIONS, type ResolvedReadOptions } from './read-options.js'

/** What takes frames of a codec off the unread bytes. */
interface Frames<T> {
  /** Takes all bytes of the next frame or, with WAIT or an exception, none. */
  takeBuffered(queue: ByteQueue, limit: Limit): T | Wait
}

// Nothing reads through this lock: it has what other reads, and an abort, ask of one.
const DECODING = {
  released: false,
  idle: false,
  refusal: 'framed.read() decodes a frame of this connection: read when it is done, not in the function of its schema',
  refused: (): void => {},
} as Partial<ReadLock> as ReadLock

export class ReadHalf extends ExclusiveReads {
  /** Made when the first `readUntil` is parked. */
  #until: ParkedUntil | undefined
  /** Made when the first `readLine` is parked. */
  #line: ParkedLine | undefined
  /** Made when the first `read` is parked. */
  #some: ParkedSome | undefined

  // --- fast paths ------------------------------------------------------------------------------------------------------

  /** Takes a message that ends in the first chunk with a delimiter of one byte. Undefined: use the slow path. */
  takeUntil(delimiter: unknown): Buffer | undefined {
    if (this.busy || typeof delimiter !== 'string' || delimiter === '') return undefined
    const { byte } = compileDelimiter(delimiter)
    if (byte < 0) return undefined
    const bytes = this.queue.takeThrough(byte, this.host.limits.maxBufferSize)
    if (bytes !== undefined) this.#tookFast()
    return bytes
  }

  /** Starts the same read where nothing is unread, so that it has to wait: see `ParkedRead`. Undefined: use the slow path. */
  parkUntil(delimiter: unknown): Promise<Buffer> | undefined {
    if (this.busy || this.queue.length > 0 || typeof delimiter !== 'string' || delimiter === '') return undefined
    const compiled = compileDelimiter(delimiter)
    if (compiled.byte < 0) return undefined
    const parked = (this.#until ??= new ParkedUntil())
    parked.delimiter = compiled
    return this.park(parked, this.atMessageStart)
  }

  /** Starts `readLine()` where nothing is unread. Undefined: use the slow path. */
  parkLine(): Promise<string> | undefined {
    return this.park((this.#line ??= new ParkedLine(this)), this.atMessageStart)
  }

  /** Starts `read()` where nothing is unread. Undefined: use the slow path. */
  parkSome({ signal, timeout, maxBytes, idle, encoding }: ResolvedReadOptions): Promise<Buffer | string | null> | undefined {
    if (this.busy || signal !== undefined || timeout !== undefined || maxBytes !== undefined || !endsPlainly(encoding)) return undefined
    const parked = (this.#some ??= new ParkedSome())
    parked.encoding = encoding
    return this.park(parked, idle ?? this.atMessageStart)
  }

  /** Starts a read that has to wait, because nothing is unread. Undefined: use the slow path. */
  park<T>(parked: ParkedRead<T>, idle: boolean): Promise<T> | undefined {
    const { host } = this
    if (this.busy || this.queue.length > 0 || this.stream !== 'open' || host.draining || stacks.enabled) return undefined
    const { limits } = host
    this.parked = parked
    const promise = parked.park(limits, idle)
    this.busy = true
    this.tryLimit = 0
    // The carrier is not paused: nothing is unread.
    host.limit(READ, idle ? limits.idleTimeout : limits.readTimeout)
    host.readerWaits()
    return promise
  }

  /** Ends the parked read if `chunk` completes it. */
  #endParked<T>(parked: ParkedRead<T>, chunk: Buffer): boolean {
    const result = parked.take(chunk, this.queue)
    if (result === undefined) return false
    this.busy = false
    this.overflowing = false
    this.host.lift(READ)
    parked.settle(result)
    return true
  }

  get lineCache(): LineCache {
    return (this.lines ??= new LineCache())
  }

  /** Takes a line that ends in `\n` or `\r\n`. Undefined: use the slow path. */
  takeLine(maxBytes: number | undefined): string | undefined {
    if (this.busy || this.overflowing) return undefined
    const line = this.lineCache.next(this.queue, maxBytes ?? this.host.limits.maxBufferSize)
    if (line !== undefined) this.#tookFast()
    return line
  }

  /**
   * Takes a frame of a codec that is buffered whole. `limit`: that of the codec. Undefined: use the slow path. Throws what the
   * slow path would reject with.
   */
  takeFrame<T>(frames: Frames<T>, limit: Limit | undefined): T | undefined {
    const { queue } = this
    if (this.busy || queue.length === 0 || queue.detached) return undefined
    try {
      const frame = frames.takeBuffered(queue, limit ?? limitOf(undefined, this.host.limits.maxBufferSize))
      if (frame === WAIT) return undefined
      this.#tookFast()
      return frame
    } catch (error) {
      throw this.failure(error, NO_OPTIONS, undefined)
    }
  }

  /**
   * Takes a frame by `take`, which uses the fast paths, and returns what `decode`, a function of the program, makes of it. Other
   * reads are refused meanwhile. If the result is undefined, the frame is unread again; if `decode` throws, it stays taken.
   */
  takeDecoded<F, T>(take: () => F | undefined, decode: (frame: F) => T | undefined): T | undefined {
    if (this.busy) return undefined
    const { queue, overflowing } = this
    queue.mark()
    let decoded: T | undefined | null = null
    try {
      const frame = take()
      if (frame === undefined) return (decoded = undefined)
      this.acquire(DECODING)
      decoded = decode(frame)
      // The function may have aborted the connection: the slow path has the error.
      if (this.refusal !== undefined) decoded = undefined
      return decoded
    } finally {
      if (this.lock === DECODING) this.release(DECODING)
      if (decoded !== undefined) queue.commit()
      else {
        queue.rewind()
        this.overflowing = overflowing
      }
    }
  }

  /** Whether a read may start now. */
  get free(): boolean {
    return !this.busy
  }

  #tookFast(): void {
    this.overflowing = false
    this.tryLimit = 0
    if (this.queue.length === 0) this.clearText()
    if (this.backpressure.paused) this.backpressure.check()
  }

  // --- any read --------------------------------------------------------------------------------------------------------

  /** Starts a read. `idle` is the default of that option; without it, the read is idle if nothing was consumed since the last write. */
  run<T>(make: (limit: Limit) => Read<T>, options: ResolvedReadOptions, lock: ReadLock | undefined, idle?: boolean): Promise<T> {
    try {
      return this.begin(make, options, lock, idle)
    } catch (error) {
      return rejectHandled(error, options.signal)
    }
  }

  /** Starts a read, and throws if it is refused or fails at once. */
  begin<T>(make: (limit: Limit) => Read<T>, options: ResolvedReadOptions, lock: ReadLock | undefined, idle?: boolean): Promise<T> {
    try {
      this.assertReadable(lock, options.signal)
      const read = make(this.#limitOf(options.maxBytes, lock))
      this.tryLimit = 0
      // Before the attempt, which may drop the unread bytes.
      const empty = this.queue.length === 0
      // Decision: docs/decisions/what-arrived-comes-first.md
      const result = this.attempt(read)
      if (result !== WAIT) return Promise.resolve(result)
      if (this.stream !== 'open') throw this.endError()
      return this.#wait(read, options, empty && (options.idle ?? idle ?? this.atMessageStart)).promise
    } catch (error) {
      throw this.failure(error, options, lock)
    }
  }

  /**
   * Makes a read without waiting: returns undefined where `run` would wait. The queue may then grow to the read's limit, as
   * for a pending read, so that a program that polls gets a message longer than `readHighWaterMark`.
   */
  try<T>(make: (limit: Limit) => Read<T>, options: ResolvedReadOptions, lock: ReadLock | undefined): T | undefined {
    try {
      this.assertReadable(lock, options.signal)
      const read = make(this.#limitOf(options.maxBytes, lock))
      this.tryLimit = 0
      const result = this.attempt(read)
      if (result !== WAIT) return result
      if (this.stream !== 'open') throw this.endError()
      // Decision: docs/decisions/a-try-counts-as-a-read.md
      this.tryLimit = read.needed ?? read.limit.bytes
      if (this.backpressure.paused) this.backpressure.check()
      return undefined
    } catch (error) {
      throw this.failure(error, options, lock)
    }
  }

  #limitOf(maxBytes: number | undefined, lock: ReadLock | undefined): Limit {
    return lock === undefined ? limitOf(maxBytes, this.host.limits.maxBufferSize) : lock.limitOf(maxBytes)
  }

  #wait<T>(read: Read<T>, options: ResolvedReadOptions, idle: boolean): PendingRead<T> {
    const inMessage = this.lock !== undefined
    const pending = new PendingRead(this, read, options, !inMessage && idle)
    this.pendingRead = pending
    this.busy = true
    if (read.attemptMs !== undefined && this.queue.length > 0) this.pausePattern(read.attemptMs)
    if (stacks.enabled) captureCaller(pending, this.begin)
    // Inside a message the message's time limit applies, unless the read has its own.
    if (!inMessage || options.timeout !== undefined) startTimer(this.host, pending, READ)
    this.drainLater(pending)
    this.lock?.waits()
    if (this.backpressure.paused) this.backpressure.check()
    this.host.readerWaits()
    return pending
  }

  // --- what arrives ----------------------------------------------------------------------------------------------------

  /** Lets bytes arrive for the first time. */
  start(): void {
    this.host.resume()
  }

  /** Bytes arrived. */
  data(chunk: Buffer): void {
    this.received += chunk.length
    if (this.refusal !== undefined || chunk.length === 0) return
    if (this.parked?.waits && this.#endParked(this.parked, chunk)) {
      if (this.queue.length > 0) this.backpressure.checkSoon()
      return
    }
    if (this.queue.detached) return this.abortDetached()
    this.queue.push(chunk)
    if (this.lock?.idle) this.lock.firstByteArrived()
    if (this.pace === undefined || this.pendingRead === undefined || !this.delaysPattern(this.pendingRead)) this.retry()
    if (this.pendingRead === undefined) this.backpressure.checkSoon()
  }

  /** The peer ended its side. */
  ended(): void {
    this.stream = 'ended'
    this.retry()
  }

  /** The connection was lost. After the peer's end of stream this has no effect: every byte has arrived. */
  lost(loss: ConnectionLostError): void {
    if (this.stream === 'ended') return
    this.stream = 'lost'
    this.loss = loss
    this.retry()
  }

  /** Takes the unread bytes out of the stream, as if they had never arrived: they belong to the handshake of `startTls`. */
  takeBackUnread(): Buffer {
    const bytes = this.removeUnread()
    this.backpressure.check()
    return bytes
  }
}
