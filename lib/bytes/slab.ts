// Memory that small pieces are copied into, one behind the other, so that a message that comes byte by byte costs no
// object for each byte. What lies in a slab never changes: a longer view replaces a shorter one, and neither moves.

/** A piece below this size is worth copying: moving 2 KiB costs less than carrying one more object through every search. */
export const SMALL = 2048

// Slabs double from the first size to the second: a few bytes cost little, a flood of them stays linear.
const SMALLEST = 4096
const LARGEST = 65536

export class Slab {
  #memory: Buffer | undefined
  #filled = 0
  #next = SMALLEST

  /**
   * Two pieces that follow each other, in one. `tail` is what the last call gave, or what was never in a slab; `piece` is
   * small. Gives undefined where `piece` better stands on its own: behind a large one, or behind a slab that is full.
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
