// Descriptors: a scenario with ten thousand connections needs as many in the server and in the generator. Node and the generator
// raise their soft limit to the hard one at their start. The hard limit is raised here, if the runner has the permission.

import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

// A server has other open files: its program, its event loop, its output.
const SPARE = 200

/** Resolves with an instruction if a process may not have that many connections, otherwise with undefined. */
export async function missingDescriptors(connections: number): Promise<string | undefined> {
  const needed = connections + SPARE
  if ((await hardLimit()) >= needed) return undefined
  // Processes that are started from now on inherit it.
  await run('prlimit', ['--pid', String(process.pid), `--nofile=${needed}:${needed}`]).catch(() => {})
  const limit = await hardLimit()
  return limit >= needed ? undefined : `${needed} descriptors are needed and ${limit} allowed: ulimit -Hn ${needed}, as root`
}

async function hardLimit(): Promise<number> {
  const limits = await readFile('/proc/self/limits', 'latin1')
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1]
  return hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard ?? 0)
}
