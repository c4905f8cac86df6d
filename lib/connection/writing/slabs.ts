// Memory in which small writes are joined before they leave together. It is handed back as soon as the system has copied
// the bytes, which is nearly always within the same turn: so a few slabs serve all connections of a process. What is
// written behind bytes that the peer does not take stays for long, and gets memory of its own that grows with it.

/** What leaves in one system call at most: as much as a kernel takes gladly, and as Node reads at once. */
export const SLAB: number = 64 * 1024

// More than these are only needed while peers do not read, and then memory for them is no bargain.
const KEPT = 16
const free: Buffer[] = []

/** A slab of SLAB bytes. @throws RangeError where memory is gone */
export function takeSlab(): Buffer {
  return free.pop() ?? Buffer.allocUnsafeSlow(SLAB)
}

/** Whether `takeSlab` allocates nothing. */
export function hasSpareSlab(): boolean {
  return free.length > 0
}

/** Gives a slab back, once nothing reads from it. One of another size is left to the collector. */
export function releaseSlab(slab: Buffer): void {
  if (free.length < KEPT && slab.length === SLAB) free.push(slab)
}
