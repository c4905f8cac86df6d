// Memory into which small pieces are copied, one after the other, so that a message that arrives byte by byte costs no object
// for each byte. Bytes in a slab never change or move: a longer view replaces a shorter one.

/** Pieces below this size are copied: copying 2 KiB costs less than one more chunk in every search. */
export const SMALL = 2048

// Slabs double from the first size to the second: a few bytes cost little memory, many bytes a linear time.
const SMALLEST = 4096
const LARGEST = 65536

export class Slab {
  #memory: Buffer | undefined
  #filled = 0
  #next = SMALLEST

  /**
   * Joins two consecutive pieces. `tail` is the result of the last call, or a piece that was never in a slab; `piece` is
   * small. Returns undefined if `piece` should stay separate: after a large piece, or if the slab is full.
   */
  join(tail: Buffer, piece: Buffer): Buffer | undefined {
    if (this.#memory === undefined) {
      if (tail.length >= SMALL) return undefined
      this.#memory = Buffer.allocUnsafeSlow(this.#next)
      this.#memory.set(tail)
      this.#filled = tail.length
    } else if (this.#filled + piece.length > this.#memory.length) {
      this.#memory = undefined
      this.#next = Math.min(this.#next * 2, LARGEST)
      return undefined
    }
    this.#memory.set(piece, this.#filled)
    this.#filled += piece.length
    return this.#memory.subarray(this.#filled - tail.length - piece.length, this.#filled)
  }
}
