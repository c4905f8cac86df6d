// What waits for bytes: a pending read, or a message that is being read. It knows what it waits for and since when; the
// read half decides when that has come, and the connection's deadlines when it is too late.

import type { ConnectionLimits } from '../../options/connection.js'
import { waitUnder } from '../../signals.js'
import type { Read } from './read-kinds.js'
import type { ResolvedReadOptions } from './read-options.js'

/** Something that waits for bytes under time limits: a pending read, or a message. */
export interface PendingOperation {
  readonly plan: ResolvedReadOptions
  readonly operation: string
  /** Unix time at which it began. */
  readonly since: number
  /** Those of the connection when it began: changes hold from the next call on. */
  readonly limits: ConnectionLimits
  idle: boolean
  fail(error: unknown): void
}

/** What a pending read needs of the read half it waits in. */
export interface PendingReadHost {
  readonly host: { readonly limits: ConnectionLimits }
  failPending(error: unknown): void
}

/** A promise with what settles it, and since when it is waited for. */
export interface Settling<T> {
  promise: Promise<T>
  resolve: (value: T) => void
  reject: (error: unknown) => void
  readonly since: number
  readonly limits: ConnectionLimits
}

// One executor for all promises: a closure for each costs as much as the promise.
let settling: Pick<Settling<never>, 'resolve' | 'reject'> | undefined
const capture = (resolve: (value: never) => void, reject: (error: unknown) => void): void => {
  const pending = settling as NonNullable<typeof settling>
  pending.resolve = resolve
  pending.reject = reject
  // It would keep alive what was read.
  settling = undefined
}

/** Gives `it` a promise, and returns that. */
export function makePromise<T>(it: Settling<T>): Promise<T> {
  settling = it as never
  return (it.promise = new Promise<T>(capture))
}

/** A read that waits, and the promise that it settles. */
export class PendingRead<T> implements PendingOperation, Settling<T> {
  readonly read: Read<T>
  readonly plan: ResolvedReadOptions
  promise!: Promise<T>
  resolve!: (value: T) => void
  reject!: (error: unknown) => void
  readonly since: number
  readonly limits: ConnectionLimits
  idle: boolean
  readonly #host: PendingReadHost

  /** `begun`: the wait that it goes on with. */
  constructor(host: PendingReadHost, read: Read<T>, plan: ResolvedReadOptions, awaitsFirst: boolean, begun?: Settling<T>) {
    this.#host = host
    this.read = read
    this.plan = plan
    this.idle = awaitsFirst
    this.limits = begun?.limits ?? host.host.limits
    this.since = begun?.since ?? Date.now()
    if (begun === undefined) makePromise(this)
    else {
      this.promise = begun.promise
      this.resolve = begun.resolve
      this.reject = begun.reject
    }
    waitUnder(plan.signal, this)
  }

  get operation(): string {
    return this.read.operation
  }

  fail(error: unknown): void {
    this.#host.failPending(error)
  }
}

/** What waits under a signal that has aborted, and has not heard of it yet: other listeners of that signal come first. */
export function failIfAborted(waiting: PendingOperation | undefined): void {
  const signal = waiting?.plan.signal
  if (signal?.aborted) waiting?.fail(signal.reason)
}
