// Lines and chunks as async iterators, written by hand: an async generator costs three to six times as much for each item.
// Between two items an iterator holds nothing, so that any other read may come in between. A read that fails ends the
// iteration, its bytes unread; a read that is refused because another one is pending does not. Each item is a read that
// resolves with the iterator's result itself: no promise is made beside that of the read.

import type { ByteQueue } from '../../bytes/queue.js'
import { type Search, searchFor } from '../../bytes/search.js'
import { ConcurrentReadError, isLinnetError } from '../../errors.js'
import { AsyncIteratorBase, DONE } from '../../iterator.js'
import { rejectHandled } from '../../rejections.js'
import type { ReadHalf } from './read-half.js'
import {
  exceeded,
  found,
  type IteratorState,
  isBeyond,
  type Limit,
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

/** What both iterators are: checked at the first `next`, over after the first failure. */
abstract class ReadIterator<T, Plan extends { readonly plan: ResolvedReadOptions }> extends AsyncIteratorBase<T> implements IteratorState {
  protected readonly readHalf: ReadHalf
  protected readonly lock: ReadLock | undefined
  /** It has ended: at its end, by a failed read, or because the program left it. */
  over = false
  #check: (() => Plan) | undefined
  #plan: Plan | undefined

  constructor(readHalf: ReadHalf, lock: ReadLock | undefined, check: () => Plan) {
    super()
    this.readHalf = readHalf
    this.lock = lock
    this.#check = check
  }

  next(): Promise<IteratorResult<T>> {
    if (this.over) return Promise.resolve(DONE)
    const quick = this.#plan === undefined ? undefined : this.quick(this.#plan)
    if (quick !== undefined) return Promise.resolve({ value: quick, done: false })
    try {
      if (this.#check !== undefined) this.#plan = this.#check()
      this.#check = undefined
      return this.item(this.#plan as Plan)
    } catch (error) {
      this.lock?.failed(error)
      if (!(isLinnetError(error) && error instanceof ConcurrentReadError)) this.over = true
      return rejectHandled(error, this.#plan?.plan.signal)
    }
  }

  /** The next item if the fast path leads to it. */
  protected abstract quick(plan: Plan): T | undefined

  /** Reads the next item. Throws what the read is refused with. */
  protected abstract item(plan: Plan): Promise<IteratorResult<T>>

  protected leave(): void {
    this.over = true
    this.readHalf.cancelRead(this, DONE)
  }
}

/** The read of one item of an iteration. */
abstract class ItemRead<T> implements Read<IteratorResult<T>> {
  abstract readonly operation: string
  readonly limit: Limit
  readonly iterator: IteratorState

  constructor(limit: Limit, iterator: IteratorState) {
    this.limit = limit
    this.iterator = iterator
  }

  attempt(queue: ByteQueue, stream: Stream): IteratorResult<T> | Wait {
    const value = this.take(queue, stream)
    if (value === WAIT) return WAIT
    if (value !== null) return { value, done: false }
    this.iterator.over = true
    return DONE
  }

  /** Takes the next item; null at the end. */
  protected abstract take(queue: ByteQueue, stream: Stream): T | null | Wait
}

interface LinePlan {
  plan: ResolvedReadOptions
  format: LineFormat
  skips: boolean
}

export class LineIterator extends ReadIterator<string, LinePlan> {
  protected quick({ plan, format }: LinePlan): string | undefined {
    if (this.lock !== undefined || plan.signal?.aborted || !format.carriageReturn || plan.encoding !== undefined) return undefined
    return this.readHalf.takeLine(plan.maxBytes)
  }

  protected item({ plan, format, skips }: LinePlan): Promise<IteratorResult<string>> {
    return this.readHalf.begin((limit) => new NextLine(limit, this, this.readHalf, format, skips, this.lock), plan, this.lock, true)
  }
}

const OVERFLOW: unique symbol = Symbol('overflow')

/** The next line of an iteration; null at the end. A line over the limit may be dropped while it comes. */
class NextLine extends ItemRead<string> {
  readonly operation = 'lines()'
  /** Says that this read is the one that drops the rest of an over-long line. */
  readonly overflows: boolean
  readonly #readHalf: ReadHalf
  readonly #format: LineFormat
  readonly #lock: ReadLock | undefined
  #search: Search

  constructor(limit: Limit, iterator: IteratorState, readHalf: ReadHalf, format: LineFormat, skips: boolean, lock: ReadLock | undefined) {
    super(limit, iterator)
    this.#readHalf = readHalf
    this.#lock = lock
    this.#format = format
    this.#search = searchFor(format.delimiter)
    this.overflows = skips
  }

  protected take(queue: ByteQueue, stream: Stream): string | null | Wait {
    for (;;) {
      if (this.overflows && this.#readHalf.overflowing) {
        if (!this.#dropRest(queue, stream)) return stream === 'ended' ? null : WAIT
      }
      const line = this.#line(queue, stream)
      if (line !== OVERFLOW) return line
      this.#readHalf.overflowing = true
      this.#search = searchFor(this.#format.delimiter)
    }
  }

  #line(queue: ByteQueue, stream: Stream): string | null | Wait | typeof OVERFLOW {
    // Asked before the limit: at the end of a message's limit there may still be the end of the stream.
    if (queue.length === 0) return stream === 'ended' ? null : WAIT
    const end = this.#search.find(queue, stream !== 'open')
    if (isBeyond(this.limit, this.#search, queue, end)) return this.#overflow(end === 0 ? queue.length : end)
    if (end > 0) {
      const line = takeLine(queue, end, this.#search.matched, this.#format)
      this.#readHalf.overflowing = false
      return line
    }
    if (stream !== 'ended') return WAIT
    // Without its line end, but within the limit as if it had the shortest: what may have begun one is part of the line.
    if (queue.length + this.#format.delimiter.shortest > this.limit.bytes) return this.#overflow(queue.length)
    return queue.takeText(queue.length, this.#format.encoding)
  }

  // An error costs ten times what dropping a line does, so none is made for a line that is dropped.
  #overflow(size: number): typeof OVERFLOW {
    if (this.overflows) return OVERFLOW
    throw exceeded(this.limit, size)
  }

  /** Drops what is there of an over-long line; true when its end was among it. A message keeps it, to be able to give it back. */
  #dropRest(queue: ByteQueue, stream: Stream): boolean {
    const room = this.#lock?.gathers ? this.#lock.limitOf(undefined) : undefined
    const end = room === undefined ? this.#search.find(queue, stream !== 'open') : found(this.#search, queue, stream, room)
    if (end === 0 && stream === 'open' && room !== undefined) return false
    queue.skip(end > 0 ? end : stream === 'ended' ? queue.length : this.#search.passed(queue))
    this.#search = searchFor(this.#format.delimiter)
    this.#readHalf.overflowing = end === 0 && stream !== 'ended'
    return end > 0
  }
}

const CHUNKS = 'chunks()'

interface ChunkPlan {
  plan: ResolvedReadOptions
  n: number | undefined
}

export class ChunkIterator extends ReadIterator<Buffer | string, ChunkPlan> {
  #given = 0

  // Chunks are few; each is worth its promises.
  protected quick(): undefined {}

  protected item({ plan, n }: ChunkPlan): Promise<IteratorResult<Buffer | string>> {
    const { encoding } = plan
    if (n === undefined) return this.readHalf.begin((limit) => new NextPiece(limit, this, encoding), plan, this.lock)
    const left = n - this.#given
    if (left > 0) return this.readHalf.begin((limit) => new NextChunk(limit, this, encoding, left, this.#count), plan, this.lock)
    this.over = true
    return Promise.resolve(DONE)
  }

  // Counted as it is taken, and not when its promise is heard: another `next` may come in the same turn.
  readonly #count = (bytes: number): void => {
    this.#given += bytes
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

/** The next piece of a number of bytes, which the end of the stream must not cut short. */
class NextChunk extends ItemRead<Buffer | string> {
  readonly operation = CHUNKS
  readonly #encoding: BufferEncoding | undefined
  readonly #left: number
  readonly #count: (bytes: number) => void

  constructor(limit: Limit, iterator: IteratorState, encoding: BufferEncoding | undefined, left: number, count: (bytes: number) => void) {
    super(limit, iterator)
    // The room of a message may be used up.
    if (limit.bytes === 0) throw exceeded(limit, 1)
    this.#encoding = encoding
    this.#left = left
    this.#count = count
  }

  protected take(queue: ByteQueue): Buffer | string | Wait {
    const there = pieceOf(queue, Math.min(this.#left, this.limit.bytes))
    const n = there === this.#left ? there : pieceLength(queue, there, this.#encoding, this.limit)
    if (n === 0) return WAIT
    const piece = take(queue, n, this.#encoding)
    this.#count(n)
    return piece
  }
}
