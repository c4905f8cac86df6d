// Who may read while others may not. A connection has one reader: the program, unless it has lent reading to a message, a
// pipe or a bridge. Types only; `Message` and `Bridge` are what keeps them.

import type { Limit } from './read-kinds.js'

/**
 * Who may read while others may not: a message that is being read, a pipe, or a bridge. Once it is over, `afterlife`
 * is what its reads reject with; `pending` is the one that it was still waiting for.
 */
export interface ReadLock {
  readonly released: boolean
  errorAfterRelease(pending?: string): unknown
  /** What a read is refused with that is not one of its own. */
  readonly refusal: string
  /** True while this is a message whose first byte has not come. */
  idle: boolean
  firstByteArrived(): void
  /** A read of it waits. */
  waits(): void
  /** Bytes were taken by a read of it. */
  took(bytes: number, limit: Limit): void
  /** A read of it failed. `news`: not by a mistake of the program's; by default as the error itself says. */
  failed(error: unknown, news?: boolean): void
  /** The connection was closed, aborted or cut. */
  refused(error: Error): void
  limitOf(maxBytes: number | undefined): Limit
  /** Whether skipped bytes must be kept, to be given back. */
  readonly gathers: boolean
}
