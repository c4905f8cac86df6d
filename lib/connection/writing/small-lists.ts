// Lists of small pieces of one kind, as the answers to a batch: the fast path of a `write` of an array. The pieces are joined in
// one step, without a call and a count for each. A list is appended whole or not at all: with a piece of another kind in it, or
// if it does not fit, nothing is appended, and the slow path checks it and appends it piece by piece.

import { LARGE } from '../../bytes/large.js'
import { set } from '../../bytes/view.js'
import { SLAB } from './slabs.js'
import { MAX_BYTES_PER_UNIT, splitsSurrogatePair } from './utf8.js'
import type { WriteBuffer } from './write-buffer.js'

// A class of the program may have a `join` of its own.
const { join } = Array.prototype

/** Appends a list of small texts, or of small pieces of bytes; returns the number of their bytes. Undefined: nothing was appended. */
export function addSmallList(buffer: WriteBuffer, list: readonly unknown[]): number | undefined {
  return typeof list[0] === 'string' ? addTexts(buffer, list) : addBytes(buffer, list)
}

function addTexts(buffer: WriteBuffer, list: readonly unknown[]): number | undefined {
  let units = 0
  for (let at = 0; at < list.length; at++) {
    const piece = list[at]
    if (typeof piece !== 'string' || piece.length * MAX_BYTES_PER_UNIT >= LARGE) return undefined
    units += piece.length
  }
  if (units === 0 || units > SLAB) return undefined
  // `+=` takes as long, and makes one more string for each piece.
  const text = join.call(list, '')
  const memory = buffer.reserveText(text)
  if (memory === undefined) return undefined
  const length = memory.write(text, buffer.tail)
  if (length > text.length && joins(list as readonly string[])) return undefined
  buffer.extend(length)
  return length
}

/** Whether halves of a surrogate pair in two pieces would become one character. */
function joins(texts: readonly string[]): boolean {
  return [...texts].filter((text) => text.length > 0).some(splitsSurrogatePair)
}

function addBytes(buffer: WriteBuffer, list: readonly unknown[]): number | undefined {
  // A copy, made by index: reading an element may call a getter, which may write, and between the two loops nothing may.
  const pieces: Uint8Array[] = []
  let length = 0
  for (let at = 0; at < list.length; at++) {
    const piece = list[at]
    // The memory of a view of no bytes may be detached.
    if (!(piece instanceof Uint8Array) || piece.length === 0 || piece.length >= LARGE) return undefined
    length += piece.length
    if (length > SLAB) return undefined
    pieces.push(piece)
  }
  if (length === 0) return undefined
  const memory = buffer.reserve(length)
  let at = buffer.tail
  for (const piece of pieces) {
    set.call(memory, piece, at)
    at += piece.length
  }
  buffer.extend(length)
  return length
}
