// Lines of text, as `readLine` reads them.

import { compileDelimiter } from '../bytes/delimiter.js'
import type { ByteQueue } from '../bytes/queue.js'
import type { Limit } from '../connection/reading/limit.js'
import type { ReadHalf } from '../connection/reading/read-half.js'
import { type LineFormat, LineRead, type Read, takeLine, WAIT, type Wait } from '../connection/reading/read-kinds.js'
import type { Codec } from './codec.js'
import { assertSize, refused, textOf } from './encode.js'
import { type BytesFormat, OPERATION } from './format.js'
import { codecOf } from './format-codec.js'
import { type FrameOptions, maxBytesOf } from './options.js'

const LINE_FEED = 10
const LINE: LineFormat = { delimiter: compileDelimiter('\n'), carriageReturn: true, encoding: 'utf8' }

class LineFrame extends LineRead {
  override get operation(): string {
    return OPERATION
  }
}

class LinesFormat implements BytesFormat<string> {
  readonly maxBytes: number | undefined

  constructor(maxBytes: number | undefined) {
    this.maxBytes = maxBytes
  }

  fast(readHalf: ReadHalf): string | undefined {
    return readHalf.takeLine(this.maxBytes)
  }

  takeBuffered(queue: ByteQueue, limit: Limit): string | Wait {
    const end = queue.indexOfByte(LINE_FEED, 0) + 1
    return end === 0 || end > limit.bytes ? WAIT : takeLine(queue, end, 1, LINE)
  }

  start(limit: Limit): Read<string> {
    return new LineFrame(LINE, limit)
  }
}

/**
 * Lines of text.
 *
 * **Reads** a string up to `\n` or `\r\n`, without that line end. The last line needs its end too. **Writes** a string and `\n`.
 *
 * **Errors**: a line above `maxBytes`, line end included, is a LimitExceededError, also when it is written. A message that has a
 * `\n` in it, ends with `\r`, or is no well-formed text is a FrameError and is not sent: it would not read back as it is.
 *
 * @throws TypeError or RangeError for options that are not valid
 * @example
 * for await (const line of framed(connection, lines({ maxBytes: 512 }))) console.log(line)
 */
export function lines(options?: FrameOptions): Codec<string> {
  const maxBytes = maxBytesOf(options, 'lines()')
  return codecOf(new LinesFormat(maxBytes), (message) => {
    const text = textOf(message)
    if (text.includes('\n')) throw refused('the message has a line feed in it, which ends a line', text)
    if (text.endsWith('\r')) throw refused('the message ends with a carriage return, which is part of the line end', text)
    if (maxBytes !== undefined) assertSize(Buffer.byteLength(text) + 1, maxBytes)
    return `${text}\n`
  })
}
