// The reads of frames of the library's codecs: the read of an item of an iteration, and reads that wait with nothing unread.
// Nearly always the next chunk has the whole frame, which is then taken without a `PendingRead`.

import type { ByteQueue } from '../bytes/queue.js'
import { type Limit, limitOf } from '../connection/reading/limit.js'
import { ParkedRead } from '../connection/reading/parked-read.js'
import { type IteratorState, type Read, type Stream, WAIT, type Wait } from '../connection/reading/read-kinds.js'
import { DONE } from '../iterator.js'
import type { BytesFormat } from './format.js'

/** The read of one frame of an iteration, which resolves with the iterator's result. */
export class FrameItem<T> implements Read<IteratorResult<T>> {
  readonly operation: string
  readonly limit: Limit
  readonly iterator: IteratorState
  readonly #frame: Read<T>

  constructor(frame: Read<T>, iterator: IteratorState) {
    this.operation = frame.operation
    this.limit = frame.limit
    this.iterator = iterator
    this.#frame = frame
  }

  attempt(queue: ByteQueue, stream: Stream): IteratorResult<T> | Wait {
    if (queue.length === 0 && stream === 'ended') {
      this.iterator.done = true
      return DONE
    }
    const value = this.#frame.attempt(queue, stream)
    return value === WAIT ? WAIT : { value, done: false }
  }
}

/** Takes a frame from the first chunk that arrives; undefined, and nothing is taken, if that does not have it whole. */
function takeFrom<T>(chunk: Buffer, queue: ByteQueue, format: BytesFormat<T>, limit: Limit): T | undefined {
  const { consumed } = queue
  let frame: T | Wait = WAIT
  queue.push(chunk)
  try {
    frame = format.takeBuffered(queue, limit)
  } catch {
    // The read that follows meets the same bytes, and fails.
  }
  if (frame !== WAIT) return frame
  queue.unpush(consumed)
  return undefined
}

/** A read of `framed` that waits. */
export class ParkedFrame<T> extends ParkedRead<T> {
  readonly #format: BytesFormat<T>

  constructor(format: BytesFormat<T>) {
    super()
    this.#format = format
  }

  take(chunk: Buffer, queue: ByteQueue): T | undefined {
    return takeFrom(chunk, queue, this.#format, limitOf(this.#format.maxBytes, this.limits.maxBufferSize))
  }

  protected read(): Read<T> {
    return this.#format.start(limitOf(this.#format.maxBytes, this.limits.maxBufferSize), undefined)
  }
}

/** The same for an item of an iteration. */
export class ParkedItem<T> extends ParkedRead<IteratorResult<T>> {
  readonly #format: BytesFormat<T>
  readonly #iterator: IteratorState

  constructor(format: BytesFormat<T>, iterator: IteratorState) {
    super()
    this.#format = format
    this.#iterator = iterator
  }

  take(chunk: Buffer, queue: ByteQueue): IteratorResult<T> | undefined {
    const value = takeFrom(chunk, queue, this.#format, limitOf(this.#format.maxBytes, this.limits.maxBufferSize))
    return value === undefined ? undefined : { value, done: false }
  }

  protected read(): Read<IteratorResult<T>> {
    return new FrameItem(this.#format.start(limitOf(this.#format.maxBytes, this.limits.maxBufferSize), undefined), this.#iterator)
  }
}
