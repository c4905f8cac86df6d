// The state of a socket that Node does not report, read by its descriptor: whether an end of stream was a reset, and which bytes
// a failed write would lose. A read is the only system call that shows both, in every state of the sending side. Node does
// not document the property that holds the descriptor. Without it the answer is "unknown", and nothing else changes.
// Decision: docs/decisions/an-end-is-asked-of-the-system.md

import { readSync, writeSync } from 'node:fs'
import type { Socket } from 'node:net'
import { net } from '../net.js'

// The errors of a read from a broken connection. Any other code means that the state is unknown.
const RESET_CODES: ReadonlySet<unknown> = new Set([
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
  // A terminal may be in blocking mode, where a read would block the process.
  const { _handle: handle, isTTY } = stream as Socket & { _handle?: { fd?: unknown } | null; isTTY?: boolean }
  const fd = isTTY ? undefined : handle?.fd
  return typeof fd === 'number' && fd >= 0 ? fd : undefined
}

/**
 * Called at the end of a stream: the error if that was a reset, undefined if it was an end, `'unknown'` where the system cannot
 * be asked. On Node 20 and 22 libuv reports an end when data and a reset arrive together: it sees the hang-up behind the data
 * and does not read again. After a FIN the read returns end of file, also with a reset behind it; after a reset it fails.
 */
export function errorAtEnd(stream: unknown): NodeJS.ErrnoException | 'unknown' | undefined {
  const fd = descriptorOf(stream)
  if (fd === undefined) return 'unknown'
  try {
    readSync(fd, one, 0, 1, null)
    return droppedError(stream as StuckSocket, fd)
  } catch (error) {
    return classify(error as NodeJS.ErrnoException)
  }
}

type StuckSocket = Socket & { _handle: { writeQueueSize?: number } }

/**
 * The reset that a write of the TLS layer itself has met. When a record that no program wrote (session tickets, the end of a
 * handshake) cannot be sent, Node drops the error, and each later write waits forever behind that record. The system returns
 * its error once, and then an end of stream. The record is still in the queue of the TLS layer, and an empty write fails.
 */
function droppedError({ _handle, writableEnded, writableLength }: StuckSocket, fd: number): NodeJS.ErrnoException | undefined {
  // A TCP handle has a queue too, whose writes fail with an event.
  if (!('getProtocol' in _handle) || !_handle.writeQueueSize) return undefined
  // While this side's own end is on its way an empty write fails in any case.
  if (writableEnded && writableLength === 0) return undefined
  try {
    writeSync(fd, one, 0, 0)
    return undefined
  } catch (error) {
    return error as NodeJS.ErrnoException
  }
}

/**
 * The error if the peer has reset the connection, found by an empty write. Called before TLS writes a record itself, because
 * the system returns its error once, and Node drops it there. A FIN with a reset behind it is an EPIPE, and counts as an end.
 */
export function pendingReset(stream: unknown): NodeJS.ErrnoException | undefined {
  const fd = descriptorOf(stream)
  try {
    if (fd !== undefined) writeSync(fd, one, 0, 0)
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ECONNRESET' ? (error as NodeJS.ErrnoException) : undefined
  }
}

// EAGAIN: the peer has ended by a close_notify, and its socket is open.
function classify(error: NodeJS.ErrnoException): NodeJS.ErrnoException | 'unknown' | undefined {
  if (error.code === 'EAGAIN') return undefined
  return RESET_CODES.has(error.code) ? error : 'unknown'
}

/**
 * Reads the bytes that the system holds of a socket that Node is about to close, at most `most`. It is synchronous: nothing
 * follows a break. Empty where the system cannot be asked.
 */
export function readRemaining(stream: unknown, most: number): Buffer[] {
  const chunks: Buffer[] = []
  const fd = descriptorOf(stream)
  if (fd === undefined) return chunks
  for (let remaining = most; remaining > 0; ) {
    const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK, remaining))
    const length = readAvailable(fd, chunk)
    if (length === 0) break
    // A view would keep the memory of the whole chunk, which counts against the limit.
    chunks.push(length === chunk.length ? chunk : Buffer.from(chunk.subarray(0, length)))
    remaining -= length
  }
  return chunks
}

/** Returns 0 at the end, at a break, and when no bytes have arrived. */
function readAvailable(fd: number, chunk: Buffer): number {
  try {
    return readSync(fd, chunk, 0, chunk.length, null)
  } catch {
    return 0
  }
}
