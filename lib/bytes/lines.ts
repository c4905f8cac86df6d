// The fast path of lines: decodes many lines of the first chunk at once, and each line is a slice of that text, at a third of
// the cost of decoding it separately. Only for lines that end in `\n` and for ASCII, where a byte is one character; other
// lines use the slow path. It keeps text, never bytes. A position in the stream always has the same byte, so the text stays
// valid whatever other reads take or make unread again.

import { isAscii } from 'node:buffer'
import type { ByteQueue } from './queue.js'

// A line of more than a dozen characters is a slice, which keeps the text that it was cut from in memory: with its header
// less than the 4 KiB that the public contract allows. Smaller pieces would save less.
const PIECE = 3800

// The bytes that are checked at once for being ASCII, and for the end of the last line among them.
const WINDOW = 16 * 1024

const LINE_FEED = 10
const CARRIAGE_RETURN = 13

export class LineCache {
  #text = ''
  /** Position in the stream of the first character of the text. */
  #base = 0
  /** The positions between which all bytes are ASCII and the last one is a line feed. */
  #from = 0
  #to = 0
  /** Up to this position the bytes are not ASCII. */
  #notAscii = 0

  /** Drops the text. */
  clear(): void {
    this.#text = ''
  }

  /** Takes the next line, of at most `most` bytes with its end, and returns it without its end. Undefined: use the slow path. */
  next(queue: ByteQueue, most: number): string | undefined {
    const { consumed } = queue
    if (consumed < this.#notAscii) return undefined
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

  /** Decodes the next piece, whose last line may be incomplete. */
  #decode(queue: ByteQueue): boolean {
    const { consumed } = queue
    if ((consumed < this.#from || consumed >= this.#to) && !this.#check(queue)) return false
    const length = Math.min(PIECE, this.#to - consumed)
    this.#text = queue.window(length).toString('latin1')
    this.#base = consumed
    return true
  }

  /** Finds how far the next bytes are ASCII and whole lines. */
  #check(queue: ByteQueue): boolean {
    const window = queue.window(WINDOW)
    const length = window.lastIndexOf(LINE_FEED) + 1
    // No line feed yet: bytes that arrive later may have one.
    if (length === 0) return false
    if (!isAscii(window)) {
      this.#notAscii = queue.consumed + length
      return false
    }
    this.#from = queue.consumed
    this.#to = queue.consumed + length
    return true
  }
}
