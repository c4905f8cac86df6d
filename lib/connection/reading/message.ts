// `readMessage`: several reads that act as one. The message holds the read lock, and the queue keeps the bytes that its reads
// take, so that a failure in the middle makes the whole message unread again.
// Decision: docs/decisions/a-message-of-several-reads-is-one.md

import { EndOfStreamError, type ErrorDetails, isLinnetError } from '../../errors.js'
import type { ConnectionLimits } from '../../options/connection.js'
import { isIgnorable, markHandled } from '../../rejections.js'
import { addAbortListener, removeAbortListener } from '../../signals.js'
import { attachCaller, captureCaller, stacks } from '../../stacks.js'
import { nextTick, setImmediate } from '../../turn.js'
import { MESSAGE } from '../deadlines.js'
import type { Limit } from './limit.js'
import { firstByteArrived, type PendingOperation, startTimer } from './pending-read.js'
import type { ReadHalf } from './read-half.js'
import type { ReadLock } from './read-lock.js'
import { ReadMethods } from './read-methods.js'
import type { ResolvedReadOptions } from './read-options.js'
import type { Reader } from './reader.js'

type State = { kind: 'reading' } | { kind: 'resolved' } | { kind: 'rejected'; error: unknown }

const OPERATION = 'readMessage()'

/** The `reader` that the function of a message gets. Once the message is settled, its reads reject. */
class MessageReader extends ReadMethods {}

const ignore = (): void => {}
const startWaiting = (message: Message): void => message.waits()

/** A message while it is read; after that, the error of late reads. */
export class Message implements ReadLock, PendingOperation {
  readonly operation: string
  readonly keepsSkipped = true
  readonly since: number = Date.now()
  readonly options: ResolvedReadOptions
  readonly limits: ConnectionLimits
  idle: boolean
  readonly #readHalf: ReadHalf
  readonly #wasOverflowing: boolean
  /** The errors of its reads, each with whether its rejection may go unhandled; undefined while no read has failed. */
  #failures: Map<unknown, boolean> | undefined
  #state: State = { kind: 'reading' }
  /** True once the time limit and the signal are watched. */
  #watched = false
  /** Bytes taken by its reads without a `maxBytes` of their own. */
  #shared = 0
  /** The largest `maxBytes` of its reads. */
  #largest = 0
  /** Undefined for a message that is tried: it has no promise. */
  #promise: Promise<unknown> | undefined
  #resolve: (value: never) => void = ignore
  #reject: (error: unknown) => void = ignore

  constructor(readHalf: ReadHalf, options: ResolvedReadOptions, operation: string = OPERATION) {
    this.operation = operation
    this.#readHalf = readHalf
    this.options = options
    this.limits = readHalf.host.limits
    this.#wasOverflowing = readHalf.overflowing
    this.idle = (options.idle ?? true) && readHalf.queue.length === 0
  }

  /** Calls `read` and resolves with its result. */
  read<T>(read: (reader: Reader) => T | PromiseLike<T>): Promise<T> {
    this.#readHalf.acquire(this)
    if (stacks.enabled) captureCaller(this, this.read)
    this.#readHalf.queue.mark()
    this.#readHalf.drainLater(this)
    // On the next tick: a message that is buffered whole is read by then, and needs neither a timer nor a listener.
    if (this.#limited) nextTick(startWaiting, this)
    const promise = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#promise = promise
    // An async function, so that a synchronous throw becomes a rejection.
    const reading = (async () => read(new MessageReader(this.#readHalf, this)))()
    reading.then(
      (value) => this.#resolved(value),
      (error) => this.#rejected(error),
    )
    return promise
  }

  get #limited(): boolean {
    const { options, limits } = this
    return options.signal !== undefined || (options.timeout ?? Math.min(limits.idleTimeout, limits.readTimeout)) < Number.POSITIVE_INFINITY
  }

  /** A read of the message waits: starts the time limit and listens to the signal, once. */
  waits(): void {
    if (this.#watched || this.released) return
    this.#watched = true
    startTimer(this.#readHalf.host, this, MESSAGE)
    addAbortListener(this.options.signal, this)
  }

  #resolved(value: unknown): void {
    if (this.released) return
    // A read without `await`. Resolving after a turn keeps a loop of such messages from blocking the event loop.
    const unawaited = this.#readHalf.pending !== undefined
    this.#state = { kind: 'resolved' }
    this.#readHalf.queue.commit()
    this.#end()
    if (unawaited) setImmediate(() => this.#resolve(value as never))
    else this.#resolve(value as never)
  }

  /**
   * Calls `read`, which reads by the `tryRead…` methods only, and returns its result. If that is undefined, or if it throws, all
   * bytes are unread again. There is no promise and no time limit.
   */
  try<T>(read: (reader: Reader) => T | undefined): T | undefined {
    this.#readHalf.acquire(this)
    if (stacks.enabled) captureCaller(this, this.try)
    this.#readHalf.queue.mark()
    let value: T | undefined
    try {
      value = read(new MessageReader(this.#readHalf, this))
    } catch (error) {
      if (!this.released) this.fail(error)
      throw error
    }
    // The function may have aborted the connection.
    if (this.#state.kind === 'rejected') throw this.#state.error
    this.#state = { kind: 'resolved' }
    if (value === undefined) this.#unread()
    else this.#readHalf.queue.commit()
    this.#end()
    return value
  }

  /** Calls `read` while the message is read. If it returns undefined or throws, what it took is unread again. */
  attempt<T>(read: () => T | undefined): T | undefined {
    const { position } = this.#readHalf.queue
    const shared = this.#shared
    let value: T | undefined
    try {
      value = read()
      return value
    } finally {
      if (value === undefined && !this.released) {
        this.#readHalf.queue.returnTo(position)
        this.#shared = shared
      }
    }
  }

  /** Makes all bytes unread again and resolves with `value`. Without effect once the message is settled. */
  cancel(value: unknown): void {
    if (this.#state.kind !== 'reading') return
    this.#state = { kind: 'resolved' }
    this.#unread()
    this.#end()
    this.#resolve(value as never)
  }

  /** The function rejected. If a read of the message failed with that error, all bytes are unread again; otherwise they stay consumed. */
  #rejected(error: unknown): void {
    if (this.released) return
    const mayIgnore = this.#failures?.get(error)
    if (mayIgnore !== undefined) return this.fail(error, mayIgnore)
    this.#state = { kind: 'rejected', error }
    this.#readHalf.queue.commit()
    this.#end()
    if (this.threw(error)) markHandled(this.#promise as Promise<unknown>)
    this.#reject(error)
  }

  /** Its function rejected with an error of its own, `error`. Returns whether that rejection needs no handler. */
  protected threw(_error: unknown): boolean {
    return false
  }

  /** Rejects the message and makes its bytes unread again. `mayIgnore`: the rejection needs no handler. */
  fail(error: unknown, mayIgnore: boolean = true): void {
    this.#state = { kind: 'rejected', error }
    this.#unread()
    if (isLinnetError(error) && error instanceof EndOfStreamError) widenPartial(error, this.#readHalf.partial())
    if (stacks.enabled) attachCaller(error, this, this.#readHalf.host)
    this.#end()
    if (mayIgnore && this.#promise !== undefined) markHandled(this.#promise)
    this.#reject(error)
  }

  #unread(): void {
    this.#readHalf.queue.rewind()
    this.#readHalf.overflowing = this.#wasOverflowing
  }

  #end(): void {
    this.#readHalf.host.lift(MESSAGE)
    removeAbortListener(this.options.signal, this)
    this.#readHalf.release(this)
  }

  // --- the read lock ---------------------------------------------------------------------------------------------------

  get released(): boolean {
    // The signal may have aborted before anything listened to it.
    if (this.#state.kind === 'reading' && this.options.signal?.aborted) this.fail(this.options.signal.reason)
    return this.#state.kind !== 'reading'
  }

  get refusal(): string {
    return `${this.operation} reads this connection until its function is done: in that function read through its argument, elsewhere await it first`
  }

  errorAfterRelease(pending?: string): unknown {
    if (this.#state.kind === 'rejected') return this.#state.error
    if (pending !== undefined)
      return new TypeError(`${this.operation} is done while its ${pending} is pending: await each read in its function`)
    return new TypeError('this message has been read: its reader cannot be used any more, read from the connection')
  }

  firstByteArrived(): void {
    firstByteArrived(this.#readHalf.host, this, MESSAGE)
  }

  took(bytes: number, limit: Limit): void {
    if (limit.shared) this.#shared += bytes
  }

  failed(error: unknown, mayIgnore: boolean = isIgnorable(error)): void {
    this.#failures ??= new Map()
    this.#failures.set(error, mayIgnore || this.#failures.get(error) === true)
  }

  refused(error: Error): void {
    this.fail(error)
  }

  /**
   * The limit of a read in the message: its own `maxBytes`, or else what the reads without one leave of `maxBufferSize`. In
   * all, the message keepsSkipped at most its own `maxBytes`, or without one `maxBufferSize` more than the largest `maxBytes` of
   * its reads.
   */
  limitOf(own: number | undefined): Limit {
    const before = this.#readHalf.queue.marked
    const { maxBytes } = this.options
    const { maxBufferSize } = this.limits
    if (own !== undefined && own > this.#largest) this.#largest = own
    const left = (maxBytes ?? maxBufferSize + this.#largest) - before
    if (own !== undefined && own < left) return { bytes: own, before: 0, option: 'maxBytes', shared: false }
    if (maxBytes !== undefined) return { bytes: left, before, option: 'maxBytes', shared: false }
    const shared = own === undefined
    if (!shared || left < maxBufferSize - this.#shared) return { bytes: left, before, option: 'maxBufferSize', shared }
    return { bytes: maxBufferSize - this.#shared, before: this.#shared, option: 'maxBufferSize', shared }
  }
}

/** Turns the error of a read into that of the message: `partial` becomes all bytes of the message. */
function widenPartial(error: EndOfStreamError, all: ErrorDetails & { partial: Buffer }): void {
  const { partial, message } = new EndOfStreamError(all)
  Object.assign(error, { partial, message })
}
