// What was written in a turn and has not been handed on: gathered so that it leaves together. A small piece alone stays
// as it is; from the second on small ones are joined in a slab; large ones go by reference. Order is all it promises.

import { releaseSlab, SLAB, takeSlab } from './slabs.js'

// Above this a copy costs more than a piece of its own in the system call.
const LARGE = 16 * 1024
// UTF-8 takes at most three bytes for each UTF-16 unit.
const WIDEST = 3

export class Gatherer {
  /** Whole pieces in order. */
  #pieces: Uint8Array[] = []
  /** Behind them: one small piece by reference, or else a run of small ones in the slab. */
  #loose: Uint8Array | undefined
  #slab: Buffer | undefined
  #from = 0
  #to = 0
  readonly #reuses: boolean

  /** `reuses`: the carrier copies what it is handed, so that a slab may serve again at once. */
  constructor(reuses: boolean) {
    this.#reuses = reuses
  }

  /** Appends bytes. */
  add(bytes: Uint8Array): void {
    const { length } = bytes
    if (length >= LARGE) {
      this.seal()
      this.#pieces.push(bytes)
    } else if (this.#run(length)) {
      ;(this.#slab as Buffer).set(bytes, this.#to)
      this.#to += length
    } else this.#loose = bytes
  }

  /** Appends text, as UTF-8; returns its bytes. Text is written straight into the slab where there is a run already. */
  addText(text: string): number {
    const widest = text.length * WIDEST
    if (widest < LARGE && this.#run(widest)) {
      const written = (this.#slab as Buffer).write(text, this.#to)
      this.#to += written
      return written
    }
    const bytes = Buffer.from(text)
    if (bytes.length > 0) this.add(bytes)
    return bytes.length
  }

  /** Whether there is a run of small pieces with room for `length` more; a loose piece before it begins one. */
  #run(length: number): boolean {
    const loose = this.#loose
    if (loose === undefined) {
      if (this.#to === this.#from) return false
      if (this.#to + length <= SLAB) return true
      this.seal()
      this.#slab = undefined
      return false
    }
    if (this.#slab === undefined || this.#to + loose.length + length > SLAB) {
      this.#slab = takeSlab()
      this.#from = 0
      this.#to = 0
    }
    this.#slab.set(loose, this.#to)
    this.#to += loose.length
    this.#loose = undefined
    return true
  }

  /** Closes what is behind the whole pieces: it becomes one. */
  seal(): void {
    if (this.#loose !== undefined) {
      this.#pieces.push(this.#loose)
      this.#loose = undefined
    } else if (this.#to > this.#from) {
      const run = (this.#slab as Buffer).subarray(this.#from, this.#to)
      this.#pieces.push(this.#reuses ? run : Buffer.from(run))
      this.#from = this.#to
    }
  }

  /** The next pieces to hand on: one slice of a large one, or as many small ones as fit `slice` bytes; empty when nothing is left. */
  next(slice: number): readonly Uint8Array[] {
    this.seal()
    const pieces = this.#pieces
    const [first] = pieces
    if (first === undefined) return []
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
    this.#pieces = []
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
    this.#pieces = []
    this.#loose = undefined
    this.#slab = undefined
    this.#from = 0
    this.#to = 0
  }
}
