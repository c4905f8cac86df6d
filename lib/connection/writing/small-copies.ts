// Copies of small pieces that are sent alone: the usual answer. Nearly all of them are sent by one system call at once, so
// one block of memory serves all connections of a process again and again, and so do views of it where answers have one
// length. A copy for a peer that does not read keeps its block; the next copies get another.

import { set, view } from '../../bytes/view.js'

/** The size of a block. A copy that is kept for long keeps no more memory alive than one from Node's own pool does. */
const BLOCK = 8 * 1024
/** The most views that are kept: as many as are sent in a group. */
const MAX_SPARES = 16

let memory: ArrayBufferLike = Buffer.allocUnsafeSlow(BLOCK).buffer
/** The number of the block, from 1 on. */
let current = 1
let used = 0
/** Copies in the block that were not released. */
let live = 0
let spares: Buffer[] = []

/** Copies a piece of at most BLOCK bytes; `sharedMemory()` is then the block to release it with. @throws RangeError without memory */
export function copySmall(bytes: Uint8Array): Buffer {
  const { length } = bytes
  let copy = spares.pop()
  if (copy?.length !== length) copy = makeRoom(length)
  set.call(copy, bytes)
  live++
  return copy
}

export const sharedMemory = (): number => current

function makeRoom(length: number): Buffer {
  if (used + length > BLOCK) {
    if (live > 0) {
      memory = Buffer.allocUnsafeSlow(BLOCK).buffer
      current++
      live = 0
    }
    used = 0
    spares = []
  }
  const room = view(memory, used, length)
  used += length
  return room
}

/** Makes the memory of a copy usable again, once nothing reads from it. `block`: what `sharedMemory()` was when it was made. */
export function releaseSmall(copy: Buffer, block: number): void {
  if (block !== current) return
  live--
  if (spares.length < MAX_SPARES) spares.push(copy)
}
