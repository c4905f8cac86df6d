// The protocol of a measuring device, for device.ts and device-client.ts: binary frames with a length, a type, a sequence number and
// a checksum, around JSON that a schema checks. docs/guide/protocols.md builds it step by step.
//
//     0      1              3                             7              7 + length              11 + length
//     +------+--------------+-----------------------------+--------------+-----------------------+
//     | type | length       | sequence                    | JSON         | CRC-32 of all before  |
//     +------+--------------+-----------------------------+--------------+-----------------------+

import { crc32 } from 'node:zlib'
import { FrameError, type Reader } from 'linnet'
import type { Codec } from 'linnet/framing'
import { z } from 'zod'

const HEAD = 7
const CHECKSUM = 4
/** The most bytes of JSON. The length of a frame is checked before its content is awaited. */
const MOST = 1024

/** A frame. Its type and its content are not checked. */
export interface Frame {
  readonly type: number
  readonly sequence: number
  readonly content: Buffer
  /** All bytes of the frame. */
  readonly bytes: Buffer
}

/** Reads a frame. A length that is too large and a wrong checksum are FrameErrors without `issues`. */
export async function readFrame(reader: Reader): Promise<Frame> {
  const head = await reader.peek(HEAD)
  const length = head.readUInt16BE(1)
  if (length > MOST) throw new FrameError({ frame: head, message: `a frame has at most ${MOST} bytes of content, not ${length}` })
  const bytes = await reader.readExactly(HEAD + length + CHECKSUM)
  const end = HEAD + length
  if (bytes.readUInt32BE(end) !== crc32(bytes.subarray(0, end))) {
    throw new FrameError({ frame: Buffer.from(bytes), message: 'the checksum of the frame does not fit its bytes' })
  }
  return { type: bytes.readUInt8(0), sequence: bytes.readUInt32BE(3), content: bytes.subarray(HEAD, end), bytes }
}

/** The bytes of a frame. */
export function bytesOf(type: number, sequence: number, content: string): Buffer {
  const length = Buffer.byteLength(content)
  if (length > MOST) throw new FrameError({ message: `a frame has at most ${MOST} bytes of content, not ${length}; it was not sent` })
  const end = HEAD + length
  const bytes = Buffer.alloc(end + CHECKSUM)
  bytes.writeUInt8(type, 0)
  bytes.writeUInt16BE(length, 1)
  bytes.writeUInt32BE(sequence, 3)
  bytes.write(content, HEAD)
  bytes.writeUInt32BE(crc32(bytes.subarray(0, end)), end)
  return bytes
}

/** The types: the byte of a type is its place in this list. */
const TYPES = ['hello', 'reading', 'accepted', 'refused'] as const

const sequence = z.int().min(0).max(0xffff_ffff)

/** What a device and its server send to each other. */
export const Message = z.discriminatedUnion('type', [
  /** The first message of a device. `run` is new after each start of the device, and its sequence numbers begin at 1. */
  z.object({ type: z.literal('hello'), sequence, device: z.string().regex(/^[\w-]{1,32}$/), run: z.uuid() }),
  z.object({ type: z.literal('reading'), sequence: sequence.min(1), at: z.int().min(0), celsius: z.number().min(-273.15).max(10_000) }),
  /** The acknowledgement: the server has stored all readings up to `sequence`, or has refused them. */
  z.object({ type: z.literal('accepted'), sequence }),
  /** The error answer. With 0 as its sequence it ends the connection, else it is about that reading. */
  z.object({ type: z.literal('refused'), sequence, reason: z.string().max(200) }),
])
export type Message = z.infer<typeof Message>

/** The messages, for `framed`. A whole frame with wrong content is a FrameError with `issues`. */
export const deviceMessages: Codec<Message> = {
  async read(reader) {
    return messageOf(await readFrame(reader))
  },
  encode({ type, sequence, ...content }) {
    return bytesOf(TYPES.indexOf(type), sequence, JSON.stringify(content))
  },
}

function messageOf({ type, sequence, content, bytes }: Frame): Message {
  const result = Message.safeParse({ ...jsonOf(content), type: TYPES[type], sequence })
  if (result.success) return result.data
  const issues = result.error.issues.map(({ path, message }) => ({ path: path.map(String), message }))
  const list = issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')
  throw new FrameError({ frame: Buffer.from(bytes), issues, message: `the content does not fit: ${list}` })
}

/** The members of a JSON object. Other content has none, which no schema accepts. */
function jsonOf(content: Buffer): object | undefined {
  try {
    return JSON.parse(content.toString())
  } catch {
    return undefined
  }
}
