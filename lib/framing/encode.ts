// How the codecs of the library write: the checks of a message, and a header and a body as one frame. A small frame is copied into
// one piece of memory; a large body is passed on without a copy.

import { LARGE } from '../bytes/large.js'
import { bytesOf, checkWritable } from '../connection/writing/write-data.js'
import { FrameError, LimitExceededError } from '../errors.js'
import { kindOf } from '../kind-of.js'

// In Node 20, and not in the declarations of ES2023.
const { isWellFormed } = String.prototype as unknown as { isWellFormed(this: string): boolean }

/** Checks a message of bytes or text. @throws TypeError for another, FrameError for text that does not read back */
export function bodyOf(message: unknown): string | Uint8Array {
  if (typeof message === 'string') return textOf(message)
  if (!ArrayBuffer.isView(message)) throw new TypeError(`message must be a string or a view of bytes, not ${kindOf(message)}`)
  checkWritable(message)
  return bytesOf(message)
}

/** Checks a message of text. @throws TypeError for another, FrameError for text that does not read back */
export function textOf(message: unknown): string {
  if (typeof message !== 'string') throw new TypeError(`message must be a string, not ${kindOf(message)}`)
  if (!isWellFormed.call(message)) throw refused('the message has half of a surrogate pair, which is no UTF-8', message)
  return message
}

/** The error for a message that would not read back as it is. */
export function refused(what: string, frame: string | Uint8Array | undefined, cause?: unknown): FrameError {
  return new FrameError({
    frame: frame === undefined ? undefined : Buffer.from(frame as string),
    cause,
    message: `${what}; it was not sent`,
  })
}

/** The bytes of a body. */
export function sizeOfBody(body: string | Uint8Array): number {
  return typeof body === 'string' ? Buffer.byteLength(body) : body.length
}

/** @throws LimitExceededError for a message above the codec's limit */
export function assertSize(size: number, maxBytes: number | undefined): void {
  if (maxBytes !== undefined && size > maxBytes) throw new LimitExceededError({ limit: maxBytes, size, option: 'maxBytes' })
}

const NOTHING = Buffer.alloc(0)

/** A frame of a header, a body of `size` bytes, and what is behind it. The memory of `head` may be used again. */
export function frameOf(head: Buffer, body: string | Uint8Array, size: number, tail: Buffer = NOTHING): Uint8Array | Uint8Array[] {
  if (size >= LARGE) {
    const large = typeof body === 'string' ? Buffer.from(body) : body
    const header = Buffer.from(head)
    return tail.length === 0 ? [header, large] : [header, large, tail]
  }
  const frame = Buffer.allocUnsafe(head.length + size + tail.length)
  // Headers are short: a loop costs less than the call of `set`.
  for (let at = 0; at < head.length; at++) frame[at] = head[at] as number
  if (typeof body === 'string') frame.write(body, head.length)
  else frame.set(body, head.length)
  if (tail.length > 0) frame.set(tail, head.length + size)
  return frame
}
