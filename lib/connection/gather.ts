// What was written in a turn and has not been handed on: gathered so that it leaves together. Text is gathered as text and
// encoded once, which costs a third of encoding each piece; a small piece of bytes alone stays as it is, from the second
// on they are joined in a slab; large ones go by reference. Order is all it promises.

import { set } from '../buffer/view.js'
import { releaseSlab, SLAB, takeSlab } from './slabs.js'

// Above this a copy costs more than a piece of its own in the system call.
const LARGE = 16 * 1024
// Text that may be longer is encoded where it leaves from; a short answer alone is not worth a slab of its own.
const LITTLE = 4 * 1024
/** UTF-8 takes at most so many bytes for each UTF-16 unit. */
export const WIDEST = 3
// The upper bits of U+D800 to U+DBFF and of U+DC00 to U+DFFF: the two halves of a pair.
const FIRST_HALF = 0xd800 >> 10
const SECOND_HALF = 0xdc00 >> 10

// Shared by all that have gathered nothing: never added to.
const NO_PIECES: Uint8Array[] = []
const NO_TEXTS: string[] = []

export class Gatherer {
  /** Whole pieces in order. */
  #pieces: Uint8Array[] = NO_PIECES
  /** Behind them: one small piece by reference, or else a run of small ones in the slab; and behind that, text. */
  #loose: Uint8Array | undefined
  #slab: Buffer | undefined
  #from = 0
  #to = 0
  #texts: string[] = NO_TEXTS
  /** The UTF-16 units of that text. */
  #units = 0
  /** Bytes of text that was encoded, beyond its units, and not told yet. */
  #beyond = 0
  readonly #reuses: boolean

  /** `reuses`: the carrier copies what it is handed, so that a slab may serve again at once. */
  constructor(reuses: boolean) {
    this.#reuses = reuses
  }

  /** Appends bytes. */
  add(bytes: Uint8Array): void {
    if (this.#units > 0) this.#encode()
    const { length } = bytes
    if (length >= LARGE) {
      this.#seal()
      this.#append(bytes)
    } else if (this.#run(length)) {
      set.call(this.#slab as Buffer, bytes, this.#to)
      this.#to += length
    } else this.#loose = bytes
  }

  /**
   * Appends text, as UTF-8: at least as many bytes as it has UTF-16 units, and at most WIDEST times as many. `settle`
   * tells.
   */
  addText(text: string): void {
    if (this.#units > 0 && (this.#units + text.length) * WIDEST > SLAB) this.#encode()
    if (this.#units > 0) this.#texts.push(text)
    else this.#texts = [text]
    this.#units += text.length
  }

  /** Encodes the text there is; returns the bytes that it has beyond its UTF-16 units. */
  settle(): number {
    if (this.#units > 0) this.#encode()
    const beyond = this.#beyond
    this.#beyond = 0
    return beyond
  }

  #encode(): void {
    const texts = this.#texts
    const units = this.#units
    this.#texts = NO_TEXTS
    this.#units = 0
    const text = texts.length === 1 ? (texts[0] as string) : texts.join('')
    let length: number
    if (this.#hasRoom(units * WIDEST)) {
      const slab = this.#slab as Buffer
      length = slab.write(text, this.#to)
      if (length > units && texts.some(meetsNext)) {
        length = 0
        for (const each of texts) length += slab.write(each, this.#to + length)
      }
      this.#to += length
    } else {
      let bytes = Buffer.from(text)
      if (bytes.length > units && texts.some(meetsNext)) bytes = Buffer.concat(texts.map((each) => Buffer.from(each)))
      length = bytes.length
      this.add(bytes)
    }
    this.#beyond += length - units
  }

  /** Whether text of so many bytes at most goes into the slab: behind what is there, or, if it is more than a little, at its front. */
  #hasRoom(widest: number): boolean {
    if (widest > SLAB) return false
    if (this.#run(widest)) return true
    if (widest < LITTLE) return false
    if (this.#slab === undefined || this.#to + widest > SLAB) {
      this.#slab = takeSlab()
      this.#from = 0
      this.#to = 0
    }
    return true
  }

  /** Whether there is a run of small pieces with room for `length` more; a loose piece before it begins one. */
  #run(length: number): boolean {
    const loose = this.#loose
    if (loose === undefined) {
      if (this.#to === this.#from) return false
      if (this.#to + length <= SLAB) return true
      this.#seal()
      this.#slab = undefined
      return false
    }
    if (loose.length + length > SLAB) {
      this.#seal()
      return false
    }
    if (this.#slab === undefined || this.#to + loose.length + length > SLAB) {
      this.#slab = takeSlab()
      this.#from = 0
      this.#to = 0
    }
    set.call(this.#slab, loose, this.#to)
    this.#to += loose.length
    this.#loose = undefined
    return true
  }

  /** Closes what is behind the whole pieces: it becomes one. */
  #seal(): void {
    if (this.#loose !== undefined) {
      this.#append(this.#loose)
      this.#loose = undefined
    } else if (this.#to > this.#from) {
      const run = (this.#slab as Buffer).subarray(this.#from, this.#to)
      this.#append(this.#reuses ? run : Buffer.from(run))
      this.#from = this.#to
    }
  }

  #append(piece: Uint8Array): void {
    // Nearly always it is the only one: a list of one, where pushing onto an empty one would make room for 17.
    if (this.#pieces.length === 0) this.#pieces = [piece]
    else this.#pieces.push(piece)
  }

  /** The next pieces to hand on: one slice of a large one, or as many small ones as fit `slice` bytes; empty when nothing is left. `settle` comes first. */
  next(slice: number): readonly Uint8Array[] {
    this.#seal()
    const pieces = this.#pieces
    const [first] = pieces
    if (first === undefined) return NO_PIECES
    if (first.length > slice) {
      pieces[0] = first.subarray(slice)
      return [first.subarray(0, slice)]
    }
    let count = 0
    for (let bytes = 0; count < pieces.length; count++) {
      bytes += (pieces[count] as Uint8Array).length
      if (bytes > slice) break
    }
    // What is handed on is held here no longer: a queue that never runs dry would keep everything that ever left.
    if (count < pieces.length) return pieces.splice(0, count)
    // The usual case: everything leaves at once, and the list itself is what leaves.
    this.#pieces = NO_PIECES
    return pieces
  }

  /** Everything has left: the slab may carry the next bytes. */
  rest(): void {
    const slab = this.#slab
    if (slab === undefined) return
    this.clear()
    releaseSlab(slab)
  }

  /** Forgets everything. The slab is not given back: the system may still be reading it. */
  clear(): void {
    this.#pieces = NO_PIECES
    this.#loose = undefined
    this.#texts = NO_TEXTS
    this.#units = 0
    this.#beyond = 0
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
