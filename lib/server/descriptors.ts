// The default limits of a server, from the number of file descriptors that this process may still open and from its memory.
// When descriptors run out, libuv accepts a connection and closes it, and Node reports nothing: hence limits below that.
// Decision: docs/decisions/descriptors-and-default-limits.md

import { readdirSync, readFileSync } from 'node:fs'

/** The number of free descriptors; undefined where the system does not provide it (Linux does). */
export function freeDescriptors(proc = '/proc/self'): number | undefined {
  try {
    const limits = readFileSync(`${proc}/limits`, 'latin1')
    const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1]
    return soft === undefined ? undefined : Math.max(0, Number(soft) - readdirSync(`${proc}/fd`).length)
  } catch {
    // There is no /proc: the number is unknown and limits nothing.
    return undefined
  }
}

// Eight tenths for open connections and one for pending ones leave a tenth for all other files of the program.
const ACTIVE_SHARE = 0.8
const PENDING_SHARE = 0.1
// A burst of clients while the program is busy. A pending connection holds a socket and little memory.
const MOST_PENDING = 1024

// Where a million descriptors are allowed, memory runs out first: a connection that reads ahead to its limit holds 64 KiB in
// the process and as much in the kernel.
const CONNECTION_MEMORY = 128 * 1024

/**
 * The limits of a server whose options name none. `free` is the number of free descriptors, `memory` is in bytes.
 * `maxConnections` is at least 1.
 */
export function defaultLimits(free: number | undefined, memory: number): { maxConnections: number; maxPending: number } {
  const most = Math.floor(memory / CONNECTION_MEMORY)
  if (free === undefined) return { maxConnections: Math.max(1, most), maxPending: MOST_PENDING }
  return {
    maxConnections: Math.max(1, Math.min(most, Math.floor(free * ACTIVE_SHARE))),
    maxPending: Math.min(MOST_PENDING, Math.floor(free * PENDING_SHARE)),
  }
}
