// Shared by all measurements of a run: the cores for processes, the generator, and the duration of the run.

import type { Contender } from './contenders.js'
import { Generator } from './generator.js'
import { type Server, startServer } from './process.js'

const MOST_EXPLAINED = 300

export interface Scale {
  /** The warm-up, as a fraction of that of a whole run. */
  readonly warmth: number
  /** The length of a slice, as a fraction of that of a whole run. */
  readonly length: number
  readonly idleConnections: number
  /** The maximum number of connections of a scenario. */
  readonly mostConnections: number
  /** The time that a process gets to become idle, in milliseconds. */
  readonly settle: number
}

export interface Bench {
  readonly scale: Scale
  readonly generator: string
  /** The command prefixes that pin to the server's core and to the generator's. */
  readonly serverCore: readonly string[]
  readonly generatorCore: readonly string[]
}

/** A contender that can be started. */
export interface Entrant {
  readonly contender: Contender
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** Starts the contender's server. `flags` are for Node, and are used only if Node runs the server. */
export function serve(bench: Bench, { command, env }: Entrant, args: readonly string[], flags: readonly string[] = []): Promise<Server> {
  const [file, ...rest] = command as [string, ...string[]]
  return startServer([...bench.serverCore, file, ...(file === process.execPath ? flags : []), ...rest, ...args], env)
}

/** Starts a generator and resolves when its connections are open. */
export function generate(bench: Bench, args: readonly string[], { port }: Server): Promise<Generator> {
  return Generator.start([...bench.generatorCore, bench.generator, ...args.map((arg) => arg.replace('{port}', String(port)))])
}

/** A failure of the generator is often caused by the server: adds the beginning of the server's output, on one line. */
export function explained(error: unknown, server?: Server): string {
  const message = error instanceof Error ? error.message : String(error)
  const complaint = server === undefined || server.child.complaint === '' ? '' : `; the server: ${server.child.complaint}`
  return (message + complaint).replace(/\s+/g, ' ').trim().slice(0, MOST_EXPLAINED)
}
