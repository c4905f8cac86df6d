// Searching a queue for where a message ends, piece by piece: each search remembers how far it came, so that the cost of
// a message does not depend on the number of pieces it came in. The answer never depends on them either: where several
// delimiters could match, a search waits until the winner is sure. A search never takes bytes.

import type { CompiledDelimiter } from './delimiter.js'
import type { ByteQueue } from './queue.js'

/** A search under way. It starts at the first unread byte, and nothing may be taken before it has found its end. */
export interface Search {
  /** Bytes up to and including the delimiter, or 0 while that is not known. `ended`: no more bytes will come. */
  find(queue: ByteQueue, ended: boolean): number
  /** Bytes of the delimiter that was found. */
  readonly matched: number
  /** After a `find` that gave 0: the smallest result that a later one can still give. */
  soonest(queue: ByteQueue): number
  /** After a `find` that gave 0: bytes that belong to no possible delimiter, which a search started anew needs no more. */
  passed(queue: ByteQueue): number
}

/** Starts a search for a delimiter. */
export function searchFor(delimiter: CompiledDelimiter): Search {
  if (delimiter.byte >= 0) return new ByteSearch(delimiter.byte)
  if (delimiter.sequences.length === 1) return new SequenceSearch(delimiter.sequences[0] as Buffer)
  return new AnySearch(delimiter)
}

class ByteSearch implements Search {
  readonly matched = 1
  readonly #byte: number
  #from = 0

  constructor(byte: number) {
    this.#byte = byte
  }

  find(queue: ByteQueue): number {
    const found = queue.indexOfByte(this.#byte, this.#from)
    if (found >= 0) return found + 1
    this.#from = queue.length
    return 0
  }

  soonest(queue: ByteQueue): number {
    return queue.length + 1
  }

  passed(queue: ByteQueue): number {
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
    this.#from = begunAt(queue, this.#sequence, this.#from)
    return 0
  }

  soonest(): number {
    return this.#from + this.matched
  }

  passed(): number {
    return this.#from
  }
}

/** Where `sequence` begins and is cut off by the end of the data, at or behind `from`: the first such place, else the end. */
function begunAt(queue: ByteQueue, sequence: Buffer, from: number): number {
  const end = queue.length
  for (let at = Math.max(from, end - sequence.length + 1, 0); at < end; at++) {
    if (queue.matchAt(at, sequence) === 'begun') return at
  }
  return end
}

/**
 * Several delimiters: the match that starts first wins, then the longest. One that is whole may have to wait for another
 * that began before it, or at the same place, and is not complete yet.
 */
class AnySearch implements Search {
  matched = 0
  readonly #sequences: readonly Buffer[]
  readonly #shortest: number
  /** For each sequence, where it lies first; −1 while it does not, and then where to go on. */
  readonly #found: number[]
  readonly #from: number[]
  #whole: { start: number; length: number } | undefined

  constructor({ sequences, shortest }: CompiledDelimiter) {
    this.#sequences = sequences
    this.#shortest = shortest
    this.#found = sequences.map(() => -1)
    this.#from = sequences.map(() => 0)
  }

  find(queue: ByteQueue, ended: boolean): number {
    this.#whole = undefined
    // Longest first, so that of those that start together the longest stays.
    for (const [index, sequence] of this.#sequences.entries()) {
      const start = this.#locate(queue, index, sequence)
      if (start >= 0 && start < (this.#whole?.start ?? Number.POSITIVE_INFINITY)) this.#whole = { start, length: sequence.length }
    }
    if (this.#whole === undefined || (!ended && this.#rivals(queue).length > 0)) return 0
    this.matched = this.#whole.length
    return this.#whole.start + this.#whole.length
  }

  /** Where a sequence lies first, or −1; looks only at what it has not seen. */
  #locate(queue: ByteQueue, index: number, sequence: Buffer): number {
    const known = this.#found[index] as number
    if (known >= 0) return known
    const from = this.#from[index] as number
    const found = queue.indexOf(sequence, from)
    this.#found[index] = found
    if (found < 0) this.#from[index] = begunAt(queue, sequence, from)
    return found
  }

  /**
   * What began, is not complete, and would win over the whole match there is: where each would end. A sequence that lies
   * whole somewhere is none: where it begins once more is behind that.
   */
  #rivals(queue: ByteQueue): number[] {
    const ends: number[] = []
    const start = this.#whole?.start ?? Number.POSITIVE_INFINITY
    const length = this.#whole?.length ?? 0
    for (const [index, sequence] of this.#sequences.entries()) {
      const at = this.#from[index] as number
      if ((this.#found[index] as number) >= 0 || at >= queue.length) continue
      if (at < start || (at === start && sequence.length > length)) ends.push(at + sequence.length)
    }
    return ends
  }

  soonest(queue: ByteQueue): number {
    const ends = this.#rivals(queue)
    ends.push(this.#whole === undefined ? queue.length + this.#shortest : this.#whole.start + this.#whole.length)
    return Math.min(...ends)
  }

  passed(queue: ByteQueue): number {
    return Math.min(queue.length, this.#whole?.start ?? queue.length, ...this.#from.filter((_, index) => (this.#found[index] as number) < 0))
  }
}
