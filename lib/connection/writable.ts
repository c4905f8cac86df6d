// What can be written, and how that is checked.

import { types } from 'node:util'
import { kindOf } from './read-options.js'

/** Text (as UTF-8), or any view of bytes. */
export type Piece = string | NodeJS.ArrayBufferView

/** What `write` takes: text (as UTF-8), any view of bytes, or a list of them. */
export type Writable = Piece | readonly Piece[]

// Checks the memory of a typed array before anything else, and does nothing where there are no bytes.
const { keys } = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array

/** Everything is checked before anything is taken: of what is refused nothing is sent. @throws TypeError */
export function checkWritable(data: unknown): asserts data is Writable {
  // Not `forEach`, which leaves out the holes of a list.
  if (Array.isArray(data)) for (const piece of data) checkPiece(piece)
  else checkPiece(data)
}

function checkPiece(data: unknown): void {
  if (typeof data === 'string' || (data instanceof Uint8Array && data.length > 0)) return
  if (!ArrayBuffer.isView(data)) throw new TypeError(`data must be a string, a view of bytes, or an array of these, not ${kindOf(data)}`)
  try {
    // A DataView throws here where its memory is gone; a typed array says that it has no bytes.
    if (data.byteLength === 0 && !types.isDataView(data)) keys.call(data as Uint8Array)
  } catch (cause) {
    throw memoryGone('before it was written', cause)
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
