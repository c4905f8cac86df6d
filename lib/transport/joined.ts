// A readable and a writable stream as one Duplex: the pipes of a child process, stdio, any two streams.
//
// `Duplex.from` of Node destroys both as soon as one of them closes early. When a child process exits, Node closes its input,
// often before its output was read, which is lost then. Here an input that closes fails the writes to it, and the output can
// still be read.

import { Duplex, type Readable, type Writable } from 'node:stream'
import { afterTurn } from '../turn.js'
import { errorAtEnd } from './descriptor.js'
import { ignoreErrors } from './ignore-errors.js'

type Done = (error?: Error | null) => void

export class Joined extends Duplex {
  readonly #readable: Readable
  readonly #writable: Writable

  constructor(readable: Readable, writable: Writable) {
    super({
      // It buffers nothing of its own.
      readableHighWaterMark: 0,
      readableObjectMode: readable.readableObjectMode,
      writableObjectMode: writable.writableObjectMode,
    })
    this.#readable = readable
    this.#writable = writable
    readable.pause()
    readable
      .on('data', (chunk) => {
        if (!this.push(chunk, readable.readableEncoding ?? undefined)) this.#attempt(() => readable.pause())
      })
      .on('end', () => this.#onEnd())
      .on('error', (error) => this.destroy(error))
      .on('close', () => this.#onClose())
    writable.on('error', (error) => this.#fail(error))
    // Events that were emitted before the listeners were added.
    if (readable.readableEnded) this.#onEnd()
    else if (readable.destroyed) this.#onClose()
    if (writable.errored) this.#fail(writable.errored)
  }

  /** Calls a method of either stream, which may belong to any library: an exception destroys this stream. */
  #attempt(act: () => void, failed: (error: Error) => void = (error) => this.destroy(error)): void {
    try {
      act()
    } catch (error) {
      failed(error as Error)
    }
  }

  #onEnd(): void {
    const broken = errorAtEnd(this.#readable)
    if (broken instanceof Error) this.destroy(broken)
    else this.push(null)
  }

  #onClose(): void {
    const { readableEnded, errored } = this.#readable
    if (!readableEnded) this.destroy(errored ?? new Error('the readable stream was closed before its end'))
  }

  /** Reports that a write has failed, after the bytes that have arrived by now: the peer may have written before it closed. */
  #fail(error: Error, report: Done = () => this.destroy(error)): void {
    const drain = (): void => {
      // Each chunk is emitted as 'data'.
      this.#attempt(() => {
        while (this.#readable.read() !== null);
      })
      report(error)
    }
    afterTurn(drain)
  }

  override _read(): void {
    this.#readable.resume()
  }

  override _write(chunk: unknown, encoding: BufferEncoding, done: Done): void {
    const broken = (error: Error): void => this.#fail(error, done)
    this.#attempt(() => this.#writable.write(chunk, encoding, (error) => (error ? broken(error) : done())), broken)
  }

  // A stream without `_writev` is given one piece: an exception for a later piece would be thrown at the stream's own caller.
  override _writev(chunks: { chunk: Buffer; encoding: BufferEncoding }[], done: Done): void {
    if (typeof this.#writable._writev !== 'function') return this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'utf8', done)
    const last = chunks.pop() as { chunk: Buffer; encoding: BufferEncoding }
    this.#attempt(
      () => {
        this.#writable.cork()
        for (const { chunk, encoding } of chunks) this.#writable.write(chunk, encoding)
        this._write(last.chunk, last.encoding, done)
        this.#writable.uncork()
      },
      (error) => this.#fail(error, done),
    )
  }

  // A destroyed writable accepts no end, and everything written to it has left.
  override _final(done: Done): void {
    if (this.#writable.destroyed) done()
    else this.#writable.end(() => done())
  }

  // Both are destroyed, also if one of them throws.
  override _destroy(error: Error | null, done: Done): void {
    for (const stream of [this.#readable, this.#writable]) {
      this.#attempt(
        () => ignoreErrors(stream).destroy(error ?? undefined),
        (thrown) => (error ??= thrown),
      )
    }
    done(error)
  }

  ref(): void {
    for (const stream of [this.#readable, this.#writable] as Referable[]) stream.ref?.()
  }

  unref(): void {
    for (const stream of [this.#readable, this.#writable] as Referable[]) stream.unref?.()
  }
}

interface Referable {
  ref?(): void
  unref?(): void
}
