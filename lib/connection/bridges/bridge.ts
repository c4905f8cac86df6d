// The read lock of a bridge to another kind of stream, or of a pipe. While it is held, all other reads are refused. It reads
// bytes as they arrive, without regard to messages: no read limit applies to its reads, and a drain does not interrupt them.

import type { ConnectionCore } from '../lifecycle.js'
import type { Limit } from '../reading/limit.js'
import { pieceOf, type Read, WAIT } from '../reading/read-kinds.js'
import type { ReadLock } from '../reading/read-lock.js'
import { type ResolvedReadOptions, resolveReadOptions } from '../reading/read-options.js'

// The most bytes of one piece: the reader of the bridge has buffers of its own, and reads again.
const MAX_PIECE = 64 * 1024
const limit: Limit = Object.freeze({ bytes: MAX_PIECE, before: 0, option: 'maxBytes', shared: false })

// Reads the next piece, or null at the end of the stream. It has no state, so all bridges share it.
const next: Read<Buffer | null> = {
  operation: 'read()',
  limit,
  attempt(queue, stream) {
    if (queue.length === 0) return stream === 'ended' ? null : WAIT
    return queue.take(pieceOf(queue, MAX_PIECE))
  },
}

export class Bridge implements ReadLock {
  readonly idle = false
  readonly keepsSkipped = false
  released = false
  #reason: unknown
  readonly refusal: string
  readonly #core: ConnectionCore
  readonly #options: ResolvedReadOptions = { ...resolveReadOptions(undefined), idle: false }

  /**
   * Acquires the lock. `refusal`: the message of the ConcurrentReadError that other reads reject with.
   *
   * @throws ConcurrentReadError while a read is pending or another lock is held
   */
  constructor(core: ConnectionCore, refusal: string, signal?: AbortSignal) {
    this.#core = core
    this.refusal = refusal
    core.readHalf.assertReadable(undefined, signal)
    core.readHalf.acquire(this)
  }

  /** The next piece, or null at the end of the stream. */
  read(): Promise<Buffer | null> {
    return this.#core.readHalf.run(() => next, this.#options, this)
  }

  /** Releases the lock. A pending read of the bridge rejects with `error`. */
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
