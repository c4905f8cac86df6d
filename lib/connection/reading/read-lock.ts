// The lock that gives all reading of a connection to one reader: a message that is being read, a pipe or a bridge. Types
// only; `Message` and `Bridge` implement it.

import type { Limit } from './limit.js'

/** Exclusive use of a connection's read half. After release, reads through this lock reject with `errorAfterRelease()`. */
export interface ReadLock {
  readonly released: boolean
  /** `pending`: the read through this lock that was pending when it was released. */
  errorAfterRelease(pending?: string): unknown
  /** The message of the ConcurrentReadError that other reads reject with. */
  readonly refusal: string
  /** True for a message of which no byte has arrived yet. */
  idle: boolean
  firstByteArrived(): void
  /** A read through this lock starts to wait. */
  waits(): void
  /** A read through this lock consumed bytes. */
  took(bytes: number, limit: Limit): void
  /** A read through this lock failed. `mayIgnore`: the rejection needs no handler; default: as `isIgnorable` returns for the error. */
  failed(error: unknown, mayIgnore?: boolean): void
  /** The connection was closed, aborted or cut off. */
  refused(error: Error): void
  limitOf(maxBytes: number | undefined): Limit
  /** Whether skipped bytes must be kept, so that they can be unread again. */
  readonly keepsSkipped: boolean
}
