// Frames with header lines, as in the Language Server Protocol and the Debug Adapter Protocol:
// `Content-Length: 5\r\n\r\nhello`. The header is parsed strictly: two programs that parse it differently see different
// messages, which an attacker can use. Each line is checked when its line feed arrives, so that the result does not depend on
// packets.

import type { ByteQueue } from '../bytes/queue.js'
import { exceeded, type Limit } from '../connection/reading/limit.js'
import { LimitExceededError } from '../errors.js'
import type { Codec } from './codec.js'
import { assertSize, bodyOf, frameOf, sizeOfBody } from './encode.js'
import { codecOf } from './format-codec.js'
import { type FrameOptions, maxBytesOf } from './options.js'
import { broken, PrefixFormat, type Progress } from './prefix.js'

const LINE_FEED = 10
/** The most bytes of all header lines, the blank one included. */
const MOST = 8192
/** The bytes of a blank line. */
const BLANK = 2

/** A line without its end: a name (RFC 9110's token), a colon, a value. */
const LINE = /^([!#$%&'*+.^_`|~\w-]+):([^\r]*)$/
const DECIMAL = /^[ \t]*([0-9]+)[ \t]*$/

/** The value of `body` while no Content-Length was found. */
const NO_LENGTH = -1

class ContentLengthFormat extends PrefixFormat {
  protected header(queue: ByteQueue, progress: Progress, whole: Limit | undefined): number {
    if (progress.at === 0) progress.body = NO_LENGTH
    for (;;) {
      const start = progress.at
      const end = queue.indexOfByte(LINE_FEED, Math.max(start, progress.searched)) + 1
      if (end === 0) {
        progress.searched = queue.length
        const rest = queue.length - start
        const mayBeBlank = rest === 0 || (rest === 1 && queue.at(start) === 13)
        assertRoom(mayBeBlank ? start + BLANK : queue.length + 1 + BLANK, whole)
        return 0
      }
      const line = queue.latin1(start, end)
      if (line === '\r\n') {
        assertRoom(end, whole)
        if (progress.body === NO_LENGTH) throw broken(queue, end, 'the header has no Content-Length')
        return end
      }
      assertRoom(end + BLANK, whole)
      this.#line(line, queue, end, progress)
      progress.at = end
    }
  }

  #line(line: string, queue: ByteQueue, end: number, progress: Progress): void {
    if (!line.endsWith('\r\n')) throw broken(queue, end, 'a header line ends with \\r\\n, and this one with \\n alone')
    const [, name, value] = LINE.exec(line.slice(0, -BLANK)) ?? []
    if (name === undefined || value === undefined) throw broken(queue, end, 'a header line has a name, a colon and a value')
    if (name.toLowerCase() !== 'content-length') return
    if (progress.body !== NO_LENGTH) throw broken(queue, end, 'the header has two Content-Lengths')
    const [, digits] = DECIMAL.exec(value) ?? []
    if (digits === undefined) throw broken(queue, end, 'Content-Length is a decimal number')
    progress.body = Number(digits)
  }
}

/** Checks that a header of at least `size` bytes is possible. */
function assertRoom(size: number, whole: Limit | undefined): void {
  if (whole !== undefined && size > whole.bytes) throw exceeded(whole, size)
  if (size <= MOST) return
  throw new LimitExceededError({
    limit: MOST,
    size,
    option: 'maxBytes',
    message: `the header lines of a frame have at most ${MOST} bytes in all, and these have ${size} or more; no option raises that limit`,
  })
}

/**
 * Frames with header lines: `Content-Length: 5`, a blank line, and so many bytes. The Language Server Protocol and the Debug
 * Adapter Protocol use them.
 *
 * **Reads** the body, a Buffer, which may share memory with other results; other headers are dropped. **Writes** a string (as
 * UTF-8) or bytes. A body of 16 KiB or more is not copied: as with `write`, its memory belongs to the connection until the write
 * resolves.
 *
 * **Errors**: a length above `maxBytes` is a LimitExceededError before any byte of the body is gathered, and so are header lines
 * of more than 8 KiB, and a message above `maxBytes` before any byte is sent. Header lines that do not end with `\r\n`, have no
 * name, or do not have exactly one `Content-Length` in decimal digits are FrameErrors.
 *
 * @throws TypeError or RangeError for options that are not valid
 * @example
 * const messages = framed(Connection.from({ readable: process.stdin, writable: process.stdout }), json(contentLength()))
 */
export function contentLength(options?: FrameOptions): Codec<Buffer, string | NodeJS.ArrayBufferView> {
  const maxBytes = maxBytesOf(options, 'contentLength()')
  return codecOf(new ContentLengthFormat(maxBytes), (message) => {
    const body = bodyOf(message)
    const size = sizeOfBody(body)
    assertSize(size, maxBytes)
    return frameOf(Buffer.from(`Content-Length: ${size}\r\n\r\n`), body, size)
  })
}
