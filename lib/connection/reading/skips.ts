// The reads that drop bytes. They gather nothing, so that what is too large to hold can be got rid of; inside a message
// they gather like any other, so that the message can be given back. What a failed one dropped stays dropped.

import type { CompiledDelimiter } from '../../bytes/delimiter.js'
import type { ByteQueue } from '../../bytes/queue.js'
import { type Search, searchFor } from '../../bytes/search.js'
import { exceeded, type Limit, type Read, type Stream, WAIT, type Wait } from './read-kinds.js'

/** `skip`: n bytes, dropped as they come; inside a message they are gathered, so that it can give them back. */
export class SkipRead implements Read<number> {
  readonly limit: Limit
  readonly #n: number
  #left: number
  readonly #gather: boolean

  constructor(n: number, limit: Limit, gather: boolean) {
    if (n > limit.bytes) throw exceeded(limit, n)
    this.#n = n
    this.#left = n
    this.limit = limit
    this.#gather = gather
  }

  get operation(): string {
    return `skip(${this.#n})`
  }

  attempt(queue: ByteQueue): number | Wait {
    if (this.#gather && queue.length < this.#left) return WAIT
    const part = Math.min(queue.length, this.#left)
    queue.skip(part)
    this.#left -= part
    return this.#left === 0 ? this.#n : WAIT
  }
}

/** `skipUntil`: everything up to and including the delimiter, dropped as it comes. */
export class SkipUntilRead implements Read<number> {
  readonly limit: Limit
  readonly #delimiter: CompiledDelimiter
  readonly #gather: boolean
  #search: Search
  #dropped = 0

  constructor(delimiter: CompiledDelimiter, limit: Limit, gather: boolean) {
    this.#delimiter = delimiter
    this.#search = searchFor(delimiter)
    this.limit = limit
    this.#gather = gather
  }

  get operation(): string {
    return `skipUntil(${this.#delimiter.text})`
  }

  attempt(queue: ByteQueue, stream: Stream): number | Wait {
    const end = this.#search.find(queue, stream !== 'open')
    const least = this.#dropped + (end === 0 ? this.#search.soonest(queue) : end)
    if (least > this.limit.bytes) {
      const size = this.#dropped + (end === 0 ? queue.length : end)
      // Not beyond the limit, and nothing that may begin the delimiter: a `skipUntil` after this one goes on there.
      const passed = end === 0 ? this.#search.passed(queue) : end - this.#search.matched
      if (!this.#gather) queue.skip(Math.min(passed, this.limit.bytes - this.#dropped))
      throw exceeded(this.limit, size)
    }
    if (end > 0) {
      queue.skip(end)
      return this.#dropped + end
    }
    if (!this.#gather) this.#drop(queue)
    return WAIT
  }

  #drop(queue: ByteQueue): void {
    const passed = this.#search.passed(queue)
    if (passed === 0) return
    queue.skip(passed)
    this.#dropped += passed
    this.#search = searchFor(this.#delimiter)
  }
}
