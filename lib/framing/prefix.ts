// Formats whose frames begin with a header that has the length of the body: what they have in common once the header is read.
// The limit is checked before the body is gathered. All bytes of a frame are taken together, with one view or one copy.
// Decision: docs/decisions/a-broken-frame-stays-unread.md

import type { ByteQueue } from '../bytes/queue.js'
import { exceeded, type Limit } from '../connection/reading/limit.js'
import type { ReadHalf } from '../connection/reading/read-half.js'
import { type Read, WAIT, type Wait } from '../connection/reading/read-kinds.js'
import { FrameError } from '../errors.js'
import { type BytesFormat, OPERATION, ownLimit } from './format.js'

/** How far a header has been read. It is kept while a read waits, so that no byte of a header is looked at again and again. */
export class Progress {
  /** The size of the header; 0 while it is not whole. */
  header = 0
  /** The size of the body, as far as the header says it. */
  body = 0
  /** The bytes of the header that need not be looked at again. */
  at = 0
  /** Beyond them, the bytes that have no end of a line. */
  searched = 0

  reset(): this {
    this.header = 0
    this.body = 0
    this.at = 0
    this.searched = 0
    return this
  }
}

// One for all frames that are buffered whole: it is used and left within one call.
const once = new Progress()

export abstract class PrefixFormat implements BytesFormat<Buffer> {
  readonly maxBytes: number | undefined
  readonly #limit: Limit | undefined
  /** The bytes behind a body. */
  protected readonly trailer: number = 0

  constructor(maxBytes: number | undefined) {
    this.maxBytes = maxBytes
    this.#limit = ownLimit(maxBytes)
  }

  /** Reads the header, from `progress` on. Returns its size and sets `progress.body`, or returns 0 while it is not whole. @throws FrameError if it is broken */
  protected abstract header(queue: ByteQueue, progress: Progress, whole: Limit | undefined): number

  /** Checks what is behind the body, at `end`. @throws FrameError */
  protected check(_queue: ByteQueue, _end: number): void {}

  fast(readHalf: ReadHalf): Buffer | undefined {
    return readHalf.takeFrame(this, this.#limit)
  }

  takeBuffered(queue: ByteQueue, limit: Limit): Buffer | Wait {
    return this.take(queue, once.reset(), limit, undefined)
  }

  start(limit: Limit, whole: Limit | undefined): Read<Buffer> {
    return new PrefixRead(this, limit, whole)
  }

  /** Takes the next frame whole, or takes nothing. */
  take(queue: ByteQueue, progress: Progress, limit: Limit, whole: Limit | undefined): Buffer | Wait {
    if (progress.header === 0) progress.header = this.header(queue, progress, whole)
    const { header, body } = progress
    if (header === 0) {
      // At least one more byte has to arrive.
      if (whole !== undefined && queue.length >= whole.bytes) throw exceeded(whole, queue.length + 1)
      return WAIT
    }
    if (body > limit.bytes) throw exceeded(limit, body)
    // No memory has that many bytes, whatever the limit.
    if (body > Number.MAX_SAFE_INTEGER) throw exceeded({ ...limit, bytes: Number.MAX_SAFE_INTEGER }, body)
    const size = header + body + this.trailer
    if (whole !== undefined && size > whole.bytes) throw exceeded(whole, size)
    if (queue.length < size) return WAIT
    this.check(queue, header + body)
    return queue.takeMiddle(header, body, this.trailer)
  }

  /** The bytes that a frame needs; undefined while its header is not whole. */
  needed({ header, body }: Progress): number | undefined {
    return header === 0 ? undefined : header + body + this.trailer
  }
}

class PrefixRead implements Read<Buffer> {
  readonly operation = OPERATION
  readonly limit: Limit
  needed?: number
  readonly #format: PrefixFormat
  readonly #whole: Limit | undefined
  readonly #progress = new Progress()

  constructor(format: PrefixFormat, limit: Limit, whole: Limit | undefined) {
    this.#format = format
    this.limit = limit
    this.#whole = whole
  }

  attempt(queue: ByteQueue): Buffer | Wait {
    const frame = this.#format.take(queue, this.#progress, this.limit, this.#whole)
    // A header may be longer than the limit of the body: a program that polls by `tryRead` needs its next byte in any case.
    this.needed = this.#format.needed(this.#progress) ?? Math.max(queue.length + 1, this.limit.bytes)
    return frame
  }
}

/** The error for a frame that is broken in its first `bytes` bytes. They stay unread. */
export function broken(queue: ByteQueue, bytes: number, what: string): FrameError {
  const message = `${what}; the frame is still unread: skip it, or close the connection`
  return new FrameError({ frame: queue.copy(Math.min(bytes, queue.length)), message })
}
