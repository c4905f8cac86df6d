// What waits for bytes: a pending read, or a message that is being read. It knows what it waits for and since when; the
// inbox decides when that has come, and the connection's deadlines when it is too late.

import type { ConnectionLimits } from '../options/connection.js'
import { waitUnder } from '../signals.js'
import type { ReadPlan } from './read-options.js'
import type { Read } from './reads.js'

/** Something that waits for bytes under time limits: a pending read, or a message. */
export interface Waiting {
  readonly plan: ReadPlan
  readonly operation: string
  /** Unix time at which it began. */
  readonly since: number
  /** Those of the connection when it began: changes hold from the next call on. */
  readonly limits: ConnectionLimits
  awaitsFirst: boolean
  fail(error: unknown): void
}

/** What a pending read needs of the inbox it waits in. */
export interface PendingHost {
  readonly host: { readonly limits: ConnectionLimits }
  failPending(error: unknown): void
}

// One executor for all promises: a closure for each costs as much as the promise.
let settling: { resolve(value: never): void; reject(error: unknown): void } | undefined
const capture = (resolve: (value: never) => void, reject: (error: unknown) => void): void => {
  const pending = settling as NonNullable<typeof settling>
  pending.resolve = resolve
  pending.reject = reject
  // It would keep alive what was read.
  settling = undefined
}

/** A read that waits, and the promise that it settles. */
export class Pending<T> implements Waiting {
  readonly read: Read<T>
  readonly plan: ReadPlan
  readonly promise: Promise<T>
  resolve!: (value: T) => void
  reject!: (error: unknown) => void
  readonly since: number = Date.now()
  readonly limits: ConnectionLimits
  awaitsFirst: boolean
  readonly #host: PendingHost

  constructor(host: PendingHost, read: Read<T>, plan: ReadPlan, awaitsFirst: boolean) {
    this.#host = host
    this.read = read
    this.plan = plan
    this.limits = host.host.limits
    this.awaitsFirst = awaitsFirst
    settling = this
    this.promise = new Promise<T>(capture)
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
export function failIfAborted(waiting: Waiting | undefined): void {
  const signal = waiting?.plan.signal
  if (signal?.aborted) waiting?.fail(signal.reason)
}
