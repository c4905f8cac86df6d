// How many descriptors this process may still open, where that can be known. Running out of them is silent on Node:
// libuv accepts a connection and closes it. So the default limits of a server stay below what is free.

import { readdirSync, readFileSync } from 'node:fs'

/** Free descriptors, or undefined where the system does not tell (it does on Linux). */
export function freeDescriptors(proc = '/proc/self'): number | undefined {
  try {
    const limits = readFileSync(`${proc}/limits`, 'latin1')
    const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1]
    return soft === undefined ? undefined : Math.max(0, Number(soft) - readdirSync(`${proc}/fd`).length)
  } catch {
    // No /proc here: nothing can be known, and nothing is limited.
    return undefined
  }
}

// Eight tenths for connections and one for those that wait leave a tenth for everything else a program opens.
const ACTIVE_SHARE = 0.8
const PENDING_SHARE = 0.1
// As many as a burst of clients makes while a program is busy; each holds a socket and next to no memory.
const MOST_PENDING = 1024

// Where a million descriptors are allowed, memory is what runs out first: a connection that reads ahead as far as it may holds
// twice 64 KiB, here and in the system.
const CONNECTION_MEMORY = 128 * 1024

/** The limits of a server that names none, by the free descriptors, if they are known, and the memory in bytes. At least one connection is always served. */
export function defaultLimits(free: number | undefined, memory: number): { maxConnections: number; maxPending: number } {
  const most = Math.floor(memory / CONNECTION_MEMORY)
  if (free === undefined) return { maxConnections: Math.max(1, most), maxPending: MOST_PENDING }
  return {
    maxConnections: Math.max(1, Math.min(most, Math.floor(free * ACTIVE_SHARE))),
    maxPending: Math.min(MOST_PENDING, Math.floor(free * PENDING_SHARE)),
  }
}
