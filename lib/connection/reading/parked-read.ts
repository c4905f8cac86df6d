// The most common reads while they wait: with nothing unread, and without a time limit or a signal of their own. The state of
// such a wait is kept in one object, which is used again for each such read. That saves 265 ns and 500 bytes of garbage a
// message against a `PendingRead` with its read and its search, and nearly always the next chunk ends it. Where anything else
// happens to it (a time limit, an end, a drain, a second read, a chunk without a delimiter), it is turned into a `PendingRead`.

import type { CompiledDelimiter } from '../../bytes/delimiter.js'
import type { ByteQueue } from '../../bytes/queue.js'
import { indexOf } from '../../bytes/view.js'
import type { ConnectionLimits } from '../../options/connection.js'
import { limitOf } from './limit.js'
import { type Deferred, makePromise, PendingRead, type PendingReadHost } from './pending-read.js'
import { type Read, UntilRead } from './read-kinds.js'
import { NO_OPTIONS } from './read-options.js'

// In place of the promise and its functions while no read waits. They would keep alive what was read.
const ignore = (): void => {}
const NO_PROMISE: Promise<never> = new Promise(ignore)

export abstract class ParkedRead<T> implements Deferred<T> {
  promise: Promise<T> = NO_PROMISE
  resolve: (value: T) => void = ignore
  reject: (error: unknown) => void = ignore
  since = 0
  limits!: ConnectionLimits
  /** Whether a read waits in this object. */
  waits = false
  #idle = false

  /** Takes the result of the read from a chunk that arrived; undefined, and nothing is taken, if the chunk does not complete it. */
  abstract take(chunk: Buffer, queue: ByteQueue): T | undefined

  /** Makes the same read, to be attempted again and again. */
  protected abstract read(): Read<T>

  /** Starts the wait. */
  park(limits: ConnectionLimits, idle: boolean): Promise<T> {
    this.waits = true
    this.#idle = idle
    this.limits = limits
    this.since = Date.now()
    return makePromise(this)
  }

  /** Ends the wait and resolves the read. */
  settle(result: T): void {
    const { resolve } = this
    this.#clear()
    resolve(result)
  }

  /** Turns the wait into a `PendingRead` with the same promise. */
  unpark(host: PendingReadHost): PendingRead<T> {
    const pending = new PendingRead<T>(host, this.read(), NO_OPTIONS, this.#idle, this)
    this.#clear()
    return pending
  }

  #clear(): void {
    this.waits = false
    this.promise = NO_PROMISE
    this.resolve = ignore
    this.reject = ignore
  }
}

/** `readUntil` without options, with a delimiter of one byte. */
export class ParkedUntil extends ParkedRead<Buffer> {
  /** Set before the wait starts. */
  delimiter!: CompiledDelimiter

  take(chunk: Buffer, queue: ByteQueue): Buffer | undefined {
    const end = indexOf.call(chunk, this.delimiter.byte, 0) + 1
    if (end === 0 || end > this.limits.maxBufferSize) return undefined
    if (end === chunk.length) {
      queue.countConsumed(end)
      return chunk
    }
    queue.push(chunk)
    return queue.take(end)
  }

  protected read(): Read<Buffer> {
    return new UntilRead(this.delimiter, limitOf(undefined, this.limits.maxBufferSize), undefined) as Read<Buffer | string> as Read<Buffer>
  }
}
