// The carrier over any Node Duplex, and over what can be made into one: a pair of Node streams or of web streams. It owns the
// stream from the first moment. Such a stream has no addresses, may pass on the very buffer that it is given, and may bring
// text or plain Uint8Arrays instead of Buffers.

import type { Socket } from 'node:net'
import { Duplex, Readable, Writable } from 'node:stream'
import type { ReadableStream, WritableStream } from 'node:stream/web'
import { unixAddress } from '../address.js'
import { net } from '../net.js'
import type { Carrier } from './carrier.js'
import { CloseNotifyCarrier } from './close-notify.js'
import { copyOf } from './copy.js'
import { Joined } from './joined.js'
import { isHalfOfStdio } from './no-stream.js'
import { SocketCarrier } from './socket.js'
import { resetAtClose } from './socket-reset.js'

const noAddresses = { remote: unixAddress(), local: unixAddress() }

// Any Duplex may be a TLSSocket, or pass its end on to one.
export class DuplexCarrier extends CloseNotifyCarrier<Duplex> {
  /** Whether the stream's producer may keep the memory of its chunks. A socket allocates each chunk. */
  readonly #borrows: boolean

  constructor(stream: Duplex) {
    super(stream, noAddresses)
    this.#borrows = !(stream instanceof net().Socket)
    this.listen()
  }

  protected override arrived(chunk: unknown): void {
    const bytes = bytesOf(chunk, this.stream.readableEncoding)
    if (bytes === undefined) this.lose(new TypeError(`a stream of bytes must bring bytes or text, not ${typeof chunk}`))
    else if (bytes.length > 0) super.arrived(this.#borrows || typeof chunk === 'string' ? copyOf(bytes) : bytes)
    else if (isDetached(bytes)) this.lose(new TypeError('the memory of a chunk was transferred before the stream brought it'))
  }

  // A stream may pass on the memory that it is given long after its write callback, or transfer it to another thread. So it
  // is given a copy. The copy is a Buffer, because an object-mode stream passes on what it is given.
  protected override forStream(piece: Uint8Array): Uint8Array {
    return Buffer.from(piece)
  }

  // A stream without `_writev` is given one piece: an exception for a later piece would be thrown at the stream's own caller.
  // An object-mode stream receives each piece as an object.
  override writeBatch(pieces: readonly Uint8Array[]): boolean {
    const { _writev, writableObjectMode } = this.stream
    const together = typeof _writev === 'function' || writableObjectMode
    return together ? super.writeBatch(pieces) : this.write(Buffer.concat(pieces))
  }

  // With an error, so that a stream that can pass a break on does so. Node's sockets, TLSSockets included, pass none on.
  protected resetStream(): void {
    this.unlisten()
    if (this.stream instanceof net().Socket) resetAtClose(this.stream)
    this.stream.destroy(new Error('the connection was aborted'))
  }

  protected override destroyStream(): void {
    this.unlisten()
    super.destroyStream()
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

/** Whether the memory of a view was transferred. An empty view may also be one of no bytes. */
function isDetached({ buffer }: Buffer): boolean {
  try {
    void new Uint8Array(buffer)
    return false
  } catch {
    // Transferred memory has no views.
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

/** `stream` as a Duplex; undefined for a value that is none and cannot be made into one. */
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

/** The carrier for a stream: a SocketCarrier for a plain socket, else a DuplexCarrier; undefined for a value that is no stream. */
export function carrierFor(stream: unknown): Carrier | undefined {
  if (isHalfOfStdio(stream)) return undefined
  if (stream instanceof net().Socket && !('encrypted' in stream) && stream.readableEncoding === null) return new SocketCarrier(stream)
  const duplex = duplexOf(stream)
  return duplex && new DuplexCarrier(duplex)
}
