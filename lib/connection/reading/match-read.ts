// `readUntilMatch`: everything up to the end of the first match of a pattern. The pattern is tried from the start whenever
// bytes have arrived (`PatternPace` decides when). Each try costs as much as all bytes of the message so far, so the default
// limit is lower than that of other reads.

import type { Latin1Cache } from '../../bytes/latin1.js'
import type { ByteQueue } from '../../bytes/queue.js'
import { exceeded, type Limit } from './limit.js'
import { type Read, take, WAIT, type Wait } from './read-kinds.js'

/** The largest default limit: for a peer that sends byte by byte, the pattern is tried as many times. */
const MOST = 64 * 1024
const now: () => number = performance.now.bind(performance)

// A copy of the program's pattern: `lastIndex` of the original does not change, and a sticky or global pattern starts at the
// first byte. The last copy is kept, since making one costs as much as trying it on a short message.
let last: { source: string; flags: string; pattern: RegExp } | undefined

function copyOf({ source, flags }: RegExp): RegExp {
  if (last?.source !== source || last.flags !== flags) last = { source, flags, pattern: new RegExp(source, flags.replace(/[gy]/g, '')) }
  return last.pattern
}

export class MatchRead implements Read<Buffer | string> {
  readonly limit: Limit
  readonly #pattern: RegExp
  readonly #original: RegExp
  readonly #encoding: BufferEncoding | undefined
  readonly #cache: Latin1Cache
  attemptMs = 0

  constructor(original: RegExp, limit: Limit, { limited, encoding, cache }: MatchOptions) {
    this.#original = original
    this.#pattern = copyOf(original)
    this.limit = !limited && limit.bytes > MOST ? { ...limit, bytes: MOST, before: 0, option: 'maxBytes' } : limit
    this.#encoding = encoding
    this.#cache = cache
  }

  get operation(): string {
    return `readUntilMatch(${this.#original})`
  }

  attempt(queue: ByteQueue): Buffer | string | Wait {
    const seen = Math.min(queue.length, this.limit.bytes)
    const began = now()
    const match = this.#pattern.exec(this.#cache.first(queue, seen))
    this.attemptMs = now() - began
    if (match === null) {
      if (queue.length >= this.limit.bytes) throw exceeded(this.limit, queue.length)
      return WAIT
    }
    if (match[0] === '') throw new RangeError(`${this.#original} matches nothing at all: a message must have at least one byte`)
    return take(queue, match.index + match[0].length, this.#encoding)
  }
}

interface MatchOptions {
  /** Whether the program gave a `maxBytes`. */
  limited: boolean
  encoding: BufferEncoding | undefined
  cache: Latin1Cache
}
