// The frames of examples/device-protocol.ts, written and read by hand, so that the specs do not depend on the code that they check.

import { readFileSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import type { Reader } from '../../lib/index.js'

export const DEVICE = 'kitchen'
export const RUN = '0f8fad5b-d9cb-469f-a165-70867728950e'
export const TYPE = { hello: 0, reading: 1, accepted: 2, refused: 3 }

export function frame(type: keyof typeof TYPE | number, sequence: number, content: unknown): Buffer {
  const json = Buffer.from(JSON.stringify(content))
  const head = Buffer.alloc(7)
  head[0] = typeof type === 'number' ? type : TYPE[type]
  head.writeUInt16BE(json.length, 1)
  head.writeUInt32BE(sequence, 3)
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32BE(crc32(Buffer.concat([head, json])))
  return Buffer.concat([head, json, checksum])
}

export async function readFrame(reader: Reader): Promise<{ type: number; sequence: number; content: unknown }> {
  const head = await reader.readExactly(7)
  const json = await reader.readExactly(head.readUInt16BE(1))
  const checksum = await reader.readExactly(4)
  if (checksum.readUInt32BE() !== crc32(Buffer.concat([head, json]))) throw new Error('the checksum is wrong')
  return { type: head.readUInt8(0), sequence: head.readUInt32BE(3), content: JSON.parse(json.toString()) }
}

/** The sequence numbers in a file of the server, in their order. */
export function readingsIn(file: string): number[] {
  return linesOf(file).map(({ sequence }) => sequence)
}

/** The complete lines of a file of the server. */
export function linesOf(file: string): { sequence: number; celsius: number; run: string }[] {
  const text = readFileSync(file, 'utf8')
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
}
