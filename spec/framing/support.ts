// Shared by the specs of framing: each codec of the library with messages for it and frames that are broken, and what comes of
// bytes that arrive in given pieces.

import fc from 'fast-check'
import {
  type Codec,
  contentLength,
  delimited,
  type FrameOptions,
  framed,
  lengthPrefixed,
  lines,
  netstring,
  varintPrefixed,
} from '../../lib/framing/index.js'
import { FrameError, LimitExceededError, type LinnetError } from '../../lib/index.js'
import { unread, wired } from '../connection/reading/support.js'
import { within } from '../support/wait.js'

/** A codec whose messages are text or bytes. */
export type BytesCodec = Codec<string | Buffer, string>

export interface Kind {
  name: string
  make: (options?: FrameOptions) => BytesCodec
  /** A frame with this body, as Latin-1 text. */
  frame: (body: string) => string
  /** How much of a frame counts beside its body. */
  counted: number
  /** Bodies that it can write. */
  body: fc.Arbitrary<string>
  /** Bytes that can be no frame, whatever comes behind them. */
  broken: string[]
}

const latin1 = (...bytes: number[]): string => Buffer.from(bytes).toString('latin1')
const any = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1'))
const ascii = fc.stringMatching(/^[ -~]{0,40}$/)

export const kinds: Kind[] = [
  {
    name: 'lines',
    make: (options) => lines(options) as BytesCodec,
    frame: (body) => `${body}\n`,
    counted: 1,
    body: ascii,
    broken: [],
  },
  {
    name: 'delimited by a byte',
    make: (options) => delimited('\0', options),
    frame: (body) => `${body}\0`,
    counted: 1,
    body: any.map((body) => body.replaceAll('\0', 'x')),
    broken: [],
  },
  {
    name: 'delimited by several bytes',
    make: (options) => delimited(Buffer.from('--='), options),
    frame: (body) => `${body}--=`,
    counted: 3,
    body: any.map((body) => body.replaceAll('-', 'x')),
    broken: [],
  },
  ...([1, 2, 3, 4, 8] as const).flatMap((bytes) =>
    (['big', 'little'] as const).map((endian): Kind => {
      return {
        name: `lengthPrefixed, ${bytes} bytes, ${endian}`,
        make: (options) => lengthPrefixed({ bytes, endian, ...options }),
        frame: (body) => lengthOf(body.length, bytes, endian) + body,
        counted: 0,
        body: any,
        broken: [],
      }
    }),
  ),
  {
    name: 'lengthPrefixed, a length that counts itself',
    make: (options) => lengthPrefixed({ bytes: 2, adjust: -2, ...options }),
    frame: (body) => lengthOf(body.length + 2, 2, 'big') + body,
    counted: 0,
    body: any,
    broken: [latin1(0, 0), latin1(0, 1)],
  },
  {
    name: 'varintPrefixed',
    make: (options) => varintPrefixed(options),
    frame: (body) => varintOf(body.length) + body,
    counted: 0,
    body: any,
    broken: [latin1(...Array(10).fill(0x80)), latin1(...Array(10).fill(0xff))],
  },
  {
    name: 'netstring',
    make: (options) => netstring(options),
    frame: (body) => `${body.length}:${body},`,
    counted: 0,
    body: any,
    broken: ['x', ':', '00', '01', '3;', '3:abcd', '-', ' 3:abc,', '3 :', '3a', '0:a'],
  },
  {
    name: 'contentLength',
    make: (options) => contentLength(options),
    frame: (body) => `Content-Length: ${body.length}\r\n\r\n${body}`,
    counted: 0,
    body: any,
    broken: [
      '\r\n',
      '\n',
      'Content-Length: 3\n',
      'Content-Type: x\r\n\r\n',
      'Content-Length: 3\r\nContent-Length: 3\r\n',
      'Content-Length: 3\r\ncontent-length: 4\r\n',
      'Content-Length: -3\r\n',
      'Content-Length: +3\r\n',
      'Content-Length: 0x3\r\n',
      'Content-Length: 3 4\r\n',
      'Content-Length: 3,3\r\n',
      'Content-Length: 3.0\r\n',
      'Content-Length: \r\n',
      'Content-Length:\r\n',
      'Content-Length : 3\r\n',
      ' Content-Length: 3\r\n',
      'Content-Length: 3\r\n folded\r\n',
      'Content-Length: 3\r\r\n',
      'Content-Length 3\r\n',
      ': 3\r\n',
    ],
  },
]

export function lengthOf(length: number, bytes: number, endian: 'big' | 'little'): string {
  const header = Buffer.alloc(8)
  header.writeBigUInt64BE(BigInt(length))
  const big = header.subarray(8 - bytes)
  return (endian === 'big' ? big : big.reverse()).toString('latin1')
}

function varintOf(length: number): string {
  const bytes: number[] = []
  let rest = length
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  return latin1(...bytes, rest)
}

/** Bytes that a codec returned, as Latin-1 text. */
export function wireOf(data: ReturnType<Codec<never>['encode']>): string {
  const pieces = (Array.isArray(data) ? data : [data]) as (string | Uint8Array)[]
  return Buffer.concat(pieces.map((piece) => Buffer.from(piece as string))).toString('latin1')
}

/** A message as Latin-1 text. */
export function textOf(message: unknown): string {
  return Buffer.isBuffer(message) ? message.toString('latin1') : Buffer.from(String(message)).toString('latin1')
}

/** An error in a form to compare. */
export function shownError(error: unknown): string {
  const { name, code } = error as LinnetError
  if (error instanceof LimitExceededError) return `${name} ${error.limit} ${error.option}`
  if (error instanceof FrameError) return `${name} ${error.message}`
  return `${name} ${code}`
}

/** What comes of bytes that arrive in pieces, and then end: the messages, the error behind the last one, and what stays unread. */
export interface Outcome {
  messages: string[]
  error: string
  unread: string
}

export async function outcomeOf(codec: BytesCodec, pieces: readonly string[], options = {}): Promise<Outcome> {
  const wire = wired(options)
  const source = framed(wire.connection, codec)
  const messages: string[] = []
  let error: unknown
  const reading = (async () => {
    for (;;) messages.push(textOf(await source.read()))
  })().catch((reason) => {
    error = reason
  })
  for (const piece of pieces) {
    wire.push(piece)
    await settled()
  }
  wire.end()
  await within(reading)
  return { messages, error: shownError(error), unread: unread(wire.connection) }
}

/** Lets everything happen that needs no event. */
export async function settled(): Promise<void> {
  for (let tick = 0; tick < 20; tick++) await undefined
}

/** The pieces between these places. */
export function cutAt(text: string, places: readonly number[]): string[] {
  const sorted = [...new Set(places.map((place) => place % (text.length + 1)))].sort((a, b) => a - b)
  return [...sorted, text.length].map((place, at) => text.slice(at === 0 ? 0 : sorted[at - 1], place))
}

export const wrongJson = ['', '{', '{"a":}', 'nul', "{'a':1}", '[1,]', '\u00ff']

/** Reads one frame of these bytes. */
export async function readOne(codec: Codec<unknown, never>, bytes: string): Promise<unknown> {
  const { connection, push } = wired()
  push(bytes)
  return framed(connection, codec).read()
}

export const encode = (message: unknown): string => String(message)

/** A number of bytes on a line, and these. */
export const sized: Codec<string> = {
  async read(reader) {
    return reader.readExactly(Number(await reader.readLine()), 'latin1')
  },
  encode,
}

/** The same codec as a program would write it, without what the library's own has. */
export const plain = ({
  read,
  encode,
}: Codec<Buffer, string | NodeJS.ArrayBufferView>): Codec<Buffer, string | NodeJS.ArrayBufferView> => ({
  read: (reader) => read(reader),
  encode,
})
const codec = netstring()
export const both = { 'of the library': codec, 'of a program': plain(codec), 'with tryRead': { ...plain(codec), tryRead: codec.tryRead! } }
