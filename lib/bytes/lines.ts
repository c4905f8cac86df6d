// Lines of text, many at a time: what lies in the first chunk is decoded once, and each line is a slice of that, at a
// third of what decoding it by itself costs. Only for lines that end in `\n` and for plain ASCII, where a byte is a
// character whatever the encoding; anything else takes the slow path. It holds text, never bytes: what is taken in
// between by other reads, or given back, changes nothing, since a position in the stream always has the same byte.

import { isAscii } from 'node:buffer'
import type { ByteQueue } from './queue.js'

// A line of more than a dozen characters is a slice, which keeps the text that it was cut from alive: with its header less
// than the 4 KiB that the contract allows. A smaller piece would be decoded more often than it pays.
const PIECE = 3800

// So much is looked at at once to know that it is ASCII, and where its last line ends.
const WINDOW = 16 * 1024

const LINE_FEED = 10
const CARRIAGE_RETURN = 13

export class LineCache {
  /** What was decoded, from this position of the stream on. */
  #text = ''
  #base = 0
  /** Bytes that are ASCII and end with a line feed, from one position to another. */
  #from = 0
  #to = 0
  /** Up to this position nothing can be decoded at once: it is no ASCII. */
  #barren = 0

  /** Forgets the text: all of it was read. */
  clear(): void {
    this.#text = ''
  }

  /** The next line without its end, of at most `most` bytes with it; undefined: go the slow path. */
  next(queue: ByteQueue, most: number): string | undefined {
    const { consumed } = queue
    if (consumed < this.#barren) return undefined
    let start = consumed - this.#base
    let end = start < 0 ? -1 : this.#text.indexOf('\n', start)
    if (end < 0) {
      if (!this.#decode(queue)) return undefined
      start = 0
      end = this.#text.indexOf('\n')
      if (end < 0) return undefined
    }
    if (end + 1 - start > most) return undefined
    const text = this.#text
    queue.skip(end + 1 - start)
    return text.slice(start, end > start && text.charCodeAt(end - 1) === CARRIAGE_RETURN ? end - 1 : end)
  }

  /** Decodes the next piece; the last line of it may be cut. */
  #decode(queue: ByteQueue): boolean {
    const { consumed } = queue
    if ((consumed < this.#from || consumed >= this.#to) && !this.#check(queue)) return false
    const length = Math.min(PIECE, this.#to - consumed)
    this.#text = queue.window(length).toString('latin1')
    this.#base = consumed
    return true
  }

  #check(queue: ByteQueue): boolean {
    const window = queue.window(WINDOW)
    const length = window.lastIndexOf(LINE_FEED) + 1
    // Without a line feed the next chunk may bring one; what is no ASCII stays so.
    if (length === 0) return false
    if (!isAscii(window)) {
      this.#barren = queue.consumed + length
      return false
    }
    this.#from = queue.consumed
    this.#to = queue.consumed + length
    return true
  }
}
