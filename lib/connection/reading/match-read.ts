// `readUntilMatch`: everything up to the end of the first match of a pattern, which is tried again, from the start, when
// bytes have arrived (`PatternPace` says when). Nothing is known of a pattern, so each try looks at all that has arrived for the message: the limit is
// therefore lower than that of other reads.

import type { Latin1Cache } from '../../bytes/latin1.js'
import type { ByteQueue } from '../../bytes/queue.js'
import { exceeded, type Limit, type Read, take, WAIT, type Wait } from './read-kinds.js'

/** What a pattern is tried on where no `maxBytes` is given: a peer that sends byte by byte has it tried for each of them. */
const MOST = 64 * 1024
const now: () => number = performance.now.bind(performance)

// A pattern of our own: `lastIndex` of the program's stays as it is, and a sticky or global one starts at the front. The
// last one is kept, since a protocol has few and making one costs as much as trying it on a short message.
let last: { source: string; flags: string; pattern: RegExp } | undefined

function ownOf({ source, flags }: RegExp): RegExp {
  if (last?.source !== source || last.flags !== flags) last = { source, flags, pattern: new RegExp(source, flags.replace(/[gy]/g, '')) }
  return last.pattern
}

export class MatchRead implements Read<Buffer | string> {
  readonly limit: Limit
  readonly #pattern: RegExp
  readonly #given: RegExp
  readonly #encoding: BufferEncoding | undefined
  readonly #cache: Latin1Cache
  took = 0

  /** `limited`: the program has given a `maxBytes`. */
  constructor(given: RegExp, limit: Limit, { limited, encoding, cache }: MatchOptions) {
    this.#given = given
    this.#pattern = ownOf(given)
    this.limit = !limited && limit.bytes > MOST ? { ...limit, bytes: MOST, before: 0, option: 'maxBytes' } : limit
    this.#encoding = encoding
    this.#cache = cache
  }

  get operation(): string {
    return `readUntilMatch(${this.#given})`
  }

  attempt(queue: ByteQueue): Buffer | string | Wait {
    const seen = Math.min(queue.length, this.limit.bytes)
    const began = now()
    const match = this.#pattern.exec(this.#cache.first(queue, seen))
    this.took = now() - began
    if (match === null) {
      if (queue.length >= this.limit.bytes) throw exceeded(this.limit, queue.length)
      return WAIT
    }
    if (match[0] === '') throw new RangeError(`${this.#given} matches nothing at all: a message must have at least one byte`)
    return take(queue, match.index + match[0].length, this.#encoding)
  }
}

interface MatchOptions {
  limited: boolean
  encoding: BufferEncoding | undefined
  cache: Latin1Cache
}
