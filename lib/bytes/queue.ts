// The bytes that arrived and nobody took: a list of chunks, read from the front. Pure and synchronous, no I/O. Positions
// are counted from the first unread byte. Chunks are passed on by reference; only runs of small ones are joined, so that
// a message that comes byte by byte costs no object for each byte. While a mark is set nothing taken is forgotten, and
// `rewind` gives all of it back.

import { keepHere } from './keep.js'
import { Slab, SMALL } from './slab.js'
import { indexOf, view } from './view.js'

// Joining starts at this many chunks: most messages come in one or two, and those are better left alone.
const JOIN_FROM = 3
// Taken chunks are cut off the front of the list when there are this many, and they are half of it: amortised O(1).
const TRIM_FROM = 64

const NONE = Buffer.alloc(0)
// Shared by all queues that are empty: never added to.
const NO_CHUNKS: Buffer[] = []

/** What `matchAt` found: the whole sequence, its beginning cut off by the end of the data, or neither. */
export type Match = 'whole' | 'begun' | 'none'

export class ByteQueue {
  /** Unread bytes. */
  length = 0
  /** All bytes ever taken or skipped; a rewind takes those of its mark back. */
  consumed = 0

  #chunks: Buffer[] = NO_CHUNKS
  /** Index of the chunk that holds the first unread byte, and where in it that byte is. */
  #first = 0
  #offset = 0
  #torn = false
  #mark: { first: number; offset: number; consumed: number } | undefined
  /** The chunk that was last taken from the fast path, and the memory it lies in: to ask a Buffer for that costs as much as a view. */
  #viewed: Buffer | undefined
  #memory: ArrayBufferLike | undefined
  #base = 0
  /** What `#locate` found beside its result: a field, so that a search makes no object. */
  #start = 0
  /** The last chunk lies in it, if small ones were joined. */
  #slab: Slab | undefined

  /** Appends bytes. The buffer must not be written to any more. */
  push(chunk: Buffer): void {
    if (chunk.length === 0) return
    this.length += chunk.length
    // A list of one: pushing onto an empty one would make room for 17.
    if (this.#chunks.length === 0) {
      this.#chunks = [chunk]
      return
    }
    const last = this.#chunks.length - 1
    if (chunk.length < SMALL && last - this.#first >= JOIN_FROM - 1) {
      this.#slab ??= new Slab()
      const joined = this.#slab.join(this.#chunks[last] as Buffer, chunk)
      if (joined !== undefined) {
        this.#chunks[last] = joined
        return
      }
    } else this.#slab = undefined
    this.#chunks.push(chunk)
  }

  /** Takes the next `n` bytes (n ≤ length): a view where they lie in one piece, else a copy. */
  take(n: number): Buffer {
    const head = this.#chunks[this.#first]
    const end = this.#offset + n
    // The way of nearly every message: it lies within the first chunk, and something follows it there.
    if (head !== undefined && end < head.length) {
      const bytes = this.#view(head, this.#offset, n)
      this.#offset = end
      this.length -= n
      this.consumed += n
      return bytes
    }
    const bytes = this.peek(n)
    // A mark may make them unread again.
    if (this.#mark !== undefined && n > 0) keepHere(bytes.buffer)
    this.skip(n)
    return bytes
  }

  /** Takes the next `n` bytes (n ≤ length), the first `length` of them as text. Text that cannot be made (too long for a string) takes nothing. */
  takeText(n: number, encoding: BufferEncoding, length: number = n): string {
    const head = this.#chunks[this.#first]
    const start = this.#offset
    const text =
      head !== undefined && start + n <= head.length
        ? head.toString(encoding, start, start + length)
        : this.peek(n).toString(encoding, 0, length)
    this.skip(n)
    return text
  }

  /**
   * Everything up to and including the first `byte`, if that lies in the first chunk and among the next `most` bytes:
   * the fast path of the commonest read. Undefined says nothing about what lies further on.
   */
  takeThrough(byte: number, most: number): Buffer | undefined {
    const head = this.#chunks[this.#first]
    if (head === undefined) return undefined
    const start = this.#offset
    const end = indexOf.call(head, byte, start) + 1
    const n = end - start
    if (end === 0 || n > most) return undefined
    if (end === head.length) return this.take(n)
    this.#offset = end
    this.length -= n
    this.consumed += n
    return this.#view(head, start, n)
  }

  #view(chunk: Buffer, start: number, n: number): Buffer {
    if (chunk !== this.#viewed) {
      this.#viewed = chunk
      this.#memory = chunk.buffer
      this.#base = chunk.byteOffset
      keepHere(this.#memory)
    }
    return view(this.#memory as ArrayBufferLike, this.#base + start, n)
  }

  /** Bytes that can be taken without a copy: those of the first chunk. */
  get whole(): number {
    const head = this.#chunks[this.#first]
    return head === undefined ? 0 : head.length - this.#offset
  }

  /** At most `n` of the next bytes, as far as they lie in the first chunk; they stay unread. */
  window(n: number): Buffer {
    const head = this.#chunks[this.#first]
    if (head === undefined) return NONE
    return this.#offset === 0 && head.length <= n ? head : head.subarray(this.#offset, this.#offset + n)
  }

  /** The next `n` bytes (n ≤ length), which stay unread. Not to be handed out: it may share memory with them. */
  peek(n: number): Buffer {
    if (n === 0) return NONE
    const head = this.#chunks[this.#first] as Buffer
    const end = this.#offset + n
    if (end <= head.length) return this.#offset === 0 && end === head.length ? head : head.subarray(this.#offset, end)
    const bytes = Buffer.allocUnsafe(n)
    this.copyTo(bytes)
    return bytes
  }

  /** A copy of the next `n` bytes (n ≤ length), which stay unread. */
  copy(n: number): Buffer {
    const bytes = Buffer.allocUnsafe(n)
    this.copyTo(bytes)
    return bytes
  }

  /** The bytes from one position to another (from < to ≤ length), which stay unread, as Latin-1 text. */
  latin1(from: number, to: number): string {
    let text = ''
    let index = this.#locate(from)
    for (let start = this.#start; start < to; index++) {
      const chunk = this.#chunks[index] as Buffer
      text += chunk.toString('latin1', Math.max(from - start, 0), Math.min(chunk.length, to - start))
      start += chunk.length
    }
    return text
  }

  /** Fills `target` with the next bytes (target.length ≤ length), which stay unread. */
  copyTo(target: Uint8Array): void {
    let index = this.#first
    let offset = this.#offset
    for (let at = 0; at < target.length; index++, offset = 0) at += (this.#chunks[index] as Buffer).copy(target, at, offset)
  }

  /**
   * Whether memory of unread bytes was detached: nothing can be read any more. It is told of the first chunk, which is
   * the one that a returned Buffer may share memory with, and of chunks that a mark has given back.
   */
  get torn(): boolean {
    const head = this.#chunks[this.#first]
    return this.#torn || (head !== undefined && head.length <= this.#offset)
  }

  /** Bytes that were read as they came, and never lay here: counts them as taken. */
  pass(n: number): void {
    this.consumed += n
  }

  /** Drops the next `n` bytes (n ≤ length). */
  skip(n: number): void {
    this.length -= n
    this.consumed += n
    let left = this.#offset + n
    const head = this.#chunks[this.#first]
    if (head !== undefined && left < head.length) {
      this.#offset = left
      return
    }
    if (this.length === 0 && this.#mark === undefined) return void this.clear()
    // What is skipped was known otherwise: lines that were decoded while the memory was there.
    if (this.torn) {
      this.#torn = true
      return
    }
    while (this.#first < this.#chunks.length) {
      const { length } = this.#chunks[this.#first] as Buffer
      if (left < length) break
      left -= length
      if (this.#mark === undefined) this.#chunks[this.#first] = NONE
      this.#first++
    }
    this.#viewed = undefined
    this.#memory = undefined
    this.#offset = left
    if (this.#mark === undefined) this.#trim()
  }

  #trim(): void {
    if (this.#first < TRIM_FROM || this.#first * 2 < this.#chunks.length) return
    this.#chunks.splice(0, this.#first)
    this.#first = 0
  }

  /** Forgets everything that is unread. */
  clear(): void {
    this.consumed += this.length
    this.length = 0
    this.#chunks = NO_CHUNKS
    this.#first = 0
    this.#offset = 0
    this.#viewed = undefined
    this.#memory = undefined
    this.#slab = undefined
    this.#mark = undefined
    this.#torn = false
  }

  /** From here on what is taken can be given back. One mark at a time: a second one takes the place of the first. */
  mark(): void {
    this.commit()
    this.#mark = { first: this.#first, offset: this.#offset, consumed: this.consumed }
  }

  /** Bytes taken since the mark. */
  get marked(): number {
    return this.#mark === undefined ? 0 : this.consumed - this.#mark.consumed
  }

  /** Makes everything that was taken since the mark unread again, and forgets the mark. */
  rewind(): void {
    if (this.#mark === undefined) return
    this.length += this.marked
    this.consumed = this.#mark.consumed
    for (let index = this.#mark.first; index < this.#first; index++) this.#torn ||= (this.#chunks[index] as Buffer).length === 0
    this.#first = this.#mark.first
    this.#offset = this.#mark.offset
    this.#mark = undefined
  }

  /** Forgets the mark: what was taken stays taken. */
  commit(): void {
    if (this.#mark === undefined) return
    const { first } = this.#mark
    this.#mark = undefined
    if (this.length === 0) return void this.clear()
    this.#chunks.fill(NONE, first, this.#first)
    this.#trim()
  }

  /** The byte at `position` (< length). */
  at(position: number): number {
    const chunk = this.#chunks[this.#locate(position)] as Buffer
    return chunk[position - this.#start] as number
  }

  /** The position of the first `byte` at or behind `from`, or −1. */
  indexOfByte(byte: number, from: number): number {
    if (from >= this.length) return -1
    let index = this.#locate(from)
    for (let start = this.#start; index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index] as Buffer
      const found = indexOf.call(chunk, byte, from > start ? from - start : 0)
      if (found >= 0) return start + found
      start += chunk.length
    }
    return -1
  }

  /**
   * The position at or behind `from` where `sequence` first lies as a whole, or −1. It may lie across chunks. Only what
   * starts before `before` counts, and no more than that is looked at.
   */
  indexOf(sequence: Buffer, from: number, before: number = Number.POSITIVE_INFINITY): number {
    if (from + sequence.length > this.length) return -1
    // Searching a number costs a fifth of searching a buffer.
    const needle = sequence.length === 1 ? (sequence[0] as number) : sequence
    let index = this.#locate(from)
    for (let start = this.#start; index < this.#chunks.length && start < before; index++) {
      const chunk = this.#chunks[index] as Buffer
      const begin = Math.max(from - start, 0)
      const last = Math.min(chunk.length, before - start + sequence.length - 1)
      const found = (last < chunk.length ? chunk.subarray(0, last) : chunk).indexOf(needle, begin)
      if (found >= 0) return start + found
      // What begins in the last bytes of this chunk comes before anything in the next one.
      const end = Math.min(chunk.length, before - start)
      for (let at = Math.max(begin, chunk.length - sequence.length + 1); at < end; at++) {
        if (chunk[at] === sequence[0] && this.#compare(sequence, index, at) === 'whole') return start + at
      }
      start += chunk.length
    }
    return -1
  }

  /** How `sequence` compares with what lies at `position`. */
  matchAt(position: number, sequence: Buffer): Match {
    if (position >= this.length) return 'begun'
    const index = this.#locate(position)
    return this.#compare(sequence, index, position - this.#start)
  }

  // Byte by byte: nearly all differ in the first ones, and a native `compare` costs as much as a hundred.
  #compare(sequence: Buffer, index: number, at: number): Match {
    let chunk = this.#chunks[index] as Buffer
    for (let done = 0; done < sequence.length; done++, at++) {
      if (at === chunk.length) {
        const next = this.#chunks[++index]
        if (next === undefined) return 'begun'
        chunk = next
        at = 0
      }
      if (chunk[at] !== sequence[done]) return 'none'
    }
    return 'whole'
  }

  /**
   * The index of the chunk that holds `position` (< length); `#start` is then the position of that chunk's first byte (of
   * the first chunk: −offset). Searches go on near the end of the data, so it walks from whichever end is nearer.
   */
  #locate(position: number): number {
    if (position * 2 > this.length) {
      let index = this.#chunks.length - 1
      this.#start = this.length - (this.#chunks[index] as Buffer).length
      while (this.#start > position) this.#start -= (this.#chunks[--index] as Buffer).length
      return index
    }
    let index = this.#first
    // Not a minus before it: that makes −0 of 0, which is no small integer, nor is anything that is computed with it.
    this.#start = 0 - this.#offset
    for (let next = this.#start; (next += (this.#chunks[index] as Buffer).length) <= position; index++) this.#start = next
    return index
  }
}
