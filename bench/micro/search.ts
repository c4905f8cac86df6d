// Searching the end of a message: one byte, two bytes, a list; in one chunk of 16 bytes to 64 KiB, and in many pieces, which must cost the
// same for each byte. Node's own functions are measured for comparison.

import { compileDelimiter } from '../../lib/bytes/delimiter.js'
import { ByteQueue } from '../../lib/bytes/queue.js'
import { searchFor } from '../../lib/bytes/search.js'
import { type Case, lineOf, many, once, sizeName } from './case.js'

const KIB = 1024
const SIZES = [16, 64, 256, KIB, 4 * KIB, 64 * KIB]
const DELIMITERS: readonly [string, string | readonly string[]][] = [
  ['1 byte', '\n'],
  ['2 bytes', '\r\n'],
  ['list', ['\n', '\r\n']],
]

const ofNode = SIZES.map((size): Case => {
  const line = lineOf(size)
  return once('search', `Buffer.indexOf(number), ${sizeName(size)}`, () => line.indexOf(10))
})

const ofOurs = DELIMITERS.flatMap(([name, delimiter]) => {
  const compiled = compileDelimiter(delimiter)
  return SIZES.map((size): Case => {
    const queue = new ByteQueue()
    queue.push(lineOf(size))
    return once('search', `${name}, ${sizeName(size)}`, () => searchFor(compiled).find(queue, false))
  })
})

const PIECES = 1024

/** Each piece is searched once. The time is that of one piece, independent of the number before it. */
const inPieces = DELIMITERS.map(([name, delimiter]): Case => {
  const compiled = compileDelimiter(delimiter)
  const piece = Buffer.alloc(KIB, 'x')
  return many('search', `${name}, resumed after each of ${PIECES} pieces of 1 KiB`, PIECES, () => {
    const queue = new ByteQueue()
    const search = searchFor(compiled)
    let found = 0
    for (let count = 0; count < PIECES; count++) {
      queue.push(piece)
      found += search.find(queue, false)
    }
    return found
  })
})

export const search: readonly Case[] = [...ofNode, ...ofOurs, ...inPieces]
