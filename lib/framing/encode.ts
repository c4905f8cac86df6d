// How the codecs of the library write: the checks of a message, and a header and a body as one frame. A small frame is copied into
// one piece of memory; a large body is passed on without a copy.

import { LARGE } from '../bytes/large.js'
import { set } from '../bytes/view.js'
import { bytesOf, checkWritable } from '../connection/writing/write-data.js'
import { FrameError, LimitExceededError } from '../errors.js'
import { kindOf } from '../kind-of.js'

// In Node 20, and not in the declarations of ES2023.
const { isWellFormed } = String.prototype as unknown as { isWellFormed(this: string): boolean }

/** Checks a message of bytes or text. @throws TypeError for another */
export function bodyOf(message: unknown): string | Uint8Array {
  // The memory of a view of no bytes may be detached.
  if (typeof message === 'string' || (message instanceof Uint8Array && message.length > 0)) return message
  if (!ArrayBuffer.isView(message)) throw new TypeError(`message must be a string or a view of bytes, not ${kindOf(message)}`)
  return bytesOf(checkWritable(message) as NodeJS.ArrayBufferView)
}

/** Checks a message of text. @throws TypeError for another, FrameError for text that does not read back */
export function textOf(message: unknown): string {
  if (typeof message !== 'string') throw new TypeError(`message must be a string, not ${kindOf(message)}`)
  checkText(message)
  return message
}

function checkText(text: string): void {
  if (!isWellFormed.call(text)) throw refused('the message has half of a surrogate pair, which is no UTF-8', text)
}

/** The error for a message that would not read back as it is. */
export function refused(what: string, frame: string | Uint8Array | undefined, cause?: unknown): FrameError {
  return new FrameError({
    frame: frame === undefined ? undefined : Buffer.from(frame as string),
    cause,
    message: `${what}; it was not sent`,
  })
}

/** The number of bytes of a body. @throws FrameError for text that does not read back */
export function sizeOfBody(body: string | Uint8Array): number {
  if (typeof body !== 'string') return body.length
  const size = Buffer.byteLength(body)
  // Half of a pair takes three bytes, so that ASCII needs no check.
  if (size !== body.length) checkText(body)
  return size
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
  // Headers and terminators are short: a loop costs less than a call of `set`.
  for (let at = 0; at < head.length; at++) frame[at] = head[at] as number
  if (typeof body === 'string') frame.write(body, head.length)
  else set.call(frame, body, head.length)
  for (let at = 0; at < tail.length; at++) frame[head.length + size + at] = tail[at] as number
  return frame
}
