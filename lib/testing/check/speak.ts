// Helpers by which the rules exchange bytes: pieces that arrive one by one, patterns that reveal any lost or misplaced byte, and
// writes that fill a connection whose peer does not read.

import type { Connection } from '../../connection/connection.js'
import type { Reader } from '../../connection/reading/reader.js'
import { equal, expect } from './expect.js'
import { pause, until } from './time.js'

/** Checks one rule with the two ends of a connection. In most rules `a` writes and `b` reads. */
export type Check = (a: Connection, b: Connection) => Promise<void>

/** Rules by the sentences that state them. */
export type Rules = Readonly<Record<string, Check>>

/** Whether the peer of an abort sees a reset. A Unix socket has none: its peer sees an end of stream. */
export function resets(a: Connection, b: Connection): boolean {
  // Both addresses of a connection in memory are those of unnamed Unix sockets.
  return [a.local, a.remote, b.local, b.remote].every(({ family, address }) => family !== 'unix' || address === '')
}

/** Writes pieces, each one after the previous one has arrived, so that the peer receives them as separate chunks. */
export async function send(from: Connection, to: Connection, ...pieces: (string | Uint8Array)[]): Promise<void> {
  for (const piece of pieces) {
    const due = to.bytesRead + Buffer.byteLength(piece)
    await from.write(piece)
    await until(() => to.bytesRead >= due)
  }
}

/** All ways to cut `data` into two pieces. */
export function cuts(data: string | Buffer): [head: Buffer, tail: Buffer][] {
  const whole = Buffer.from(data as string)
  return Array.from({ length: whole.length - 1 }, (_, at) => [whole.subarray(0, at + 1), whole.subarray(at + 1)])
}

// A prime, so that no piece or buffer of a usual size begins at the start of a period.
const PERIOD = 65_521

/** `size` bytes in which a lost, repeated or misplaced byte is detected. */
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

/** Fails unless the pieces are exactly these bytes and none of them is empty. */
export async function receives(pieces: AsyncIterable<Buffer>, expected: Buffer): Promise<void> {
  let at = 0
  for await (const piece of pieces) {
    expect(piece.length > 0, `after ${at} bytes an empty chunk came`)
    expect(piece.equals(expected.subarray(at, at + piece.length)), `a wrong byte came within the ${piece.length} after the first ${at}`)
    at += piece.length
  }
  equal(at, expected.length, 'the number of bytes that came')
}

/** Reads a message of two reads: a line with a length, and that number of bytes. */
export async function sized(reader: Reader): Promise<string> {
  const size = Number(await reader.readLine())
  return reader.readExactly(size, 'latin1')
}

/** Writes until a write waits for the peer to read. Resolves with that write, and with the total number of bytes written. */
export async function fillUntilBlocked(connection: Connection): Promise<{ write: Promise<void>; sent: number }> {
  for (let sent = PIECE.length; sent <= MOST; sent += PIECE.length) {
    const write = connection.write(PIECE)
    write.catch(() => {})
    if (await waits(connection, write)) return { write, sent }
  }
  throw new Error(`${MOST} bytes were taken without a wait although the other side reads nothing`)
}

// One piece exceeds the high-water mark; the total exceeds any socket buffer.
const PIECE = Buffer.alloc(256 * 1024, 'c')
const MOST = 64 * 1024 * 1024
// As many milliseconds nothing moves before a write counts as blocked. Deno and Bun move bytes by threads of their own, which a
// busy machine may keep from running for more than five.
const STILL = 20

/** Whether a write is pending while no bytes move any more. */
async function waits(connection: Connection, write: Promise<void>): Promise<boolean> {
  let settled = false
  const note = (): void => {
    settled = true
  }
  write.then(note, note)
  for (let queued = -1; !settled && queued !== connection.queued; ) {
    queued = connection.queued
    for (let n = 0; n < STILL && !settled; n++) await pause(1)
  }
  return !settled
}
