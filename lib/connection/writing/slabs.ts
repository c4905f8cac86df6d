// Memory in which small writes are joined so that they are sent together. A slab is released as soon as the system has
// copied its bytes, nearly always within the same turn, so a few slabs serve all connections of a process. Writes behind
// bytes that the peer does not read are kept for long: they get memory of their own, which grows with them.

/** The most bytes of one system call: a kernel accepts as much at once, and Node reads as much at once. */
export const SLAB: number = 64 * 1024

// More are needed only while peers do not read, and then keeping them saves nothing.
const MAX_FREE = 16
const free: Buffer[] = []

/** A slab of SLAB bytes. @throws RangeError without memory */
export function takeSlab(): Buffer {
  return free.pop() ?? Buffer.allocUnsafeSlow(SLAB)
}

/** Whether `takeSlab` allocates nothing. */
export function hasSpareSlab(): boolean {
  return free.length > 0
}

/** Makes a slab that nothing reads from usable again. One of another size is left to the garbage collector. */
export function releaseSlab(slab: Buffer): void {
  if (free.length < MAX_FREE && slab.length === SLAB) free.push(slab)
}
