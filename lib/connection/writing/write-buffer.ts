// The bytes that were written and not yet handed to the carrier, arranged so that they are sent together. Small pieces are
// copied at the call, so that a program may use its memory again. Text is kept as text and encoded for many pieces at once,
// which costs a third of encoding each. Large pieces are kept by reference. The order of the pieces is kept. A piece that no
// memory can be allocated for changes nothing.
//
//   closed pieces (`PieceList`) · small bytes, alone or joined in a slab (`OpenBytes`) · text that is not encoded yet
//
// Decision: docs/decisions/an-awaited-write-frees-its-buffers.md

import { LARGE } from '../../bytes/large.js'
import { set, view } from '../../bytes/view.js'
import { FIRST_SLAB, OpenBytes, SMALL } from './open-bytes.js'
import { NO_PIECES } from './piece-list.js'
import { hasSpareSlab, releaseSlab, SLAB } from './slabs.js'
import { releaseSmall } from './small-copies.js'
import { MAX_BYTES_PER_UNIT, splitsSurrogatePair } from './utf8.js'

// Lone text that may be longer is encoded into a slab; a shorter answer is not worth one.
const SHORT_TEXT = 4 * 1024
// The most texts that are kept as text. Joining more gains nothing, and each costs five times its bytes.
const MAX_TEXTS = 256
// The texts of a buffer that has none. Never added to.
const NO_TEXTS: string[] = []

/** The state that `undo` returns to. */
export interface Mark {
  readonly pieces: Buffer[]
  readonly pieceCount: number
  readonly single: Buffer | undefined
  readonly shared: number
  readonly slab: Buffer | undefined
  readonly from: number
  readonly to: number
  readonly texts: string[]
  readonly textCount: number
  readonly units: number
  readonly extraBytes: number
}

export class WriteBuffer extends OpenBytes {
  /** Text behind all bytes. */
  #texts: string[] = NO_TEXTS
  /** The UTF-16 units of that text. */
  #units = 0
  /** Bytes that encoded text has beyond its units, since `encodePending` returned them last. */
  #extraBytes = 0

  /** Appends bytes: a copy of a small piece, a large one by reference. @throws RangeError without memory: then nothing was appended */
  add(bytes: Uint8Array): void {
    const { length } = bytes
    if (length >= LARGE) {
      // A view of our own cannot grow with its memory, and has no methods of the program's.
      this.#addLarge(view(bytes.buffer, bytes.byteOffset, length))
      return
    }
    this.#flushText()
    if (this.hasNoOpenBytes && (length <= SMALL || !hasSpareSlab())) {
      this.keepSingle(bytes)
      return
    }
    const slab = this.room(length)
    set.call(slab, bytes, this.to)
    this.to += length
  }

  /**
   * Appends text, as UTF-8: at least one byte for each UTF-16 unit and at most MAX_BYTES_PER_UNIT. `encodePending` returns
   * how many more than one. @throws RangeError without memory: then nothing was appended
   */
  addText(text: string): void {
    const units = text.length
    if (units * MAX_BYTES_PER_UNIT > SLAB) {
      const bytes = Buffer.from(text)
      this.#addLarge(bytes)
      this.#extraBytes += bytes.length - units
      return
    }
    if (this.#units > 0 && ((this.#units + units) * MAX_BYTES_PER_UNIT > SLAB || this.#texts.length >= MAX_TEXTS)) this.#encode()
    if (this.#units > 0) this.#texts.push(text)
    else this.#texts = [text]
    this.#units += units
  }

  /**
   * Memory with room for at most SLAB bytes from `tail` on, behind all others. What is put there counts once `extend` is
   * called. Nothing else may be appended meanwhile. @throws RangeError without memory
   */
  reserve(length: number): Buffer {
    this.#flushText()
    return this.room(length)
  }

  /** The same for text as UTF-8; undefined if it is longer. */
  reserveText(text: string): Buffer | undefined {
    this.#flushText()
    const bound = this.#byteBound(text, NO_TEXTS)
    return bound > SLAB ? undefined : this.room(bound)
  }

  get tail(): number {
    return this.to
  }

  /** Appends the `length` bytes that were put into reserved memory. */
  extend(length: number): void {
    this.to += length
  }

  #addLarge(bytes: Buffer): void {
    this.#flushText()
    this.closeOpenBytes()
    this.append(bytes)
  }

  /** Encodes the text that is left; returns the bytes of encoded text beyond its UTF-16 units, since the last call. */
  encodePending(): number {
    this.#flushText()
    const extra = this.#extraBytes
    this.#extraBytes = 0
    return extra
  }

  #flushText(): void {
    if (this.#units > 0) this.#encode()
  }

  #encode(): void {
    const texts = this.#texts
    const units = this.#units
    const text = texts.length === 1 ? (texts[0] as string) : texts.join('')
    let length: number
    if (units * MAX_BYTES_PER_UNIT < SHORT_TEXT && this.hasNoOpenBytes) {
      let bytes = Buffer.from(text)
      if (bytes.length > units && texts.some(splitsSurrogatePair)) bytes = Buffer.concat(texts.map((each) => Buffer.from(each)))
      this.single = bytes
      this.shared = 0
      length = bytes.length
    } else {
      const slab = this.room(this.#byteBound(text, texts))
      length = slab.write(text, this.to)
      if (length > units && texts.some(splitsSurrogatePair)) {
        length = 0
        for (const each of texts) length += slab.write(each, this.to + length)
      }
      this.to += length
    }
    this.#texts = NO_TEXTS
    this.#units = 0
    this.#extraBytes += length - units
  }

  /** An upper bound of the bytes of text, which was joined of `texts`; their exact number where that saves memory. */
  #byteBound(text: string, texts: readonly string[]): number {
    const bound = text.length * MAX_BYTES_PER_UNIT
    const slab = this.slab
    const fits = slab === undefined ? this.nextSlabSize === 0 && bound <= SLAB : this.to + bound <= slab.length
    return fits || texts.some(splitsSurrogatePair) ? bound : Buffer.byteLength(text)
  }

  /** The state to pass to `undo`. Only `add` and `addText` may be called between the two. */
  mark(): Mark {
    return {
      pieces: this.pieces,
      pieceCount: this.pieces.length,
      single: this.single,
      shared: this.shared,
      slab: this.slab,
      from: this.from,
      to: this.to,
      texts: this.#texts,
      textCount: this.#texts.length,
      units: this.#units,
      extraBytes: this.#extraBytes,
    }
  }

  /** Removes what was appended since `mark`. */
  undo(mark: Mark): void {
    this.pieces = mark.pieces
    this.pieces.length = mark.pieceCount
    this.single = mark.single
    this.shared = mark.shared
    this.slab = mark.slab
    this.from = mark.from
    this.to = mark.to
    this.#texts = mark.texts
    this.#texts.length = mark.textCount
    this.#units = mark.units
    this.#extraBytes = mark.extraBytes
  }

  /** Takes all bytes if they are one run of small pieces, in memory of its own: the usual answer. Otherwise undefined. */
  takeSmall(): Buffer | undefined {
    if (this.pieces.length > 0) return undefined
    this.#flushText()
    // Where text needed another slab, the bytes joined before it became a closed piece.
    if (this.pieces.length > 0) return undefined
    const single = this.single
    const small = single ?? this.takeJoined()
    if (small === undefined) return undefined
    if (single === undefined) this.shared = 0
    this.single = undefined
    if (this.nextSlabSize === 0) this.nextSlabSize = FIRST_SLAB
    return small
  }

  /** Makes the memory of what `takeSmall` returned usable again: it was sent, and nothing was appended since. */
  releaseSmall(small: Buffer): void {
    if (this.shared > 0) releaseSmall(small, this.shared)
  }

  /** Takes the next pieces, at most `slice` bytes; an empty list if none is left. A piece of no bytes is one whose memory was detached. */
  next(slice: number): readonly Buffer[] {
    this.#flushText()
    this.closeOpenBytes()
    if (this.pieces.length === 0) return NO_PIECES
    if (this.nextSlabSize === 0) this.nextSlabSize = FIRST_SLAB
    return this.takeSlice(slice)
  }

  /** All bytes were sent: the slab can be used again. */
  recycle(): void {
    const slab = this.slab
    if (slab !== undefined) {
      this.clear()
      releaseSlab(slab)
    }
    this.nextSlabSize = 0
  }

  /** Drops all bytes. The slab is not made usable again: the system may still read it. */
  clear(): void {
    this.pieces = NO_PIECES
    this.head = 0
    this.single = undefined
    this.#texts = NO_TEXTS
    this.#units = 0
    this.#extraBytes = 0
    this.slab = undefined
    this.from = 0
    this.to = 0
  }
}
