// The data that `write` accepts, and how it is checked: as a whole and before any of it is queued.

import { isAnyArrayBuffer, isDataView } from 'node:util/types'
import { isThenable, kindOf, tagOf } from '../../kind-of.js'

/** Text (as UTF-8), or any view of bytes. */
export type Piece = string | NodeJS.ArrayBufferView

/** What `write` takes: text (as UTF-8), any view of bytes, or a list of them. */
export type WriteData = Piece | readonly Piece[]

// Throws for a typed array whose memory is detached, and otherwise does nothing for one of no bytes.
const { keys } = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array

/**
 * Checks all of `data`, and returns it; of a list a copy. Each element is read once, by its index: a getter may return something
 * else the next time, and a class of the program may iterate over something else.
 * `piece`: its index in a source, for the message. @throws TypeError for data that cannot be written
 */
export function checkWritable(data: unknown, piece?: number): WriteData {
  if (!Array.isArray(data)) return checkPiece(data, piece)
  const pieces: Piece[] = []
  // Not `forEach`, which skips the holes of an array.
  for (let at = 0; at < data.length; at++) pieces.push(checkPiece(data[at], piece, at))
  return pieces
}

/** `at`: the index in an array. */
function checkPiece(data: unknown, piece: number | undefined, at?: number): Piece {
  if (typeof data === 'string' || (data instanceof Uint8Array && data.length > 0)) return data
  if (!ArrayBuffer.isView(data)) throw new TypeError(refusalOf(data, piece, at))
  try {
    // With detached memory a DataView throws here; the `byteLength` of a typed array is 0.
    if (data.byteLength === 0 && !isDataView(data)) keys.call(data as Uint8Array)
  } catch (cause) {
    throw detachedMemory('before it was written', cause)
  }
  return data as NodeJS.ArrayBufferView
}

function refusalOf(data: unknown, piece: number | undefined, at: number | undefined): string {
  const name = piece === undefined ? 'data' : `piece ${piece} of source`
  const expected =
    at === undefined ? ' must be a string, a view of bytes, or an array of these' : `[${at}] must be a string or a view of bytes`
  return `${name}${expected}, not ${kindOf(data)}${insteadOf(data)}`
}

/** The right call for data that is often passed by mistake. */
function insteadOf(data: unknown): string {
  if (typeof data === 'number' || typeof data === 'bigint' || typeof data === 'boolean') return ': String(data) is its text'
  if (typeof data !== 'object' || data === null || isThenable(data)) return ''
  if (Array.isArray(data)) return ': a list holds no lists, flatten it by flat()'
  if (isAnyArrayBuffer(data)) return ''
  if (isSource(data)) return ': writeFrom() takes a stream or an iterable'
  return tagOf(data) === 'Object' ? ': JSON.stringify(data) is its text' : ''
}

function isSource(data: object): boolean {
  try {
    const { getReader, [Symbol.asyncIterator]: asynchronous, [Symbol.iterator]: synchronous } = data as { [name: PropertyKey]: unknown }
    return [getReader, asynchronous, synchronous].some((each) => typeof each === 'function')
  } catch {
    return false
  }
}

/** The error for a view whose memory was transferred or made smaller. */
export function detachedMemory(when: string, cause?: unknown): TypeError {
  const what = `the memory of data was taken away ${when}: a view that is written must not be transferred or made smaller`
  return new TypeError(what, cause === undefined ? undefined : { cause })
}

/** A view as a Uint8Array over the same memory. */
export function bytesOf(view: NodeJS.ArrayBufferView): Uint8Array {
  return view instanceof Uint8Array ? view : new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
}
