// The memory that this process may use: that of the machine, or the lower limit of a control group, as in a container.
// Decision: docs/decisions/descriptors-and-default-limits.md

import { readFileSync } from 'node:fs'
import { os } from '../builtins.js'

/** The usable memory in bytes. `root` is the directory that holds `proc` and `sys`. */
export function usableMemory(
  root = '/',
  machine: number = os().totalmem(),
  constrained: number | undefined = process.constrainedMemory?.(),
): number {
  // Without a limit `process.constrainedMemory()` returns 0, undefined, or a number larger than any memory.
  return Math.min(machine, constrained || machine, ...groupLimits(root))
}

// The limits of the control group of this process and of its ancestors; the lowest one holds. In a container the group of the
// process is usually mounted as the root, and the path in /proc/self/cgroup is a path of the host that does not exist here.
function groupLimits(root: string): number[] {
  const limits: number[] = []
  for (const line of text(`${root}proc/self/cgroup`).split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? []
    if (path === undefined) continue
    // Version 2 has one tree for all controllers, with an empty name.
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
  // `max` means no limit, and parses as NaN.
  const limit = Number.parseInt(text(file), 10)
  return limit > 0 ? limit : Number.POSITIVE_INFINITY
}

function text(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    // Without the file there is no limit.
    return ''
  }
}
