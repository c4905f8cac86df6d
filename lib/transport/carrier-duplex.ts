// A Duplex over a carrier, for Node's TLS to run over where the lowest layer is no Node socket. It maps events one to one:
// an end is an end, a loss is the stream's error, and bytes that arrived before a loss are emitted before the error. Only
// TLS uses it.
//
// After the handshake only `finish` ends the carrier. The TLS of Bun reports writes and ends as done while their bytes are still
// here, and destroys this stream with bytes in it. When the peer ends, it sends a close_notify automatically and drops what is
// written later. If this stream passed those events on, the peer would read a cut as an end.

import { Duplex } from 'node:stream'
import { setImmediate } from '../turn.js'
import type { Carrier, CarrierSink } from './carrier.js'

type Done = (error?: Error | null) => void

// TLS passes everything that it has as one piece. Pieces of this size make progress visible, and limit what a slow reader is
// given at once.
const SLICE = 64 * 1024
// As many turns as a stream within the process needs for an end. For a remote peer no number is large enough.
const LINGER_TURNS = 10

export class CarrierDuplex extends Duplex {
  readonly #carrier: Carrier
  #writing: Done | undefined
  /** Written, and not passed to the carrier yet. */
  #pieces: Buffer[] = []
  #finishing: Done | undefined
  /** The handshake is done. */
  #secured = false
  /** The end of the carrier. */
  #end: 'none' | 'expected' | 'asked' | 'under way' | 'left' = 'none'
  /** The depth of calls that emit received bytes. */
  #delivering = 0
  /** What TLS has written within such a call. */
  #answers: Parameters<Duplex['write']>[] = []
  /** TLS has ended with its peer, and drops what is written. */
  orphaned = false
  /** The carrier is released or reset, or will be. */
  #leaving = false
  /** Called when a part of what is under way has left. */
  onMoved: () => void = () => {}
  /** Called when all written bytes have left. */
  onEmptied: () => void = () => {}

  constructor(carrier: Carrier) {
    // TLS destroys it. Bun's TLS takes a stream that closes automatically for a loss.
    super({ autoDestroy: false })
    this.#carrier = carrier
    carrier.attach(this.#sink())
  }

  #sink(): CarrierSink {
    return {
      data: (chunk) => {
        if (!this.push(chunk)) this.#carrier.pause()
      },
      end: () => void this.push(null),
      sent: () => {
        this.onMoved()
        this.#writeNext()
      },
      moved: () => this.onMoved(),
      finished: () => {
        this.#end = 'left'
        this.#finishing?.()
      },
      lost: (error) => this.#lose(error),
    }
  }

  // A destroyed stream drops its buffered bytes, so they are emitted first, as a socket does.
  #lose(error: Error): void {
    while (this.read() !== null);
    this.destroy(error)
  }

  #begin(pieces: Buffer[], done: Done): void {
    this.#writing = done
    this.#pieces = pieces
    this.#writeNext()
  }

  #writeNext(): void {
    const pieces = this.#pieces
    for (let first = pieces.shift(); first !== undefined; first = pieces.shift()) {
      if (first.length > SLICE) pieces.unshift(first.subarray(SLICE))
      if (!this.#carrier.write(first.subarray(0, SLICE))) return
    }
    const done = this.#writing
    this.#writing = undefined
    // It may call `_writev` with what was written meanwhile.
    done?.()
    this.#emptied()
  }

  /** Whether written bytes have not left. A stream that is destroyed drops what it has buffered. */
  get hasBytes(): boolean {
    return this.destroyed ? this.#writing !== undefined : this.writableLength > 0
  }

  #emptied(): void {
    if (this.hasBytes) return
    this.onEmptied()
    if (this.#end !== 'asked') return
    this.#end = 'under way'
    this.#carrier.end()
  }

  // --- what TLS does automatically -----------------------------------------------------------------------------------------

  // Both emit bytes, which TLS receives. What TLS writes within such a call waits until the call returns: it may be the
  // close_notify of a TLS that ends with its peer. That is sent when this side ends, and not before.
  override push(chunk: unknown, encoding?: BufferEncoding): boolean {
    return this.#deliver(() => super.push(chunk, encoding))
  }

  override read(size?: number): unknown {
    return this.#deliver(() => super.read(size))
  }

  #deliver<T>(act: () => T): T {
    this.#delivering++
    try {
      return act()
    } finally {
      this.#delivering--
      if (this.#delivering === 0 && !this.orphaned) this.#writeAnswers()
    }
  }

  #writeAnswers(): void {
    for (let args = this.#answers.shift(); args !== undefined; args = this.#answers.shift()) super.write(...args)
  }

  override write(...args: unknown[]): boolean {
    if (this.#delivering === 0) return super.write(...(args as Parameters<Duplex['write']>))
    this.#answers.push(args as Parameters<Duplex['write']>)
    return true
  }

  override end(...args: unknown[]): this {
    if (!this.#secured || this.#delivering === 0 || this.#end !== 'none') return super.end(...(args as Parameters<Duplex['end']>))
    this.orphaned = true
    return this
  }

  // --- the end ---------------------------------------------------------------------------------------------------------

  /** The handshake is done: from now on `finish`, `releaseCarrier` and `resetCarrier` decide what happens to the carrier. */
  secured(): void {
    this.#secured = true
  }

  /** All bytes have left, and TLS will be asked for its end. */
  expectEnd(): void {
    this.#end = 'expected'
  }

  /** Ends the carrier after all that was written. `done` is called when the end has left. Called once. */
  finish(done: () => void): void {
    this.#finishing = done
    this.#end = 'asked'
    this.#writeAnswers()
    this.#emptied()
  }

  // TLS has ended when it has received the peer's close_notify, and the peer's end of stream follows a turn or two later: a
  // release before that would break the peer's stream.
  /** Releases the carrier. */
  releaseCarrier(): void {
    this.#leave(this.#end === 'left' && !this.readableEnded ? LINGER_TURNS : 0, () => this.#carrier.release())
  }

  // The alert that names the failure is on its way, and has the turns to arrive.
  /** Resets the carrier, unless its end is expected: all bytes have left by then. */
  resetCarrier(): void {
    if (this.#end === 'none') this.#leave(LINGER_TURNS, () => this.#carrier.reset())
    else this.releaseCarrier()
  }

  #leave(turns: number, act: () => void): void {
    if (this.#leaving) return
    this.#leaving = true
    linger(turns, act)
  }

  override _read(): void {
    this.#carrier.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#begin([chunk], done)
  }

  override _writev(chunks: { chunk: Buffer; encoding: BufferEncoding }[], done: Done): void {
    // Mostly records of 16 KiB and their headers: they leave together.
    this.#begin([Buffer.concat(chunks.map(({ chunk }) => chunk))], done)
  }

  override _final(done: Done): void {
    if (this.#secured) return done()
    this.#finishing = done
    this.#carrier.end()
  }

  // After a reset or a loss the carrier has nothing to release. An end that was asked for goes on.
  override _destroy(error: Error | null, done: Done): void {
    if (error !== null || !this.#secured) this.releaseCarrier()
    else if (this.#end === 'none') this.resetCarrier()
    done(error)
  }
}

function linger(turns: number, act: () => void): void {
  if (turns === 0) act()
  else setImmediate(() => linger(turns - 1, act))
}
