// A message of several reads that are one: `readMessage`. While it is read the connection belongs to it; what its reads
// took is remembered behind a mark, so that a failure in the middle gives the whole message back.

import { EndOfStreamError } from '../errors.js'
import type { ConnectionLimits } from '../options/connection.js'
import { leaveSignal, waitUnder } from '../signals.js'
import { nextTick } from '../turn.js'
import { MESSAGE } from './deadlines.js'
import type { Inbox } from './inbox.js'
import type { Lease } from './lease.js'
import { arm, begun } from './patience.js'
import { ReadMethods } from './read-methods.js'
import type { ReadPlan } from './read-options.js'
import type { Reader } from './reader.js'
import type { Limit } from './reads.js'
import type { Waiting } from './waiting.js'

type State = { kind: 'reading' } | { kind: 'resolved' } | { kind: 'rejected'; error: unknown }

/** What the function of a message reads through: worthless once the message is settled. */
class MessageReader extends ReadMethods {}

const waitsOf = (message: Message): void => message.waits()

/** A message while it is read, and what is left of it afterwards. */
export class Message implements Lease, Waiting {
  readonly operation = 'readMessage()'
  readonly gathers = true
  readonly since: number = Date.now()
  readonly plan: ReadPlan
  readonly limits: ConnectionLimits
  awaitsFirst: boolean
  readonly #inbox: Inbox
  readonly #wasOverflowing: boolean
  readonly #failures = new Set<unknown>()
  #state: State = { kind: 'reading' }
  #watched = false
  /** Bytes taken by reads that have no limit of their own. */
  #shared = 0
  #reject!: (error: unknown) => void

  constructor(inbox: Inbox, plan: ReadPlan) {
    this.#inbox = inbox
    this.plan = plan
    this.limits = inbox.host.limits
    this.#wasOverflowing = inbox.overflowing
    this.awaitsFirst = (plan.idle ?? true) && inbox.queue.length === 0
  }

  /** Reads it: resolves with what `read` resolves with. */
  read<T>(read: (reader: Reader) => T | PromiseLike<T>): Promise<T> {
    this.#inbox.grant(this)
    this.#inbox.queue.mark()
    this.#inbox.drainLater(this)
    // Before anything can run out the promises of what is buffered have run.
    if (this.#limited) nextTick(waitsOf, this)
    return new Promise<T>((resolve, reject) => {
      this.#reject = reject
      // An async function, so that a synchronous throw is a rejection too.
      const reading = (async () => read(new MessageReader(this.#inbox, this)))()
      reading.then(
        (value) => this.#resolved(() => resolve(value)),
        (error) => this.#rejected(error),
      )
    })
  }

  get #limited(): boolean {
    const { plan, limits } = this
    return plan.signal !== undefined || (plan.timeout ?? Math.min(limits.idleTimeout, limits.readTimeout)) < Number.POSITIVE_INFINITY
  }

  /** Time and signal are minded once something is waited for: a message that is there costs neither timer nor listener. */
  waits(): void {
    if (this.#watched || this.over) return
    this.#watched = true
    arm(this.#inbox.host, this, MESSAGE)
    waitUnder(this.plan.signal, this)
  }

  #resolved(resolve: () => void): void {
    if (this.over) return
    this.#state = { kind: 'resolved' }
    this.#inbox.queue.commit()
    this.#over()
    resolve()
  }

  /** Its function failed. With the failure of a read, all is unread again; with an error of its own, what it took stays taken. */
  #rejected(error: unknown): void {
    if (this.over) return
    if (this.#failures.has(error)) return this.fail(error)
    this.#state = { kind: 'rejected', error }
    this.#inbox.queue.commit()
    this.#over()
    this.#reject(error)
  }

  /** Ends it from outside, or by the failure of a read: all its bytes are unread again. */
  fail(error: unknown): void {
    this.#state = { kind: 'rejected', error }
    this.#inbox.queue.rewind()
    this.#inbox.overflowing = this.#wasOverflowing
    if (error instanceof EndOfStreamError) giveAll(error, this.#inbox.queue.peek(this.#inbox.queue.length))
    this.#over()
    this.#reject(error)
  }

  #over(): void {
    this.#inbox.host.lift(MESSAGE)
    leaveSignal(this.plan.signal, this)
    this.#inbox.revoke(this)
  }

  // --- what the inbox asks ---------------------------------------------------------------------------------------------

  get over(): boolean {
    // Its own function may have aborted it, before anything waited.
    if (this.#state.kind === 'reading' && this.plan.signal?.aborted) this.fail(this.plan.signal.reason)
    return this.#state.kind !== 'reading'
  }

  afterlife(): unknown {
    if (this.#state.kind === 'rejected') return this.#state.error
    return new TypeError('this message has been read: its reader cannot be used any more, read from the connection')
  }

  begun(): void {
    begun(this.#inbox.host, this, MESSAGE)
  }

  took(bytes: number, limit: Limit): void {
    if (limit.shared) this.#shared += bytes
  }

  failed(error: unknown): void {
    this.#failures.add(error)
  }

  refused(error: Error): void {
    this.fail(error)
  }

  /** What a read in it may gather: what the message's limit leaves, or its own, or what the limit shared by the others leaves. */
  limitOf(own: number | undefined): Limit {
    const whole = this.plan.maxBytes
    if (whole !== undefined) {
      const before = this.#inbox.queue.marked
      const left = whole - before
      return own !== undefined && own < left
        ? { bytes: own, before: 0, option: 'maxBytes', shared: false }
        : { bytes: left, before, option: 'maxBytes', shared: false }
    }
    if (own !== undefined) return { bytes: own, before: 0, option: 'maxBytes', shared: false }
    return { bytes: this.limits.maxBufferSize - this.#shared, before: this.#shared, option: 'maxBufferSize', shared: true }
  }
}

/** The error of one of its reads becomes that of the message: `partial` is all that came of it. */
function giveAll(error: EndOfStreamError, partial: Buffer): void {
  const { message } = new EndOfStreamError({ partial })
  Object.assign(error, { partial, message })
}
