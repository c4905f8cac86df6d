// Measures within passes. All servers of a scenario run at once, each with its connections open and its code compiled. A pass loads each
// of them for one slice, in random order. A ratio is taken between slices of one pass, so that changes of the machine from second to
// second affect both sides.

import { type Bench, type Entrant, explained, generate, serve } from './bench.js'
import type { Generator } from './generator.js'
import { shuffled } from './order.js'
import { cpuOf, memoryOf, type Server } from './process.js'
import type { Measures } from './results.js'
import type { Load, Scenario } from './scenario.js'

const MICRO = 1e6
const MILLI = 1000
const WARM_SLICE = 60
// A minimum, so that a fast contender is warm too, which soon reaches its number of units.
const LEAST_WARM = 3
// A multiple of the time limit of a warm-up, for a server that is never busy.
const MOST_WARM = 4
// At least so many passes run, regardless of the time.
const LEAST_PASSES = 9

/** Receives the results. */
export interface Record {
  measured(entrant: Entrant, pass: number, measures: Measures): void
  failed(entrant: Entrant, pass: number, error: string): void
}

interface Station {
  readonly entrant: Entrant
  readonly server: Server
  readonly generator: Generator
}

export interface Limits {
  readonly passes: number
  /** The time (of Date.now()) at which the passes end early. */
  readonly until: number
  readonly random: () => number
}

/** Runs one scenario. A contender that fails is recorded, and is left out of later passes. */
export async function measureInPasses(
  bench: Bench,
  scenario: Scenario & { method: Load },
  entrants: readonly Entrant[],
  limits: Limits,
  record: Record,
): Promise<void> {
  const { method } = scenario
  const stations = new Set<Station>()
  try {
    for (const entrant of entrants) {
      const station = await open(bench, scenario, entrant).catch((error: unknown) => record.failed(entrant, 0, explained(error)))
      if (station) stations.add(station)
    }
    for (const station of stations) await guarded(station, 0, () => warm(bench, method, station))
    for (let pass = 0; pass < limits.passes && (pass < LEAST_PASSES || Date.now() < limits.until); pass++) {
      for (const station of shuffled([...stations], limits.random)) {
        await guarded(station, pass, async () => {
          record.measured(station.entrant, pass, await slice(bench, scenario, station))
        })
      }
    }
  } finally {
    await Promise.all([...stations].map(close))
  }

  async function guarded(station: Station, pass: number, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      record.failed(station.entrant, pass, explained(error, station.server))
      stations.delete(station)
      await close(station)
    }
  }
}

async function open(bench: Bench, { method, connections }: Scenario & { method: Load }, entrant: Entrant): Promise<Station> {
  const server = await serve(bench, entrant, method.server)
  try {
    return {
      entrant,
      server,
      generator: await generate(bench, method.generator(Math.min(connections, bench.scale.mostConnections)), server),
    }
  } catch (error) {
    await server.child.stop()
    throw new Error(explained(error, server))
  }
}

async function close({ server, generator }: Station): Promise<void> {
  await generator.stop()
  await server.child.stop()
}

/**
 * Warms a server until its code is compiled, which depends on the number of messages and not on time. The limit is CPU time of the
 * server, which does not depend on the load of the machine.
 */
async function warm({ scale: { warmth } }: Bench, { warm: { units, ms } }: Load, { server, generator }: Station): Promise<void> {
  const { pid } = server.child
  const begun = Date.now()
  const before = await cpuOf(pid)
  let done = 0
  for (let times = 0; times < LEAST_WARM * warmth || done < units * warmth; times++) {
    done += (await generator.slice(WARM_SLICE)).total
    const busy = ((await cpuOf(pid)) - before) * MILLI
    if (busy > ms * warmth || Date.now() - begun > MOST_WARM * ms * warmth) break
  }
}

async function slice(bench: Bench, { method, unit }: Scenario & { method: Load }, { server, generator }: Station): Promise<Measures> {
  const { pid } = server.child
  const before = await cpuOf(pid)
  const { count, seconds, total, p50, p99, p999 } = await generator.slice(method.slice * bench.scale.length)
  const cpu = ((await cpuOf(pid)) - before) * MICRO
  const measures: Measures = { rate: count / seconds, rss: await memoryOf(pid) }
  // Some kernels do not report it.
  if (cpu > 0) measures.cpu = cpu / total
  return unit === 'byte' ? measures : { ...measures, p50, p99, p999 }
}
