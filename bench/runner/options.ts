// The command line of `npm run bench`, and what it comes to.

import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Contender, contenders } from './contenders.js'
import type { Scale, Scenario } from './scenarios.js'
import { scenarios } from './scenarios.js'
import { built, sources } from './tools.js'

export interface Options {
  readonly command: string
  readonly quick: boolean
  readonly help: boolean
  /** Writes the tables and the chart of old results, and measures nothing. */
  readonly render: boolean
  readonly rounds: number
  readonly scale: Scale
  readonly scenarios: readonly Scenario[]
  readonly contenders: readonly Contender[]
  readonly out: string
}

export const usage: string = `npm run bench -- [options]
  --quick              less than a minute: one round of a second each, linnet, N1, N2 and N3 only
  --only A,B           scenarios: ${[...new Set(scenarios.map(({ group }) => group))].join(', ')}
  --contenders A,B     by id or group (linnet*, node, packages, peers): ${contenders
    .filter(({ id }) => !id.endsWith('-bulk'))
    .map(({ id }) => id)
    .join(', ')}
  --rounds N           default 5
  --seconds S          of each measurement, default 2
  --out DIR            default bench/ for a whole run, else build/bench/results/
  --render             only writes the tables and the chart anew, from DIR/results.json`

const MIB = 1024 * 1024

/** @throws Error with a message for the user */
export function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      help: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      render: { type: 'boolean', default: false },
      only: { type: 'string' },
      contenders: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      out: { type: 'string' },
    },
  })
  const { help, quick, render, only, out } = values
  const seconds = positive(values.seconds, 'seconds') ?? (quick ? 1 : 2)
  const whole = !quick && only === undefined && values.contenders === undefined
  return {
    command: ['npm run bench', ...(args.length > 0 ? ['--', ...args] : [])].join(' '),
    help,
    quick,
    render,
    rounds: Math.ceil(positive(values.rounds, 'rounds') ?? (quick ? 1 : 5)),
    scale: {
      seconds,
      warm: quick ? 0.2 : 0.5,
      bulkBytes: (quick ? 256 : 1024) * MIB,
      idleConnections: quick ? 1000 : 5000,
    },
    scenarios: only === undefined ? scenarios : chosen(only, scenarios, ({ name, group }) => [name, group]),
    contenders: values.contenders === undefined ? contenders : chosen(values.contenders, contenders, namesOf),
    // A part of the benchmark shall not take the place of the whole, which is kept in the repository.
    out: out !== undefined ? resolve(out) : whole || render ? sources : join(built, 'results'),
  }
}

/** `linnet` alone is the linear loop and not the group, which is all of them: `linnet*`. */
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
