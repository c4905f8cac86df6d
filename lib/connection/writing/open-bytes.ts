// The small bytes behind the closed pieces of a write buffer: one lone piece, or several joined in a slab. They are open: the
// next small piece joins them. While nothing is under way the slab comes from the pool of the process. Otherwise the first slab
// is small, and each further one is twice as large.

import { set, view } from '../../bytes/view.js'
import { PieceList } from './piece-list.js'
import { SLAB, takeSlab } from './slabs.js'
import { copySmall, sharedMemory } from './small-copies.js'

// Up to this size a lone copy in memory of its own is as cheap as one in a slab.
export const SMALL = 1024
// The first slab behind bytes that are not sent.
export const FIRST_SLAB: number = 4 * 1024

export abstract class OpenBytes extends PieceList {
  /** A lone small piece behind the closed ones. While it is set, the slab holds no open bytes. */
  protected single: Buffer | undefined
  /** Which memory the lone piece shares with those of other connections; 0 for none. */
  protected shared = 0
  /** Small pieces joined, from `from` to `to`. */
  protected slab: Buffer | undefined
  protected from = 0
  protected to = 0
  /** The size of the next slab while bytes handed to the carrier were not sent; 0 otherwise. */
  protected nextSlabSize = 0

  protected keepSingle(bytes: Uint8Array): void {
    if (bytes.length <= SMALL) {
      this.single = copySmall(bytes)
      this.shared = sharedMemory()
      return
    }
    const copy = Buffer.allocUnsafe(bytes.length)
    set.call(copy, bytes)
    this.single = copy
    this.shared = 0
  }

  protected get hasNoOpenBytes(): boolean {
    return this.single === undefined && this.to === this.from
  }

  /** A slab with room for `length` bytes at `to`, behind the open small bytes where they fit together. */
  protected room(length: number): Buffer {
    const single = this.single
    const slab = this.slab
    const needed = single === undefined ? length : single.length + length
    if (slab !== undefined && this.to + needed <= slab.length) {
      if (single !== undefined) this.#join(slab, single)
      return slab
    }
    const together = single !== undefined && needed <= SLAB
    const next = this.#nextSlab(together ? needed : length)
    if (!together) this.closeOpenBytes()
    this.slab = next
    this.from = 0
    this.to = 0
    if (together) this.#join(next, single)
    return next
  }

  #join(slab: Buffer, single: Buffer): void {
    set.call(slab, single, this.to)
    this.to += single.length
    this.single = undefined
  }

  #nextSlab(least: number): Buffer {
    if (this.nextSlabSize === 0) return takeSlab()
    let size = this.nextSlabSize
    while (size < least) size *= 2
    const slab = size < SLAB ? Buffer.allocUnsafeSlow(size) : takeSlab()
    this.nextSlabSize = Math.min(size * 2, SLAB)
    return slab
  }

  /** Makes the open small bytes a closed piece. */
  protected closeOpenBytes(): void {
    const small = this.single ?? this.takeJoined()
    if (small === undefined) return
    this.single = undefined
    this.append(small)
  }

  /** Takes the bytes joined in the slab, if there are any. */
  protected takeJoined(): Buffer | undefined {
    if (this.to === this.from) return undefined
    const { buffer, byteOffset } = this.slab as Buffer
    const joined = view(buffer, byteOffset + this.from, this.to - this.from)
    this.from = this.to
    return joined
  }
}
