// The carrier over any Node Duplex, and over what can be made into one: a pair of Node or web streams. It owns the
// stream from the moment it has it. Such a stream has no addresses, may hand on the very buffer it was given, and may
// bring text or plain Uint8Arrays instead of Buffers.

import type { Socket } from 'node:net'
import { Duplex, Readable, Writable } from 'node:stream'
import type { ReadableStream, WritableStream } from 'node:stream/web'
import { unixAddress } from '../address.js'
import { net } from '../net.js'
import type { Carrier } from './carrier.js'
import { beforeCloseNotify } from './close-notify.js'
import { copyOf } from './copy.js'
import { Joined } from './joined.js'
import { isHalfOfStdio } from './no-stream.js'
import { resetAtClose, SocketCarrier } from './socket.js'
import { StreamCarrier } from './stream.js'

const nowhere = { remote: unixAddress(), local: unixAddress() }

export class DuplexCarrier extends StreamCarrier<Duplex> {
  /** Whether the stream's producer may hold the memory of what it brings. A socket's is made for each chunk. */
  readonly #borrows: boolean

  constructor(stream: Duplex) {
    super(stream, nowhere)
    this.#borrows = !(stream instanceof net().Socket)
    this.take()
  }

  protected override arrived(chunk: unknown): void {
    const bytes = bytesOf(chunk, this.stream.readableEncoding)
    if (bytes === undefined) this.lose(new TypeError(`a stream of bytes must bring bytes or text, not ${typeof chunk}`))
    else if (bytes.length > 0) super.arrived(this.#borrows || typeof chunk === 'string' ? copyOf(bytes) : bytes)
    else if (isDetached(bytes)) this.lose(new TypeError('the memory of a chunk was transferred before the stream brought it'))
  }

  // A stream may pass on the very memory that it is given, long after it has said that it wrote it, or give it away to
  // another thread. So it is given a copy: a Buffer, as streams of objects pass on what they are given.
  protected override forStream(piece: Uint8Array): Uint8Array {
    return Buffer.from(piece)
  }

  // A stream that takes one piece at a time is given one: what it throws of a later one would be thrown at its own caller.
  // Pieces are objects to a stream of objects.
  override writeBatch(pieces: readonly Uint8Array[]): boolean {
    const { _writev, writableObjectMode } = this.stream
    const together = typeof _writev === 'function' || writableObjectMode
    return together ? super.writeBatch(pieces) : this.write(Buffer.concat(pieces))
  }

  /** A reset that the close_notify of a TLSSocket would have met. */
  #reset: Error | undefined

  // Any stream may be a TLSSocket, or pass its end on to one.
  override end(): void {
    beforeCloseNotify(this.stream, (reset) => {
      this.#reset = reset
      super.end()
    })
  }

  protected override ended(unsure: boolean, inOrder: () => void): void {
    if (this.#reset === undefined) super.ended(unsure, inOrder)
    else this.lose(this.#reset)
  }

  // With an error, so that a stream that can pass a break on does. A socket of Node's, a TLSSocket too, passes none on.
  protected cut(): void {
    this.unlisten()
    if (this.stream instanceof net().Socket) resetAtClose(this.stream)
    this.stream.destroy(new Error('the connection was aborted'))
  }

  protected override letGo(): void {
    this.unlisten()
    super.letGo()
  }

  setNoDelay(_enable: boolean): void {}

  setKeepAlive(_enable: boolean, _initialDelay: number): void {}

  ref(): void {
    ;(this.stream as Partial<Socket>).ref?.()
  }

  unref(): void {
    ;(this.stream as Partial<Socket>).unref?.()
  }
}

/** Whether the memory beneath a view is gone. An empty view may be one of no bytes. */
function isDetached({ buffer }: Buffer): boolean {
  try {
    void new Uint8Array(buffer)
    return false
  } catch {
    // No view of detached memory can be made.
    return true
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function bytesOf(chunk: unknown, encoding: BufferEncoding | null): Buffer | undefined {
  if (chunk instanceof Uint8Array) return bufferOf(chunk)
  return typeof chunk === 'string' ? Buffer.from(chunk, encoding ?? 'utf8') : undefined
}

/** The Duplex that `stream` is or that can be made of it; undefined where there is none. */
export function duplexOf(stream: unknown): Duplex | undefined {
  if (stream instanceof Duplex) return stream
  if (typeof stream !== 'object' || stream === null || stream instanceof Readable || stream instanceof Writable) return undefined
  const { readable, writable } = stream as { readable?: unknown; writable?: unknown }
  if (readable instanceof Readable && writable instanceof Writable) return new Joined(readable, writable)
  if (readable instanceof globalThis.ReadableStream && writable instanceof globalThis.WritableStream) {
    return Duplex.fromWeb({ readable: readable as ReadableStream, writable: writable as WritableStream })
  }
  return undefined
}

/** The carrier that fits: a plain socket has its own, everything else is taken as a Duplex; undefined for what is no stream. */
export function carrierFor(stream: unknown): Carrier | undefined {
  if (isHalfOfStdio(stream)) return undefined
  if (stream instanceof net().Socket && !('encrypted' in stream) && stream.readableEncoding === null) return new SocketCarrier(stream)
  const duplex = duplexOf(stream)
  return duplex && new DuplexCarrier(duplex)
}
