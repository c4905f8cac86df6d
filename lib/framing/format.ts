// A format: how a codec of the library takes a frame off the unread bytes, synchronously and whole or not at all. `framed` uses
// it directly: a frame that is buffered whole then costs no more than a read of the connection, and one that is not is a single
// pending read. The functions `read` and `tryRead` of the codec are made from it too, so that all three agree.

import type { ByteQueue } from '../bytes/queue.js'
import type { Limit } from '../connection/reading/limit.js'
import type { ReadHalf } from '../connection/reading/read-half.js'
import type { Read, Wait } from '../connection/reading/read-kinds.js'

/** The operation of a read of a frame, as `connection.waiting` and errors name it. */
export const OPERATION = 'framed.read()'

export interface FrameFormat<T> {
  /** The codec's own limit; undefined: the connection's `maxBufferSize`. */
  readonly maxBytes: number | undefined
  /** Takes a frame that is buffered whole. Undefined: use the slow path. Throws what the slow path would reject with. */
  fast(readHalf: ReadHalf): T | undefined
}

/** A format whose frames can be read synchronously. */
export interface BytesFormat<T> extends FrameFormat<T> {
  /** Takes the next frame if it is whole, within the limit of a read outside of a message. It may throw, and may have taken bytes then. */
  takeBuffered(queue: ByteQueue, limit: Limit): T | Wait
  /** The read of one frame. `whole`: what header and body may have together, if the message that they are read in has a limit. */
  start(limit: Limit, whole: Limit | undefined): Read<T>
}

/** Whether frames can be read synchronously. Otherwise the codec's function `read` is used for frames that are not buffered. */
export function isSynchronous<T>(format: FrameFormat<T> | undefined): format is BytesFormat<T> {
  return format !== undefined && 'start' in format
}

/** The codec's own limit, made once. */
export function ownLimit(maxBytes: number | undefined): Limit | undefined {
  return maxBytes === undefined ? undefined : { bytes: maxBytes, before: 0, option: 'maxBytes', shared: false }
}
