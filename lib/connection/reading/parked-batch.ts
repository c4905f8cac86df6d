// A batch that waits with nothing unread. Nearly always the next chunk has whole messages, and the batch is split off that
// chunk without a `NextBatch` and a `PendingRead`.

import type { ByteQueue } from '../../bytes/queue.js'
import type { Splitter } from '../../bytes/split.js'
import { markUntransferable } from '../../bytes/untransferable.js'
import { type BatchFormat, NextBatch } from './batch-read.js'
import { limitOf } from './limit.js'
import type { OverflowState } from './overflow.js'
import { ParkedRead } from './parked-read.js'
import type { IteratorState, Read } from './read-kinds.js'

export class ParkedBatch<T extends string | Buffer> extends ParkedRead<IteratorResult<T[]>> {
  readonly #format: BatchFormat<T>
  readonly #splitter: Splitter<T>
  readonly #iterator: IteratorState
  readonly #state: OverflowState

  constructor(format: BatchFormat<T>, splitter: Splitter<T>, iterator: IteratorState, state: OverflowState) {
    super()
    this.#format = format
    this.#splitter = splitter
    this.#iterator = iterator
    this.#state = state
  }

  take(chunk: Buffer, queue: ByteQueue): IteratorResult<T[]> | undefined {
    const value = this.#split(chunk)
    if (value === undefined || value.length === 0) return undefined
    const length = this.#splitter.bytes
    if (length === chunk.length) queue.countConsumed(length)
    else {
      if (this.#splitter.shares) markUntransferable(chunk.buffer)
      queue.push(chunk)
      queue.skip(length)
    }
    return { value, done: false }
  }

  #split(chunk: Buffer): T[] | undefined {
    try {
      return this.#splitter.split(chunk, this.#format.maxBytes ?? this.limits.maxBufferSize)
    } catch {
      // The chunk cannot be decoded. `NextBatch` finds that too, and fails.
      return undefined
    }
  }

  protected read(): Read<IteratorResult<T[]>> {
    const limit = limitOf(this.#format.maxBytes, this.limits.maxBufferSize)
    return new NextBatch(limit, this.#iterator, this.#format, this.#state, undefined)
  }
}
