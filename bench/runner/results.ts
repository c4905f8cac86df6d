// The results and their format: in memory one sample for each scenario, contender and pass; in results.json one row for each scenario
// and contender, with a column of passes for each measure, so that a diff shows one line for each change.

import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Machine } from './machine.js'

/** The results of one contender in one pass. `unit` below is that of the scenario: a message, a connection or a byte. */
export interface Measures {
  /** Units a second. */
  rate?: number
  /** Latency, in microseconds. */
  p50?: number
  p99?: number
  p999?: number
  /** CPU time of the server for one unit, in microseconds. */
  cpu?: number
  /** Resident memory of the server after the slice, in bytes. */
  rss?: number
  /** Idle: resident bytes a connection. */
  idle?: number
  /** Start: CPU time of `import`, and from the start to the end of the first `listen`, in milliseconds. */
  import?: number
  listen?: number
  /** Start: heap in use after `listen`, in bytes. */
  heap?: number
  /** Full collections of V8 while the messages of the scenario are transferred. */
  collections?: number
  /** Bytes that a message allocates in V8's heap. */
  garbage?: number
}

export type Measure = keyof Measures

export interface Sample extends Measures {
  scenario: string
  contender: string
  /** From 0. */
  pass: number
}

/** The parameters of a run. */
export interface RunFacts {
  command: string
  quick: boolean
  /** The seed for the orders of all passes. */
  seed: number
  /** The duration of the whole run, in seconds. */
  seconds: number
  /** The commit that `--against` names. */
  against?: string
}

export interface Results {
  machine: Machine
  run: RunFacts
  /** Missing contenders and measures, and how to install them. */
  missing: { what: string; how: string }[]
  /** Versions of the contenders that do not run on this Node. */
  versions: Record<string, string>
  failures: { scenario: string; contender: string; pass: number; error: string }[]
  samples: Sample[]
}

type Row = { scenario: string; contender: string } & { [M in Measure]?: (number | null)[] }

const MEASURES: readonly Measure[] = [
  'rate',
  'p50',
  'p99',
  'p999',
  'cpu',
  'rss',
  'idle',
  'import',
  'listen',
  'heap',
  'collections',
  'garbage',
]

// The results of the oldest Node that linnet runs on have the plain name; those of a newer one stand beside them.
const FLOOR = 20
const NAME = /^results(?:-node(\d+))?\.json$/

/** The name of the results of a version of Node, as in `process.version`. */
export function fileNameOf(node: string): string {
  const major = Number.parseInt(node.slice(1), 10)
  return major === FLOOR ? 'results.json' : `results-node${major}.json`
}

/** The results in a folder: those of the oldest version of Node, and beside them those of newer ones. */
export async function readAll(folder: string): Promise<{ results: Results; beside: Results[] }> {
  const files = (await readdir(folder)).flatMap((name) => {
    const [, major = String(FLOOR)] = NAME.exec(name) ?? [undefined, '']
    return major === '' ? [] : { name, major: Number(major) }
  })
  files.sort((a, b) => a.major - b.major)
  const [results, ...beside] = await Promise.all(files.map(({ name }) => readResults(join(folder, name))))
  if (results === undefined) throw new Error(`there is no results.json in ${folder}: run the benchmark first`)
  return { results, beside }
}

// Enough for a spread of 5 %; a file with all passes of all contenders would be large.
const DIGITS = 4

// A column of passes is on one line.
const NUMBERS = /\[\s+(?:-?[\d.]+|null)(?:,\s+(?:-?[\d.]+|null))*\s+\]/g
const oneLine = (list: string): string => list.replace(/\s+/g, ' ').replace('[ ', '[').replace(' ]', ']')

export async function writeResults(path: string, results: Results): Promise<void> {
  const rows = new Map<string, Row>()
  for (const sample of results.samples) {
    const { scenario, contender, pass } = sample
    const key = `${scenario} ${contender}`
    const row = rows.get(key) ?? { scenario, contender }
    rows.set(key, row)
    for (const measure of MEASURES) {
      const value = sample[measure]
      if (value === undefined) continue
      const column = (row[measure] ??= [])
      while (column.length < pass) column.push(null)
      column.push(Number(value.toPrecision(DIGITS)))
    }
  }
  const text = JSON.stringify({ ...results, samples: [...rows.values()] }, null, 2)
  await writeFile(path, `${text.replace(NUMBERS, oneLine)}\n`)
}

export async function readResults(path: string): Promise<Results> {
  const { samples, ...rest } = JSON.parse(await readFile(path, 'utf8')) as Omit<Results, 'samples'> & { samples: Row[] }
  if (rest.run.seed === undefined) throw new Error(`${path} was written by an earlier benchmark, which measured in rounds`)
  return { ...rest, samples: samples.flatMap(samplesOf) }
}

function samplesOf(row: Row): Sample[] {
  const { scenario, contender } = row
  const passes = Math.max(0, ...MEASURES.map((measure) => row[measure]?.length ?? 0))
  return Array.from({ length: passes }, (_, pass): Sample => {
    const sample: Sample = { scenario, contender, pass }
    for (const measure of MEASURES) {
      const value = row[measure]?.[pass]
      if (typeof value === 'number') sample[measure] = value
    }
    return sample
  })
}
