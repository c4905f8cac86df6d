// What can be read from: the contract of every read, which a connection and the `reader` of a message both keep.
// Types and their documentation only.

import type { Delimiter } from '../../bytes/delimiter.js'
import type { BytesOptions, EitherOptions, IntoOptions, LineOptions, LinesOptions, ReadOptions, TextOptions } from './read-options.js'

/**
 * Something to read bytes, lines and messages from.
 *
 * All reads keep the same rules. A read that fails consumes nothing. Bytes that arrived come before the end of the
 * stream, a loss or a time-out. One read at a time: a second one rejects with ConcurrentReadError and leaves the first
 * alone. Returned bytes may share memory with their neighbours; copy what is kept for long. Text is UTF-8 unless an
 * encoding is given.
 *
 * Every read may reject with
 * - TypeError or RangeError: an argument of a wrong type, or an impossible value;
 * - ConcurrentReadError: a read is pending;
 * - `signal.reason`: the read was cancelled; it may be made again at once, nothing is lost;
 * - EndOfStreamError: the peer ended first; `partial` has what had arrived, which stays unread;
 * - LimitExceededError: more than `maxBytes` (or `maxBufferSize`); the connection stays usable;
 * - TimeoutError: `timeout`, `readTimeout` or `idleTimeout` ran out; the connection stays usable;
 * - DrainingError: the server closes, and this read waited for a new message;
 * - ConnectionLostError: the peer or the network broke the connection, behind everything that had arrived;
 * - ConnectionClosedError: this side closed, aborted or cut it.
 */
export interface Reader {
  /**
   * Resolves with everything up to and including the first delimiter. Of several delimiters the match that starts first
   * wins, then the longest; where a longer one may still complete, the read waits for the next byte.
   *
   * @param delimiter - a non-empty string (as UTF-8), bytes, or a list of them
   * @example
   * const line = await connection.readUntil('\n', 'utf8')
   */
  readUntil(delimiter: Delimiter, options?: BytesOptions): Promise<Buffer>
  readUntil(delimiter: Delimiter, options: BufferEncoding | TextOptions): Promise<string>
  readUntil(delimiter: Delimiter, options?: EitherOptions): Promise<string | Buffer>

  /**
   * Resolves with a string without its line end: `\n` or `\r\n`, or exactly `options.delimiter`. A protocol whose lines
   * end in `\r\n` should say so: one that takes a bare `\n` as well can be smuggled through.
   *
   * @example
   * const command = await connection.readLine({ delimiter: '\r\n', maxBytes: 512 })
   */
  readLine(options?: BufferEncoding | LineOptions): Promise<string>

  /** Resolves with the next `n` bytes; 0 resolves at once. */
  readExactly(n: number, options?: BytesOptions): Promise<Buffer>
  readExactly(n: number, options: BufferEncoding | TextOptions): Promise<string>
  readExactly(n: number, options?: EitherOptions): Promise<string | Buffer>

  /**
   * Fills memory of the program's own, all at once when the read succeeds, and resolves with the number of bytes. The
   * target is its limit. With `partial` it takes what is there, at least one byte.
   */
  readInto(target: NodeJS.ArrayBufferView, options?: IntoOptions): Promise<number>

  /**
   * Resolves with all that is there, at least one byte and at most `maxBytes`; waits if nothing is; `null` at the end of
   * the stream. With an encoding, an incomplete last character stays unread (at the end it is U+FFFD).
   */
  read(options?: BytesOptions): Promise<Buffer | null>
  read(options: BufferEncoding | TextOptions): Promise<string | null>
  read(options?: EitherOptions): Promise<string | Buffer | null>

  /** Resolves with all bytes until the end of the stream. */
  readToEnd(options?: BytesOptions): Promise<Buffer>
  readToEnd(options: BufferEncoding | TextOptions): Promise<string>
  readToEnd(options?: EitherOptions): Promise<string | Buffer>

  /**
   * Resolves with everything up to the end of the first match in the first `maxBytes` unread bytes, seen as Latin-1
   * characters. It is tried again from the start when bytes have arrived, at most twice in a turn of the event loop, and
   * less often where a try takes longer than half a millisecond. So the pattern must match its own end, and a long message
   * in many pieces costs more than with a delimiter. An empty match is a RangeError.
   */
  readUntilMatch(pattern: RegExp, options?: BytesOptions): Promise<Buffer>
  readUntilMatch(pattern: RegExp, options: BufferEncoding | TextOptions): Promise<string>
  readUntilMatch(pattern: RegExp, options?: EitherOptions): Promise<string | Buffer>

  /** Resolves with the next `n` bytes, which stay unread. */
  peek(n: number, options?: BytesOptions): Promise<Buffer>
  peek(n: number, options: BufferEncoding | TextOptions): Promise<string>
  peek(n: number, options?: EitherOptions): Promise<string | Buffer>

  /** Drops `n` bytes as they come, without gathering them, and resolves with their number. What a failed skip dropped stays dropped. */
  skip(n: number, options?: ReadOptions): Promise<number>

  /**
   * Drops everything up to and including the delimiter as it comes, and resolves with the number of bytes: how a program
   * gets back in step after an over-long message. No limit unless `maxBytes` is given.
   */
  skipUntil(delimiter: Delimiter, options?: ReadOptions): Promise<number>

  /** `readUntil` without waiting: the bytes if they are there, undefined where the read would wait. Throws what the read would reject with, but never DrainingError. */
  tryReadUntil(delimiter: Delimiter, options?: BytesOptions): Buffer | undefined
  tryReadUntil(delimiter: Delimiter, options: BufferEncoding | TextOptions): string | undefined
  tryReadUntil(delimiter: Delimiter, options?: EitherOptions): string | Buffer | undefined

  /** `readExactly` without waiting. */
  tryReadExactly(n: number, encoding?: undefined): Buffer | undefined
  tryReadExactly(n: number, encoding: BufferEncoding): string | undefined
  tryReadExactly(n: number, encoding?: BufferEncoding): string | Buffer | undefined

  /**
   * `readLine` without waiting. The fast loop asks first:
   *
   * @example
   * const line = connection.tryReadLine() ?? (await connection.readLine())
   */
  tryReadLine(options?: BufferEncoding | LineOptions): string | undefined

  /**
   * Iterates over lines, each as `readLine` gives it, until the end of the stream; a last line without its end is
   * yielded. `break` leaves the connection open. With `{ overflow: 'skip' }` an over-long line is dropped whole.
   *
   * @example
   * for await (const line of connection.lines()) await connection.write(`${line}\n`)
   */
  lines(options?: BufferEncoding | LinesOptions): AsyncIterableIterator<string> & AsyncDisposable

  /**
   * Iterates over bytes in the pieces they come in: exactly `n` in all (an earlier end is an EndOfStreamError), or, without
   * `n`, to the end of the stream. `maxBytes` caps a piece. With an encoding the pieces are strings, as `read` gives them.
   */
  chunks(n?: number, options?: BytesOptions): AsyncIterableIterator<Buffer> & AsyncDisposable
  chunks(n: number | undefined, options: BufferEncoding | TextOptions): AsyncIterableIterator<string> & AsyncDisposable
  chunks(n?: number, options?: EitherOptions): AsyncIterableIterator<string | Buffer> & AsyncDisposable

  /** `chunks()`. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Buffer> & AsyncDisposable
}
