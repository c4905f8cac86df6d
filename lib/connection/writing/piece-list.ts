// The closed pieces of a write buffer, in order. A piece is sent as it is, or cut where a slice ends. The list holds no
// piece that was taken: a queue that never runs empty would otherwise keep everything that was ever sent.

import { view } from '../../bytes/view.js'

/** What an empty list is and returns. Never added to. */
export const NO_PIECES: Buffer[] = []
// Takes the place of a piece that was taken.
const TAKEN = Buffer.alloc(0)

export class PieceList {
  /** The pieces from `head` on; those before it were taken. Empty where none is left. */
  protected pieces: Buffer[] = NO_PIECES
  protected head = 0

  protected append(piece: Buffer): void {
    // Usually it is the only one: a literal list of one, where a push onto an empty list makes room for 17.
    if (this.pieces.length === 0) this.pieces = [piece]
    else this.pieces.push(piece)
  }

  /** Takes the next pieces, at most `slice` bytes of them and at least one byte. Not for an empty list. */
  protected takeSlice(slice: number): readonly Buffer[] {
    const { pieces, head } = this
    const first = pieces[head] as Buffer
    if (first.length > slice) {
      const { buffer, byteOffset, length } = first
      pieces[head] = view(buffer, byteOffset + slice, length - slice)
      return [view(buffer, byteOffset, slice)]
    }
    let end = head
    for (let bytes = 0; end < pieces.length; end++) {
      bytes += (pieces[end] as Buffer).length
      if (bytes > slice) break
    }
    if (end < pieces.length) return this.#takeTo(end)
    // Usually all pieces fit into the slice: then the list itself is returned.
    this.pieces = NO_PIECES
    this.head = 0
    return head === 0 ? pieces : pieces.slice(head)
  }

  // The list is cut when half of it was taken, so that a piece of a long list costs no more than one of a short list.
  #takeTo(end: number): Buffer[] {
    const { pieces } = this
    const taken = pieces.slice(this.head, end)
    pieces.fill(TAKEN, this.head, end)
    this.head = end
    if (end * 2 > pieces.length) {
      this.pieces = pieces.slice(end)
      this.head = 0
    }
    return taken
  }
}
