// Netstrings: `12:hello world!,`. https://cr.yp.to/proto/netstrings.txt

import type { ByteQueue } from '../bytes/queue.js'
import type { Codec } from './codec.js'
import { assertSize, bodyOf, frameOf, sizeOfBody } from './encode.js'
import { codecOf } from './format-codec.js'
import { type FrameOptions, maxBytesOf } from './options.js'
import { broken, PrefixFormat, type Progress } from './prefix.js'

const ZERO = 48
const COLON = 58
const COMMA = 44

/** A length with more digits is beyond every limit. */
const MOST_DIGITS = String(Number.MAX_SAFE_INTEGER).length

const END = Buffer.from(',')

class NetstringFormat extends PrefixFormat {
  protected override readonly trailer: number = 1

  protected header(queue: ByteQueue, progress: Progress): number {
    for (; progress.at < queue.length; progress.at++) {
      const byte = queue.at(progress.at)
      if (byte === COLON && progress.at > 0) return progress.at + 1
      if (byte < ZERO || byte > ZERO + 9) throw broken(queue, progress.at + 1, 'a netstring begins with its length in digits and a colon')
      if (progress.at === 1 && progress.body === 0) throw broken(queue, 2, 'the length of a netstring has no leading zeros')
      progress.body = progress.body * 10 + byte - ZERO
      // The digits need not end: with so many the length is above the limit, whatever follows.
      if (progress.at === MOST_DIGITS) return progress.at + 1
    }
    return 0
  }

  protected override check(queue: ByteQueue, end: number): void {
    if (queue.at(end) !== COMMA) throw broken(queue, end + 1, 'a netstring ends with a comma behind its last byte')
  }
}

/**
 * Netstrings: the length of the body in decimal digits, a colon, the body, a comma.
 *
 * **Reads** the body, a Buffer, which may share memory with other results. **Writes** a string (as UTF-8) or bytes. A body of
 * 16 KiB or more is not copied: as with `write`, its memory belongs to the connection until the write resolves.
 *
 * **Errors**: a length above `maxBytes` is a LimitExceededError before any byte of the body is gathered, and so is a message
 * above it before any byte is sent. A length that is not in digits, or has leading zeros, and a missing comma are FrameErrors.
 *
 * @throws TypeError or RangeError for options that are not valid
 * @example
 * const messages = framed(connection, netstring({ maxBytes: 1024 }))
 */
export function netstring(options?: FrameOptions): Codec<Buffer, string | NodeJS.ArrayBufferView> {
  const maxBytes = maxBytesOf(options, 'netstring()')
  const room = Buffer.alloc(MOST_DIGITS + 1)
  return codecOf(new NetstringFormat(maxBytes), (message) => {
    const body = bodyOf(message)
    const size = sizeOfBody(body)
    assertSize(size, maxBytes)
    let at = MOST_DIGITS
    room[at] = COLON
    let rest = size
    do {
      room[--at] = ZERO + (rest % 10)
      rest = Math.floor(rest / 10)
    } while (rest > 0)
    return frameOf(room.subarray(at), body, size, END)
  })
}
