// The unread bytes as Latin-1 text, in which a byte is a character: what a pattern is tried on. Text that was made once is
// kept while its bytes are unread, so that a message costs the decoding of what has arrived since the last one, and not of
// all that is buffered behind it. A position in the stream always has the same byte, so what other reads take, or give
// back, changes nothing.

import type { ByteQueue } from './queue.js'

export class Latin1Cache {
  /** Text of the stream from this position on. */
  #text = ''
  #base = 0

  /** Forgets the text: all of it was read. */
  clear(): void {
    this.#text = ''
  }

  /** The next `n` bytes (n ≤ queue.length) as text. They stay unread. */
  first(queue: ByteQueue, n: number): string {
    let start = queue.consumed - this.#base
    if (start < 0 || start > this.#text.length) start = this.#text.length
    const known = this.#text.length - start
    if (known < n) {
      // Twice what is asked for, where it has arrived: a limit that moves on with each message then decodes each byte once.
      this.#text = this.#text.slice(start) + queue.latin1(known, Math.min(queue.length, 2 * n))
      this.#base = queue.consumed
      start = 0
    }
    // A slice shares the characters: it costs the same however long it is.
    return this.#text.slice(start, start + n)
  }
}
