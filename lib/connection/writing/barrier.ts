// The barrier that `startTls` puts into the queue of writes: what was written before it is sent in plain text, what is
// written after it waits for the new carrier. A connection that is never upgraded makes none.
//
//   standing ──the carrier was replaced──▶ lifted ──all before it was sent──▶ dropped by the sender

import type { WriteBuffer } from './write-buffer.js'

export class Barrier {
  /** What was written before the barrier and was not handed to the carrier yet. */
  readonly buffer: WriteBuffer
  /** The position in the stream, in bytes, at which the barrier stands. */
  position: number
  /** True until the carrier was replaced. */
  standing = true

  constructor(buffer: WriteBuffer, position: number) {
    this.buffer = buffer
    this.position = position
  }

  /** Appends bytes in front of the barrier, which moves back by their length. */
  add(bytes: Uint8Array): void {
    this.buffer.add(bytes)
    this.position += bytes.length
  }
}
