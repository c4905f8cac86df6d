// What a bridge to another kind of stream has in common with every other: it is the connection's one reader while it
// stands, it knows no messages, so neither read limits nor a drain act in it, and it takes bytes as they come.

import type { ConnectionCore } from '../lifecycle.js'
import { type Limit, pieceOf, type Read, WAIT } from '../reading/read-kinds.js'
import type { ReadLock } from '../reading/read-lock.js'
import { type ResolvedReadOptions, readPlan } from '../reading/read-options.js'

// What one piece holds at most: the bridge's reader has buffers of its own, and asks again.
const PIECE = 64 * 1024
const limit: Limit = Object.freeze({ bytes: PIECE, before: 0, option: 'maxBytes', shared: false })

// The next piece, or null at the end of the stream. It has no state: one for all.
const next: Read<Buffer | null> = {
  operation: 'read()',
  limit,
  attempt(queue, stream) {
    if (queue.length === 0) return stream === 'ended' ? null : WAIT
    return queue.take(pieceOf(queue, PIECE))
  },
}

/** The read lock of a bridge or a pipe: the one reader of a connection. */
export class Bridge implements ReadLock {
  readonly idle = false
  readonly gathers = false
  released = false
  #reason: unknown
  readonly refusal: string
  readonly #core: ConnectionCore
  readonly #plan: ResolvedReadOptions = { ...readPlan(undefined), idle: false }

  /** `refusal`: what other reads are told meanwhile. @throws ConcurrentReadError while a read is pending or another reader has the connection */
  constructor(core: ConnectionCore, refusal: string, signal?: AbortSignal) {
    this.#core = core
    this.refusal = refusal
    core.readHalf.assertReadable(undefined, signal)
    core.readHalf.acquire(this)
  }

  /** The next piece, or null at the end of the stream. */
  read(): Promise<Buffer | null> {
    return this.#core.readHalf.run(() => next, this.#plan, this)
  }

  /** Gives reading back to the connection. A read that is pending rejects with `error`. */
  remove(error?: unknown): void {
    this.released = true
    this.#reason = error
    this.#core.readHalf.release(this)
  }

  errorAfterRelease(): unknown {
    return this.#reason ?? new TypeError('this stream has given its connection back: read from the connection')
  }

  limitOf(): Limit {
    return limit
  }

  firstByteArrived(): void {}
  waits(): void {}
  took(): void {}
  failed(): void {}
  refused(): void {}
}
