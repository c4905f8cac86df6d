// A Duplex over a carrier, for Node's TLS to run over where the lowest layer is no Node socket. It maps events one to one:
// an end is an end, a loss is the stream's error, and bytes that arrived before a loss are emitted before the error. Only
// TLS uses it.

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
  /** Called when a part of what is under way has left. */
  onMoved: () => void = () => {}

  constructor(carrier: Carrier) {
    super()
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
      finished: () => this.#finishing?.(),
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
    done?.()
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
    this.#finishing = done
    this.#carrier.end()
  }

  // TLS destroys the stream when it receives the peer's close_notify, and the peer's end of stream follows a turn or two later:
  // a release before that would break the peer's stream. After a reset or a loss the carrier has nothing to release.
  override _destroy(error: Error | null, done: Done): void {
    if (error === null && this.writableFinished && !this.readableEnded) this.#linger(LINGER_TURNS)
    else this.#carrier.release()
    done(error)
  }

  #linger(turns: number): void {
    if (turns === 0) this.#carrier.release()
    else setImmediate(() => this.#linger(turns - 1))
  }
}
