// Lines and chunks as async iterators, written by hand: an async generator costs three to six times as much for each item.
// Between two items an iterator holds nothing, so that any other read may come in between. A read that fails ends the
// iteration, its bytes unread; a read that is refused because another one is pending does not.

import type { ByteQueue } from '../buffer/queue.js'
import { type Search, searchFor } from '../buffer/search.js'
import { ConcurrentReadError, LimitExceededError } from '../errors.js'
import type { Inbox } from './inbox.js'
import type { Lease } from './lease.js'
import type { ReadPlan } from './read-options.js'
import { exceeded, found, type Limit, type LineFormat, type Read, SomeRead, type Stream, takeLine, WAIT, type Wait } from './reads.js'

const DONE: IteratorReturnResult<undefined> = Object.freeze({ value: undefined, done: true })

/** What both iterators are: checked at the first `next`, over after the first failure. */
abstract class ReadIterator<T, Plan> implements AsyncIterableIterator<T> {
  protected readonly inbox: Inbox
  protected readonly lease: Lease | undefined
  #check: (() => Plan) | undefined
  #plan: Plan | undefined
  #over = false

  constructor(inbox: Inbox, lease: Lease | undefined, check: () => Plan) {
    this.inbox = inbox
    this.lease = lease
    this.#check = check
  }

  next(): Promise<IteratorResult<T>> {
    if (this.#over) return Promise.resolve(DONE)
    const quick = this.#plan === undefined ? undefined : this.quick(this.#plan)
    if (quick !== undefined) return Promise.resolve({ value: quick, done: false })
    let item: Promise<T | null>
    try {
      if (this.#check !== undefined) this.#plan = this.#check()
      this.#check = undefined
      item = this.item(this.#plan as Plan)
    } catch (error) {
      this.lease?.failed(error)
      item = Promise.reject(error)
    }
    return item.then(this.#yield, this.#fail)
  }

  /** The next item if the quick way leads to it. */
  protected abstract quick(plan: Plan): T | undefined

  /** The next item, or null at the end. */
  protected abstract item(plan: Plan): Promise<T | null>

  readonly #yield = (value: T | null): IteratorResult<T> => {
    if (value !== null) return { value, done: false }
    this.#over = true
    return DONE
  }

  readonly #fail = (error: unknown): never => {
    if (!(error instanceof ConcurrentReadError)) this.#over = true
    throw error
  }

  return(): Promise<IteratorResult<T>> {
    this.#over = true
    return Promise.resolve(DONE)
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

interface LinePlan {
  plan: ReadPlan
  format: LineFormat
  skips: boolean
}

export class LineIterator extends ReadIterator<string, LinePlan> {
  protected quick({ plan, format }: LinePlan): string | undefined {
    if (this.lease !== undefined || plan.signal?.aborted || !format.carriageReturn || plan.encoding !== undefined) return undefined
    return this.inbox.quickLine(plan.maxBytes)
  }

  protected item({ plan, format, skips }: LinePlan): Promise<string | null> {
    return this.inbox.run((limit) => new NextLine(this.inbox, format, limit, skips, this.lease), plan, this.lease, true)
  }
}

/** The next line of an iteration; null at the end. A line over the limit may be dropped while it comes. */
class NextLine implements Read<string | null> {
  readonly operation = 'lines()'
  readonly limit: Limit
  /** Says that this read is the one that drops the rest of an over-long line. */
  readonly overflows: boolean
  readonly #inbox: Inbox
  readonly #format: LineFormat
  readonly #lease: Lease | undefined
  #search: Search

  constructor(inbox: Inbox, format: LineFormat, limit: Limit, skips: boolean, lease: Lease | undefined) {
    this.#inbox = inbox
    this.#lease = lease
    this.#format = format
    this.#search = searchFor(format.delimiter)
    this.limit = limit
    this.overflows = skips
  }

  attempt(queue: ByteQueue, stream: Stream): string | null | Wait {
    for (;;) {
      if (this.overflows && this.#inbox.overflowing) {
        if (!this.#dropRest(queue, stream)) return stream === 'ended' ? null : WAIT
      }
      try {
        return this.#line(queue, stream)
      } catch (error) {
        if (!this.overflows || !(error instanceof LimitExceededError)) throw error
        this.#inbox.overflowing = true
        this.#search = searchFor(this.#format.delimiter)
      }
    }
  }

  #line(queue: ByteQueue, stream: Stream): string | null | Wait {
    // Asked before the limit: at the end of a message's limit there may still be the end of the stream.
    if (queue.length === 0) return stream === 'ended' ? null : WAIT
    const end = found(this.#search, queue, stream, this.limit)
    if (end > 0) {
      const line = takeLine(queue, end, this.#search.matched, this.#format)
      this.#inbox.overflowing = false
      return line
    }
    if (stream !== 'ended') return WAIT
    // Without its line end, but within the limit as if it had the shortest: what may have begun one is part of the line.
    if (queue.length + this.#format.delimiter.shortest > this.limit.bytes) throw exceeded(this.limit, queue.length)
    return queue.take(queue.length).toString(this.#format.encoding)
  }

  /** Drops what is there of an over-long line; true when its end was among it. A message keeps it, to be able to give it back. */
  #dropRest(queue: ByteQueue, stream: Stream): boolean {
    const room = this.#lease?.gathers ? this.#lease.limitOf(undefined) : undefined
    const end = room === undefined ? this.#search.find(queue, stream !== 'open') : found(this.#search, queue, stream, room)
    if (end === 0 && stream === 'open' && room !== undefined) return false
    queue.skip(end > 0 ? end : stream === 'ended' ? queue.length : this.#search.passed(queue))
    this.#search = searchFor(this.#format.delimiter)
    this.#inbox.overflowing = end === 0 && stream !== 'ended'
    return end > 0
  }
}

const CHUNKS = 'chunks()'

interface ChunkPlan {
  plan: ReadPlan
  n: number | undefined
}

export class ChunkIterator extends ReadIterator<Buffer, ChunkPlan> {
  #given = 0

  // Chunks are few; each is worth its promises.
  protected quick(): undefined {}

  protected item({ plan, n }: ChunkPlan): Promise<Buffer | null> {
    if (n === undefined) return this.inbox.run((limit) => new SomeRead(limit, undefined, CHUNKS) as Read<Buffer | null>, plan, this.lease)
    if (n === this.#given) return Promise.resolve(null)
    return this.inbox.run((limit) => new NextChunk(limit, n - this.#given, this.#count), plan, this.lease)
  }

  // Counted as it is taken, and not when its promise is heard: another `next` may come in the same turn.
  readonly #count = (bytes: number): void => {
    this.#given += bytes
  }
}

/** The next piece of a number of bytes, which the end of the stream must not cut short. */
class NextChunk implements Read<Buffer> {
  readonly operation = CHUNKS
  readonly limit: Limit
  readonly #most: number
  readonly #count: (bytes: number) => void

  constructor(limit: Limit, left: number, count: (bytes: number) => void) {
    // The room of a message may be used up.
    if (limit.bytes === 0) throw exceeded(limit, 1)
    this.limit = limit
    this.#most = Math.min(left, limit.bytes)
    this.#count = count
  }

  attempt(queue: ByteQueue): Buffer | Wait {
    const n = Math.min(queue.length, this.#most)
    if (n === 0) return WAIT
    this.#count(n)
    return queue.take(n)
  }
}
