// The messages of a connection, by a codec: the public face.

import { type Connection, isConnection } from '../connection/connection.js'
import { type ReadOptions, type ResolvedReadOptions, resolvePlainOptions } from '../connection/reading/read-options.js'
import { isLinnetError, LimitExceededError } from '../errors.js'
import { kindOf } from '../kind-of.js'
import { markHandled, rejectHandled } from '../rejections.js'
import { assertCodec, type Codec } from './codec.js'
import { FrameIterator } from './iterator.js'
import { FrameSource } from './source.js'

/**
 * The messages of a connection. Made by `framed`.
 *
 * It holds nothing: any number of them, with the same codec or others, and the connection's own reads can be used in turn.
 *
 * @example
 * const messages = framed(connection, json(lines()))
 * for await (const message of messages) await messages.write({ received: message })
 */
export class Framed<In, Out = In> implements AsyncIterable<In> {
  /** The connection that the messages are read from and written to. */
  readonly connection: Connection
  readonly #codec: Codec<In, Out>
  readonly #source: FrameSource<In>

  /** @internal */
  constructor(connection: Connection, codec: Codec<In, Out>) {
    if (!isConnection(connection)) throw new TypeError(`connection must be a Connection of linnet, not ${kindOf(connection)}`)
    assertCodec(codec)
    this.connection = connection
    this.#codec = codec
    this.#source = new FrameSource(connection, codec)
  }

  /**
   * Reads the next message, as one read of the connection (`readMessage`). A message that is buffered whole costs one promise.
   *
   * **Resolves** with what the codec reads.
   *
   * **Rejects** with
   * - FrameError: the bytes are no frame, or its content is wrong. A frame that is broken (its length, header or terminator) stays
   *   unread, so that further reads fail alike until the program skips it or closes. A whole frame with wrong content (`json`) is
   *   taken: the next read continues with the next frame.
   * - LimitExceededError: the frame is above the codec's `maxBytes` (default: `maxBufferSize`, 1 MiB), or above `maxBytes` here,
   *   which holds for the frame as a whole.
   * - EndOfStreamError: the peer ended first. `partial` is a copy of the frame's bytes that arrived, empty between two frames.
   * - TypeError or RangeError: a wrong argument. ConcurrentReadError: another read is pending.
   * - TimeoutError: `timeout` milliseconds from the call passed, or without it the connection's `idleTimeout` before the first
   *   byte, or `readTimeout` after it.
   * - DrainingError: the server is closing, and no byte of the frame has arrived.
   * - ConnectionLostError: the connection broke. ConnectionClosedError: this side closed, aborted or cut it off.
   * - what a codec of the program throws. What its `read` has read then stays consumed, and nothing that its `tryRead` has read.
   *
   * **Cancelling** by `signal` rejects with `signal.reason`. Unless stated otherwise all bytes are unread after a rejection, and
   * the next read may be made at once.
   *
   * @example
   * const order = await messages.read({ timeout: 5000 })
   */
  read(options?: ReadOptions): Promise<In> {
    let resolved: ResolvedReadOptions | undefined
    try {
      resolved = resolvePlainOptions(options)
      if (resolved.maxBytes === undefined && !resolved.signal?.aborted) {
        const frame = this.#source.tryTake()
        if (frame !== undefined) return Promise.resolve(frame) as Promise<In>
      }
      return this.#source.read(resolved)
    } catch (error) {
      return rejectHandled(error, resolved?.signal)
    }
  }

  /**
   * Writes a message, as one write of the connection: no other write splits it.
   *
   * **Resolves** as `connection.write` does: when the caller may write more, and use the memory of the message again.
   *
   * **Rejects** with
   * - FrameError: the message would not read back as it is. LimitExceededError: it is above the codec's `maxBytes`, or too long
   *   for the length in front of it. TypeError: the codec does not write such a value. Nothing is sent then.
   * - what `connection.write` rejects with, and what a codec of the program throws.
   *
   * **Cancelling** is not possible. The promise may be ignored; a failed connection then causes no unhandled rejection.
   *
   * @example
   * await messages.write({ status: 'ok' })
   */
  write(message: Out): Promise<void> {
    let data: ReturnType<Codec<In, Out>['encode']>
    try {
      data = this.#codec.encode(message)
    } catch (error) {
      // A message that does not fit is the program's mistake; one that is too large is a limit.
      const rejection = Promise.reject(error)
      return isLinnetError(error) && error instanceof LimitExceededError ? markHandled(rejection) : rejection
    }
    return this.connection.write(data)
  }

  /**
   * Iterates over the messages up to the end of the stream.
   *
   * **Resolves** each `next()` with a message; with `done` when the peer has ended and no byte of a next message has arrived.
   *
   * **Rejects** with the errors of `read`, and so ends the loop. An end of the stream in the middle of a message is an
   * EndOfStreamError. A ConcurrentReadError does not end the iteration.
   *
   * **Cancelling**: `break` leaves the connection open. `return()` cancels a pending `next()`: both resolve with `done`, and
   * nothing is consumed. After a rejection a new loop continues where a next `read` would. Between two messages the iterator
   * holds nothing: the loop's body may make any other read.
   *
   * @example
   * for await (const message of messages) console.log(message)
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<In> & AsyncDisposable {
    return new FrameIterator(this.#source)
  }
}

/**
 * Reads and writes the messages of a connection by a codec: one of `linnet/framing`, or the program's own.
 *
 * **Returns** at once, and reads nothing.
 *
 * @throws TypeError for arguments that are no connection or no codec
 * @example
 * const messages = framed(connection, lengthPrefixed({ bytes: 4 }))
 * const hello = await messages.read()
 * await messages.write('welcome')
 */
export function framed<In, Out>(connection: Connection, codec: Codec<In, Out>): Framed<In, Out> {
  return new Framed(connection, codec)
}
