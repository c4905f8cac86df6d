// Frames with a length of a fixed size: `00 00 00 05 h e l l o`.

import type { ByteQueue } from '../bytes/queue.js'
import { FrameError, LimitExceededError } from '../errors.js'
import type { Codec } from './codec.js'
import { assertSize, bodyOf, frameOf, sizeOfBody } from './encode.js'
import { codecOf } from './format-codec.js'
import { type LengthPrefixedOptions, largestLength, lengthPrefixedOptions, type ResolvedLengthPrefixed } from './options.js'
import { broken, PrefixFormat, type Progress } from './prefix.js'

class LengthFormat extends PrefixFormat {
  readonly #options: ResolvedLengthPrefixed

  constructor(options: ResolvedLengthPrefixed) {
    super(options.maxBytes)
    this.#options = options
  }

  protected header(queue: ByteQueue, progress: Progress): number {
    const { bytes, little, adjust } = this.#options
    if (queue.length < bytes) return 0
    // As a number, also for eight bytes: one that it cannot hold exactly is beyond every limit.
    let length = 0
    for (let at = 0; at < bytes; at++) length = length * 256 + queue.at(little ? bytes - 1 - at : at)
    if (length + adjust < 0) throw broken(queue, bytes, `a length of ${length} with adjust: ${adjust} is less than none`)
    progress.body = length + adjust
    return bytes
  }
}

/**
 * Frames that begin with the length of their body, in a fixed number of bytes.
 *
 * **Reads** the body, a Buffer, which may share memory with other results. **Writes** a string (as UTF-8) or bytes. A body of
 * 16 KiB or more is not copied: as with `write`, its memory belongs to the connection until the write resolves.
 *
 * **Errors**: a length above `maxBytes` is a LimitExceededError before any byte of the body is gathered, and so is a message
 * above it, or too long for the length, before any byte is sent. A length that is less than none after `adjust` is a FrameError.
 *
 * @throws TypeError or RangeError for options that are not valid
 * @example
 * const messages = framed(connection, lengthPrefixed({ bytes: 4, maxBytes: 65_536 }))
 */
export function lengthPrefixed(options: LengthPrefixedOptions): Codec<Buffer, string | NodeJS.ArrayBufferView> {
  const resolved = lengthPrefixedOptions(options)
  const { bytes, little, adjust, maxBytes } = resolved
  const largest = largestLength(bytes) + adjust
  const head = Buffer.alloc(bytes)
  return codecOf(new LengthFormat(resolved), (message) => {
    const body = bodyOf(message)
    const size = sizeOfBody(body)
    assertSize(size, maxBytes)
    if (size > largest) throw new LimitExceededError({ limit: largest, size, option: 'bytes' })
    if (size < adjust) throw new FrameError({ message: `with adjust: ${adjust} no length says ${size} bytes; the message was not sent` })
    let length = size - adjust
    for (let at = 0; at < bytes; at++) {
      head[little ? at : bytes - 1 - at] = length % 256
      length = Math.floor(length / 256)
    }
    return frameOf(head, body, size)
  })
}
