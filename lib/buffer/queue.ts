// The bytes that arrived and nobody took: a list of chunks, read from the front. Pure and synchronous, no I/O. Positions
// are counted from the first unread byte. Chunks are passed on by reference; only runs of small ones are joined, so that
// a message that comes byte by byte costs no object for each byte. While a mark is set nothing taken is forgotten, and
// `rewind` gives all of it back.

// A chunk below this size is worth copying: moving 2 KiB costs less than carrying one more object through every search.
const SMALL = 2048
// Joining starts at this many chunks: most messages come in one or two, and those are better left alone.
const JOIN_FROM = 3
// Slabs double from the first size to the second: a few bytes cost little, a flood of them stays linear.
const SMALLEST_SLAB = 4096
const LARGEST_SLAB = 65536
// Taken chunks are cut off the front of the list when there are this many, and they are half of it: amortised O(1).
const TRIM_FROM = 64

const NONE = Buffer.alloc(0)

/** What `matchAt` found: the whole sequence, its beginning cut off by the end of the data, or neither. */
export type Match = 'whole' | 'begun' | 'none'

export class ByteQueue {
  /** Unread bytes. */
  length = 0
  /** All bytes ever taken or skipped; a rewind takes those of its mark back. */
  consumed = 0

  #chunks: Buffer[] = []
  /** Index of the chunk that holds the first unread byte, and where in it that byte is. */
  #first = 0
  #offset = 0
  #mark: { first: number; offset: number; consumed: number } | undefined
  /** Memory behind the last chunk that is ours to fill, and how much of it is filled. */
  #slab = NONE
  #filled = 0

  /** Appends bytes. The buffer must not be written to any more. */
  push(chunk: Buffer): void {
    if (chunk.length === 0) return
    this.length += chunk.length
    if (chunk.length < SMALL && this.#chunks.length - this.#first >= JOIN_FROM && this.#join(chunk)) return
    this.#chunks.push(chunk)
    this.#slab = NONE
  }

  /** Copies a small chunk behind the last one, if that is small too or is a slab of ours with room. */
  #join(chunk: Buffer): boolean {
    const last = this.#chunks.length - 1
    const tail = this.#chunks[last] as Buffer
    if (this.#filled + chunk.length > this.#slab.length) {
      if (tail.length >= SMALL && this.#slab === NONE) return false
      const full = this.#slab !== NONE
      this.#slab = Buffer.allocUnsafeSlow(full ? Math.min(this.#slab.length * 2, LARGEST_SLAB) : SMALLEST_SLAB)
      this.#filled = 0
      if (full) {
        // The full slab stays as it is; this one is a new chunk behind it.
        this.#chunks.push(this.#append(chunk))
        return true
      }
      this.#append(tail)
    }
    this.#append(chunk)
    const start = this.#filled - tail.length - chunk.length
    this.#chunks[last] = this.#slab.subarray(start, this.#filled)
    return true
  }

  #append(bytes: Buffer): Buffer {
    const start = this.#filled
    this.#slab.set(bytes, start)
    this.#filled += bytes.length
    return this.#slab.subarray(start, this.#filled)
  }

  /** Takes the next `n` bytes (n ≤ length): a view where they lie in one piece, else a copy. */
  take(n: number): Buffer {
    const head = this.#chunks[this.#first]
    const end = this.#offset + n
    // The way of nearly every message: it lies within the first chunk, and something follows it there.
    if (head !== undefined && end < head.length) {
      const bytes = head.subarray(this.#offset, end)
      this.#offset = end
      this.length -= n
      this.consumed += n
      return bytes
    }
    const bytes = this.peek(n)
    this.skip(n)
    return bytes
  }

  /** The next `n` bytes (n ≤ length), which stay unread. */
  peek(n: number): Buffer {
    if (n === 0) return NONE
    const head = this.#chunks[this.#first] as Buffer
    const end = this.#offset + n
    if (end <= head.length) return this.#offset === 0 && end === head.length ? head : head.subarray(this.#offset, end)
    const bytes = Buffer.allocUnsafe(n)
    this.copyTo(bytes)
    return bytes
  }

  /** Fills `target` with the next bytes (target.length ≤ length), which stay unread. */
  copyTo(target: Uint8Array): void {
    let index = this.#first
    let offset = this.#offset
    for (let at = 0; at < target.length; index++, offset = 0) {
      const chunk = this.#chunks[index] as Buffer
      const part = chunk.length - offset <= target.length - at ? (offset === 0 ? chunk : chunk.subarray(offset)) : chunk.subarray(offset, offset + target.length - at)
      target.set(part, at)
      at += part.length
    }
  }

  /** Drops the next `n` bytes (n ≤ length). */
  skip(n: number): void {
    this.length -= n
    this.consumed += n
    let left = this.#offset + n
    if (this.length === 0 && this.#mark === undefined) {
      this.clear()
      return
    }
    while (this.#first < this.#chunks.length) {
      const { length } = this.#chunks[this.#first] as Buffer
      if (left < length) break
      left -= length
      if (this.#mark === undefined) this.#chunks[this.#first] = NONE
      this.#first++
    }
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
    if (this.#chunks.length > 0) this.#chunks = []
    this.#first = 0
    this.#offset = 0
    this.#slab = NONE
    this.#mark = undefined
  }

  /** From here on what is taken can be given back. One mark at a time. */
  mark(): void {
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
    this.#first = this.#mark.first
    this.#offset = this.#mark.offset
    this.#mark = undefined
  }

  /** Forgets the mark: what was taken stays taken. */
  commit(): void {
    if (this.#mark === undefined) return
    const { first } = this.#mark
    this.#mark = undefined
    if (this.length === 0) return this.clear()
    this.#chunks.fill(NONE, first, this.#first)
    this.#trim()
  }

  /** The byte at `position` (< length). */
  at(position: number): number {
    const { index, start } = this.#locate(position)
    return (this.#chunks[index] as Buffer)[position - start] as number
  }

  /** The first unread chunk from its first unread byte on: what a quick read looks at first. Empty if nothing is unread. */
  get head(): Buffer {
    const head = this.#chunks[this.#first]
    return head === undefined ? NONE : this.#offset === 0 ? head : head.subarray(this.#offset)
  }

  /** Where the first `byte` is, if it is in the first chunk: −1 says nothing about the others. */
  indexInHead(byte: number): number {
    const head = this.#chunks[this.#first]
    if (head === undefined) return -1
    const index = head.indexOf(byte, this.#offset)
    return index < 0 ? -1 : index - this.#offset
  }

  /** The position of the first `byte` at or behind `from`, or −1. */
  indexOfByte(byte: number, from: number): number {
    if (from >= this.length) return -1
    let { index, start } = this.#locate(from)
    for (; index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index] as Buffer
      const found = chunk.indexOf(byte, Math.max(from - start, 0))
      if (found >= 0) return start + found
      start += chunk.length
    }
    return -1
  }

  /** The position at or behind `from` where `sequence` first lies as a whole, or −1. It may lie across chunks. */
  indexOf(sequence: Buffer, from: number): number {
    if (from + sequence.length > this.length) return -1
    let { index, start } = this.#locate(from)
    for (; index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index] as Buffer
      const begin = Math.max(from - start, 0)
      const found = chunk.indexOf(sequence, begin)
      if (found >= 0) return start + found
      // What begins in the last bytes of this chunk comes before anything in the next one.
      for (let at = Math.max(begin, chunk.length - sequence.length + 1); at < chunk.length; at++) {
        if (chunk[at] === sequence[0] && this.#compare(sequence, index, at) === 'whole') return start + at
      }
      start += chunk.length
    }
    return -1
  }

  /** How `sequence` compares with what lies at `position`. */
  matchAt(position: number, sequence: Buffer): Match {
    if (position >= this.length) return 'begun'
    const { index, start } = this.#locate(position)
    return this.#compare(sequence, index, position - start)
  }

  #compare(sequence: Buffer, index: number, at: number): Match {
    for (let done = 0; done < sequence.length; index++, at = 0) {
      const chunk = this.#chunks[index]
      if (chunk === undefined) return 'begun'
      const part = Math.min(sequence.length - done, chunk.length - at)
      if (sequence.compare(chunk, at, at + part, done, done + part) !== 0) return 'none'
      done += part
    }
    return 'whole'
  }

  /**
   * The chunk that holds `position` (< length), and the position of that chunk's first byte (of the first chunk:
   * −offset). Searches go on near the end of the data, so it walks from whichever end is nearer.
   */
  #locate(position: number): { index: number; start: number } {
    if (position * 2 > this.length) {
      let index = this.#chunks.length - 1
      let start = this.length - (this.#chunks[index] as Buffer).length
      while (start > position) start -= (this.#chunks[--index] as Buffer).length
      return { index, start }
    }
    let index = this.#first
    let start = -this.#offset
    for (let next = start + (this.#chunks[index] as Buffer).length; next <= position; next += (this.#chunks[++index] as Buffer).length) start = next
    return { index, start }
  }
}
