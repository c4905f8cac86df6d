// The async iterator of `lines`. With `overflow: 'skip'`, a line over the limit is dropped as it arrives.

import type { ByteQueue } from '../../bytes/queue.js'
import { type Search, searchFor } from '../../bytes/search.js'
import { ItemRead, ReadIterator } from './iterators.js'
import { exceeded, type Limit, limitBehind, limitOf } from './limit.js'
import { dropRest, OVERFLOW } from './overflow.js'
import { isUsual, takeLineOf } from './parked-line.js'
import { ParkedRead } from './parked-read.js'
import type { ReadHalf } from './read-half.js'
import { type IteratorState, isBeyond, type LineFormat, type Read, type Stream, takeLine, WAIT, type Wait } from './read-kinds.js'
import type { ReadLock } from './read-lock.js'
import type { ResolvedReadOptions } from './read-options.js'

export interface LineItem {
  options: ResolvedReadOptions
  format: LineFormat
  /** `overflow: 'skip'`. */
  skips: boolean
}

export class LineIterator extends ReadIterator<string, LineItem> {
  #parked: ParkedNextLine | undefined

  protected takeFast({ options, format }: LineItem): string | undefined {
    if (this.lock !== undefined || options.signal?.aborted || !isUsual(format)) return undefined
    return this.readHalf.takeLine(options.maxBytes)
  }

  protected readItem(item: LineItem): Promise<IteratorResult<string>> {
    return (
      this.#park(item) ??
      this.readHalf.begin((limit) => new NextLine(limit, this, this.readHalf, item, this.lock), item.options, this.lock, true)
    )
  }

  /** Parks the read of the next line if it has to wait. Undefined: use the slow path. */
  #park(item: LineItem): Promise<IteratorResult<string>> | undefined {
    const { signal, timeout, idle } = item.options
    if (this.lock !== undefined || signal !== undefined || timeout !== undefined || idle === false || !isUsual(item.format))
      return undefined
    if (item.skips && this.readHalf.overflowing) return undefined
    return this.readHalf.park((this.#parked ??= new ParkedNextLine(this, this.readHalf, item)), true)
  }
}

/** An item of `lines` that waits. */
class ParkedNextLine extends ParkedRead<IteratorResult<string>> {
  readonly #iterator: IteratorState
  readonly #readHalf: ReadHalf
  readonly #item: LineItem

  constructor(iterator: IteratorState, readHalf: ReadHalf, item: LineItem) {
    super()
    this.#iterator = iterator
    this.#readHalf = readHalf
    this.#item = item
  }

  take(chunk: Buffer, queue: ByteQueue): IteratorResult<string> | undefined {
    const most = this.#item.options.maxBytes ?? this.limits.maxBufferSize
    const value = takeLineOf(chunk, queue, most, this.#readHalf)
    return value === undefined ? undefined : { value, done: false }
  }

  protected read(): Read<IteratorResult<string>> {
    const limit = limitOf(this.#item.options.maxBytes, this.limits.maxBufferSize)
    return new NextLine(limit, this.#iterator, this.#readHalf, this.#item, undefined)
  }
}

/** The next line of an iteration. With `skips`, a line over the limit is dropped as it arrives. */
class NextLine extends ItemRead<string> {
  readonly operation = 'lines()'
  /** Whether it drops lines over the limit. The read half clears `overflowing` for reads without this property. */
  readonly overflows: boolean
  readonly #readHalf: ReadHalf
  readonly #format: LineFormat
  readonly #lock: ReadLock | undefined
  readonly #maxBytes: number | undefined
  #search: Search

  constructor(limit: Limit, iterator: IteratorState, readHalf: ReadHalf, { format, skips, options }: LineItem, lock: ReadLock | undefined) {
    super(limit, iterator)
    this.#maxBytes = options.maxBytes
    this.#readHalf = readHalf
    this.#lock = lock
    this.#format = format
    this.#search = searchFor(format.delimiter)
    this.overflows = skips
  }

  protected take(queue: ByteQueue, stream: Stream): string | null | Wait {
    for (;;) {
      if (this.overflows && this.#readHalf.overflowing) {
        const { consumed } = queue
        const isDropped = dropRest(this.#search, queue, stream, this.#readHalf, this.#lock)
        if (queue.consumed > consumed) this.#restart(queue.consumed - consumed)
        if (!isDropped) return stream === 'ended' ? null : WAIT
      }
      const line = this.#line(queue, stream)
      if (line !== OVERFLOW) return line
      this.#readHalf.overflowing = true
      this.#search = searchFor(this.#format.delimiter)
    }
  }

  #line(queue: ByteQueue, stream: Stream): string | null | Wait | typeof OVERFLOW {
    // Before the limit: an iteration inside a message may reach the end of the stream with the limit used up.
    if (queue.length === 0) return stream === 'ended' ? null : WAIT
    const end = this.#search.find(queue, stream !== 'open')
    if (isBeyond(this.limit, this.#search, queue, end)) return this.#overflow(end === 0 ? queue.length : end)
    if (end > 0) {
      const line = takeLine(queue, end, this.#search.matched, this.#format)
      this.#readHalf.overflowing = false
      return line
    }
    if (stream !== 'ended') return WAIT
    // An unterminated last line counts as if it had the shortest line end.
    if (queue.length + this.#format.delimiter.shortest > this.limit.bytes) return this.#overflow(queue.length)
    return queue.takeText(queue.length, this.#format.encoding)
  }

  // No error is made for a line that is dropped: it would cost ten times as much as dropping the line.
  #overflow(size: number): typeof OVERFLOW {
    if (this.overflows) return OVERFLOW
    throw exceeded(this.limit, size)
  }

  /** Starts behind `bytes` bytes that were dropped. In a message they count. */
  #restart(bytes: number): void {
    this.#search = searchFor(this.#format.delimiter)
    if (this.#lock?.keepsSkipped) this.limit = limitBehind(this.limit, bytes, this.#lock, this.#maxBytes)
  }
}
