// The reading methods that end at a delimiter, a line end or a pattern. The others are in `ReadMethods`, which extends this
// class. A method checks its arguments, makes a kind of read, and the read half runs it.

import { isRegExp } from 'node:util/types'
import type { Delimiter } from '../../bytes/delimiter.js'
import { kindOf } from '../../kind-of.js'
import { LineIterator } from './line-iterator.js'
import { MatchRead } from './match-read.js'
import { delimiterOf, keepsSkipped, lineFormatOf, skipOptionsOf, skipsOverflow, startRead, tryRead } from './read-arguments.js'
import type { ReadHalf } from './read-half.js'
import { LineRead, UntilRead } from './read-kinds.js'
import type { ReadLock } from './read-lock.js'
import {
  type BytesOptions,
  type EitherOptions,
  LINE,
  LINES,
  type LineOptions,
  type LinesOptions,
  type ReadOptions,
  resolveReadOptions,
  type TextOptions,
} from './read-options.js'
import { SkipUntilRead } from './skips.js'

export abstract class DelimitedReads {
  readonly #readHalf: ReadHalf
  readonly #lock: ReadLock | undefined

  /** @internal */
  constructor(readHalf: ReadHalf, lock?: ReadLock) {
    this.#readHalf = readHalf
    this.#lock = lock
  }

  /**
   * Reads everything up to and including the first delimiter. Of several delimiters the match that starts first wins, then
   * the longest. Where a longer one may still complete, the read waits for the next byte: the result never depends on packets.
   *
   * **Resolves** with a Buffer, which may share memory with other results (copy what is kept for long), or with a string if
   * an encoding is given.
   *
   * **Rejects** with
   * - TypeError or RangeError: a wrong argument, an empty delimiter, or a limit below the shortest delimiter.
   * - ConcurrentReadError: another read is pending.
   * - LimitExceededError: the message cannot end within `maxBytes` bytes (default: `maxBufferSize`, 1 MiB), delimiter included.
   * - EndOfStreamError: the peer ended first. `partial` is a copy of the unread bytes.
   * - TimeoutError: `timeout` milliseconds from the call passed, or without it the connection's `idleTimeout` or `readTimeout`.
   * - DrainingError: the server is closing, and the read waited for a new message.
   * - ConnectionLostError: the connection broke. ConnectionClosedError: this side closed, aborted or cut it off.
   *
   * **Cancelling** by `signal` rejects with `signal.reason`. After any rejection all bytes are unread, and the next read may
   * be made at once.
   *
   * @param delimiter - a non-empty string (as UTF-8), bytes, or a list of them
   * @example
   * const line = await connection.readUntil('\n', 'utf8')
   */
  readUntil(delimiter: Delimiter, options?: BytesOptions): Promise<Buffer>
  readUntil(delimiter: Delimiter, options: BufferEncoding | TextOptions): Promise<string>
  readUntil(delimiter: Delimiter, options?: EitherOptions): Promise<string | Buffer>
  readUntil(delimiter: Delimiter, options?: EitherOptions): Promise<never> {
    if (options === undefined && this.#lock === undefined) {
      const fast = this.#readHalf.takeUntil(delimiter)
      if (fast !== undefined) return Promise.resolve(fast as never)
      const parked = this.#readHalf.parkUntil(delimiter)
      if (parked !== undefined) return parked as never
    }
    return startRead(this.#lock, () => {
      const resolved = resolveReadOptions(options)
      const compiled = delimiterOf(delimiter, resolved, this.#readHalf)
      return this.#readHalf.run((limit) => new UntilRead(compiled, limit, resolved.encoding) as never, resolved, this.#lock)
    })
  }

  /**
   * Reads a line. It ends with `\n` or `\r\n`, or with exactly `options.delimiter`. A protocol whose lines end with `\r\n`
   * should say so: if a bare `\n` ends a line too, a peer can smuggle commands past a proxy.
   *
   * **Resolves** with the line as a string (UTF-8 unless an encoding is given), without its end.
   *
   * **Rejects** with
   * - TypeError or RangeError: a wrong argument, an empty delimiter, or a limit below the shortest delimiter.
   * - ConcurrentReadError: another read is pending.
   * - LimitExceededError: the line cannot end within `maxBytes` bytes (default: `maxBufferSize`, 1 MiB), line end included.
   * - EndOfStreamError: the peer ended before the line end. `partial` is a copy of the unread bytes.
   * - TimeoutError: `timeout` milliseconds from the call passed, or without it the connection's `idleTimeout` or `readTimeout`.
   * - DrainingError: the server is closing, and the read waited for a new message.
   * - ConnectionLostError: the connection broke. ConnectionClosedError: this side closed, aborted or cut it off.
   *
   * **Cancelling** by `signal` rejects with `signal.reason`. After any rejection all bytes are unread, and the next read may
   * be made at once.
   *
   * @example
   * const command = await connection.readLine({ delimiter: '\r\n', maxBytes: 512 })
   */
  readLine(options?: BufferEncoding | LineOptions): Promise<string> {
    if (options === undefined && this.#lock === undefined) {
      const fast = this.#readHalf.takeLine(undefined)
      if (fast !== undefined) return Promise.resolve(fast)
      const parked = this.#readHalf.parkLine()
      if (parked !== undefined) return parked
    }
    return startRead(this.#lock, () => {
      const resolved = resolveReadOptions(options, LINE)
      const format = lineFormatOf(options, resolved, this.#readHalf)
      return this.#readHalf.run((limit) => new LineRead(format, limit), resolved, this.#lock)
    })
  }

  /**
   * Reads everything up to the end of the first match of a pattern in the unread bytes, seen as Latin-1 characters. The
   * pattern is tried from the first unread byte when bytes arrive, at most twice in a turn of the event loop, and less often
   * if a try takes more than half a millisecond. It must match its own end: `/a+/` stops where the packet did. A long message
   * in many pieces costs more than with a delimiter. The flags `g` and `y`, and `lastIndex`, are ignored.
   *
   * **Resolves** with a Buffer, or with a string if an encoding is given.
   *
   * **Rejects** with
   * - TypeError or RangeError: a wrong argument, or a pattern that matches no byte.
   * - ConcurrentReadError: another read is pending.
   * - LimitExceededError: no match in the first `maxBytes` bytes (default: `maxBufferSize`, at most 64 KiB).
   * - EndOfStreamError: the peer ended first. `partial` is a copy of the unread bytes.
   * - TimeoutError: `timeout` milliseconds from the call passed, or without it the connection's `idleTimeout` or `readTimeout`.
   * - DrainingError: the server is closing, and the read waited for a new message.
   * - ConnectionLostError: the connection broke. ConnectionClosedError: this side closed, aborted or cut it off.
   *
   * **Cancelling** by `signal` rejects with `signal.reason`. After any rejection all bytes are unread, and the next read may
   * be made at once.
   *
   * @example
   * const reply = await connection.readUntilMatch(/^\d{3} .*\r\n/m, 'latin1')
   */
  readUntilMatch(pattern: RegExp, options?: BytesOptions): Promise<Buffer>
  readUntilMatch(pattern: RegExp, options: BufferEncoding | TextOptions): Promise<string>
  readUntilMatch(pattern: RegExp, options?: EitherOptions): Promise<string | Buffer>
  readUntilMatch(pattern: RegExp, options?: EitherOptions): Promise<never> {
    return startRead(this.#lock, () => {
      if (!isRegExp(pattern)) throw new TypeError(`pattern must be a RegExp, not ${kindOf(pattern)}: readUntil() takes text or bytes`)
      const resolved = resolveReadOptions(options)
      const how = { limited: resolved.maxBytes !== undefined, encoding: resolved.encoding, cache: this.#readHalf.latin1 }
      return this.#readHalf.run((limit) => new MatchRead(pattern, limit, how) as never, resolved, this.#lock)
    })
  }

  /**
   * Drops everything up to and including the first delimiter, as it arrives: a program finds the next message this way after
   * one that was too large. Inside `readMessage` the bytes are gathered.
   *
   * **Resolves** with the number of bytes dropped, delimiter included.
   *
   * **Rejects** with
   * - TypeError or RangeError: a wrong argument, an empty delimiter, or a limit below the shortest delimiter.
   * - ConcurrentReadError: another read is pending.
   * - LimitExceededError: the delimiter does not end within `maxBytes` bytes (default: no limit; `maxBufferSize` inside `readMessage`).
   * - EndOfStreamError: the peer ended first. `partial` is a copy of the bytes that are still unread.
   * - TimeoutError: `timeout` milliseconds from the call passed, or without it the connection's `idleTimeout` or `readTimeout`.
   * - DrainingError: the server is closing, and the read waited for a new message.
   * - ConnectionLostError: the connection broke. ConnectionClosedError: this side closed, aborted or cut it off.
   *
   * **Cancelling** by `signal` rejects with `signal.reason`. After any rejection the bytes already dropped are gone, and bytes
   * that may begin the delimiter are unread: a second `skipUntil` continues. Inside `readMessage` all bytes are unread.
   *
   * @example
   * await connection.skipUntil('\r\n', { timeout: 5000 })
   */
  skipUntil(delimiter: Delimiter, options?: ReadOptions): Promise<number> {
    return startRead(this.#lock, () => {
      const resolved = skipOptionsOf(options, this.#lock)
      const compiled = delimiterOf(delimiter, resolved, this.#readHalf)
      return this.#readHalf.run((limit) => new SkipUntilRead(compiled, limit, keepsSkipped(this.#lock)), resolved, this.#lock)
    })
  }

  /**
   * Reads as `readUntil` does, but synchronously, without waiting.
   *
   * **Returns** a Buffer, or a string if an encoding is given; `undefined` where `readUntil` would wait.
   *
   * **Throws** what `readUntil` rejects with, but never a DrainingError. All bytes are then unread.
   *
   * **Cancelling**: there is nothing to cancel. A `signal` that has aborted is thrown as `signal.reason`; `timeout` has no effect.
   *
   * @example
   * const message = connection.tryReadUntil('\0') ?? (await connection.readUntil('\0'))
   */
  tryReadUntil(delimiter: Delimiter, options?: BytesOptions): Buffer | undefined
  tryReadUntil(delimiter: Delimiter, options: BufferEncoding | TextOptions): string | undefined
  tryReadUntil(delimiter: Delimiter, options?: EitherOptions): string | Buffer | undefined
  tryReadUntil(delimiter: Delimiter, options?: EitherOptions): string | Buffer | undefined {
    const fast = options === undefined && this.#lock === undefined ? this.#readHalf.takeUntil(delimiter) : undefined
    if (fast !== undefined) return fast
    return tryRead(this.#lock, () => {
      const resolved = resolveReadOptions(options)
      const compiled = delimiterOf(delimiter, resolved, this.#readHalf)
      return this.#readHalf.try((limit) => new UntilRead(compiled, limit, resolved.encoding), resolved, this.#lock)
    })
  }

  /**
   * Reads as `readLine` does, but synchronously, without waiting.
   *
   * **Returns** the line as a string, without its end; `undefined` where `readLine` would wait.
   *
   * **Throws** what `readLine` rejects with, but never a DrainingError. All bytes are then unread.
   *
   * **Cancelling**: there is nothing to cancel. A `signal` that has aborted is thrown as `signal.reason`; `timeout` has no effect.
   *
   * @example
   * // The fast loop: a line that has arrived costs no promise.
   * const line = connection.tryReadLine() ?? (await connection.readLine())
   */
  tryReadLine(options?: BufferEncoding | LineOptions): string | undefined {
    const fast = options === undefined && this.#lock === undefined ? this.#readHalf.takeLine(undefined) : undefined
    if (fast !== undefined) return fast
    return tryRead(this.#lock, () => {
      const resolved = resolveReadOptions(options, LINE)
      const format = lineFormatOf(options, resolved, this.#readHalf)
      return this.#readHalf.try((limit) => new LineRead(format, limit), resolved, this.#lock)
    })
  }

  /**
   * Iterates over the lines up to the end of the stream, each as `readLine` reads it. A last line without its end is yielded.
   *
   * **Resolves** each `next()` with a string; with `done` at the end of the stream.
   *
   * **Rejects** with the errors of `readLine`, but for an EndOfStreamError, and so ends the loop. `timeout` and `maxBytes` hold
   * for each line. With `overflow: 'skip'` a line over the limit is dropped whole, without a LimitExceededError. A
   * ConcurrentReadError does not end the iteration. A wrong argument rejects the first `next()`.
   *
   * **Cancelling**: `break` leaves the connection open. `return()` cancels a pending `next()`: both resolve with `done`, and
   * nothing is consumed. After a rejection the line is unread, and a new loop continues with it. Between two items the iterator
   * holds nothing: the loop's body may make any other read.
   *
   * @example
   * for await (const line of connection.lines({ maxBytes: 512 })) await connection.write(`${line}\n`)
   */
  lines(options?: BufferEncoding | LinesOptions): AsyncIterableIterator<string> & AsyncDisposable {
    return new LineIterator(this.#readHalf, this.#lock, () => {
      const resolved = resolveReadOptions(options, LINES)
      const skips = skipsOverflow(options)
      return { options: resolved, format: lineFormatOf(options, resolved, this.#readHalf), skips }
    })
  }
}
