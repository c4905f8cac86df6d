// A readable and a writable stream as one Duplex: the pipes of a child process, stdio, two ends of different things.
//
// What others do: `Duplex.from` of Node breaks both as soon as one of them closes early; and a child process that exits has
// its input closed by Node, often before its output was read, which is then gone. What we do: an input that is closed
// concerns who writes to it, and nobody else.

import { Duplex, type Readable, type Writable } from 'node:stream'
import { afterTurn } from '../turn.js'
import { breakBehind } from './descriptor.js'

type Done = (error?: Error | null) => void

export class Joined extends Duplex {
  readonly #readable: Readable
  readonly #writable: Writable

  constructor(readable: Readable, writable: Writable) {
    super({
      // It holds nothing itself.
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
      .on('end', () => this.#ended())
      .on('error', (error) => this.destroy(error))
      .on('close', () => this.#closed())
    writable.on('error', (error) => this.#broken(error))
    // What happened before.
    if (readable.readableEnded) this.#ended()
    else if (readable.destroyed) this.#closed()
    if (writable.errored) this.#broken(writable.errored)
  }

  /** One of the two may be anybody's: what it throws breaks this stream, and goes no further. */
  #attempt(act: () => void, failed: (error: Error) => void = (error) => this.destroy(error)): void {
    try {
      act()
    } catch (error) {
      failed(error as Error)
    }
  }

  #ended(): void {
    const broken = breakBehind(this.#readable)
    if (broken instanceof Error) this.destroy(broken)
    else this.push(null)
  }

  #closed(): void {
    const { readableEnded, errored } = this.#readable
    if (!readableEnded) this.destroy(errored ?? new Error('the readable stream was closed before its end'))
  }

  /** What is still said by who takes nothing any more is heard first, as far as it has come. */
  #broken(error: Error, told: Done = () => this.destroy(error)): void {
    const tell = (): void => {
      // Each of them comes by 'data'.
      this.#attempt(() => {
        while (this.#readable.read() !== null);
      })
      told(error)
    }
    afterTurn(tell)
  }

  override _read(): void {
    this.#readable.resume()
  }

  override _write(chunk: unknown, encoding: BufferEncoding, done: Done): void {
    const broken = (error: Error): void => this.#broken(error, done)
    this.#attempt(() => this.#writable.write(chunk, encoding, (error) => (error ? broken(error) : done())), broken)
  }

  // A stream that takes one piece at a time is given one: what it throws of a later one would be thrown at its own caller.
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
      (error) => this.#broken(error, done),
    )
  }

  // Where nobody takes anything any more an end has nobody to reach: all that was written has left.
  override _final(done: Done): void {
    if (this.#writable.destroyed) done()
    else this.#writable.end(() => done())
  }

  // Each is closed, whatever becomes of the other.
  override _destroy(error: Error | null, done: Done): void {
    for (const stream of [this.#readable, this.#writable]) {
      this.#attempt(
        () => stream.on('error', ignore).destroy(error ?? undefined),
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

const ignore = (): void => {}
