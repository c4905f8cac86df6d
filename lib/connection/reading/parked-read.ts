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

// In place of the promise and its functions while no read waits. They would keep alive what was read.
const ignore = (): void => {}
const NO_PROMISE: Promise<never> = new Promise(ignore)

export class ParkedRead implements Settling<Buffer> {
  promise: Promise<Buffer> = NO_PROMISE
  resolve: (value: Buffer) => void = ignore
  reject: (error: unknown) => void = ignore
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
    const { resolve } = this
    this.#forget()
    resolve(bytes)
  }

  /** Turns the wait into a `PendingRead` with the same promise. */
  unpark(host: PendingReadHost): PendingRead<Buffer> {
    const read = new UntilRead(this.#delimiter, limitOf(undefined, this.limits.maxBufferSize), undefined)
    const pending = new PendingRead<Buffer>(host, read as never, NO_OPTIONS, this.#idle, this)
    this.#forget()
    return pending
  }

  #forget(): void {
    this.waits = false
    this.promise = NO_PROMISE
    this.resolve = ignore
    this.reject = ignore
  }
}
