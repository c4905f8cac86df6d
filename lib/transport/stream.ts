// The base of all carriers over a Node stream: what it adds to StreamInput is sending and closing. It keeps count of the
// writes whose callbacks have not come, and reports `sent` when the last of them has.

import type { Duplex } from 'node:stream'
import { nextTick } from '../turn.js'
import type { Carrier } from './carrier.js'
import { CarrierDuplex } from './carrier-duplex.js'
import { StreamInput } from './stream-input.js'
import type { TlsInfo } from './tls-info.js'

// From this size on the system often accepts only a part of a write. Its callback costs a tick, and an empty write behind it
// costs a second system call.
const OFTEN_PARTIAL = 16 * 1024

export abstract class StreamCarrier<S extends Duplex> extends StreamInput<S> implements Carrier {
  // Assigned, not omitted: a lookup of a missing property finds what a program has added to Object.prototype.
  readonly tls: TlsInfo | undefined = undefined
  /** Whether written bytes have nearly always left when `write` returns, and an empty write behind them is harmless. */
  protected get writesSynchronously(): boolean {
    return false
  }
  /** Reset or released. */
  #closed = false
  /** Writes whose callback has not come. */
  #underWay = 0
  /** `write` or `writeBatch` has returned false. */
  #owesSent = false
  #onWritten: ((error?: Error | null) => void) | undefined

  upgrade(): Duplex {
    return new CarrierDuplex(this)
  }

  // --- sending ---------------------------------------------------------------------------------------------------------

  write(piece: Uint8Array): boolean {
    const { stream } = this
    try {
      const chunk = this.forStream(piece)
      if (!this.writesSynchronously || this.#underWay > 0 || chunk.length >= OFTEN_PARTIAL) stream.write(chunk, this.#callback())
      else {
        // Node spends a tick on each write that has a callback. This one rarely needs one.
        stream.write(chunk)
        if (stream.writableLength === 0 && stream.writable) return true
        stream.write('', this.#callback())
      }
      return this.#flushed()
    } catch (error) {
      return this.loseLater(error)
    }
  }

  /** The chunk that the stream is given for a piece. */
  protected forStream(piece: Uint8Array): Uint8Array {
    return piece
  }

  /** The callback of one more write. */
  #callback(): (error?: Error | null) => void {
    this.#underWay++
    return (this.#onWritten ??= this.#makeCallback())
  }

  writeBatch(pieces: readonly Uint8Array[]): boolean {
    const { stream } = this
    try {
      const chunks = pieces.map((piece) => this.forStream(piece))
      stream.cork()
      for (const chunk of chunks) stream.write(chunk, this.#callback())
      stream.uncork()
      return this.#flushed()
    } catch (error) {
      return this.loseLater(error)
    }
  }

  /** Whether all bytes have left. If not, `sent` is owed. */
  // The result of the stream's own `write` reports how full its buffer is, not whether the bytes have left. `writable` is false
  // for a stream that has just failed, with nothing queued and its error not emitted yet.
  #flushed(): boolean {
    const { stream } = this
    if (stream.writableLength === 0 && stream.writable && !this.hasBytesBeneath) return true
    this.#owesSent = true
    return false
  }

  // One function for all writes: callbacks are called in order, so the last one belongs to the last write. A faulty stream may call
  // one twice. An error comes here before Node closes the socket, while the bytes that the system holds can still be read.
  #makeCallback(): (error?: Error | null) => void {
    return (error) => {
      if (error) this.lose(error)
      else if (this.#underWay > 0 && --this.#underWay === 0) this.reportSent()
    }
  }

  /** Reports `sent` where it is owed and all bytes have left. */
  protected reportSent(): void {
    if (!this.#owesSent || this.#underWay > 0 || this.hasBytesBeneath) return
    this.#owesSent = false
    this.sink.sent()
  }

  /** Whether bytes that the stream has reported as written wait in a stream beneath it. */
  protected get hasBytesBeneath(): boolean {
    return false
  }

  /** Some of the bytes under way have left. */
  protected moved(bytes: number): void {
    if (this.#owesSent) this.sink.moved?.(bytes)
  }

  /** The stream has reported that its end has left. */
  protected streamFinished(): void {
    this.sink.finished()
  }

  end(): void {
    const { stream } = this
    try {
      if (stream.writableFinished) nextTick(() => this.streamFinished())
      else
        stream.end((error?: Error | null) => {
          if (!error) this.streamFinished()
        })
    } catch (error) {
      this.loseLater(error)
    }
  }

  // --- closing ---------------------------------------------------------------------------------------------------------

  reset(): void {
    if (this.#close()) this.ignoringExceptions(() => this.resetStream())
  }

  release(): void {
    if (this.#close()) this.ignoringExceptions(() => this.destroyStream())
  }

  #close(): boolean {
    const first = !this.#closed
    this.#closed = true
    this.silence()
    return first
  }

  /** Drops everything, so that the peer sees a break where the stream has one. Either this or `destroyStream` is called, once. */
  protected abstract resetStream(): void

  protected destroyStream(): void {
    this.stream.destroy()
  }

  abstract setNoDelay(enable: boolean): void
  abstract setKeepAlive(enable: boolean, initialDelay: number): void
  abstract ref(): void
  abstract unref(): void
}
