// Joining the writes of a turn: copied into a slab, or passed by reference, compared with methods by hand. The time is that of one piece.

import { WriteBuffer } from '../../lib/connection/writing/write-buffer.js'
import { type Case, many, sizeName } from './case.js'

const KIB = 1024
const SLICE = 64 * KIB
const PIECES: readonly [size: number, count: number][] = [
  [64, 512],
  [KIB, 32],
  [4 * KIB, 8],
  [16 * KIB, 4],
]

export const join: readonly Case[] = PIECES.flatMap(([size, count]): Case[] => {
  const piece = Buffer.alloc(size, 'x')
  const text = 'x'.repeat(size)
  const pieces = Array.from({ length: count }, () => piece)
  const buffer = new WriteBuffer()
  const leave = (): number => {
    let bytes = 0
    for (let next = buffer.next(SLICE); next.length > 0; next = buffer.next(SLICE)) for (const { length } of next) bytes += length
    buffer.recycle()
    return bytes
  }
  const of = `${count} of ${sizeName(size)}`
  return [
    many('join', `WriteBuffer, ${of}`, count, () => {
      for (let at = 0; at < count; at++) buffer.add(piece)
      return leave()
    }),
    many('join', `WriteBuffer, text, ${of}`, count, () => {
      for (let at = 0; at < count; at++) buffer.addText(text)
      return leave()
    }),
    many('join', `Buffer.concat, ${of}`, count, () => Buffer.concat(pieces)),
    many('join', `set into one new buffer, ${of}`, count, () => {
      const all = Buffer.allocUnsafe(size * count)
      for (let at = 0; at < count; at++) all.set(piece, at * size)
      return all
    }),
    many('join', `text added up and encoded, ${of}`, count, () => {
      let all = ''
      for (let at = 0; at < count; at++) all += text
      return Buffer.from(all, 'latin1')
    }),
  ]
})
