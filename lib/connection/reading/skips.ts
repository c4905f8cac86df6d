// `skip` and `skipUntil`, which drop bytes as they arrive, so that a message of any size can be skipped. If one fails, the
// bytes already dropped are gone. Inside `readMessage` they gather like other reads, so that the message can be unread again.

import type { CompiledDelimiter } from '../../bytes/delimiter.js'
import type { ByteQueue } from '../../bytes/queue.js'
import { type Search, searchFor } from '../../bytes/search.js'
import { exceeded, type Limit } from './limit.js'
import { type Read, type Stream, WAIT, type Wait } from './read-kinds.js'

/** `skip`: drops n bytes. `gather`: drops none before all have arrived. */
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

/** `skipUntil`: drops everything up to and including the delimiter. */
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
    const least = this.#dropped + (end === 0 ? this.#search.earliestEnd(queue) : end)
    if (least > this.limit.bytes) {
      const size = this.#dropped + (end === 0 ? queue.length : end)
      // Drops at most `maxBytes`, and no byte that may begin the delimiter: a later `skipUntil` continues there.
      const passed = end === 0 ? this.#search.ruledOut(queue) : end - this.#search.matched
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

  /** Drops the bytes that cannot belong to the delimiter. */
  #drop(queue: ByteQueue): void {
    const passed = this.#search.ruledOut(queue)
    if (passed === 0) return
    queue.skip(passed)
    this.#dropped += passed
    this.#search = searchFor(this.#delimiter)
  }
}
