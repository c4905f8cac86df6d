// `read` while it waits with nothing unread: its result is the next chunk. This saves as much as parking `readLine` does.

import type { ByteQueue } from '../../bytes/queue.js'
import { limitOf } from './limit.js'
import { ParkedRead } from './parked-read.js'
import { type Read, SomeRead } from './read-kinds.js'

const FIRST_BEYOND_ASCII = 0x80

/** Whether the end of a chunk shows by its last byte whether a character is cut there. */
export function endsPlainly(encoding: BufferEncoding | undefined): boolean {
  return encoding === undefined || encoding === 'utf8' || encoding === 'latin1'
}

/** `read()`, with no options but `idle` and `encoding`. */
export class ParkedSome extends ParkedRead<Buffer | string | null> {
  /** Set before the wait starts. */
  encoding: BufferEncoding | undefined

  take(chunk: Buffer, queue: ByteQueue): Buffer | string | undefined {
    const { encoding } = this
    const { length } = chunk
    if (length > this.limits.maxBufferSize) return undefined
    if (encoding === 'utf8' && (chunk[length - 1] as number) >= FIRST_BEYOND_ASCII) return undefined
    const result = encoding === undefined ? chunk : chunk.toString(encoding)
    queue.countConsumed(length)
    return result
  }

  protected read(): Read<Buffer | string | null> {
    return new SomeRead(limitOf(undefined, this.limits.maxBufferSize), this.encoding, 'read()')
  }
}
