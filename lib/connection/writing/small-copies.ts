// Copies of small pieces that leave alone: the usual answer. Nearly all of them have left when the system was asked once, so
// one piece of memory serves all connections of a process, over and over, and where answers are of one length so do the
// views of it. A copy that stays, for a peer that does not read, keeps that memory; the next copies get another.

import { set, view } from '../../bytes/view.js'

/** What copies share. One that stays keeps no more alive than one of Node's own pool does. */
const SHARED = 8 * 1024
/** Views that are kept: as many as leave in a group. */
const SPARES = 16

let memory: ArrayBufferLike = Buffer.allocUnsafeSlow(SHARED).buffer
/** Which memory it is: each is another number, from 1 on. */
let current = 1
let used = 0
/** Copies in it that were not given back. */
let live = 0
let spares: Buffer[] = []

/** Copies a piece of at most SHARED bytes; `sharedMemory()` is then what to give it back with. @throws RangeError where memory is gone */
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
  if (used + length > SHARED) {
    if (live > 0) {
      memory = Buffer.allocUnsafeSlow(SHARED).buffer
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

/** Gives a copy back, once nothing reads from it. `where`: what `sharedMemory()` was when it was made. */
export function releaseSmall(copy: Buffer, where: number): void {
  if (where !== current) return
  live--
  if (spares.length < SPARES) spares.push(copy)
}
