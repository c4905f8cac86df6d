// Searches a queue for the end of a message. A search resumes where it stopped, so that the cost of a message does not depend
// on the number of pieces it arrives in. Nor does the result: if several delimiters can match, the search waits until the
// winner is certain. A search never takes bytes.

import type { CompiledDelimiter } from './delimiter.js'
import type { ByteQueue } from './queue.js'

/** A search for a delimiter from the first unread byte on. No byte may be taken before it has found the end. */
export interface Search {
  /** The number of bytes up to and including the delimiter, or 0 while it is not known. `ended`: no more bytes will arrive. */
  find(queue: ByteQueue, ended: boolean): number
  /** The length of the delimiter that was found. */
  readonly matched: number
  /** After a `find` that returned 0: the smallest result that a later `find` can return. */
  earliestEnd(queue: ByteQueue): number
  /** After a `find` that returned 0: the number of bytes that can belong to no delimiter. A new search may start after them. */
  ruledOut(queue: ByteQueue): number
}

/** Starts a search for a delimiter. */
export function searchFor(delimiter: CompiledDelimiter): Search {
  if (delimiter.byte >= 0) return new ByteSearch(delimiter.byte)
  if (delimiter.sequences.length === 1) return new SequenceSearch(delimiter.sequences[0] as Buffer)
  return new AnySearch(delimiter)
}

class ByteSearch implements Search {
  readonly #byte: number
  #from = 0

  constructor(byte: number) {
    this.#byte = byte
  }

  get matched(): number {
    return 1
  }

  find(queue: ByteQueue): number {
    const found = queue.indexOfByte(this.#byte, this.#from)
    if (found >= 0) return found + 1
    this.#from = queue.length
    return 0
  }

  earliestEnd(queue: ByteQueue): number {
    return queue.length + 1
  }

  ruledOut(queue: ByteQueue): number {
    return queue.length
  }
}

class SequenceSearch implements Search {
  readonly matched: number
  readonly #sequence: Buffer
  #from = 0

  constructor(sequence: Buffer) {
    this.#sequence = sequence
    this.matched = sequence.length
  }

  find(queue: ByteQueue): number {
    const found = queue.indexOf(this.#sequence, this.#from)
    if (found >= 0) return found + this.matched
    this.#from = partialMatchAt(queue, this.#sequence, this.#from)
    return 0
  }

  earliestEnd(): number {
    return this.#from + this.matched
  }

  ruledOut(): number {
    return this.#from
  }
}

/** The first position, at `from` or after, at which a beginning of `sequence` reaches up to the end of the data; otherwise the end. */
function partialMatchAt(queue: ByteQueue, sequence: Buffer, from: number): number {
  const lead = sequence[0] as number
  let at = Math.max(from, queue.length - sequence.length + 1)
  while ((at = queue.indexOfByte(lead, at)) >= 0) {
    if (queue.matchAt(at, sequence) === 'partial') return at
    at++
  }
  return queue.length
}

// Several sequences are searched for one after the other, in a window that starts with this size and doubles until one is
// found: a short message before megabytes of other bytes then does not cost a search of all of them.
const WINDOW = 2048

/**
 * Several delimiters: the match that starts first wins, then the longest. A whole match has to wait while another one that
 * starts before it, or at the same position, is incomplete.
 */
class AnySearch implements Search {
  matched = 0
  /** Longest first. */
  readonly #sequences: readonly Buffer[]
  readonly #shortest: number
  /** No match can start before this position. */
  #from = 0
  #earliestEnd = 0

  constructor({ sequences, shortest }: CompiledDelimiter) {
    this.#sequences = sequences
    this.#shortest = shortest
  }

  find(queue: ByteQueue, ended: boolean): number {
    const start = this.#locate(queue)
    const end = start < 0 ? 0 : start + this.matched
    if (start >= 0 && (ended || start + (this.#sequences[0] as Buffer).length <= queue.length)) return end
    return this.#await(queue, start < 0 ? queue.length : start, end)
  }

  /** The position of the whole match that wins, or −1. Sets `matched` to its length. */
  #locate(queue: ByteQueue): number {
    let start = -1
    for (let from = this.#from, window = WINDOW; from < queue.length && start < 0; from += window, window *= 2) {
      let before = from + window
      // Shortest first: a longer sequence then replaces a shorter one that starts at the same position or later.
      for (let index = this.#sequences.length - 1; index >= 0; index--) {
        const sequence = this.#sequences[index] as Buffer
        const found = queue.indexOf(sequence, from, before)
        if (found < 0) continue
        start = found
        before = found + 1
        this.matched = sequence.length
      }
    }
    return start
  }

  /** Looks for incomplete matches that would win over the whole match, which ends at `end`. Returns `end` if there is none. */
  #await(queue: ByteQueue, start: number, end: number): number {
    let from = start
    let earliest = end > 0 ? end : queue.length + this.#shortest
    let rivals = false
    for (const sequence of this.#sequences) {
      const at = partialMatchAt(queue, sequence, this.#from)
      if (at === queue.length || at > start || (at === start && sequence.length <= this.matched)) continue
      rivals = true
      from = Math.min(from, at)
      earliest = Math.min(earliest, at + sequence.length)
    }
    this.#from = from
    this.#earliestEnd = earliest
    return rivals ? 0 : end
  }

  earliestEnd(): number {
    return this.#earliestEnd
  }

  ruledOut(): number {
    return this.#from
  }
}
