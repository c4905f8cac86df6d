// The reading methods that give many messages at once. A batch is one read, so that a peer which pipelines costs a promise for
// each batch and not for each message.

import type { Delimiter } from '../../bytes/delimiter.js'
import { BatchIterator, batchFormat } from './batch-iterator.js'
import { DelimitedReads } from './delimited-reads.js'
import { delimiterOf, lineFormatOf, skipsOverflow } from './read-arguments.js'
import type { ReadHalf } from './read-half.js'
import type { ReadLock } from './read-lock.js'
import {
  BATCHES,
  type BatchesOptions,
  type BytesOptions,
  LINES,
  type LinesOptions,
  type OverflowOptions,
  resolveReadOptions,
  type TextOptions,
} from './read-options.js'

export abstract class BatchedReads extends DelimitedReads {
  readonly #readHalf: ReadHalf
  readonly #lock: ReadLock | undefined

  /** @internal */
  constructor(readHalf: ReadHalf, lock?: ReadLock) {
    super(readHalf, lock)
    this.#readHalf = readHalf
    this.#lock = lock
  }

  /**
   * Iterates over the lines up to the end of the stream, all complete lines that have arrived at once: the fastest way to read
   * from a peer that sends many lines without waiting. A batch waits only while no line is complete. Write the answers to a
   * batch by one `write` of an array.
   *
   * **Resolves** each `next()` with a list of at least one string, each as `readLine` reads it; with `done` at the end of the
   * stream. A last line without its end belongs to the last batch.
   *
   * **Rejects** with the errors of `readLine`, but for an EndOfStreamError, and so ends the loop. `timeout` holds for each
   * batch, `maxBytes` for each line: the lines in front of a line over the limit are a batch, and the next batch rejects with
   * a LimitExceededError. With `overflow: 'skip'` that line is dropped whole instead, and the next batch begins behind it. A
   * ConcurrentReadError does not end the iteration. A wrong argument rejects the first `next()`.
   *
   * **Cancelling**: `break` leaves the connection open. `return()` cancels a pending `next()`: both resolve with `done`, and
   * nothing is consumed. After a rejection the lines are unread, and a new loop continues with them. Between two batches the
   * iterator holds nothing: the loop's body may make any other read.
   *
   * @example
   * for await (const lines of connection.lineBatches()) await connection.write(lines.map((line) => `${line}\n`))
   */
  lineBatches(options?: BufferEncoding | LinesOptions): AsyncIterableIterator<string[]> & AsyncDisposable {
    return new BatchIterator<string>(this.#readHalf, this.#lock, () => {
      const resolved = resolveReadOptions(options, LINES)
      const skips = skipsOverflow(options)
      const format = lineFormatOf(options, resolved, this.#readHalf)
      return {
        options: resolved,
        format: batchFormat({
          ...format,
          operation: 'lineBatches()',
          keepsDelimiter: false,
          endsLast: true,
          skips,
          maxBytes: resolved.maxBytes,
        }),
      }
    })
  }

  /**
   * Iterates over the messages up to the end of the stream, all complete messages that have arrived at once. A batch waits only
   * while no message is complete.
   *
   * **Resolves** each `next()` with a list of at least one Buffer, or string if an encoding is given, each as `readUntil` reads
   * it, with its delimiter; with `done` at the end of the stream. Buffers may share memory (copy what is kept for long).
   *
   * **Rejects** with the errors of `readUntil`, and so ends the loop: with an EndOfStreamError if bytes without a delimiter are
   * left at the end of the stream. `timeout` holds for each batch, `maxBytes` for each message: the messages in front of a
   * message over the limit are a batch, and the next batch rejects with a LimitExceededError. With `overflow: 'skip'` that
   * message is dropped whole instead, and the next batch begins behind it. A ConcurrentReadError does not end the iteration. A
   * wrong argument rejects the first `next()`.
   *
   * **Cancelling**: `break` leaves the connection open. `return()` cancels a pending `next()`: both resolve with `done`, and
   * nothing is consumed. After a rejection the messages are unread, and a new loop continues with them. Between two batches the
   * iterator holds nothing: the loop's body may make any other read.
   *
   * @param delimiter - a non-empty string (as UTF-8), bytes, or a list of them
   * @example
   * for await (const messages of connection.batches('\0')) await connection.write(messages.map(answer))
   */
  batches(delimiter: Delimiter, options?: BytesOptions & OverflowOptions): AsyncIterableIterator<Buffer[]> & AsyncDisposable
  batches(
    delimiter: Delimiter,
    options: BufferEncoding | (TextOptions & OverflowOptions),
  ): AsyncIterableIterator<string[]> & AsyncDisposable
  batches(delimiter: Delimiter, options?: BatchesOptions): AsyncIterableIterator<string[] | Buffer[]> & AsyncDisposable
  batches(delimiter: Delimiter, options?: BatchesOptions): AsyncIterableIterator<never[]> & AsyncDisposable {
    return new BatchIterator<never>(this.#readHalf, this.#lock, () => {
      const resolved = resolveReadOptions(options, BATCHES)
      const skips = skipsOverflow(options)
      const compiled = delimiterOf(delimiter, resolved, this.#readHalf)
      return {
        options: resolved,
        format: batchFormat({
          delimiter: compiled,
          encoding: resolved.encoding,
          operation: `batches(${compiled.text})`,
          keepsDelimiter: true,
          carriageReturn: false,
          endsLast: false,
          skips,
          maxBytes: resolved.maxBytes,
        }),
      }
    })
  }
}
