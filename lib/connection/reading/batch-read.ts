// A batch: all whole messages that have arrived, in one read. It waits only while it is empty. What a batch cannot hold (a
// message over the limit, or one that cannot be decoded) ends it, and is the failure of the next batch, so that no message in
// front is lost and a read that fails takes nothing.
// Decision: docs/decisions/a-batch-is-one-read.md

import type { ByteQueue } from '../../bytes/queue.js'
import { type Search, searchFor } from '../../bytes/search.js'
import type { MessageFormat, Splitter } from '../../bytes/split.js'
import { markUntransferable } from '../../bytes/untransferable.js'
import { ItemRead } from './iterators.js'
import { exceeded, type Limit, limitBehind } from './limit.js'
import { dropRest, OVERFLOW, type OverflowState } from './overflow.js'
import { type IteratorState, isBeyond, type LineFormat, type Stream, take, takeLine, WAIT, type Wait } from './read-kinds.js'
import type { ReadLock } from './read-lock.js'

/** What a batch is made of. */
export interface BatchFormat<T> extends MessageFormat {
  /** The call, as a program would write it: `lineBatches()`. */
  readonly operation: string
  /** Undefined where each message is taken on its own. */
  readonly splitter: Splitter<T> | undefined
  /** Whether bytes without a delimiter at the end of the stream are a message. */
  readonly endsLast: boolean
  /** `overflow: 'skip'`. */
  readonly skips: boolean
  /** The program's `maxBytes`. */
  readonly maxBytes: number | undefined
}

/** Splits the whole messages off the first chunk of a queue, and takes them. */
function takeSplit<T>(queue: ByteQueue, splitter: Splitter<T>, most: number): T[] {
  const chunk = queue.window(Number.POSITIVE_INFINITY)
  const messages = splitter.split(chunk, most)
  if (splitter.shares && splitter.bytes < chunk.length) markUntransferable(chunk.buffer)
  queue.skip(splitter.bytes)
  return messages
}

/** The next batch of an iteration. */
export class NextBatch<T extends string | Buffer> extends ItemRead<T[]> {
  /** The read half clears `overflowing` for reads without this property. */
  readonly overflows: boolean
  readonly #format: BatchFormat<T>
  readonly #state: OverflowState
  readonly #lock: ReadLock | undefined
  #search: Search
  /** The messages that were taken. It is empty while the read waits. */
  #batch: T[] = []

  constructor(limit: Limit, iterator: IteratorState, format: BatchFormat<T>, state: OverflowState, lock: ReadLock | undefined) {
    super(limit, iterator)
    this.#format = format
    this.#state = state
    this.#lock = lock
    this.overflows = format.skips
    this.#search = searchFor(format.delimiter)
  }

  get operation(): string {
    return this.#format.operation
  }

  protected take(queue: ByteQueue, stream: Stream): T[] | null | Wait {
    for (;;) {
      if (this.overflows && this.#state.overflowing) {
        const { consumed } = queue
        const isDropped = dropRest(this.#search, queue, stream, this.#state, this.#lock)
        if (queue.consumed > consumed) this.#restart(queue.consumed - consumed)
        if (!isDropped) return stream === 'ended' ? null : WAIT
      }
      const rest = this.#fill(queue, stream)
      if (this.#batch.length > 0) {
        this.#state.overflowing = false
        return this.#batch
      }
      if (rest !== OVERFLOW) return rest
      this.#state.overflowing = true
      this.#search = searchFor(this.#format.delimiter)
    }
  }

  /** Takes all whole messages. Returns why it stopped: at the end of the stream (null), for more bytes, or at a message over the limit. */
  #fill(queue: ByteQueue, stream: Stream): null | Wait | typeof OVERFLOW {
    for (;;) {
      // Before the limit, which may be used up in a message.
      if (queue.length === 0) return stream === 'ended' ? null : WAIT
      const end = this.#search.find(queue, stream !== 'open')
      const isLast = end === 0 && stream === 'ended' && this.#format.endsLast
      // An unterminated last message counts as if it had the shortest delimiter.
      const beyond = isLast
        ? queue.length + this.#format.delimiter.shortest > this.limit.bytes
        : isBeyond(this.limit, this.#search, queue, end)
      if (beyond) {
        // No error is made for a message that is dropped, nor for one behind others.
        if (this.overflows || this.#batch.length > 0) return OVERFLOW
        throw exceeded(this.limit, end === 0 ? queue.length : end)
      }
      if (end === 0 && !isLast) return WAIT
      const { consumed } = queue
      if (!this.#takeNext(queue, end, isLast)) return WAIT
      this.#restart(queue.consumed - consumed)
    }
  }

  /** Takes the message that the search has found, and in the same chunk all whole ones behind it. False if it has to be the next batch. */
  #takeNext(queue: ByteQueue, end: number, isLast: boolean): boolean {
    const { splitter } = this.#format
    try {
      // In a message, the room that is left of it is judged for each.
      if (splitter !== undefined && end > 0 && end <= queue.contiguous && !this.#lock?.keepsSkipped)
        this.#append(takeSplit(queue, splitter, this.limit.bytes))
      else this.#batch.push(isLast ? this.#takeLast(queue) : this.#takeOne(queue, end))
    } catch (error) {
      if (this.#batch.length === 0) throw error
      return false
    }
    return true
  }

  #append(messages: T[]): void {
    if (this.#batch.length === 0) this.#batch = messages
    else for (const message of messages) this.#batch.push(message)
  }

  #takeOne(queue: ByteQueue, end: number): T {
    const { encoding, keepsDelimiter } = this.#format
    return (keepsDelimiter ? take(queue, end, encoding) : takeLine(queue, end, this.#search.matched, this.#format as LineFormat)) as T
  }

  #takeLast(queue: ByteQueue): T {
    return take(queue, queue.length, this.#format.encoding) as T
  }

  /** Starts behind `bytes` bytes that were taken. In a message they count: a batch ends where the room of the message does. */
  #restart(bytes: number): void {
    this.#search = searchFor(this.#format.delimiter)
    if (this.#lock?.keepsSkipped) this.limit = limitBehind(this.limit, bytes, this.#lock, this.#format.maxBytes)
  }
}
