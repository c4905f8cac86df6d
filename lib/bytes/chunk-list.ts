// The unread bytes as a list of chunks, addressed by position: position 0 is the first unread byte. Here are appending,
// looking and searching; `ByteQueue` takes bytes. Chunks are kept by reference. Only runs of small ones are joined, so that a
// message that arrives byte by byte costs no object for each byte.

import { Slab, SMALL } from './slab.js'
import { indexOf } from './view.js'

// Joining starts at this many chunks: most messages arrive in one or two, which need no copy.
const JOIN_FROM = 3

/** The chunk of an empty queue. Also replaces a taken chunk in the list, so that its memory is freed. */
export const NO_BYTES: Buffer = Buffer.alloc(0)
/** The list of all empty queues. Never added to. */
export const NO_CHUNKS: Buffer[] = []

/** How a sequence compares with the bytes at a position: a full match, a partial one that later bytes may complete, or none. */
export type Match = 'full' | 'partial' | 'none'

export abstract class ChunkList {
  /** Unread bytes. */
  length = 0
  protected chunks: Buffer[] = NO_CHUNKS
  /** Index of the chunk that holds the first unread byte. */
  protected first = 0
  /** Where the first unread byte is in that chunk. */
  protected offset = 0
  /** Memory of the last chunk, if small ones were joined. */
  protected slab: Slab | undefined
  /** The second result of `#locate`: a field, so that a search allocates nothing. */
  #start = 0

  /** Appends bytes. `chunk` must not be written to afterwards. */
  push(chunk: Buffer): void {
    if (chunk.length === 0) return
    this.length += chunk.length
    // A literal of one element: `push` on an empty array reserves 17.
    if (this.chunks.length === 0) {
      this.chunks = [chunk]
      return
    }
    const last = this.chunks.length - 1
    if (chunk.length < SMALL && last - this.first >= JOIN_FROM - 1) {
      this.slab ??= new Slab()
      const joined = this.slab.join(this.chunks[last] as Buffer, chunk)
      if (joined !== undefined) {
        this.chunks[last] = joined
        return
      }
    } else this.slab = undefined
    this.chunks.push(chunk)
  }

  /** Unread bytes of the first chunk, which can be taken without a copy. */
  get contiguous(): number {
    const head = this.chunks[this.first]
    return head === undefined ? 0 : head.length - this.offset
  }

  /** At most `n` of the next bytes, and none beyond the first chunk. They stay unread. */
  window(n: number): Buffer {
    const head = this.chunks[this.first]
    if (head === undefined) return NO_BYTES
    return this.offset === 0 && head.length <= n ? head : head.subarray(this.offset, this.offset + n)
  }

  /** The next `n` bytes (n ≤ length), which stay unread. For internal use: the result may share memory with them. */
  peek(n: number): Buffer {
    if (n === 0) return NO_BYTES
    const head = this.chunks[this.first] as Buffer
    const end = this.offset + n
    if (end <= head.length) return this.offset === 0 && end === head.length ? head : head.subarray(this.offset, end)
    const bytes = Buffer.allocUnsafe(n)
    this.copyTo(bytes)
    return bytes
  }

  /** A copy of the next `n` bytes (n ≤ length). They stay unread. */
  copy(n: number): Buffer {
    const bytes = Buffer.allocUnsafe(n)
    this.copyTo(bytes)
    return bytes
  }

  /** The bytes from position `from` to `to` (from < to ≤ length) as Latin-1 text. They stay unread. */
  latin1(from: number, to: number): string {
    let text = ''
    let index = this.#locate(from)
    for (let start = this.#start; start < to; index++) {
      const chunk = this.chunks[index] as Buffer
      text += chunk.toString('latin1', Math.max(from - start, 0), Math.min(chunk.length, to - start))
      start += chunk.length
    }
    return text
  }

  /** Fills `target` with the next bytes (target.length ≤ length). They stay unread. */
  copyTo(target: Uint8Array): void {
    let index = this.first
    let offset = this.offset
    for (let at = 0; at < target.length; index++, offset = 0) at += (this.chunks[index] as Buffer).copy(target, at, offset)
  }

  /** The byte at `position` (< length). */
  at(position: number): number {
    const head = this.chunks[this.first] as Buffer
    const index = this.offset + position
    // Nearly every byte that is looked at is one of the first.
    if (index < head.length) return head[index] as number
    const chunk = this.chunks[this.#locate(position)] as Buffer
    return chunk[position - this.#start] as number
  }

  /** The position of the first `byte` at `from` or after, or −1. */
  indexOfByte(byte: number, from: number): number {
    if (from >= this.length) return -1
    let index = this.#locate(from)
    for (let start = this.#start; index < this.chunks.length; index++) {
      const chunk = this.chunks[index] as Buffer
      const found = indexOf.call(chunk, byte, from > start ? from - start : 0)
      if (found >= 0) return start + found
      start += chunk.length
    }
    return -1
  }

  /**
   * The position, at `from` or after and below `before`, of the first whole `sequence`, or −1. The sequence may span chunks.
   * Bytes that cannot belong to such a sequence are not looked at.
   */
  indexOf(sequence: Buffer, from: number, before: number = Number.POSITIVE_INFINITY): number {
    if (from + sequence.length > this.length) return -1
    // Searching a number costs a fifth of searching a buffer.
    const needle = sequence.length === 1 ? (sequence[0] as number) : sequence
    let index = this.#locate(from)
    for (let start = this.#start; index < this.chunks.length && start < before; index++) {
      const chunk = this.chunks[index] as Buffer
      const begin = Math.max(from - start, 0)
      const last = Math.min(chunk.length, before - start + sequence.length - 1)
      const found = (last < chunk.length ? chunk.subarray(0, last) : chunk).indexOf(needle, begin)
      if (found >= 0) return start + found
      // A sequence that begins in the last bytes of this chunk comes before any in the next one.
      const end = Math.min(chunk.length, before - start)
      for (let at = Math.max(begin, chunk.length - sequence.length + 1); at < end; at++) {
        if (chunk[at] === sequence[0] && this.#compare(sequence, index, at) === 'full') return start + at
      }
      start += chunk.length
    }
    return -1
  }

  /** How `sequence` compares with the bytes at `position`. */
  matchAt(position: number, sequence: Buffer): Match {
    if (position >= this.length) return 'partial'
    const index = this.#locate(position)
    return this.#compare(sequence, index, position - this.#start)
  }

  // Byte by byte: nearly all sequences differ in the first bytes, and a native `compare` costs as much as a hundred steps.
  #compare(sequence: Buffer, index: number, at: number): Match {
    let chunk = this.chunks[index] as Buffer
    for (let done = 0; done < sequence.length; done++, at++) {
      if (at === chunk.length) {
        const next = this.chunks[++index]
        if (next === undefined) return 'partial'
        chunk = next
        at = 0
      }
      if (chunk[at] !== sequence[done]) return 'none'
    }
    return 'full'
  }

  /**
   * The index of the chunk that holds `position` (< length). Sets `#start` to the position of that chunk's first byte (−offset
   * for the first chunk). It walks from the nearer end, since searches resume near the end of the data.
   */
  #locate(position: number): number {
    if (position * 2 > this.length) {
      let index = this.chunks.length - 1
      this.#start = this.length - (this.chunks[index] as Buffer).length
      while (this.#start > position) this.#start -= (this.chunks[--index] as Buffer).length
      return index
    }
    let index = this.first
    // Not `-this.offset`: −0 is no small integer in V8, nor is any number computed from it.
    this.#start = 0 - this.offset
    for (let next = this.#start; (next += (this.chunks[index] as Buffer).length) <= position; index++) this.#start = next
    return index
  }
}
