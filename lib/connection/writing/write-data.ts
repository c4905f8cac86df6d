// What can be written, and how that is checked.

import { types } from 'node:util'
import { isThenable, kindOf, tagOf } from '../../kind-of.js'

/** Text (as UTF-8), or any view of bytes. */
export type Piece = string | NodeJS.ArrayBufferView

/** What `write` takes: text (as UTF-8), any view of bytes, or a list of them. */
export type WriteData = Piece | readonly Piece[]

// Checks the memory of a typed array before anything else, and does nothing where there are no bytes.
const { keys } = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array

/**
 * Everything is checked before anything is taken: of what is refused nothing is sent. `piece`: which one of a source it is.
 *
 * @throws TypeError
 */
export function checkWritable(data: unknown, piece?: number): asserts data is WriteData {
  // Not `forEach`, which leaves out the holes of a list.
  if (Array.isArray(data)) for (let at = 0; at < data.length; at++) checkPiece(data[at], piece, at)
  else checkPiece(data, piece)
}

/** `at`: its place in a list. */
function checkPiece(data: unknown, piece: number | undefined, at?: number): void {
  if (typeof data === 'string' || (data instanceof Uint8Array && data.length > 0)) return
  if (!ArrayBuffer.isView(data)) throw new TypeError(refusalOf(data, piece, at))
  try {
    // A DataView throws here where its memory is gone; a typed array says that it has no bytes.
    if (data.byteLength === 0 && !types.isDataView(data)) keys.call(data as Uint8Array)
  } catch (cause) {
    throw memoryGone('before it was written', cause)
  }
}

function refusalOf(data: unknown, piece: number | undefined, at: number | undefined): string {
  const name = piece === undefined ? 'data' : `piece ${piece} of source`
  const expected =
    at === undefined ? ' must be a string, a view of bytes, or an array of these' : `[${at}] must be a string or a view of bytes`
  return `${name}${expected}, not ${kindOf(data)}${insteadOf(data)}`
}

/** How what is often written by mistake is written right. */
function insteadOf(data: unknown): string {
  if (typeof data === 'number' || typeof data === 'bigint' || typeof data === 'boolean') return ': String(data) is its text'
  if (typeof data !== 'object' || data === null || isThenable(data)) return ''
  if (Array.isArray(data)) return ': a list holds no lists, flatten it by flat()'
  if (types.isAnyArrayBuffer(data)) return ''
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

/** The memory of a view was transferred or made smaller. */
export function memoryGone(when: string, cause?: unknown): TypeError {
  const what = `the memory of data was taken away ${when}: a view that is written must not be transferred or made smaller`
  return new TypeError(what, cause === undefined ? undefined : { cause })
}

/** The bytes that a view shows. */
export function bytesOf(view: NodeJS.ArrayBufferView): Uint8Array {
  return view instanceof Uint8Array ? view : new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
}
