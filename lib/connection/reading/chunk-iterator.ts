// The async iterator of `chunks`, and of a connection itself.

import type { ByteQueue } from '../../bytes/queue.js'
import { DONE } from '../../iterator.js'
import { ItemRead, ReadIterator } from './iterators.js'
import { exceeded, type Limit } from './limit.js'
import { type IteratorState, nextLength, pieceLength, pieceOf, type Stream, take, WAIT, type Wait } from './read-kinds.js'
import type { ResolvedReadOptions } from './read-options.js'

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
