// What can be written, and how that is checked.

import { kindOf } from './read-options.js'

/** Text (as UTF-8), or any view of bytes. */
export type Piece = string | NodeJS.ArrayBufferView

/** What `write` takes: text (as UTF-8), any view of bytes, or a list of them. */
export type Writable = Piece | readonly Piece[]

/** Everything is checked before anything is taken: of what is refused nothing is sent. */
export function checkWritable(data: unknown): asserts data is Writable {
  // Not `forEach`, which leaves out the holes of a list.
  if (Array.isArray(data)) for (const piece of data) checkPiece(piece)
  else checkPiece(data)
}

function checkPiece(data: unknown): void {
  if (typeof data === 'string' || ArrayBuffer.isView(data)) return
  throw new TypeError(`data must be a string, a view of bytes, or an array of these, not ${kindOf(data)}`)
}
