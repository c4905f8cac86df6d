// What was written in a turn and has not been handed on: gathered so that it leaves together. Small pieces are copied at
// once, so that a program may use its memory again; text is gathered as text and encoded for many pieces together, which
// costs a third of encoding each; large pieces go by reference. Order is all it promises, and that a piece for which
// there is no memory changes nothing.

import { set, view } from '../../bytes/view.js'
import { hasSpareSlab, releaseSlab, SLAB, takeSlab } from './slabs.js'
import { copySmall, releaseSmall, sharedMemory } from './small-copies.js'

/** From this size on a copy costs more than a piece of its own in the system call: such a piece goes by reference. */
export const LARGE: number = 16 * 1024
// A copy of a small piece in memory of its own, while nothing else is gathered: up to this size as cheap as in a slab.
const SMALL = 1024
// Text that may be longer is encoded where it leaves from; a short answer alone is not worth a slab of its own.
const LITTLE = 4 * 1024
// So many texts are kept as text at most. Joining more gains nothing, and each costs five times its bytes.
const TEXTS = 256
// The first slab behind bytes that do not leave; each further one is twice as large.
const FIRST_BEHIND = 4 * 1024
/** UTF-8 takes at most so many bytes for each UTF-16 unit. */
export const WIDEST = 3
// The upper bits of U+D800 to U+DBFF and of U+DC00 to U+DFFF: the two halves of a pair.
const FIRST_HALF = 0xd800 >> 10
const SECOND_HALF = 0xdc00 >> 10

// Shared by all that have gathered nothing: never added to.
const NO_PIECES: Buffer[] = []
const NO_TEXTS: string[] = []
// In the place of a piece that was handed on.
const NOTHING = Buffer.alloc(0)

/** What `undo` goes back to. */
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

export class WriteBuffer {
  /** Whole pieces in order, from `#head` on. */
  #pieces: Buffer[] = NO_PIECES
  #head = 0
  /** Behind them: one small piece alone, or else a run of small ones in the slab; and behind that, text. */
  #single: Buffer | undefined
  /** Which memory the small piece shares with those of other connections; 0: none. */
  #shared = 0
  #slab: Buffer | undefined
  #from = 0
  #to = 0
  #texts: string[] = NO_TEXTS
  /** The UTF-16 units of that text. */
  #units = 0
  /** Bytes of text that was encoded, beyond its units, and not told yet. */
  #extraBytes = 0
  /** The size of the next slab while something that was handed on has not left; 0 while all has. */
  #behind = 0

  /** Appends bytes: a copy of a small piece, a large one by reference. @throws RangeError where memory is gone: then nothing was appended */
  add(bytes: Uint8Array): void {
    const { length } = bytes
    if (length >= LARGE) {
      // A view of our own: it cannot grow with its memory, and has no methods of the program's.
      this.#addLarge(view(bytes.buffer, bytes.byteOffset, length))
      return
    }
    this.#flushText()
    if (this.#isClear && (length <= SMALL || !hasSpareSlab())) {
      this.#keepAlone(bytes)
      return
    }
    const slab = this.#room(length)
    set.call(slab, bytes, this.#to)
    this.#to += length
  }

  #keepAlone(bytes: Uint8Array): void {
    if (bytes.length <= SMALL) {
      this.#single = copySmall(bytes)
      this.#shared = sharedMemory()
      return
    }
    const copy = Buffer.allocUnsafe(bytes.length)
    set.call(copy, bytes)
    this.#single = copy
    this.#shared = 0
  }

  /**
   * Appends text, as UTF-8: at least as many bytes as it has UTF-16 units, and at most WIDEST times as many. `settle`
   * tells. @throws RangeError where memory is gone: then nothing was appended
   */
  addText(text: string): void {
    const units = text.length
    if (units * WIDEST > SLAB) {
      const bytes = Buffer.from(text)
      this.#addLarge(bytes)
      this.#extraBytes += bytes.length - units
      return
    }
    if (this.#units > 0 && ((this.#units + units) * WIDEST > SLAB || this.#texts.length >= TEXTS)) this.#encode()
    if (this.#units > 0) this.#texts.push(text)
    else this.#texts = [text]
    this.#units += units
  }

  /** Appends a large piece as it is. */
  #addLarge(bytes: Buffer): void {
    this.#flushText()
    this.#seal()
    this.#append(bytes)
  }

  /** Encodes the text there is; returns the bytes that it has beyond its UTF-16 units. */
  encodePending(): number {
    this.#flushText()
    const beyond = this.#extraBytes
    this.#extraBytes = 0
    return beyond
  }

  #flushText(): void {
    if (this.#units > 0) this.#encode()
  }

  /** No small piece is open to be joined. */
  get #isClear(): boolean {
    return this.#single === undefined && this.#to === this.#from
  }

  #encode(): void {
    const texts = this.#texts
    const units = this.#units
    const text = texts.length === 1 ? (texts[0] as string) : texts.join('')
    let length: number
    if (units * WIDEST < LITTLE && this.#isClear) {
      let bytes = Buffer.from(text)
      if (bytes.length > units && texts.some(meetsNext)) bytes = Buffer.concat(texts.map((each) => Buffer.from(each)))
      this.#single = bytes
      this.#shared = 0
      length = bytes.length
    } else {
      const slab = this.#room(this.#mostOf(text, texts, units))
      length = slab.write(text, this.#to)
      if (length > units && texts.some(meetsNext)) {
        length = 0
        for (const each of texts) length += slab.write(each, this.#to + length)
      }
      this.#to += length
    }
    this.#texts = NO_TEXTS
    this.#units = 0
    this.#extraBytes += length - units
  }

  /** At least as many bytes as text takes: exactly as many where that saves memory. */
  #mostOf(text: string, texts: readonly string[], units: number): number {
    const most = units * WIDEST
    const slab = this.#slab
    const fits = slab === undefined ? this.#behind === 0 : this.#to + most <= slab.length
    return fits || texts.some(meetsNext) ? most : Buffer.byteLength(text)
  }

  /** A slab with room for `length` bytes at `#to`, behind the small pieces that are open, where that can be. */
  #room(length: number): Buffer {
    const loose = this.#single
    const slab = this.#slab
    const needed = loose === undefined ? length : loose.length + length
    if (slab !== undefined && this.#to + needed <= slab.length) {
      if (loose !== undefined) this.#join(slab, loose)
      return slab
    }
    const together = loose !== undefined && needed <= SLAB
    const next = this.#nextSlab(together ? needed : length)
    if (!together) this.#seal()
    this.#slab = next
    this.#from = 0
    this.#to = 0
    if (together) this.#join(next, loose)
    return next
  }

  #join(slab: Buffer, loose: Buffer): void {
    set.call(slab, loose, this.#to)
    this.#to += loose.length
    this.#single = undefined
  }

  #nextSlab(least: number): Buffer {
    if (this.#behind === 0) return takeSlab()
    let size = this.#behind
    while (size < least) size *= 2
    const slab = size < SLAB ? Buffer.allocUnsafeSlow(size) : takeSlab()
    this.#behind = Math.min(size * 2, SLAB)
    return slab
  }

  /** Closes what is behind the whole pieces: it becomes one. */
  #seal(): void {
    const small = this.#single ?? this.#run()
    if (small === undefined) return
    this.#single = undefined
    this.#append(small)
  }

  #append(piece: Buffer): void {
    // Nearly always it is the only one: a list of one, where pushing onto an empty one would make room for 17.
    if (this.#pieces.length === 0) this.#pieces = [piece]
    else this.#pieces.push(piece)
  }

  /** What `undo` goes back to: nothing but appending may come between the two. */
  mark(): Mark {
    return {
      pieces: this.#pieces,
      pieceCount: this.#pieces.length,
      single: this.#single,
      shared: this.#shared,
      slab: this.#slab,
      from: this.#from,
      to: this.#to,
      texts: this.#texts,
      textCount: this.#texts.length,
      units: this.#units,
      extraBytes: this.#extraBytes,
    }
  }

  /** Forgets what was appended since. */
  undo(mark: Mark): void {
    this.#pieces = mark.pieces
    this.#pieces.length = mark.pieceCount
    this.#single = mark.single
    this.#shared = mark.shared
    this.#slab = mark.slab
    this.#from = mark.from
    this.#to = mark.to
    this.#texts = mark.texts
    this.#texts.length = mark.textCount
    this.#units = mark.units
    this.#extraBytes = mark.extraBytes
  }

  /** Takes out everything, if that is one run of small pieces, in memory of its own: the usual answer. */
  takeSmall(): Buffer | undefined {
    if (this.#pieces.length > 0) return undefined
    this.#flushText()
    // Where text needed another slab, what was joined before is a piece.
    if (this.#pieces.length > 0) return undefined
    const alone = this.#single
    const small = alone ?? this.#run()
    if (small === undefined) return undefined
    if (alone === undefined) this.#shared = 0
    this.#single = undefined
    if (this.#behind === 0) this.#behind = FIRST_BEHIND
    return small
  }

  /** What `takeSmall` returned has left, and nothing was appended since: its memory may be used again. */
  releaseSmall(small: Buffer): void {
    if (this.#shared > 0) releaseSmall(small, this.#shared)
  }

  /** Takes what was joined in the slab, if anything was. */
  #run(): Buffer | undefined {
    if (this.#to === this.#from) return undefined
    const { buffer, byteOffset } = this.#slab as Buffer
    const run = view(buffer, byteOffset + this.#from, this.#to - this.#from)
    this.#from = this.#to
    return run
  }

  /**
   * Takes out what is to be handed on next, at most `slice` bytes. Empty: there is nothing. A piece of no bytes is one
   * whose memory was taken away.
   */
  next(slice: number): readonly Buffer[] {
    this.#flushText()
    this.#seal()
    const pieces = this.#pieces
    const head = this.#head
    const first = pieces[head]
    if (first === undefined) return NO_PIECES
    if (this.#behind === 0) this.#behind = FIRST_BEHIND
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
    // The usual case: everything leaves at once, and the list itself is what leaves.
    this.#pieces = NO_PIECES
    this.#head = 0
    return head === 0 ? pieces : pieces.slice(head)
  }

  // What is handed on is held here no longer: a queue that never runs dry would keep everything that ever left. The list
  // is cut when half of it has gone, so that a long one costs no more for each piece than a short one.
  #takeTo(end: number): Buffer[] {
    const pieces = this.#pieces
    const taken = pieces.slice(this.#head, end)
    pieces.fill(NOTHING, this.#head, end)
    this.#head = end
    if (end * 2 > pieces.length) {
      this.#pieces = pieces.slice(end)
      this.#head = 0
    }
    return taken
  }

  /** Everything has left: the slab may carry the next bytes. */
  rest(): void {
    const slab = this.#slab
    if (slab !== undefined) {
      this.clear()
      releaseSlab(slab)
    }
    this.#behind = 0
  }

  /** Forgets everything. The slab is not given back: the system may still be reading it. */
  clear(): void {
    this.#pieces = NO_PIECES
    this.#head = 0
    this.#single = undefined
    this.#texts = NO_TEXTS
    this.#units = 0
    this.#extraBytes = 0
    this.#slab = undefined
    this.#from = 0
    this.#to = 0
  }
}

/** Whether a text ends with half a pair that the next one completes. Each is encoded by itself: the halves must not meet. */
function meetsNext(text: string, at: number, texts: readonly string[]): boolean {
  const next = texts[at + 1]
  return next !== undefined && text.charCodeAt(text.length - 1) >> 10 === FIRST_HALF && next.charCodeAt(0) >> 10 === SECOND_HALF
}
