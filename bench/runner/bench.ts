// What every measurement of a run needs: where processes are pinned, the generator, and how thorough the run is.

import type { Contender } from './contenders.js'
import { Generator } from './generator.js'
import { type Server, startServer } from './process.js'

const MOST_EXPLAINED = 300

export interface Scale {
  /** Share of the warm-up that a scenario has in a whole run. */
  readonly warmth: number
  /** Share of a slice's length. */
  readonly length: number
  readonly idleConnections: number
  /** Connections of a scenario beyond these are not opened. */
  readonly mostConnections: number
  /** How long a process is left alone until it has come to rest, in milliseconds. */
  readonly settle: number
}

export interface Bench {
  readonly scale: Scale
  readonly generator: string
  /** How to pin a command to the server's core, and to the generator's. */
  readonly serverCore: readonly string[]
  readonly generatorCore: readonly string[]
}

/** A contender that can be started. */
export interface Entrant {
  readonly contender: Contender
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** Starts the contender's server. `flags` are for Node, and reach it only if it runs the server. */
export function serve(bench: Bench, { command, env }: Entrant, args: readonly string[], flags: readonly string[] = []): Promise<Server> {
  const [file, ...rest] = command as [string, ...string[]]
  return startServer([...bench.serverCore, file, ...(file === process.execPath ? flags : []), ...rest, ...args], env)
}

/** Starts a generator and resolves when its connections are open. */
export function generate(bench: Bench, args: readonly string[], { port }: Server): Promise<Generator> {
  return Generator.start([...bench.generatorCore, bench.generator, ...args.map((arg) => arg.replace('{port}', String(port)))])
}

/** An error of a generator is often the server's: the beginning of what that printed is added. On one line. */
export function explained(error: unknown, server?: Server): string {
  const message = error instanceof Error ? error.message : String(error)
  const complaint = server === undefined || server.child.complaint === '' ? '' : `; the server: ${server.child.complaint}`
  return (message + complaint).replace(/\s+/g, ' ').trim().slice(0, MOST_EXPLAINED)
}
