// The bytes that were written and not sent yet: how many they are, and the buffer that holds them. Text is counted before
// it is encoded, so there are two counts, a lower and an upper bound; they are equal where no text is left to encode.
// Here nothing is sent and no caller waits: see `WriteSender` and `WriteHalf`, which extend this.

import { LARGE } from '../../bytes/large.js'
import type { LimitExceededError } from '../../errors.js'
import type { ConnectionLimits } from '../../options/connection.js'
import type { DeadlineKind } from '../deadlines.js'
import { MAX_BYTES_PER_UNIT } from './utf8.js'
import { WriteBuffer } from './write-buffer.js'
import { bytesOf, type Piece, type WriteData } from './write-data.js'

/** What the write half needs of its connection. */
export interface WriteHalfHost {
  readonly limits: ConnectionLimits
  /** Starts a time limit of `ms` from now, or moves it there; Infinity lifts it. */
  limit(kind: DeadlineKind, ms: number): void
  lift(kind: DeadlineKind): void
  /** Bytes were queued. */
  written(): void
  /** Bytes were sent. */
  progressed(): void
  /** The peer reads too slowly: cuts the connection. */
  slowConsumer(error: LimitExceededError): void
  /** What was written cannot be sent: cuts the connection. */
  abort(reason: unknown): void
}

export abstract class WriteQueue {
  /** Bytes sent: handed to the system. */
  sent = 0
  protected readonly host: WriteHalfHost
  /** What is queued, but for what waits in front of a barrier. */
  protected buffer: WriteBuffer = new WriteBuffer()
  /** Bytes queued or in flight; text that is not encoded counts one byte for each UTF-16 unit. */
  protected minQueued = 0
  /** The same, but such text counts the most that it can become. */
  protected maxQueued = 0

  constructor(host: WriteHalfHost) {
    this.host = host
  }

  /** Sees to it that what is queued is sent. */
  protected abstract schedule(): void

  /** Bytes written and not yet handed to the system. */
  get queued(): number {
    try {
      return this.encodePending()
    } catch (error) {
      // Text that was accepted cannot be encoded.
      this.host.abort(error)
      return 0
    }
  }

  /** Encodes the text that is left, which makes the count exact; returns the count. */
  protected encodePending(): number {
    if (this.maxQueued !== this.minQueued) this.maxQueued = this.minQueued += this.buffer.encodePending()
    return this.minQueued
  }

  /** Whether less than `limit` is queued. Encodes text only where that can change the answer. */
  below(limit: number): boolean {
    return this.maxQueued < limit || (this.minQueued < limit && this.queued < limit)
  }

  /**
   * Queues all of checked data, or throws and queues nothing. Returns the position that must have been sent before the
   * caller may use its memory again: 0 unless a piece is kept by reference.
   */
  protected enqueue(data: WriteData): number {
    const { buffer, minQueued, maxQueued } = this
    const mark = buffer.mark()
    let end = 0
    try {
      for (const piece of Array.isArray(data) ? data : [data]) {
        const large = this.#enqueuePiece(piece)
        if (large) end = this.sent + this.encodePending()
      }
    } catch (error) {
      buffer.undo(mark)
      this.minQueued = minQueued
      this.maxQueued = maxQueued
      throw error
    }
    if (this.minQueued > minQueued) this.#afterEnqueue()
    return end
  }

  /** Queues one piece; true if it is a large one. */
  #enqueuePiece(piece: Piece): boolean {
    if (typeof piece === 'string') {
      const units = this.enqueueText(piece)
      this.minQueued += units
      this.maxQueued += units
      return units >= LARGE || (units * MAX_BYTES_PER_UNIT >= LARGE && Buffer.byteLength(piece) >= LARGE)
    }
    const bytes = bytesOf(piece)
    const { length } = bytes
    if (length > 0) this.buffer.add(bytes)
    this.minQueued += length
    this.maxQueued += length
    return length >= LARGE
  }

  /** Queues text and counts what it may have beyond a byte a unit; returns its UTF-16 units, which the caller counts. */
  protected enqueueText(text: string): number {
    const units = text.length
    if (units > 0) this.buffer.addText(text)
    this.maxQueued += units * (MAX_BYTES_PER_UNIT - 1)
    return units
  }

  /** Counts bytes that were added to a buffer. */
  protected countQueued(bytes: number): void {
    if (bytes === 0) return
    this.minQueued += bytes
    this.maxQueued += bytes
    this.#afterEnqueue()
  }

  #afterEnqueue(): void {
    this.host.written()
    this.schedule()
  }
}
