// How much memory this process may use: that of the machine, or less where a control group says so, as in a container.

import { readFileSync } from 'node:fs'
import { totalmem } from 'node:os'

/** Bytes. `root` is where the system's files are. */
export function usableMemory(root = '/', machine: number = totalmem(), told: number | undefined = process.constrainedMemory?.()): number {
  // Node says what it knows itself: 0, undefined, or a number beyond all memory where there is no limit.
  return Math.min(machine, told || machine, ...groupLimits(root))
}

// The limits of this process's group and of those around it: the lowest counts. In a container its own group is mostly shown as
// the root of all, and the path is one of the host that is not there.
function groupLimits(root: string): number[] {
  const limits: number[] = []
  for (const line of text(`${root}proc/self/cgroup`).split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? []
    if (path === undefined) continue
    // Version 2 has one tree for all controllers, and no name for it.
    if (controllers === '') limits.push(...along(`${root}sys/fs/cgroup`, path, 'memory.max'))
    else if (controllers?.split(',').includes('memory')) limits.push(...along(`${root}sys/fs/cgroup/memory`, path, 'memory.limit_in_bytes'))
  }
  return limits
}

function along(tree: string, path: string, file: string): number[] {
  const parts = path.split('/').filter((part) => part !== '')
  return Array.from({ length: parts.length + 1 }, (_, depth) => limitIn([tree, ...parts.slice(0, depth), file].join('/')))
}

function limitIn(file: string): number {
  // `max` is none.
  const limit = Number.parseInt(text(file), 10)
  return limit > 0 ? limit : Number.POSITIVE_INFINITY
}

function text(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    // No such file: no such limit.
    return ''
  }
}
