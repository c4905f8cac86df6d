// How rules make two connections talk: bytes sent in pieces that arrive one by one, patterns in which any fault shows,
// and a side that does not read until the other one waits.

import type { Connection } from '../../connection/connection.js'
import type { Reader } from '../../connection/reading/reader.js'
import { equal, expect } from './expect.js'
import { pause, until } from './time.js'

/** The two sides of one rule: most of the time `a` speaks and `b` listens. */
export type Check = (a: Connection, b: Connection) => Promise<void>

/** Rules, each under the sentence that names it. */
export type Rules = Readonly<Record<string, Check>>

/** Whether a cut can be told from an end: a Unix socket has no reset, and what its peer sees of one is an end. */
export function resets(a: Connection, b: Connection): boolean {
  // What is in memory has unnamed addresses only.
  return [a.local, a.remote, b.local, b.remote].every(({ family, address }) => family !== 'unix' || address === '')
}

/** Writes pieces, each once the one before it has arrived: so the other side sees these cuts. */
export async function send(from: Connection, to: Connection, ...pieces: (string | Uint8Array)[]): Promise<void> {
  for (const piece of pieces) {
    const due = to.bytesRead + Buffer.byteLength(piece)
    await from.write(piece)
    await until(() => to.bytesRead >= due)
  }
}

/** Every way to cut `data` into two pieces. */
export function cuts(data: string | Buffer): [head: Buffer, tail: Buffer][] {
  const whole = Buffer.from(data as string)
  return Array.from({ length: whole.length - 1 }, (_, at) => [whole.subarray(0, at + 1), whole.subarray(at + 1)])
}

// A prime, so that no piece or buffer of a usual size begins where the pattern does.
const PERIOD = 65_521

/** `size` bytes in which any that is lost, doubled or out of place shows. */
export function pattern(size: number, seed: number): Buffer {
  const bytes = Buffer.alloc(size)
  let value = seed
  for (let at = 0; at < Math.min(size, PERIOD); at++) {
    value = (Math.imul(value, 1_103_515_245) + 12_345) & 0x7fffffff
    bytes[at] = value >>> 16
  }
  for (let at = PERIOD; at < size; at += PERIOD) bytes.copyWithin(at, 0, PERIOD)
  return bytes
}

/** Reads to the end, of a stream or of some chunks of it: exactly these bytes, and no piece is empty. */
export async function hears(pieces: AsyncIterable<Buffer>, expected: Buffer): Promise<void> {
  let at = 0
  for await (const piece of pieces) {
    expect(piece.length > 0, `after ${at} bytes an empty chunk came`)
    expect(piece.equals(expected.subarray(at, at + piece.length)), `a wrong byte came within the ${piece.length} after the first ${at}`)
    at += piece.length
  }
  equal(at, expected.length, 'the number of bytes that came')
}

/** A message of two reads: a line that tells a length, then so many bytes. */
export async function sized(reader: Reader): Promise<string> {
  const size = Number(await reader.readLine())
  return reader.readExactly(size, 'latin1')
}

/** Writes until a write waits, since the other side does not read: that write, and how many bytes were written with it. */
export async function clog(connection: Connection): Promise<{ write: Promise<void>; sent: number }> {
  for (let sent = PIECE.length; sent <= MOST; sent += PIECE.length) {
    const write = connection.write(PIECE)
    write.catch(() => {})
    if (await waits(connection, write)) return { write, sent }
  }
  throw new Error(`${MOST} bytes were taken without a wait although the other side reads nothing`)
}

// More than one high-water mark each, and more in all than any system holds for a socket.
const PIECE = Buffer.alloc(256 * 1024, 'c')
const MOST = 64 * 1024 * 1024

/** Whether it is pending although nothing moves any more. */
async function waits(connection: Connection, write: Promise<void>): Promise<boolean> {
  let settled = false
  const note = (): void => {
    settled = true
  }
  write.then(note, note)
  for (let queued = -1; !settled && queued !== connection.queued; ) {
    queued = connection.queued
    for (let n = 0; n < 5 && !settled; n++) await pause(1)
  }
  return !settled
}
