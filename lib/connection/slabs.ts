// Memory in which small writes are joined before they leave together. It is handed back as soon as the system has copied
// the bytes, which is nearly always within the same turn: so a few slabs serve all connections of a process.

/** What leaves in one system call at most: as much as a kernel takes gladly, and as Node reads at once. */
export const SLAB: number = 64 * 1024

// More than these are only needed while peers do not read, and then memory for them is no bargain.
const KEPT = 16
const free: Buffer[] = []

export function takeSlab(): Buffer {
  return free.pop() ?? Buffer.allocUnsafeSlow(SLAB)
}

export function releaseSlab(slab: Buffer): void {
  if (free.length < KEPT) free.push(slab)
}
