// What waits for bytes: a pending read, or a message that is being read. Here are its promise, its abort signal, its time
// limit, and its end when the connection drains. The read half decides when enough bytes have arrived.

import { DrainingError, type LinnetError, TimeoutError, type TimeoutKind, untraced } from '../../errors.js'
import type { ConnectionLimits } from '../../options/connection.js'
import { addAbortListener } from '../../signals.js'
import { afterTurn } from '../../turn.js'
import type { DeadlineKind } from '../deadlines.js'
import type { Read } from './read-kinds.js'
import type { ResolvedReadOptions } from './read-options.js'

/** Something that waits for bytes under time limits: a pending read, or a message. */
export interface PendingOperation {
  readonly options: ResolvedReadOptions
  readonly operation: string
  /** Unix time, in milliseconds, at which the wait began. */
  readonly since: number
  /** The connection's limits when the wait began: `setLimits` applies from the next call on. */
  readonly limits: ConnectionLimits
  idle: boolean
  fail(error: unknown): void
}

/** The read half, as a pending read uses it. */
export interface PendingReadHost {
  readonly host: { readonly limits: ConnectionLimits }
  failPending(error: unknown): void
}

/** A promise with its `resolve` and `reject`, and when the wait for it began. */
export interface Deferred<T> {
  promise: Promise<T>
  resolve: (value: T) => void
  reject: (error: unknown) => void
  readonly since: number
  readonly limits: ConnectionLimits
}

// One executor for all promises: a closure for each costs as much as the promise.
let current: Pick<Deferred<never>, 'resolve' | 'reject'> | undefined
const capture = (resolve: (value: never) => void, reject: (error: unknown) => void): void => {
  const pending = current as NonNullable<typeof current>
  pending.resolve = resolve
  pending.reject = reject
  // A reference that stays here would keep the bytes of the read in memory.
  current = undefined
}

/** Makes the promise of `it`, and returns it. */
export function makePromise<T>(it: Deferred<T>): Promise<T> {
  current = it as never
  return (it.promise = new Promise<T>(capture))
}

/** A read that waits, and the promise that it settles. */
export class PendingRead<T> implements PendingOperation, Deferred<T> {
  readonly read: Read<T>
  readonly options: ResolvedReadOptions
  promise!: Promise<T>
  resolve!: (value: T) => void
  reject!: (error: unknown) => void
  readonly since: number
  readonly limits: ConnectionLimits
  idle: boolean
  readonly #host: PendingReadHost

  /** `parked`: the wait that this read continues, with its promise. */
  constructor(host: PendingReadHost, read: Read<T>, options: ResolvedReadOptions, idle: boolean, parked?: Deferred<T>) {
    this.#host = host
    this.read = read
    this.options = options
    this.idle = idle
    this.limits = parked?.limits ?? host.host.limits
    this.since = parked?.since ?? Date.now()
    if (parked === undefined) makePromise(this)
    else {
      this.promise = parked.promise
      this.resolve = parked.resolve
      this.reject = parked.reject
    }
    addAbortListener(options.signal, this)
  }

  get operation(): string {
    return this.read.operation
  }

  fail(error: unknown): void {
    this.#host.failPending(error)
  }
}

/**
 * Fails `waiting` if its signal has aborted already. A listener that was added to the signal earlier runs before the
 * library's, and may start the next read.
 */
export function failIfAborted(waiting: PendingOperation | undefined): void {
  const signal = waiting?.options.signal
  if (signal?.aborted) waiting?.fail(signal.reason)
}

// --- time limits and draining --------------------------------------------------------------------------------------------

/** The connection, as a time limit uses it. */
interface TimerHost {
  limit(kind: DeadlineKind, ms: number): void
  raised<E extends LinnetError>(error: E): E
  readonly holding: boolean
}

/** The time limit: the operation's own, or else the connection's for a new message or for the rest of one. */
function timeoutOf({ options, limits, idle }: PendingOperation): number {
  // Decision: docs/decisions/a-new-message-or-the-rest-of-one.md
  return options.timeout ?? (idle ? limits.idleTimeout : limits.readTimeout)
}

function timeoutKindOf({ options, idle }: PendingOperation): TimeoutKind {
  return options.timeout !== undefined ? 'call' : idle ? 'idle' : 'read'
}

/** Starts the time limit of an operation that begins to wait. */
export function startTimer(host: TimerHost, waiting: PendingOperation, kind: DeadlineKind): void {
  host.limit(kind, timeoutOf(waiting))
}

/** The first byte of a new message arrived: the operation is no longer idle, and `readTimeout` replaces `idleTimeout`. */
export function firstByteArrived(host: TimerHost, waiting: PendingOperation, kind: DeadlineKind): void {
  waiting.idle = false
  if (waiting.options.timeout === undefined) startTimer(host, waiting, kind)
}

/** Fails an operation whose time limit ran out. */
export function expired(host: TimerHost, waiting: PendingOperation): void {
  const { operation } = waiting
  const make = (): TimeoutError => new TimeoutError({ operation, timeout: timeoutOf(waiting), kind: timeoutKindOf(waiting) })
  waiting.fail(host.raised(untraced(operation, make)))
}

/**
 * The connection drains: fails an idle operation after one turn of the event loop, if it is still idle then and `waits()`.
 * Bytes that arrived before the drain are processed within that turn.
 */
export function drainSoon(host: TimerHost, waiting: PendingOperation, waits: () => boolean): void {
  afterTurn(() => {
    if (!waits() || !waiting.idle) return
    // Bytes have arrived that the connection has not passed on yet.
    if (host.holding) drainSoon(host, waiting, waits)
    else waiting.fail(host.raised(untraced(waiting.operation, () => new DrainingError())))
  })
}
