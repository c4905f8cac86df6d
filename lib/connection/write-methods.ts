// Every writing method of a connection, from `write` to the end of this side. A call passes its data to the write half, which
// queues and sends it (`writing/write-half.ts`); only the end of this side is decided by the core.

import { markIfIgnorable, rejectHandled } from '../rejections.js'
import { ConnectionInfo } from './info.js'
import type { ConnectionCore } from './lifecycle.js'
import type { WriteData } from './writing/write-data.js'
import { type WriteSource, writeFrom } from './writing/write-from.js'

/** The writing methods. A base class of `Connection`; not constructed directly. */
export abstract class WriteMethods extends ConnectionInfo {
  readonly #core: ConnectionCore

  /** @internal */
  constructor(core: ConnectionCore, server: ConnectionInfo['server']) {
    super(core, server)
    this.#core = core
  }

  /**
   * Queues `data` in call order. Writes made in one turn of the event loop are sent together, at the latest at its end, and
   * earlier when a read of the connection begins to wait. One write is never split by another.
   *
   * **Resolves** immediately while fewer than `writeHighWaterMark` bytes (64 KiB) are queued, otherwise once the queue drains
   * below that; with a piece of 16 KiB or more, also not before that piece was handed to the system. The memory of `data`
   * may then be used again. Smaller pieces are copied at the call. A larger piece whose write is not awaited belongs to the
   * connection until `flush()` resolves.
   *
   * **Rejects** with
   * - TypeError for other data, for memory that was transferred, or if `encoding` is no string: nothing is queued;
   * - RangeError for an unknown encoding: nothing is queued;
   * - LimitExceededError if `maxWriteBuffer` bytes (16 MiB) are still queued: the connection is aborted;
   * - ConnectionClosedError after `end()`, `close()`, `abort()` or a time limit on this side;
   * - ConnectionLostError if the peer or the network broke the connection.
   *
   * If memory of a large piece is transferred before it was sent, the connection is aborted with a TypeError.
   *
   * **Cancelling** is not possible: queued bytes are sent, or the connection is cut. The promise may be ignored; a failed
   * connection then causes no unhandled rejection.
   *
   * @param data - text (UTF-8), a view of bytes, or an array of these
   * @param encoding - one of Node's, for text. Default: UTF-8
   * @example
   * await connection.write('Grüße\r\n', 'latin1')
   */
  write(data: WriteData, encoding?: BufferEncoding): Promise<void> {
    return encoding === undefined ? this.#core.writeHalf.write(data) : this.#core.writeHalf.writeEncoded(data, encoding)
  }

  /**
   * Queues `data` and returns `true` if fewer than `writeHighWaterMark` bytes (64 KiB) are queued. Otherwise, or once this
   * side has ended, it queues nothing and returns `false`. For programs that skip a slow peer rather than wait for it.
   *
   * **Throws** TypeError for data that cannot be written.
   *
   * A piece of 16 KiB or more belongs to the connection until `flush()` resolves.
   *
   * @example
   * for (const connection of subscribers) connection.tryWrite(news)
   */
  tryWrite(data: WriteData): boolean {
    return this.#core.writeHalf.tryWrite(data)
  }

  /**
   * Waits until all bytes written so far were sent.
   *
   * **Resolves** when they were handed to the operating system.
   *
   * **Rejects** with ConnectionLostError or ConnectionClosedError if some of them were lost.
   *
   * **Cancelling** is not possible. The promise may be ignored.
   *
   * @example
   * connection.write(large)
   * await connection.flush()
   */
  flush(): Promise<void> {
    return this.#core.writeHalf.flush()
  }

  /**
   * Writes all pieces of an iterable, an async iterable, a Readable or a web stream, with back-pressure. It does not end
   * this side.
   *
   * **Resolves** with the number of bytes written, when the write of the last piece has resolved.
   *
   * **Rejects** with
   * - the error of the source, unchanged;
   * - TypeError if `source` is no source, or for a piece that cannot be written;
   * - what `write` rejects with when the connection ends or fails.
   *
   * **Cancelling** is up to the source: end it, or let it throw. When `writeFrom` rejects, pieces written before stay
   * written, and the source is returned, destroyed or cancelled, even while its next piece is pending.
   *
   * @example
   * const bytes = await connection.writeFrom(createReadStream('index.html'))
   */
  writeFrom(source: WriteSource): Promise<number> {
    return markIfIgnorable(writeFrom(this.#core.writeHalf, source))
  }

  /**
   * Sends what is queued and then the end of stream (FIN; close_notify over TLS). Reading goes on. A second call does nothing.
   *
   * **Resolves** when the end of stream was sent.
   *
   * **Rejects** with
   * - ConnectionLostError or ConnectionClosedError if the connection fails or is aborted first;
   * - with `data`, what `write` rejects with; after an earlier `end()` that is ConnectionClosedError.
   *
   * **Cancelling** is not possible; `abort()` cuts the connection. The promise may be ignored.
   *
   * @param data - written first
   * @example
   * await connection.end('bye\r\n')
   * const rest = await connection.readToEnd()
   */
  end(data?: WriteData): Promise<void> {
    try {
      if (data !== undefined) this.#core.writeHalf.put(data)
    } catch (error) {
      return rejectHandled(error)
    }
    return this.#core.finish()
  }
}
