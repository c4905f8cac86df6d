// The unread bytes as Latin-1 text, for patterns: each byte is one character. Decoded text is kept while its bytes are unread,
// so that each message decodes only the bytes that arrived since the last one. A position in the stream always has the same
// byte, so the text stays valid whatever other reads take or make unread again.

import type { ByteQueue } from './queue.js'

export class Latin1Cache {
  #text = ''
  /** Position in the stream of the first character of the text. */
  #base = 0

  /** Drops the text. */
  clear(): void {
    this.#text = ''
  }

  /** The next `n` bytes (n ≤ queue.length) as text. They stay unread. */
  first(queue: ByteQueue, n: number): string {
    let start = queue.consumed - this.#base
    if (start < 0 || start > this.#text.length) start = this.#text.length
    const known = this.#text.length - start
    if (known < n) {
      // Decodes up to twice as much: for messages that follow each other, each byte is then decoded once.
      this.#text = this.#text.slice(start) + queue.latin1(known, Math.min(queue.length, 2 * n))
      this.#base = queue.consumed
      start = 0
    }
    // A slice shares the characters, so its cost does not depend on its length.
    return this.#text.slice(start, start + n)
  }
}
