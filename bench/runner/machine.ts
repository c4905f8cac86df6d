// Describes the machine of a run, as far as it explains the figures, without naming the machine.

import { availableParallelism, cpus, release, totalmem, type } from 'node:os'
import { commitOf } from './library.js'

export interface Machine {
  date: string
  node: string
  cores: number
  processor: string
  memory: string
  system: string
  /** The commit of the measured linnet; with `+` if there were changes. */
  commit: string
  /** Whether server and generator each had a separate core. */
  pinned: boolean
}

const GIB = 1024 ** 3

export async function thisMachine(pinned: boolean, checkout: string | undefined): Promise<Machine> {
  return {
    date: new Date().toISOString().slice(0, 16),
    node: process.version,
    cores: availableParallelism(),
    processor: cpus()[0]?.model ?? 'unknown',
    memory: `${Math.round(totalmem() / GIB)} GiB`,
    system: `${type()} ${release()}`,
    commit: await commitOf(checkout),
    pinned,
  }
}
