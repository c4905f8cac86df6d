// A Duplex made over a carrier: what Node's TLS runs over where there is no socket of Node's own beneath. It adds nothing
// and hides nothing: an end is an end, a break is its error, and behind a break comes nothing that had arrived before.
// Nobody but TLS sees it.

import { Duplex } from 'node:stream'
import type { Carrier, CarrierSink } from './carrier.js'

type Done = (error?: Error | null) => void

export class CarrierDuplex extends Duplex {
  readonly #carrier: Carrier
  #writing: Done | undefined
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
      sent: () => this.#settle(),
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

  #settle(): void {
    const done = this.#writing
    this.#writing = undefined
    done?.()
  }

  override _read(): void {
    this.#carrier.resume()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#writing = done
    if (this.#carrier.write(chunk)) this.#settle()
  }

  override _writev(chunks: { chunk: Buffer; encoding: BufferEncoding }[], done: Done): void {
    this.#writing = done
    if (this.#carrier.writeBatch(chunks.map(({ chunk }) => chunk))) this.#settle()
  }

  override _final(done: Done): void {
    this.#finishing = done
    this.#carrier.end()
  }

  // After a reset, or a loss, the carrier has nothing left to release.
  override _destroy(error: Error | null, done: Done): void {
    this.#carrier.release()
    done(error)
  }
}
