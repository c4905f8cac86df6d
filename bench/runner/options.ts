// The command line of `npm run bench`.

import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { Scale } from './bench.js'
import { type Contender, contenders } from './contenders.js'
import type { Scenario } from './scenario.js'
import { scenarios } from './scenarios.js'
import { built, sources } from './tools.js'

export type Mode = 'whole' | 'quick' | 'smoke'

export interface Options {
  readonly command: string
  readonly mode: Mode
  readonly help: boolean
  /** Writes the tables and the chart of earlier results without measuring. */
  readonly render: boolean
  /** The passes of every scenario; undefined: the number that each defines. */
  readonly passes: number | undefined
  readonly seed: number
  readonly scale: Scale
  readonly scenarios: readonly Scenario[]
  /** Undefined: the contenders that each scenario defines. */
  readonly contenders: readonly Contender[] | undefined
  /** Another checkout whose linnet is measured instead of this one. */
  readonly library: string | undefined
  /** Another checkout whose linnet is measured too. */
  readonly against: string | undefined
  readonly out: string
}

export const usage: string = `npm run bench -- [options]
  --quick              a minute and a half: five passes, linnet, N1, N3 and the floor only
  --smoke              twenty seconds: each scenario once, with two contenders; checks that it works, measures nothing
  --only A,B           scenarios: ${[...new Set(scenarios.flatMap(({ name, group }) => [group, name]))].join(', ')}
  --contenders A,B     by id or group (linnet*, node, packages, peers): ${contenders
    .filter(({ id }) => !id.endsWith('-bulk'))
    .map(({ id }) => id)
    .join(', ')}
  --against DIR        linnet as built in another checkout takes part in the same passes (npm ci && npm run build
                       there); packages and peers do not, unless they are named
  --library DIR        linnet as built in another checkout is measured instead of this one's
  --passes N           of every scenario; default 15 to 40, of which a scenario is cut short that takes too long
  --slice MS           length of a slice; default 120, for 10,000 connections 400
  --seed N             the order of contenders, to repeat that of a run
  --out DIR            default bench/ for a whole run, else build/bench/results/
  --render             only writes the tables and the chart anew, from the results in DIR`

const USUAL_SLICE = 120
const MOST_SEED = 2 ** 32

const SCALES: { readonly [M in Mode]: Scale } = {
  whole: { warmth: 1, length: 1, idleConnections: 5000, mostConnections: 10_000, settle: 300 },
  quick: { warmth: 0.75, length: 1, idleConnections: 1000, mostConnections: 10_000, settle: 200 },
  smoke: { warmth: 0, length: 1 / 3, idleConnections: 100, mostConnections: 200, settle: 50 },
}

/** @throws Error with a message for the user */
export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      help: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      smoke: { type: 'boolean', default: false },
      render: { type: 'boolean', default: false },
      only: { type: 'string' },
      contenders: { type: 'string' },
      against: { type: 'string' },
      library: { type: 'string' },
      passes: { type: 'string' },
      slice: { type: 'string' },
      seed: { type: 'string' },
      out: { type: 'string' },
    },
  })
  const { help, render, only, out, against, library } = values
  const mode: Mode = values.smoke ? 'smoke' : values.quick ? 'quick' : 'whole'
  const slice = positive(values.slice, 'slice')
  const passes = positive(values.passes, 'passes')
  const named = values.contenders === undefined ? undefined : chosen(values.contenders, contenders, namesOf)
  const part =
    mode !== 'whole' ||
    against !== undefined ||
    library !== undefined ||
    only !== undefined ||
    named !== undefined ||
    passes !== undefined ||
    slice !== undefined
  const scale = SCALES[mode]
  return {
    command: ['npm run bench', ...(args.length > 0 ? ['--', ...args] : [])].join(' '),
    mode,
    help,
    render,
    passes: passes === undefined ? undefined : Math.ceil(passes),
    seed: Math.floor(positive(values.seed, 'seed') ?? Math.random() * MOST_SEED),
    scale: slice === undefined ? scale : { ...scale, length: slice / USUAL_SLICE },
    scenarios: only === undefined ? scenarios : chosen(only, scenarios, ({ name, group }) => [name, group]),
    contenders: named,
    against,
    library,
    // A partial run must not overwrite the results of a whole run, which are in the repository.
    out: out !== undefined ? resolve(out) : !part || render ? sources : join(built, 'results'),
  }
}

/** `linnet` selects the loop of awaits; `linnet*` selects the whole group. */
function namesOf({ id, group }: Contender): string[] {
  return [id, id.replace(/-bulk$/, ''), group === 'linnet' ? 'linnet*' : group]
}

function chosen<T>(list: string, all: readonly T[], names: (item: T) => readonly string[]): T[] {
  const asked = list.split(',').map((name) => name.trim())
  for (const name of asked) if (!all.some((item) => names(item).includes(name))) throw new Error(`there is no '${name}'\n\n${usage}`)
  return all.filter((item) => names(item).some((name) => asked.includes(name)))
}

function positive(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (!(value > 0)) throw new Error(`--${name} must be a number above 0, not '${text}'\n\n${usage}`)
  return value
}
