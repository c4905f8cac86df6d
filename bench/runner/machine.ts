// Where a run took place, as far as it explains the figures; nothing here names the machine.

import { execFile } from 'node:child_process'
import { availableParallelism, cpus, release, totalmem, type } from 'node:os'
import { promisify } from 'node:util'

export interface Machine {
  date: string
  node: string
  cores: number
  processor: string
  memory: string
  system: string
  /** Of this repository; with `+` if there were changes. */
  commit: string
  /** Whether server and generator each had a core of their own. */
  pinned: boolean
}

const run = promisify(execFile)
const GIB = 1024 ** 3

export async function thisMachine(pinned: boolean): Promise<Machine> {
  return {
    date: new Date().toISOString().slice(0, 16),
    node: process.version,
    cores: availableParallelism(),
    processor: cpus()[0]?.model ?? 'unknown',
    memory: `${Math.round(totalmem() / GIB)} GiB`,
    system: `${type()} ${release()}`,
    commit: await commit(),
    pinned,
  }
}

async function commit(): Promise<string> {
  try {
    const { stdout: name } = await run('git', ['rev-parse', '--short', 'HEAD'])
    const { stdout: changes } = await run('git', ['status', '--porcelain', '--untracked-files=no', '--', 'lib'])
    return name.trim() + (changes === '' ? '' : '+')
  } catch {
    return 'unknown'
  }
}
