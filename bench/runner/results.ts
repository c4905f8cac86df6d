// What is measured and how it is kept: one sample for each scenario, contender and round in memory, and in results.json
// one row for each scenario and contender with a column of rounds for each measure, so that a change reads as one.

import { readFile, writeFile } from 'node:fs/promises'
import type { Machine } from './machine.js'

/** What one run of one contender gave. `unit` below is the scenario's: a message, a connection or a byte. */
export interface Measures {
  /** Units a second; for the idle scenario, bytes a connection. */
  rate: number
  /** Latency, in microseconds. */
  p50?: number
  p99?: number
  p999?: number
  /** CPU time of the server for one unit, in microseconds. */
  cpu?: number
  /** Resident memory of the server at the end of the run, in bytes. */
  rss?: number
}

export type Measure = keyof Measures

export interface Sample extends Measures {
  scenario: string
  contender: string
  /** From 0. */
  round: number
}

/** What a run was asked for. */
export interface RunFacts {
  command: string
  rounds: number
  seconds: number
  warm: number
  quick: boolean
}

export interface Results {
  machine: Machine
  run: RunFacts
  /** The order in which each round took the contenders. */
  orders: string[]
  /** What was not there to be compared with, and how to install it. */
  missing: { contender: string; how: string }[]
  /** Versions of what does not run on this Node. */
  versions: Record<string, string>
  failures: { scenario: string; contender: string; round: number; error: string }[]
  samples: Sample[]
}

type Row = { scenario: string; contender: string } & { [M in Measure]?: (number | null)[] }

const MEASURES: readonly Measure[] = ['rate', 'p50', 'p99', 'p999', 'cpu', 'rss']

// A column of rounds stands on one line, as the formatter wants it.
const NUMBERS = /\[\s+(?:-?[\d.]+|null)(?:,\s+(?:-?[\d.]+|null))*\s+\]/g
const oneLine = (list: string): string => list.replace(/\s+/g, ' ').replace('[ ', '[').replace(' ]', ']')

export async function writeResults(path: string, results: Results): Promise<void> {
  const rows = new Map<string, Row>()
  for (const sample of results.samples) {
    const { scenario, contender, round } = sample
    const key = `${scenario} ${contender}`
    const row = rows.get(key) ?? { scenario, contender }
    rows.set(key, row)
    for (const measure of MEASURES) {
      const value = sample[measure]
      if (value === undefined) continue
      const column = (row[measure] ??= [])
      while (column.length < round) column.push(null)
      column.push(Number(value.toPrecision(5)))
    }
  }
  const text = JSON.stringify({ ...results, samples: [...rows.values()] }, null, 2)
  await writeFile(path, `${text.replace(NUMBERS, oneLine)}\n`)
}

export async function readResults(path: string): Promise<Results> {
  const { samples, ...rest } = JSON.parse(await readFile(path, 'utf8')) as Omit<Results, 'samples'> & { samples: Row[] }
  return { ...rest, samples: samples.flatMap(samplesOf) }
}

function samplesOf(row: Row): Sample[] {
  const { scenario, contender } = row
  const samples: Sample[] = []
  for (const [round, rate] of (row.rate ?? []).entries()) {
    if (rate === null) continue
    const sample: Sample = { scenario, contender, round, rate }
    for (const measure of MEASURES) {
      const value = row[measure]?.[round]
      if (typeof value === 'number') sample[measure] = value
    }
    samples.push(sample)
  }
  return samples
}
