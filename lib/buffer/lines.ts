// Lines of text, many at a time: what lies in the first chunk is decoded once, and each line is a slice of that, at a
// third of what decoding it by itself costs. Only for lines that end in `\n` and for plain ASCII, where a byte is a
// character whatever the encoding; anything else takes the long way. It holds text, never bytes: what is taken in
// between by other reads, or given back, changes nothing, since a position in the stream always has the same byte.

import { isAscii } from 'node:buffer'
import type { ByteQueue } from './queue.js'

// Enough lines that decoding costs little each, and not so much that a program which reads one line between other things
// pays for what it does not use, or that a line kept for long keeps much beside it.
const WINDOW = 16 * 1024

const LINE_FEED = 10
const CARRIAGE_RETURN = 13

export class LineCache {
  /** What was decoded, from this position of the stream on. Ends with a line feed. */
  #text = ''
  #base = 0
  /** Up to this position nothing can be decoded at once: it is no ASCII. */
  #barren = 0

  /** The next line without its end, of at most `most` bytes with it; undefined: go the long way. */
  next(queue: ByteQueue, most: number): string | undefined {
    const { consumed } = queue
    if (consumed < this.#barren) return undefined
    let start = consumed - this.#base
    if (start < 0 || start >= this.#text.length) {
      if (!this.#decode(queue)) return undefined
      start = 0
    }
    const text = this.#text
    const end = text.indexOf('\n', start)
    if (end + 1 - start > most) return undefined
    queue.skip(end + 1 - start)
    return text.slice(start, end > start && text.charCodeAt(end - 1) === CARRIAGE_RETURN ? end - 1 : end)
  }

  #decode(queue: ByteQueue): boolean {
    const window = queue.window(WINDOW)
    const length = window.lastIndexOf(LINE_FEED) + 1
    // Without a line feed the next chunk may bring one; what is no ASCII stays so.
    if (length === 0) return false
    if (!isAscii(window)) {
      this.#barren = queue.consumed + length
      return false
    }
    this.#text = window.toString('latin1', 0, length)
    this.#base = queue.consumed
    return true
  }
}
