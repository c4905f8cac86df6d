// What the system knows of a socket and Node does not pass on, asked by its descriptor: whether an end of stream was a
// reset, and which bytes a failed write would lose. Reading is the one system call that tells both, in every state of
// the sending side. The descriptor is a property that Node does not document (docs/decisions/an-end-is-asked-of-the-system.md):
// where there is none, the answer is "unknown", and nothing else changes.

import { readSync, writeSync } from 'node:fs'
import type { Socket } from 'node:net'
import { net } from '../net.js'

// What a read of a broken connection fails with. Any other code says that it could not be asked.
const BREAKS: ReadonlySet<unknown> = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTCONN',
  'ECONNABORTED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
])

const CHUNK = 64 * 1024
const one = Buffer.allocUnsafe(1)

/** The descriptor of an open socket of Node's, also of a TLSSocket; undefined for any other stream, and where there is none. */
export function descriptorOf(stream: unknown): number | undefined {
  if (!(stream instanceof net().Socket)) return undefined
  // A terminal may be in blocking mode.
  const { _handle: handle, isTTY } = stream as Socket & { _handle?: { fd?: unknown } | null; isTTY?: boolean }
  const fd = isTTY ? undefined : handle?.fd
  return typeof fd === 'number' && fd >= 0 ? fd : undefined
}

/**
 * Asked at the end of a stream: the error if that was a reset, undefined if it was an end, `'unknown'` where the system cannot
 * be asked. On Node 20 and 22 libuv takes data and a reset that come together for an end (it sees the hang-up behind the
 * data, and does not read again). A FIN reads as an end of file, also with a reset behind it; a reset as its error.
 */
export function breakBehind(stream: unknown): NodeJS.ErrnoException | 'unknown' | undefined {
  const fd = descriptorOf(stream)
  if (fd === undefined) return 'unknown'
  try {
    readSync(fd, one, 0, 1, null)
    return swallowedBreak(stream as StuckSocket, fd)
  } catch (error) {
    return judged(error as NodeJS.ErrnoException)
  }
}

type StuckSocket = Socket & { _handle: { writeQueueSize?: number } }

/**
 * The reset that a write of the TLS layer's own has met. When a record that no program wrote (session tickets, the end of a
 * handshake) cannot be sent, Node drops the error, and each later write waits for ever behind that record. The system has
 * named its error once and then says that the stream has ended. What is stuck is still in the queue of the TLS layer, and
 * a write of nothing fails.
 */
function swallowedBreak({ _handle, writableEnded, writableLength }: StuckSocket, fd: number): NodeJS.ErrnoException | undefined {
  // A TCP handle has a queue too; what is in that fails by itself.
  if (!('getProtocol' in _handle) || !_handle.writeQueueSize) return undefined
  // Behind an end of our own that is on its way a write of nothing fails in any case.
  if (writableEnded && writableLength === 0) return undefined
  try {
    writeSync(fd, one, 0, 0)
    return undefined
  } catch (error) {
    return error as NodeJS.ErrnoException
  }
}

/**
 * Whether the peer has reset, asked by a write of nothing: the error, or undefined. It is asked before TLS writes a record of
 * its own, since the system names its error once, and Node drops it there. A FIN with a reset behind it is an EPIPE, and an end.
 */
export function resetOf(stream: unknown): NodeJS.ErrnoException | undefined {
  const fd = descriptorOf(stream)
  try {
    if (fd !== undefined) writeSync(fd, one, 0, 0)
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ECONNRESET' ? (error as NodeJS.ErrnoException) : undefined
  }
}

// EAGAIN: the peer has said by TLS that it ends, and its socket is open.
function judged(error: NodeJS.ErrnoException): NodeJS.ErrnoException | 'unknown' | undefined {
  if (error.code === 'EAGAIN') return undefined
  return BREAKS.has(error.code) ? error : 'unknown'
}

/**
 * Takes what the system holds of a socket that Node is about to close, up to `most` bytes: at once, since nothing more comes
 * behind a break. Empty where the system cannot be asked.
 */
export function takeRest(stream: unknown, most: number): Buffer[] {
  const chunks: Buffer[] = []
  const fd = descriptorOf(stream)
  if (fd === undefined) return chunks
  for (let left = most; left > 0; ) {
    const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK, left))
    const length = readSome(fd, chunk)
    if (length === 0) break
    chunks.push(chunk.subarray(0, length))
    left -= length
  }
  return chunks
}

/** The end, the break and "nothing now" are all the end of what can be had. */
function readSome(fd: number, chunk: Buffer): number {
  try {
    return readSync(fd, chunk, 0, chunk.length, null)
  } catch {
    return 0
  }
}
