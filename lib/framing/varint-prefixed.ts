// Frames with a length of variable size, as in protobuf's delimited format: seven bits a byte, the least significant first, and
// the highest bit set in all bytes but the last.

import type { ByteQueue } from '../bytes/queue.js'
import type { Codec } from './codec.js'
import { assertSize, bodyOf, frameOf, sizeOfBody } from './encode.js'
import { codecOf } from './format-codec.js'
import { type FrameOptions, maxBytesOf } from './options.js'
import { broken, PrefixFormat, type Progress } from './prefix.js'

/** The most bytes of a length. */
const MOST = 10

class VarintFormat extends PrefixFormat {
  protected header(queue: ByteQueue, progress: Progress): number {
    while (progress.at < MOST) {
      if (progress.at >= queue.length) return 0
      const byte = queue.at(progress.at)
      progress.body += (byte & 127) * 2 ** (7 * progress.at)
      progress.at++
      if (byte < 128) return progress.at
    }
    throw broken(queue, MOST, `a length has at most ${MOST} bytes, and this one goes on`)
  }
}

/**
 * Frames that begin with the length of their body as a varint: protobuf's delimited format.
 *
 * **Reads** the body, a Buffer, which may share memory with other results. **Writes** a string (as UTF-8) or bytes. A body of
 * 16 KiB or more is not copied: as with `write`, its memory belongs to the connection until the write resolves.
 *
 * **Errors**: a length above `maxBytes` is a LimitExceededError before any byte of the body is gathered, and so is a message
 * above it before any byte is sent. A length of more than ten bytes is a FrameError. Lengths with more bytes than they need are
 * read, and never written.
 *
 * @throws TypeError or RangeError for options that are not valid
 * @example
 * for await (const bytes of framed(connection, varintPrefixed())) handle(Event.decode(bytes))
 */
export function varintPrefixed(options?: FrameOptions): Codec<Buffer, string | NodeJS.ArrayBufferView> {
  const maxBytes = maxBytesOf(options, 'varintPrefixed()')
  const room = Buffer.alloc(MOST)
  return codecOf(new VarintFormat(maxBytes), (message) => {
    const body = bodyOf(message)
    const size = sizeOfBody(body)
    assertSize(size, maxBytes)
    let bytes = 0
    let length = size
    for (; length > 127; length = Math.floor(length / 128)) room[bytes++] = (length % 128) + 128
    room[bytes++] = length
    return frameOf(room.subarray(0, bytes), body, size)
  })
}
