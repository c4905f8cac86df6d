// A message of several reads that are one: `readMessage`. While it is read the connection belongs to it; what its reads
// took is remembered behind a mark, so that a failure in the middle gives the whole message back.

import { EndOfStreamError, type ErrorDetails, isLinnetError } from '../../errors.js'
import type { ConnectionLimits } from '../../options/connection.js'
import { isNews, markHandled } from '../../rejections.js'
import { leaveSignal, waitUnder } from '../../signals.js'
import { rememberCaller, showCaller, stacks } from '../../stacks.js'
import { nextTick, setImmediate } from '../../turn.js'
import { MESSAGE } from '../deadlines.js'
import type { PendingOperation } from './pending-read.js'
import type { ReadHalf } from './read-half.js'
import type { Limit } from './read-kinds.js'
import type { ReadLock } from './read-lock.js'
import { ReadMethods } from './read-methods.js'
import type { ResolvedReadOptions } from './read-options.js'
import { firstByteArrived, startTimer } from './read-timers.js'
import type { Reader } from './reader.js'

type State = { kind: 'reading' } | { kind: 'resolved' } | { kind: 'rejected'; error: unknown }

const REFUSAL =
  'readMessage() reads this connection until its function is done: in that function read through its argument, elsewhere await it first'

/** What the function of a message reads through: worthless once the message is settled. */
class MessageReader extends ReadMethods {}

const waitsOf = (message: Message): void => message.waits()

/** A message while it is read, and what is left of it afterwards. */
export class Message implements ReadLock, PendingOperation {
  readonly operation = 'readMessage()'
  readonly gathers = true
  readonly since: number = Date.now()
  readonly plan: ResolvedReadOptions
  readonly limits: ConnectionLimits
  idle: boolean
  readonly #readHalf: ReadHalf
  readonly #wasOverflowing: boolean
  /** What its reads failed with, and whether that may be ignored; undefined while none has. */
  #failures: Map<unknown, boolean> | undefined
  #state: State = { kind: 'reading' }
  #watched = false
  /** Bytes taken by reads that have no limit of their own. */
  #shared = 0
  /** The largest limit that a read in it has named. */
  #largest = 0
  #promise!: Promise<unknown>
  #reject!: (error: unknown) => void

  constructor(readHalf: ReadHalf, plan: ResolvedReadOptions) {
    this.#readHalf = readHalf
    this.plan = plan
    this.limits = readHalf.host.limits
    this.#wasOverflowing = readHalf.overflowing
    this.idle = (plan.idle ?? true) && readHalf.queue.length === 0
  }

  /** Reads it: resolves with what `read` resolves with. */
  read<T>(read: (reader: Reader) => T | PromiseLike<T>): Promise<T> {
    this.#readHalf.acquire(this)
    if (stacks.wanted) rememberCaller(this, this.read)
    this.#readHalf.queue.mark()
    this.#readHalf.drainLater(this)
    // Before anything can run out the promises of what is buffered have run.
    if (this.#limited) nextTick(waitsOf, this)
    let resolve!: (value: T) => void
    const promise = new Promise<T>((done, failed) => {
      resolve = done
      this.#reject = failed
    })
    this.#promise = promise
    // An async function, so that a synchronous throw is a rejection too.
    const reading = (async () => read(new MessageReader(this.#readHalf, this)))()
    reading.then(
      (value) => this.#resolved(() => resolve(value)),
      (error) => this.#rejected(error),
    )
    return promise
  }

  get #limited(): boolean {
    const { plan, limits } = this
    return plan.signal !== undefined || (plan.timeout ?? Math.min(limits.idleTimeout, limits.readTimeout)) < Number.POSITIVE_INFINITY
  }

  /** Time and signal are minded once something is waited for: a message that is there costs neither timer nor listener. */
  waits(): void {
    if (this.#watched || this.released) return
    this.#watched = true
    startTimer(this.#readHalf.host, this, MESSAGE)
    waitUnder(this.plan.signal, this)
  }

  #resolved(resolve: () => void): void {
    if (this.released) return
    // Perhaps a forgotten await: in a loop of such messages no read would ever let the event loop go on.
    const forgotten = this.#readHalf.pending !== undefined
    this.#state = { kind: 'resolved' }
    this.#readHalf.queue.commit()
    this.#over()
    if (forgotten) setImmediate(resolve)
    else resolve()
  }

  /** Its function failed. With the failure of a read, all is unread again; with an error of its own, what it took stays taken. */
  #rejected(error: unknown): void {
    if (this.released) return
    const news = this.#failures?.get(error)
    if (news !== undefined) return this.fail(error, news)
    this.#state = { kind: 'rejected', error }
    this.#readHalf.queue.commit()
    this.#over()
    this.#reject(error)
  }

  /** Ends it from outside, or by the failure of a read: all its bytes are unread again. `news`: the program made no mistake. */
  fail(error: unknown, news: boolean = true): void {
    this.#state = { kind: 'rejected', error }
    this.#readHalf.queue.rewind()
    this.#readHalf.overflowing = this.#wasOverflowing
    if (isLinnetError(error) && error instanceof EndOfStreamError) giveAll(error, this.#readHalf.partial())
    if (stacks.wanted) showCaller(error, this, this.#readHalf.host)
    this.#over()
    if (news) markHandled(this.#promise)
    this.#reject(error)
  }

  #over(): void {
    this.#readHalf.host.lift(MESSAGE)
    leaveSignal(this.plan.signal, this)
    this.#readHalf.release(this)
  }

  // --- what the read half asks ---------------------------------------------------------------------------------------------

  get released(): boolean {
    // Its own function may have aborted it, before anything waited.
    if (this.#state.kind === 'reading' && this.plan.signal?.aborted) this.fail(this.plan.signal.reason)
    return this.#state.kind !== 'reading'
  }

  get refusal(): string {
    return REFUSAL
  }

  errorAfterRelease(pending?: string): unknown {
    if (this.#state.kind === 'rejected') return this.#state.error
    if (pending !== undefined)
      return new TypeError(`readMessage() is done while its ${pending} is pending: await each read in its function`)
    return new TypeError('this message has been read: its reader cannot be used any more, read from the connection')
  }

  firstByteArrived(): void {
    firstByteArrived(this.#readHalf.host, this, MESSAGE)
  }

  took(bytes: number, limit: Limit): void {
    if (limit.shared) this.#shared += bytes
  }

  failed(error: unknown, news: boolean = isNews(error)): void {
    this.#failures ??= new Map()
    this.#failures.set(error, news || this.#failures.get(error) === true)
  }

  refused(error: Error): void {
    this.fail(error)
  }

  /**
   * What a read in it may gather: its own limit, or what the limit shared by the others leaves; and in all no more than
   * the message's own limit, or without one `maxBufferSize` beyond the largest that a read has named.
   */
  limitOf(own: number | undefined): Limit {
    const before = this.#readHalf.queue.marked
    const { maxBytes } = this.plan
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

/** The error of one of its reads becomes that of the message: `partial` is all that came of it. */
function giveAll(error: EndOfStreamError, all: ErrorDetails & { partial: Buffer }): void {
  const { partial, message } = new EndOfStreamError(all)
  Object.assign(error, { partial, message })
}
