// The bytes that arrived and are unread: taken, dropped and made unread again from the front. Pure and synchronous, without
// I/O. After `mark`, taken bytes are kept until `commit`, and `rewind` makes all of them unread again.

import { ChunkList, NO_BYTES, NO_CHUNKS } from './chunk-list.js'
import { markUntransferable } from './untransferable.js'
import { indexOf, view } from './view.js'

// Taken chunks are removed from the list when there are this many and they are half of it: amortised O(1).
const TRIM_FROM = 64

/** A place in the stream that `returnTo` can go back to. */
export interface Position {
  readonly first: number
  readonly offset: number
  readonly consumed: number
}

export class ByteQueue extends ChunkList {
  /** All bytes ever taken or skipped. A rewind subtracts those since its mark. */
  consumed = 0
  #detached = false
  #mark: Position | undefined
  /** The chunk that the last view was made of, and its memory: reading these properties of a Buffer costs as much as the view. */
  #viewed: Buffer | undefined
  #memory: ArrayBufferLike | undefined
  #base = 0

  /** Takes the next `n` bytes (n ≤ length): a view if they are in one chunk, otherwise a copy. */
  take(n: number): Buffer {
    const head = this.chunks[this.first]
    const end = this.offset + n
    // Nearly every message ends before the end of the first chunk.
    if (head !== undefined && end < head.length) {
      const bytes = this.#view(head, this.offset, n)
      this.offset = end
      this.length -= n
      this.consumed += n
      return bytes
    }
    const bytes = this.peek(n)
    // A rewind may make these bytes unread again.
    if (this.#mark !== undefined && n > 0) markUntransferable(bytes.buffer)
    this.skip(n)
    return bytes
  }

  /**
   * Takes `before + n + after` bytes (≤ length) and returns the `n` in the middle, with one view or one copy. If it throws (out
   * of memory), it takes none.
   */
  takeMiddle(before: number, n: number, after: number): Buffer {
    const head = this.chunks[this.first]
    const start = this.offset + before
    const end = start + n + after
    if (head !== undefined && end < head.length) {
      const bytes = this.#view(head, start, n)
      this.length -= end - this.offset
      this.consumed += end - this.offset
      this.offset = end
      return bytes
    }
    const bytes = this.peek(before + n)
    if (this.#mark !== undefined && before + n > 0) markUntransferable(bytes.buffer)
    this.skip(before + n + after)
    return bytes.subarray(before)
  }

  /** Takes the next `n` bytes (n ≤ length), and returns the first `length` of them as text. If it throws (too long for a string), it takes none. */
  takeText(n: number, encoding: BufferEncoding, length: number = n): string {
    const head = this.chunks[this.first]
    const start = this.offset
    const text =
      head !== undefined && start + n <= head.length
        ? head.toString(encoding, start, start + length)
        : this.peek(n).toString(encoding, 0, length)
    this.skip(n)
    return text
  }

  /**
   * Takes everything up to and including the first `byte`, if that is in the first chunk and among the next `most` bytes: the
   * fast path of the most common read. Otherwise returns undefined, also if `byte` is in a later chunk.
   */
  takeThrough(byte: number, most: number): Buffer | undefined {
    const head = this.chunks[this.first]
    if (head === undefined) return undefined
    const start = this.offset
    const end = indexOf.call(head, byte, start) + 1
    const n = end - start
    if (end === 0 || n > most) return undefined
    if (end === head.length) return this.take(n)
    this.offset = end
    this.length -= n
    this.consumed += n
    return this.#view(head, start, n)
  }

  #view(chunk: Buffer, start: number, n: number): Buffer {
    if (chunk !== this.#viewed) {
      this.#viewed = chunk
      this.#memory = chunk.buffer
      this.#base = chunk.byteOffset
      markUntransferable(this.#memory)
    }
    return view(this.#memory as ArrayBufferLike, this.#base + start, n)
  }

  /**
   * True if the memory of unread bytes was detached, so that they are gone. It checks the first chunk, whose memory a
   * returned Buffer may share, and chunks that a rewind made unread again.
   */
  get detached(): boolean {
    const head = this.chunks[this.first]
    return this.#detached || (head !== undefined && head.length <= this.offset)
  }

  /** Counts bytes as consumed that were read without being appended. */
  countConsumed(n: number): void {
    this.consumed += n
  }

  /** Takes back the only chunk, as if it had not been appended. `consumed`: what had been consumed before that. */
  unpush(consumed: number): void {
    this.clear()
    this.consumed = consumed
  }

  /** Drops the next `n` bytes (n ≤ length). */
  skip(n: number): void {
    this.length -= n
    this.consumed += n
    let left = this.offset + n
    const head = this.chunks[this.first]
    if (head !== undefined && left < head.length) {
      this.offset = left
      return
    }
    if (this.length === 0 && this.#mark === undefined) return void this.clear()
    // `LineCache` skips lines that it decoded before the memory was detached.
    if (this.detached) {
      this.#detached = true
      return
    }
    while (this.first < this.chunks.length) {
      const { length } = this.chunks[this.first] as Buffer
      if (left < length) break
      left -= length
      if (this.#mark === undefined) this.chunks[this.first] = NO_BYTES
      this.first++
    }
    this.#viewed = undefined
    this.#memory = undefined
    this.offset = left
    if (this.#mark === undefined) this.#trim()
  }

  #trim(): void {
    if (this.first < TRIM_FROM || this.first * 2 < this.chunks.length) return
    this.chunks.splice(0, this.first)
    this.first = 0
  }

  /** Drops all unread bytes, and the mark. */
  clear(): void {
    this.consumed += this.length
    this.length = 0
    this.chunks = NO_CHUNKS
    this.first = 0
    this.offset = 0
    this.#viewed = undefined
    this.#memory = undefined
    this.slab = undefined
    this.#mark = undefined
    this.#detached = false
  }

  /** Keeps the bytes taken from here on, for `rewind`. A second mark replaces the first. */
  mark(): void {
    this.commit()
    this.#mark = this.position
  }

  /** The place of the first unread byte. */
  get position(): Position {
    return { first: this.first, offset: this.offset, consumed: this.consumed }
  }

  /** Makes all bytes taken since `position` unread again. Only while there is a mark, and it is not newer. */
  returnTo(position: Position): void {
    this.length += this.consumed - position.consumed
    this.consumed = position.consumed
    for (let index = position.first; index < this.first; index++) this.#detached ||= (this.chunks[index] as Buffer).length === 0
    this.first = position.first
    this.offset = position.offset
  }

  /** Bytes taken since the mark. */
  get marked(): number {
    return this.#mark === undefined ? 0 : this.consumed - this.#mark.consumed
  }

  /** Makes all bytes taken since the mark unread again, and removes the mark. */
  rewind(): void {
    if (this.#mark === undefined) return
    this.returnTo(this.#mark)
    this.#mark = undefined
  }

  /** Removes the mark: the bytes taken since then stay taken. */
  commit(): void {
    if (this.#mark === undefined) return
    const { first } = this.#mark
    this.#mark = undefined
    if (this.length === 0) return void this.clear()
    this.chunks.fill(NO_BYTES, first, this.first)
    this.#trim()
  }
}
