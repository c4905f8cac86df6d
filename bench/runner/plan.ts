// The plan of a run: for each scenario its contenders, passes and estimated time. So a run prints its duration at the start, and a
// scenario that takes much longer is shortened.

import type { Entrant, Scale } from './bench.js'
import { before, type Contender, contenders, groupOf, kindOf } from './contenders.js'
import { LIBRARY, type Library, libraryOf } from './library.js'
import { missingDescriptors } from './limits.js'
import type { Options } from './options.js'
import type { Results } from './results.js'
import type { Scenario } from './scenario.js'

export interface Step {
  readonly scenario: Scenario
  readonly entrants: readonly Entrant[]
  readonly passes: number
  /** The estimated time, in seconds. */
  readonly seconds: number
}

const QUICK_PASSES = 5
const SMOKE_CONTENDERS = 2

// The additional time of each contender of a scenario and of each slice: starting the server, opening a connection, stopping; reading
// /proc, a command and its answer.
const STARTING = 0.35
const CONNECTING = 0.0001
const ASKING = 0.004
const MILLI = 0.001

/** Determines which contenders can be started. The others are left out, with a line that states how to install them. */
export async function planOf(options: Options, results: Results): Promise<Step[]> {
  const library = await libraryOf(options.library)
  const other = options.against === undefined ? undefined : await libraryOf(options.against)
  const wanted = new Set(options.scenarios.flatMap((scenario) => namesIn(options, scenario)))
  const entrants = new Map<string, Entrant>()
  for (const contender of contenders) {
    if (!wanted.has(contender.id)) continue
    const found = await contender.find()
    if ('missing' in found) {
      leftOut(results, contender.label, found.missing)
      continue
    }
    if (found.version !== undefined) results.versions[contender.id] = found.version
    for (const each of contender.group === 'linnet' ? versions(contender, library, other, results) : [contender]) {
      entrants.set(each.id, { contender: each, command: found.command, env: each.library === undefined ? {} : { [LIBRARY]: each.library } })
    }
  }
  const steps: Step[] = []
  for (const scenario of options.scenarios) {
    const names = namesIn(options, scenario)
    const taking = [...entrants.values()].filter(({ contender }) => names.includes(kindOf(contender.id)))
    if (taking.length === 0) continue
    const missing = await missingDescriptors(Math.min(scenario.connections, options.scale.mostConnections))
    if (missing === undefined) steps.push(stepOf(options, scenario, taking))
    else leftOut(results, scenario.name, missing)
  }
  return steps
}

/** The contender of each checkout. A checkout from before an entry point has no contender for it. */
function versions(contender: Contender, library: Library, other: Library | undefined, results: Results): Contender[] {
  const { entry = '.' } = contender
  const all: [Library, Contender][] = [[library, { ...contender, library: library.file }]]
  if (other !== undefined) all.push([other, before(contender, other.file)])
  return all.flatMap(([{ entries }, version]) => {
    if (entries.includes(entry)) return [version]
    leftOut(results, version.label, `a checkout with the entry point ${entry}`)
    return []
  })
}

function leftOut(results: Results, what: string, how: string): void {
  results.missing.push({ what, how })
  console.log(`without ${what}: ${how}`)
}

/** The contenders of a scenario by id; linnet of this checkout and of another have the same id. */
export function namesIn(
  { mode, contenders: named, against }: Pick<Options, 'mode' | 'contenders' | 'against'>,
  { contenders: all, quick, reference }: Scenario,
): readonly string[] {
  // Named contenders take part in a quick run too, and so does the one to which ratios are taken.
  if (named !== undefined) {
    const some = all.filter((id) => named.some((contender) => contender.id === id))
    return some.length === 0 ? [] : all.filter((id) => id === reference || some.includes(id))
  }
  if (mode === 'smoke') return [...new Set([all[0] as string, reference])].slice(0, SMOKE_CONTENDERS)
  if (mode === 'quick') return quick
  // Another version of linnet is compared with this one only; more contenders would make the run too long.
  return against === undefined ? all : all.filter((id) => groupOf(id) === 'linnet' || groupOf(id) === 'node')
}

function stepOf({ mode, passes: asked, scale }: Options, scenario: Scenario, entrants: readonly Entrant[]): Step {
  const quickly = scenario.method.how === 'fresh' ? 1 : QUICK_PASSES
  const passes = asked ?? { whole: scenario.passes, quick: quickly, smoke: 1 }[mode]
  const ids = entrants.map(({ contender }) => contender.id)
  return { scenario, entrants, passes, seconds: secondsOf(scale, scenario, ids, passes) }
}

/** The estimated time of so many passes of these contenders. */
export function secondsOf(scale: Scale, scenario: Scenario, ids: readonly string[], passes: number): number {
  const { method } = scenario
  const connections = Math.min(scenario.connections, scale.mostConnections)
  if (method.how === 'fresh') {
    const times = ids.map((id) => (takesPartOften(scenario, id) ? passes : 1))
    return times.reduce((sum, each) => sum + each, 0) * method.seconds(scale)
  }
  const slices = passes * ((method.slice * scale.length + method.beyond) * MILLI + ASKING)
  // Most are warm before their time limit.
  const warm = method.warm.ms * scale.warmth * MILLI
  return ids.length * (STARTING + connections * CONNECTING + warm + slices)
}

export function takesPartOften({ often }: Scenario, id: string): boolean {
  return often === undefined || often.includes(kindOf(id))
}
