// The async iterators of `lines` and `chunks`, and the base of all iterators. They are written by hand: an async generator costs
// three to six times as much for each item. Between two items an iterator holds nothing, so that any other read may be made. A
// failed read ends the iteration, and its bytes stay unread; a ConcurrentReadError does not end it. Each item is a read that
// resolves with the iterator result itself, so that an item costs one promise.

import type { ByteQueue } from '../../bytes/queue.js'
import { type Search, searchFor } from '../../bytes/search.js'
import { ConcurrentReadError, isLinnetError } from '../../errors.js'
import { AsyncIteratorBase, DONE } from '../../iterator.js'
import { rejectHandled } from '../../rejections.js'
import { exceeded, type Limit, limitBehind } from './limit.js'
import { dropRest, OVERFLOW } from './overflow.js'
import type { ReadHalf } from './read-half.js'
import {
  type IteratorState,
  isBeyond,
  type LineFormat,
  nextLength,
  pieceLength,
  pieceOf,
  type Read,
  type Stream,
  take,
  takeLine,
  WAIT,
  type Wait,
} from './read-kinds.js'
import type { ReadLock } from './read-lock.js'
import type { ResolvedReadOptions } from './read-options.js'

/** The base of the iterators. The first `next` checks the options; the first failure ends the iteration. */
export abstract class ReadIterator<T, Item extends { readonly options: ResolvedReadOptions }>
  extends AsyncIteratorBase<T>
  implements IteratorState
{
  protected readonly readHalf: ReadHalf
  protected readonly lock: ReadLock | undefined
  /** True once the iteration ended: at its end, by a failed read, or by `return`. */
  done = false
  #check: (() => Item) | undefined
  #checked: Item | undefined

  /** `check` checks the arguments of the iteration. */
  constructor(readHalf: ReadHalf, lock: ReadLock | undefined, check: () => Item) {
    super()
    this.readHalf = readHalf
    this.lock = lock
    this.#check = check
  }

  next(): Promise<IteratorResult<T>> {
    if (this.done) return Promise.resolve(DONE)
    const value = this.#checked === undefined ? undefined : this.takeFast(this.#checked)
    if (value !== undefined) return Promise.resolve({ value, done: false })
    try {
      if (this.#check !== undefined) this.#checked = this.#check()
      this.#check = undefined
      return this.readItem(this.#checked as Item)
    } catch (error) {
      this.lock?.failed(error)
      if (!(isLinnetError(error) && error instanceof ConcurrentReadError)) this.done = true
      return rejectHandled(error, this.#checked?.options.signal)
    }
  }

  /** Takes the next item on the fast path. Undefined: use the slow path. */
  protected abstract takeFast(item: Item): T | undefined

  /** Reads the next item. Throws if the read is refused. */
  protected abstract readItem(item: Item): Promise<IteratorResult<T>>

  protected endIteration(): void {
    this.done = true
    this.readHalf.cancelRead(this, DONE)
  }
}

/** The read of one item of an iteration. */
export abstract class ItemRead<T> implements Read<IteratorResult<T>> {
  abstract readonly operation: string
  limit: Limit
  readonly iterator: IteratorState

  constructor(limit: Limit, iterator: IteratorState) {
    this.limit = limit
    this.iterator = iterator
  }

  attempt(queue: ByteQueue, stream: Stream): IteratorResult<T> | Wait {
    const value = this.take(queue, stream)
    if (value === WAIT) return WAIT
    if (value !== null) return { value, done: false }
    this.iterator.done = true
    return DONE
  }

  /** Takes the next item; null at the end of the iteration. */
  protected abstract take(queue: ByteQueue, stream: Stream): T | null | Wait
}

interface LineItem {
  options: ResolvedReadOptions
  format: LineFormat
  /** `overflow: 'skip'`. */
  skips: boolean
}

export class LineIterator extends ReadIterator<string, LineItem> {
  protected takeFast({ options, format }: LineItem): string | undefined {
    if (this.lock !== undefined || options.signal?.aborted || !format.carriageReturn || options.encoding !== undefined) return undefined
    return this.readHalf.takeLine(options.maxBytes)
  }

  protected readItem(item: LineItem): Promise<IteratorResult<string>> {
    return this.readHalf.begin((limit) => new NextLine(limit, this, this.readHalf, item, this.lock), item.options, this.lock, true)
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

const CHUNKS = 'chunks()'

interface ChunkItem {
  options: ResolvedReadOptions
  /** The bytes of the whole iteration; undefined: up to the end of the stream. */
  n: number | undefined
}

export class ChunkIterator extends ReadIterator<Buffer | string, ChunkItem> {
  #taken = 0

  // Chunks are few, so that a fast path would save little.
  protected takeFast(): undefined {}

  protected readItem({ options, n }: ChunkItem): Promise<IteratorResult<Buffer | string>> {
    const { encoding } = options
    if (n === undefined) return this.readHalf.begin((limit) => new NextPiece(limit, this, encoding), options, this.lock)
    const remaining = n - this.#taken
    if (remaining > 0) {
      return this.readHalf.begin((limit) => new NextChunk(limit, this, encoding, remaining, this.#count), options, this.lock)
    }
    this.done = true
    return Promise.resolve(DONE)
  }

  // Counted when the bytes are taken, not when the promise resolves: the program may call `next` again in the same turn.
  readonly #count = (bytes: number): void => {
    this.#taken += bytes
  }
}

/** The next piece up to the end of the stream. */
class NextPiece extends ItemRead<Buffer | string> {
  readonly operation = CHUNKS
  readonly #encoding: BufferEncoding | undefined

  constructor(limit: Limit, iterator: IteratorState, encoding: BufferEncoding | undefined) {
    super(limit, iterator)
    this.#encoding = encoding
  }

  protected take(queue: ByteQueue, stream: Stream): Buffer | string | null | Wait {
    if (queue.length === 0) return stream === 'ended' ? null : WAIT
    const n = nextLength(queue, stream, this.#encoding, this.limit)
    return n === 0 ? WAIT : take(queue, n, this.#encoding)
  }
}

/** The next piece of exactly n bytes in all. */
class NextChunk extends ItemRead<Buffer | string> {
  readonly operation = CHUNKS
  readonly #encoding: BufferEncoding | undefined
  readonly #remaining: number
  readonly #count: (bytes: number) => void

  constructor(
    limit: Limit,
    iterator: IteratorState,
    encoding: BufferEncoding | undefined,
    remaining: number,
    count: (bytes: number) => void,
  ) {
    super(limit, iterator)
    // The limit of a message may be used up.
    if (limit.bytes === 0) throw exceeded(limit, 1)
    this.#encoding = encoding
    this.#remaining = remaining
    this.#count = count
  }

  protected take(queue: ByteQueue): Buffer | string | Wait {
    const most = pieceOf(queue, Math.min(this.#remaining, this.limit.bytes))
    const n = most === this.#remaining ? most : pieceLength(queue, most, this.#encoding, this.limit)
    if (n === 0) return WAIT
    const piece = take(queue, n, this.#encoding)
    this.#count(n)
    return piece
  }
}
