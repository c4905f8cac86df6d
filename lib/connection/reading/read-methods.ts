// Every reading method: those that end at a delimiter are inherited, those that end after a number of bytes or at the end of
// the stream are here. A connection and the reader of a message both extend this class; they differ in their read lock.

import { kindOf } from '../../kind-of.js'
import { booleanOf, countOf, encodingOf } from '../../options/arguments.js'
import { ownOption } from '../../options/own.js'
import { BatchedReads } from './batched-reads.js'
import { ChunkIterator } from './chunk-iterator.js'
import type { Limit } from './limit.js'
import { keepsSkipped, skipOptionsOf, startRead, tryRead } from './read-arguments.js'
import type { ReadHalf } from './read-half.js'
import { ExactRead, IntoRead, SomeRead, ToEndRead } from './read-kinds.js'
import type { ReadLock } from './read-lock.js'
import type { BytesOptions, EitherOptions, IntoOptions, ReadOptions, TextOptions } from './read-options.js'
import { INTO, resolvePlainOptions, resolveReadOptions } from './read-options.js'
import { SkipRead } from './skips.js'

/** What the methods of a reader read from. */
export interface ReadSource {
  readonly readHalf: ReadHalf
  readonly lock: ReadLock | undefined
}

/** The source of a reader; undefined for a value that is no reader of the library. For codecs. */
export let sourceOf: (reader: unknown) => ReadSource | undefined

export abstract class ReadMethods extends BatchedReads {
  readonly #readHalf: ReadHalf
  readonly #lock: ReadLock | undefined

  static {
    sourceOf = (reader) =>
      typeof reader === 'object' && reader !== null && #readHalf in reader ? { readHalf: reader.#readHalf, lock: reader.#lock } : undefined
  }

  /** @internal */
  constructor(readHalf: ReadHalf, lock?: ReadLock) {
    super(readHalf, lock)
    this.#readHalf = readHalf
    this.#lock = lock
  }

  /**
   * Reads exactly `n` bytes. With 0 it resolves at once.
   *
   * **Resolves** with a Buffer, which may share memory with other results (copy what is kept for long), or with a string if
   * an encoding is given.
   *
   * **Rejects** with
   * - TypeError or RangeError: a wrong argument.
   * - ConcurrentReadError: another read is pending.
   * - LimitExceededError, at once: `n` is above `maxBytes` (default: `maxBufferSize`, 1 MiB).
   * - EndOfStreamError: the peer ended first. `partial` is a copy of the unread bytes.
   * - TimeoutError: `timeout` milliseconds from the call passed, or without it the connection's `idleTimeout` or `readTimeout`.
   * - DrainingError: the server is closing, and the read waited for a new message.
   * - ConnectionLostError: the connection broke. ConnectionClosedError: this side closed, aborted or cut it off.
   *
   * **Cancelling** by `signal` rejects with `signal.reason`. After any rejection all bytes are unread, and the next read may
   * be made at once.
   *
   * @param n - a number of bytes ≥ 0
   * @example
   * const header = await connection.readExactly(4)
   * const body = await connection.readExactly(header.readUInt32BE())
   */
  readExactly(n: number, options?: BytesOptions): Promise<Buffer>
  readExactly(n: number, options: BufferEncoding | TextOptions): Promise<string>
  readExactly(n: number, options?: EitherOptions): Promise<string | Buffer>
  readExactly(n: number, options?: EitherOptions): Promise<never> {
    return this.#exact(n, options, false)
  }

  /**
   * Reads the next `n` bytes without consuming them.
   *
   * **Resolves** with a copy of the bytes, which stay unread, or with a string if an encoding is given.
   *
   * **Rejects** with
   * - TypeError or RangeError: a wrong argument.
   * - ConcurrentReadError: another read is pending.
   * - LimitExceededError, at once: `n` is above `maxBytes` (default: `maxBufferSize`, 1 MiB).
   * - EndOfStreamError: the peer ended first. `partial` is a copy of the unread bytes.
   * - TimeoutError: `timeout` milliseconds from the call passed, or without it the connection's `idleTimeout` or `readTimeout`.
   * - DrainingError: the server is closing, and the read waited for a new message.
   * - ConnectionLostError: the connection broke. ConnectionClosedError: this side closed, aborted or cut it off.
   *
   * **Cancelling** by `signal` rejects with `signal.reason`; the next read may be made at once.
   *
   * @param n - a number of bytes ≥ 0
   * @example
   * const [first] = await connection.peek(1)
   */
  peek(n: number, options?: BytesOptions): Promise<Buffer>
  peek(n: number, options: BufferEncoding | TextOptions): Promise<string>
  peek(n: number, options?: EitherOptions): Promise<string | Buffer>
  peek(n: number, options?: EitherOptions): Promise<never> {
    return this.#exact(n, options, true)
  }

  #exact(n: number, options: EitherOptions | undefined, keep: boolean): Promise<never> {
    return startRead(this.#lock, () => {
      countOf(n, 'n')
      const resolved = resolveReadOptions(options)
      return this.#readHalf.run((limit: Limit) => new ExactRead(n, limit, resolved.encoding, keep) as never, resolved, this.#lock)
    })
  }

  /**
   * Fills memory of the program, all at once when the read succeeds. With `partial` it takes the bytes received so far, at
   * least one, and waits only if there are none.
   *
   * **Resolves** with the number of bytes put into `target`.
   *
   * **Rejects** with
   * - TypeError: a wrong argument, or memory that was transferred or shrunk meanwhile. RangeError: an impossible value.
   * - ConcurrentReadError: another read is pending.
   * - LimitExceededError, at once: the target is larger than `maxBytes` (default: the size of the target).
   * - EndOfStreamError: the peer ended first. `partial` is a copy of the unread bytes.
   * - TimeoutError: `timeout` milliseconds from the call passed, or without it the connection's `idleTimeout` or `readTimeout`.
   * - DrainingError: the server is closing, and the read waited for a new message.
   * - ConnectionLostError: the connection broke. ConnectionClosedError: this side closed, aborted or cut it off.
   *
   * **Cancelling** by `signal` rejects with `signal.reason`. After any rejection all bytes are unread, the target is unchanged,
   * and the next read may be made at once.
   *
   * @param target - a typed array, a Buffer or a DataView
   * @example
   * const size = await connection.readInto(new Uint8Array(65536), { partial: true })
   */
  readInto(target: NodeJS.ArrayBufferView, options?: IntoOptions): Promise<number> {
    return startRead(this.#lock, () => {
      if (!ArrayBuffer.isView(target)) throw new TypeError(`target must be a typed array, a Buffer or a DataView, not ${kindOf(target)}`)
      const resolved = resolvePlainOptions(options, INTO)
      const partial = booleanOf(ownOption(options, 'partial'), 'partial') ?? false
      const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength)
      // The default limit is the size of the target. (An empty target takes nothing; its limit is 1, the smallest there is.)
      const own = { ...resolved, maxBytes: resolved.maxBytes ?? Math.max(bytes.length, 1) }
      return this.#readHalf.run((limit) => new IntoRead(bytes, limit, partial), own, this.#lock)
    })
  }

  /**
   * Reads the bytes received so far: at least one, at most `maxBytes`. It waits if none have been received.
   *
   * **Resolves** with a Buffer, which may share memory with other results (copy what is kept for long), or with a string if
   * an encoding is given; with `null` at the end of the stream. An incomplete last character (in base64, a group of three
   * bytes) stays unread; at the end of the stream it is U+FFFD.
   *
   * **Rejects** with
   * - TypeError or RangeError: a wrong argument.
   * - ConcurrentReadError: another read is pending.
   * - LimitExceededError: `maxBytes` (default: `maxBufferSize`, 1 MiB) is too small for one character.
   * - TimeoutError: `timeout` milliseconds from the call passed, or without it the connection's `idleTimeout` or `readTimeout`.
   * - DrainingError: the server is closing, and the read waited for a new message.
   * - ConnectionLostError: the connection broke. ConnectionClosedError: this side closed, aborted or cut it off.
   *
   * **Cancelling** by `signal` rejects with `signal.reason`. After any rejection all bytes are unread, and the next read may
   * be made at once.
   *
   * @example
   * for (let bytes; (bytes = await connection.read()) !== null; ) hash.update(bytes)
   */
  read(options?: BytesOptions): Promise<Buffer | null>
  read(options: BufferEncoding | TextOptions): Promise<string | null>
  read(options?: EitherOptions): Promise<string | Buffer | null>
  read(options?: EitherOptions): Promise<never> {
    return startRead(this.#lock, () => {
      const resolved = resolveReadOptions(options)
      const parked = this.#lock === undefined ? this.#readHalf.parkSome(resolved) : undefined
      if (parked !== undefined) return parked as never
      return this.#readHalf.run((limit) => new SomeRead(limit, resolved.encoding, 'read()') as never, resolved, this.#lock)
    })
  }

  /**
   * Reads all bytes until the end of the stream.
   *
   * **Resolves** with a Buffer, or with a string if an encoding is given; empty if the stream has no more bytes.
   *
   * **Rejects** with
   * - TypeError or RangeError: a wrong argument.
   * - ConcurrentReadError: another read is pending.
   * - LimitExceededError: more than `maxBytes` bytes arrived (default: `maxBufferSize`, 1 MiB).
   * - TimeoutError: `timeout` milliseconds from the call passed, or without it the connection's `idleTimeout` or `readTimeout`.
   * - DrainingError: the server is closing, and the read waited for a new message.
   * - ConnectionLostError: the connection broke. ConnectionClosedError: this side closed, aborted or cut it off.
   *
   * **Cancelling** by `signal` rejects with `signal.reason`. After any rejection all bytes are unread, and the next read may
   * be made at once.
   *
   * @example
   * const reply = await connection.readToEnd({ encoding: 'utf8', maxBytes: 65536 })
   */
  readToEnd(options?: BytesOptions): Promise<Buffer>
  readToEnd(options: BufferEncoding | TextOptions): Promise<string>
  readToEnd(options?: EitherOptions): Promise<string | Buffer>
  readToEnd(options?: EitherOptions): Promise<never> {
    return startRead(this.#lock, () => {
      const resolved = resolveReadOptions(options)
      return this.#readHalf.run((limit) => new ToEndRead(limit, resolved.encoding) as never, resolved, this.#lock)
    })
  }

  /**
   * Drops `n` bytes as they arrive. Inside `readMessage` they are gathered.
   *
   * **Resolves** with `n`.
   *
   * **Rejects** with
   * - TypeError or RangeError: a wrong argument.
   * - ConcurrentReadError: another read is pending.
   * - LimitExceededError, at once: `n` is above `maxBytes` (default: no limit; `maxBufferSize` inside `readMessage`).
   * - EndOfStreamError: the peer ended first. `partial` is a copy of the bytes that are still unread.
   * - TimeoutError: `timeout` milliseconds from the call passed, or without it the connection's `idleTimeout` or `readTimeout`.
   * - DrainingError: the server is closing, and the read waited for a new message.
   * - ConnectionLostError: the connection broke. ConnectionClosedError: this side closed, aborted or cut it off.
   *
   * **Cancelling** by `signal` rejects with `signal.reason`. After any rejection the bytes already dropped are gone:
   * `bytesRead - buffered` has grown by their number. Inside `readMessage` all bytes are unread.
   *
   * @param n - a number of bytes ≥ 0
   * @example
   * await connection.skip(padding)
   */
  skip(n: number, options?: ReadOptions): Promise<number> {
    return startRead(this.#lock, () => {
      countOf(n, 'n')
      const resolved = skipOptionsOf(options, this.#lock)
      return this.#readHalf.run((limit) => new SkipRead(n, limit, keepsSkipped(this.#lock)), resolved, this.#lock)
    })
  }

  /**
   * Reads as `readExactly` does, but synchronously, without waiting.
   *
   * **Returns** a Buffer, or a string if an encoding is given; `undefined` where `readExactly` would wait.
   *
   * **Throws** what `readExactly` rejects with, but never a DrainingError. All bytes are then unread.
   *
   * **Cancelling**: there is nothing to cancel.
   *
   * @example
   * const header = connection.tryReadExactly(4) ?? (await connection.readExactly(4))
   */
  tryReadExactly(n: number, encoding?: undefined): Buffer | undefined
  tryReadExactly(n: number, encoding: BufferEncoding): string | undefined
  tryReadExactly(n: number, encoding?: BufferEncoding): string | Buffer | undefined
  tryReadExactly(n: number, encoding?: BufferEncoding): string | Buffer | undefined {
    return tryRead(this.#lock, () => {
      countOf(n, 'n')
      const resolved = resolveReadOptions(encoding === undefined ? undefined : encodingOf(encoding))
      return this.#readHalf.try((limit) => new ExactRead(n, limit, resolved.encoding, false), resolved, this.#lock)
    })
  }

  /**
   * Iterates over the bytes in the pieces in which they arrive: exactly `n` bytes in all or, without `n`, up to the end of the
   * stream. Small pieces that have arrived are joined.
   *
   * **Resolves** each `next()` with a Buffer of at most `maxBytes` bytes (default: `maxBufferSize`, 1 MiB), or with a string if
   * an encoding is given, as `read` does; with `done` after `n` bytes, or at the end of the stream.
   *
   * **Rejects** with the errors of `read`, and with an EndOfStreamError if the peer ends before `n` bytes have arrived, and so
   * ends the loop. `timeout` holds for each piece. A ConcurrentReadError does not end the iteration. A wrong argument rejects
   * the first `next()`.
   *
   * **Cancelling**: `break` leaves the connection open. `return()` cancels a pending `next()`: both resolve with `done`, and
   * nothing is consumed. After a rejection the piece is unread, and a new loop continues with it. Between two items the
   * iterator holds nothing: the loop's body may make any other read.
   *
   * @example
   * for await (const chunk of connection.chunks(contentLength)) await file.write(chunk)
   */
  chunks(n?: number, options?: BytesOptions): AsyncIterableIterator<Buffer> & AsyncDisposable
  chunks(n: number | undefined, options: BufferEncoding | TextOptions): AsyncIterableIterator<string> & AsyncDisposable
  chunks(n?: number, options?: EitherOptions): AsyncIterableIterator<string | Buffer> & AsyncDisposable
  chunks(n?: number, options?: EitherOptions): AsyncIterableIterator<never> & AsyncDisposable {
    return new ChunkIterator(this.#readHalf, this.#lock, () => {
      if (typeof n === 'object') throw new TypeError(`n must be a number of bytes, not ${kindOf(n)}: write chunks(undefined, options)`)
      if (n !== undefined) countOf(n, 'n')
      return { options: resolveReadOptions(options), n }
    }) as AsyncIterableIterator<never> & AsyncDisposable
  }

  /** Iterates over the bytes up to the end of the stream: `chunks()`. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Buffer> & AsyncDisposable {
    return this.chunks()
  }
}
