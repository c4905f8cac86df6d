// Frames that end with a delimiter: `hello\0`.
// Decision: docs/decisions/what-is-written-reads-back.md

import { type CompiledDelimiter, compileDelimiter } from '../bytes/delimiter.js'
import type { ByteQueue } from '../bytes/queue.js'
import { type Search, searchFor } from '../bytes/search.js'
import { indexOf } from '../bytes/view.js'
import type { Limit } from '../connection/reading/limit.js'
import type { ReadHalf } from '../connection/reading/read-half.js'
import { found, type Read, type Stream, WAIT, type Wait } from '../connection/reading/read-kinds.js'
import type { Codec } from './codec.js'
import { assertSize, bodyOf, frameOf, refused, sizeOfBody } from './encode.js'
import { type BytesFormat, OPERATION, ownLimit } from './format.js'
import { codecOf } from './format-codec.js'
import { type FrameOptions, maxBytesOf } from './options.js'

const NOTHING = Buffer.alloc(0)

class DelimitedFormat implements BytesFormat<Buffer> {
  readonly maxBytes: number | undefined
  readonly #limit: Limit | undefined
  readonly #delimiter: CompiledDelimiter
  readonly #sequence: Buffer

  constructor(delimiter: CompiledDelimiter, maxBytes: number | undefined) {
    this.maxBytes = maxBytes
    this.#limit = ownLimit(maxBytes)
    this.#delimiter = delimiter
    this.#sequence = delimiter.sequences[0] as Buffer
  }

  fast(readHalf: ReadHalf): Buffer | undefined {
    return readHalf.takeFrame(this, this.#limit)
  }

  takeBuffered(queue: ByteQueue, limit: Limit): Buffer | Wait {
    const { byte } = this.#delimiter
    const end = byte >= 0 ? queue.indexOfByte(byte, 0) : queue.indexOf(this.#sequence, 0)
    const { length } = this.#sequence
    // The slow path has the error of one that is too long.
    return end < 0 || end + length > limit.bytes ? WAIT : queue.takeMiddle(0, end, length)
  }

  start(limit: Limit): Read<Buffer> {
    return new DelimitedRead(this.#delimiter, limit)
  }
}

class DelimitedRead implements Read<Buffer> {
  readonly operation = OPERATION
  readonly limit: Limit
  readonly #search: Search

  constructor(delimiter: CompiledDelimiter, limit: Limit) {
    this.limit = limit
    this.#search = searchFor(delimiter)
  }

  attempt(queue: ByteQueue, stream: Stream): Buffer | Wait {
    const end = found(this.#search, queue, stream, this.limit)
    const { matched } = this.#search
    return end === 0 ? WAIT : queue.takeMiddle(0, end - matched, matched)
  }
}

/**
 * Frames that end with a delimiter.
 *
 * **Reads** the bytes before the delimiter, a Buffer, which may share memory with other results. **Writes** a string (as UTF-8)
 * or bytes, and the delimiter. A body of 16 KiB or more is not copied: as with `write`, its memory belongs to the connection
 * until the write resolves.
 *
 * **Errors**: a frame above `maxBytes`, delimiter included, is a LimitExceededError, also when it is written. A message with the
 * delimiter in it, or with an end that makes the delimiter begin earlier, is a FrameError and is not sent: it would not read
 * back as it is.
 *
 * @param delimiter - a non-empty string (as UTF-8), or bytes
 * @throws TypeError or RangeError for a delimiter or options that are not valid
 * @example
 * const messages = framed(connection, delimited('\0', { maxBytes: 65_536 }))
 */
export function delimited(delimiter: string | Uint8Array, options?: FrameOptions): Codec<Buffer, string | NodeJS.ArrayBufferView> {
  if (Array.isArray(delimiter)) throw new TypeError('delimiter must be one string or bytes, not an array: a frame is written with one')
  const compiled = compileDelimiter(delimiter)
  const sequence = compiled.sequences[0] as Buffer
  const maxBytes = maxBytesOf(options, 'delimited()')
  if (maxBytes !== undefined && maxBytes < sequence.length) {
    throw new RangeError(`a limit of ${maxBytes} bytes is smaller than the delimiter ${compiled.text}: raise maxBytes`)
  }
  const overlaps = overlapsOf(sequence)
  return codecOf(new DelimitedFormat(compiled, maxBytes), (message) => {
    const given = bodyOf(message)
    const size = sizeOfBody(given)
    const body = typeof given === 'string' ? Buffer.from(given) : Buffer.from(given.buffer, given.byteOffset, size)
    assertSize(size + sequence.length, maxBytes)
    // Searching a number costs a fifth of searching a buffer.
    const isIn = compiled.byte >= 0 ? indexOf.call(body, compiled.byte, 0) >= 0 : body.includes(sequence)
    if (isIn || overlaps.some((start) => endsWith(body, start))) {
      throw refused(`the message has the delimiter ${compiled.text} in it, or at its end`, body)
    }
    return frameOf(NOTHING, body, size, sequence)
  })
}

/**
 * The beginnings of a delimiter that must not be the end of a body: followed by the delimiter, they make it begin earlier. `a`
 * for `aa`; none for most delimiters.
 */
function overlapsOf(sequence: Buffer): Buffer[] {
  const lengths = Array.from({ length: sequence.length - 1 }, (_, at) => at + 1)
  return lengths
    .filter((length) => sequence.subarray(length).equals(sequence.subarray(0, sequence.length - length)))
    .map((length) => sequence.subarray(0, length))
}

function endsWith(body: Buffer, end: Buffer): boolean {
  return body.length >= end.length && body.subarray(body.length - end.length).equals(end)
}
