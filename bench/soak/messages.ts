// The messages: message `n` of a direction has the same bytes in every process and every run with that seed, so each side can compute the
// messages that it must receive. A message contains its number and a checksum of its content.

import { crc32 } from 'node:zlib'
import type { Direction, Format, Phase, Plan, Size } from './plan.js'
import { Random } from './random.js'

/** The delimiter of each text format. */
export const delimiters = { line: '\n', crlf: '\r\n', block: '\r\n.\r\n' } as const

// The size of text messages is in characters of up to three bytes; all messages fit the default `maxBufferSize`.
const limits: Record<Size, { bytes: number; characters: number }> = {
  small: { bytes: 150, characters: 150 },
  medium: { bytes: 4_000, characters: 2_000 },
  large: { bytes: 65_536, characters: 40_000 },
  bulk: { bytes: 1_048_000, characters: 340_000 },
}

const POOL = 1_200_000
let pool: { seed: number; bytes: Buffer; text: string } | undefined

/** Content of which messages are slices. Its text has characters of one, two and three bytes, and line ends that are data in some formats. */
function poolOf(seed: number): { bytes: Buffer; text: string } {
  if (pool?.seed === seed) return pool
  const random = new Random(seed, 'pool')
  const bytes = Buffer.alloc(POOL)
  for (let i = 0; i < POOL; i += 4) bytes.writeUInt32LE(random.int(0, 2 ** 32 - 1), i)
  const characters = [...'abcdefghijklmnopqrstuvwxyz0123456789     éüß漢字€\u2028', '\n', '\r']
  let text = ''
  for (let i = 0; i < POOL / 3; i++) text += characters[(bytes[i] as number) % characters.length]
  pool = { seed, bytes, text }
  return pool
}

/** The format of message `n`. */
export function formatOf(plan: Plan, phase: Phase, direction: Direction, n: number): Format {
  return phase.format ?? new Random(plan.seed, plan.id, phase.echo ? 'up' : direction, n, 'format').pick(['line', 'crlf', 'block', 'frame'])
}

/** Message `n` of a direction. An echo is the message that it answers. */
export function messageOf(plan: Plan, phase: Phase, direction: Direction, n: number): Buffer {
  const said = phase.echo ? 'up' : direction
  const random = new Random(plan.seed, plan.id, said, n)
  const format = formatOf(plan, phase, direction, n)
  const { bytes, text } = poolOf(plan.seed)
  const limit = limits[phase.size]
  const size = phase.size === 'bulk' ? random.int(limit.bytes / 4, limit.bytes) : random.skewed(0, limit.bytes)
  if (format === 'frame') {
    const start = random.int(0, POOL - size)
    return frame(n, bytes.subarray(start, start + size))
  }
  const length = Math.min(size, limit.characters)
  const start = random.int(0, text.length - length)
  let content = text.slice(start, start + length)
  if (format === 'line') content = content.replaceAll(/[\r\n]/g, '-')
  if (format === 'crlf') content = content.replaceAll('\r', '-')
  return Buffer.from(`${n} ${content} ${checksum(Buffer.from(content)).toString(16)}${delimiters[format]}`)
}

/** The length of the rest, then number, checksum and content. */
function frame(n: number, content: Buffer): Buffer {
  const whole = Buffer.allocUnsafe(12 + content.length)
  whole.writeUInt32BE(8 + content.length, 0)
  whole.writeUInt32BE(n, 4)
  whole.writeUInt32BE(checksum(content), 8)
  whole.set(content, 12)
  return whole
}

export function checksum(bytes: Uint8Array): number {
  return crc32(bytes)
}
