// The type of a codec, by which a program describes the messages of its protocol, and its check. The codecs of the library have it too.

import type { Reader } from '../connection/reading/reader.js'
import { kindOf } from '../kind-of.js'
import { functionOf } from '../options/arguments.js'

/**
 * How the messages of a protocol are read and written: two functions, and a third for speed.
 *
 * @typeParam In - what is read
 * @typeParam Out - what is written
 * @example
 * // A type, a length, and that many bytes of JSON.
 * const events: Codec<{ type: number; body: unknown }> = {
 *   async read(reader) {
 *     const head = await reader.readExactly(3)
 *     const body = await reader.readExactly(head.readUInt16BE(1), 'utf8')
 *     return { type: head.readUInt8(0), body: JSON.parse(body) }
 *   },
 *   encode({ type, body }) {
 *     const bytes = Buffer.from(JSON.stringify(body))
 *     return [Buffer.from([type, bytes.length >> 8, bytes.length & 255]), bytes]
 *   },
 * }
 */
export interface Codec<In, Out = In> {
  /**
   * Reads one message. It may make any number of reads through `reader`: together they are one read of the connection, as in
   * `readMessage`. If one of them fails, all bytes are unread again; an error of the function's own leaves them consumed. At the
   * end of the stream or after a loss, with no byte of a next message, what it returns is not used.
   */
  read(reader: Reader): Promise<In>
  /** Returns the bytes of a message, as `write` takes them. If it throws, nothing is sent. */
  encode(message: Out): string | Uint8Array | readonly (string | Uint8Array)[]
  /**
   * Reads a message that has arrived whole, by the `tryRead…` methods, and returns it without a promise. If it returns
   * `undefined` or throws, nothing is consumed; after `undefined`, `read` is called. Optional.
   */
  tryRead?(reader: Reader): In | undefined
}

/** @throws TypeError for a value that is no codec */
export function assertCodec(codec: Codec<unknown, never>): void {
  if (typeof codec !== 'object' || codec === null) throw new TypeError(`codec must be a codec, lines() for example, not ${kindOf(codec)}`)
  functionOf(codec.read, 'codec.read')
  functionOf(codec.encode, 'codec.encode')
  if (codec.tryRead !== undefined) functionOf(codec.tryRead, 'codec.tryRead')
}
