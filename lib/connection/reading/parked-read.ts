// The most common read while it waits: no options, a delimiter of one byte, and nothing unread. Its state is kept in one
// object, which the connection uses again for each such read. That saves 265 ns and 500 bytes of garbage a message against
// a `PendingRead` with its read and its search, and nearly always the next chunk ends it. Where anything else happens to it
// (a time limit, an end, a drain, a second read, a chunk without the delimiter), it is turned into a `PendingRead`.

import type { CompiledDelimiter } from '../../bytes/delimiter.js'
import { indexOf } from '../../bytes/view.js'
import type { ConnectionLimits } from '../../options/connection.js'
import { limitOf } from './limit.js'
import { makePromise, PendingRead, type PendingReadHost, type Settling } from './pending-read.js'
import { UntilRead } from './read-kinds.js'
import { resolveReadOptions } from './read-options.js'

const NO_OPTIONS = resolveReadOptions(undefined)

export class ParkedRead implements Settling<Buffer> {
  promise!: Promise<Buffer>
  resolve!: (value: Buffer) => void
  reject!: (error: unknown) => void
  since = 0
  limits!: ConnectionLimits
  /** Whether a read waits in this object. */
  waits = false
  #delimiter!: CompiledDelimiter
  #idle = false

  /** Starts the wait. */
  park(delimiter: CompiledDelimiter, limits: ConnectionLimits, idle: boolean): Promise<Buffer> {
    this.waits = true
    this.#delimiter = delimiter
    this.#idle = idle
    this.limits = limits
    this.since = Date.now()
    return makePromise(this)
  }

  /** The number of bytes of `chunk` up to and including the delimiter; 0 if it is not found within the limit. */
  end(chunk: Buffer): number {
    const end = indexOf.call(chunk, this.#delimiter.byte, 0) + 1
    return end > this.limits.maxBufferSize ? 0 : end
  }

  /** Ends the wait and resolves the read. */
  settle(bytes: Buffer): void {
    this.waits = false
    this.resolve(bytes)
  }

  /** Turns the wait into a `PendingRead` with the same promise. */
  unpark(host: PendingReadHost): PendingRead<Buffer> {
    this.waits = false
    const read = new UntilRead(this.#delimiter, limitOf(undefined, this.limits.maxBufferSize), undefined)
    return new PendingRead(host, read as never, NO_OPTIONS, this.#idle, this)
  }
}
