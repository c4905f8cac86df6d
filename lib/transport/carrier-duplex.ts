// A Duplex made over a carrier: what Node's TLS runs over where there is no socket of Node's own beneath. It adds nothing
// and hides nothing: an end is an end, a break is its error, and behind a break comes nothing that had arrived before.
// Nobody but TLS sees it.

import { Duplex } from 'node:stream'
import { setImmediate } from '../turn.js'
import type { Carrier, CarrierSink } from './carrier.js'

type Done = (error?: Error | null) => void

// TLS hands over whatever it has as one piece. In steps of this size it is seen to move, and a slow reader is not given
// all of it at once.
const SLICE = 64 * 1024
// As many turns as a stream within the process needs for an end; for what is farther away no number would do.
const LINGERING = 10

export class CarrierDuplex extends Duplex {
  readonly #carrier: Carrier
  #writing: Done | undefined
  /** What was written and not handed on. */
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
        this.#next()
      },
      moved: () => this.onMoved(),
      finished: () => this.#finishing?.(),
      lost: (error) => this.#lose(error),
    }
  }

  // A destroyed stream drops what it holds, so whoever listens is told that first, as by a socket.
  #lose(error: Error): void {
    while (this.read() !== null);
    this.destroy(error)
  }

  #hand(pieces: Buffer[], done: Done): void {
    this.#writing = done
    this.#pieces = pieces
    this.#next()
  }

  #next(): void {
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
    this.#hand([chunk], done)
  }

  override _writev(chunks: { chunk: Buffer; encoding: BufferEncoding }[], done: Done): void {
    // Mostly records of 16 KiB and their headers: they leave together.
    this.#hand([Buffer.concat(chunks.map(({ chunk }) => chunk))], done)
  }

  override _final(done: Done): void {
    this.#finishing = done
    this.#carrier.end()
  }

  // TLS is over with the peer's goodbye, whose end of stream is a turn or two behind it: a stream that is gone by then
  // would break the peer's. After a reset, or a loss, the carrier has nothing left to release.
  override _destroy(error: Error | null, done: Done): void {
    if (error === null && this.writableFinished && !this.readableEnded) this.#linger(LINGERING)
    else this.#carrier.release()
    done(error)
  }

  #linger(turns: number): void {
    if (turns === 0) this.#carrier.release()
    else setImmediate(() => this.#linger(turns - 1))
  }
}
