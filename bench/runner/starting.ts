// Measurements that need a new process for each figure: the cost of a start, and what V8's garbage collector reports of a server that has
// just started. A pass starts each contender once, in random order.

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Bench, type Entrant, generate, type Scale, serve } from './bench.js'
import { kindOf } from './contenders.js'
import type { Measures } from './results.js'
import { built } from './tools.js'

const run = promisify(execFile)
const KIB = 1024
const LINE = 64 * KIB
const LINES = (512 * KIB * KIB) / LINE
const MESSAGES = 400_000
const SLICE = 100
const MILLI = 1000

/** One figure of one contender, from a new process. */
export interface Fresh {
  readonly how: 'fresh'
  /** The duration of one, for estimates. */
  seconds(scale: Scale): number
  measure(bench: Bench, entrant: Entrant): Promise<Measures>
}

export const START: Fresh = {
  how: 'fresh',
  seconds: () => 0.25,
  async measure(bench, { contender, env }) {
    const command = [...bench.serverCore, process.execPath, join(built, 'servers/start.js'), kindOf(contender.id)]
    const [file, ...args] = command as [string, ...string[]]
    const { stdout } = await run(file, args, { env: { ...process.env, ...env } })
    const { import: imported, listen, used } = JSON.parse(stdout) as { import: number; listen: number; used: number }
    return { import: imported * MILLI, listen: listen * MILLI, heap: used }
  },
}

export const COLLECTIONS: Fresh = {
  how: 'fresh',
  seconds: () => 1.5,
  async measure(bench, entrant) {
    const server = await serve(bench, entrant, ['echo'], ['--trace-gc'])
    try {
      const generator = await generate(bench, ['echo', '{port}', '8', '4', String(LINE)], server)
      const before = full(server.printed)
      for (let lines = 0; lines < LINES; ) lines += (await generator.slice(SLICE * bench.scale.length)).total
      await generator.stop()
      await server.child.stop()
      return { collections: full(server.printed) - before }
    } finally {
      await server.child.stop()
    }
  },
}

export const GARBAGE: Fresh = {
  how: 'fresh',
  seconds: () => 5,
  async measure(bench, entrant) {
    const server = await serve(bench, entrant, ['echo'], ['--trace-gc'])
    try {
      const generator = await generate(bench, ['echo', '{port}', '64', '1', '64'], server)
      const messages = async (least: number): Promise<number> => {
        let count = 0
        while (count < least) count += (await generator.slice(SLICE)).total
        return count
      }
      // Until the code is compiled, V8 allocates for itself.
      await messages(MESSAGES * bench.scale.length)
      const before = server.printed.length
      const count = await messages(MESSAGES * bench.scale.length)
      await generator.stop()
      await server.child.stop()
      const printed = server.printed.slice(before)
      return { garbage: allocated(printed) / count, collections: full(printed) }
    } finally {
      await server.child.stop()
    }
  },
}

/** The bytes that were allocated between the first and the last of these collections: each line has the heap before and after one. */
export function allocated(printed: readonly string[]): number {
  let bytes = 0
  let after: number | undefined
  for (const line of printed) {
    const sizes = /: (?:Scavenge|Mark-Compact)\D* ([\d.]+) \([\d.]+\) -> ([\d.]+) /.exec(line)
    if (sizes === null) continue
    if (after !== undefined) bytes += (Number(sizes[1]) - after) * KIB * KIB
    after = Number(sizes[2])
  }
  return bytes
}

// [1234:0x5f2e] 210 ms: Mark-Compact 6.1 (8.2) -> 5.4 (9.2) MB, …
function full(printed: readonly string[]): number {
  return printed.filter((line) => line.includes('Mark-Compact')).length
}
