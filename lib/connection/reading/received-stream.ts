// The receiving side of a connection without its reads: the bytes that arrived and are unread, whether more may arrive, and
// the error of a read that they cannot satisfy. The base of `ReadHalf`.

import type { Address } from '../../address.js'
import { Latin1Cache } from '../../bytes/latin1.js'
import type { LineCache } from '../../bytes/lines.js'
import { ByteQueue } from '../../bytes/queue.js'
import { type ConnectionLostError, EndOfStreamError, type ErrorDetails, type LinnetError, untraced } from '../../errors.js'
import type { ConnectionLimits } from '../../options/connection.js'
import type { DeadlineKind } from '../deadlines.js'
import type { Stream } from './read-kinds.js'

/** The connection, as its read half uses it. */
export interface ReadHalfHost {
  /** The connection's number, for the stack of an error. */
  readonly id: number
  readonly remote: Address
  readonly limits: ConnectionLimits
  /** Starts, or restarts, a time limit of `ms` from now; Infinity lifts it. */
  limit(kind: DeadlineKind, ms: number): void
  lift(kind: DeadlineKind): void
  readonly draining: boolean
  /** True while bytes have arrived that the connection has not passed on to its read half. */
  readonly holding: boolean
  /** Marks an error as raised by this connection, and returns it. */
  raised<E extends LinnetError>(error: E): E
  /** Resets the connection. */
  abort(reason: unknown): void
  /** A read starts to wait. */
  readerWaits(): void
  resume(): void
  pause(): void
}

export abstract class ReceivedStream {
  readonly queue: ByteQueue = new ByteQueue()
  /** Bytes received, read or unread. */
  received = 0
  stream: Stream = 'open'
  /** True while the rest of an over-long line is being dropped. A later loop with `overflow: 'skip'` continues there. */
  overflowing = false
  readonly host: ReadHalfHost
  /** The error of a lost connection. */
  protected loss: ConnectionLostError | undefined
  /** Makes the error of every read once this side has closed, aborted or cut off the connection. */
  protected refusal: (() => Error) | undefined
  protected lines: LineCache | undefined
  #latin1: Latin1Cache | undefined
  /** Position in the stream of the last write that was made while no read was pending. */
  protected writtenAt = 0

  constructor(host: ReadHalfHost) {
    this.host = host
  }

  /** True if nothing was consumed since the last write: the next read then waits for a new message. */
  get atMessageStart(): boolean {
    // Decision: docs/decisions/a-new-message-or-the-rest-of-one.md
    return this.writtenAt === this.queue.consumed
  }

  /** The unread bytes as text, for patterns. */
  get latin1(): Latin1Cache {
    return (this.#latin1 ??= new Latin1Cache())
  }

  /** Drops the decoded text, once all of its bytes were read. */
  protected clearText(): void {
    this.lines?.clear()
    this.#latin1?.clear()
  }

  /**
   * The error of a read that no further byte can satisfy. `waiting`: the operation of a pending read, which an event rejects
   * with no caller on the stack.
   */
  endError(waiting?: string): Error {
    if (this.refusal !== undefined) return this.refusal()
    if (this.loss !== undefined) return this.loss
    const make = (): EndOfStreamError => new EndOfStreamError(this.partial())
    return this.host.raised(waiting === undefined ? make() : untraced(waiting, make))
  }

  /**
   * The `partial` of an EndOfStreamError: a copy of the unread bytes, which stay unread. Empty, with the reason as `cause`, if
   * the copy cannot be allocated.
   */
  partial(): ErrorDetails & { partial: Buffer } {
    try {
      return { partial: this.queue.copy(this.queue.length) }
    } catch (cause) {
      return { partial: Buffer.alloc(0), cause }
    }
  }

  /** Takes the unread bytes out of the stream, as if they had never arrived. They count neither as received nor as consumed. */
  protected removeUnread(): Buffer {
    const bytes = this.queue.take(this.queue.length)
    this.received -= bytes.length
    this.writtenAt += bytes.length
    return bytes
  }
}
