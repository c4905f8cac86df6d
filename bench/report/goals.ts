// The goals of linnet, and whether a run reaches them. A goal applies to the median.

import type { Measure, Results } from '../runner/results.js'
import { ratioOf, type Spread, valuesOf } from './statistics.js'

interface Goal {
  readonly scenario: string
  readonly contender: string
  readonly measure: Measure
  /** The contender to which the ratio is taken; undefined: the absolute figure counts. */
  readonly against?: string
  readonly least?: number
  readonly most?: number
  /** A better value, where one is known. */
  readonly beyond?: number
}

export interface Verdict {
  readonly goal: Goal
  /** Undefined if the run did not measure it. */
  readonly found: Spread | undefined
  readonly reached: boolean | undefined
}

const MB = 1e6

const rate = (scenario: string, contender: string, against: string, least: number, beyond?: number): Goal => ({
  scenario,
  contender,
  measure: 'rate',
  against,
  least,
  ...(beyond === undefined ? {} : { beyond }),
})
const most = (
  scenario: string,
  contender: string,
  measure: Measure,
  against: string | undefined,
  limit: number,
  beyond?: number,
): Goal => ({
  scenario,
  contender,
  measure,
  most: limit,
  ...(against === undefined ? {} : { against }),
  ...(beyond === undefined ? {} : { beyond }),
})

const PIPELINED = ['pipelined', 'deep']
const TWO_AWAITS = ['linnet', 'linnet-lines', 'linnet-framed']
const A_WRITE_A_LINE: readonly [string, number][] = [
  ['tornado', 20],
  ['asyncio', 12],
  ['uvloop', 2.5],
  ['bun', 8],
  ['deno', 8],
]

const goals: readonly Goal[] = [
  rate('ping-pong', 'linnet', 'N3', 0.95, 1),
  most('ping-pong', 'linnet', 'p99', 'N3', 1.1),
  rate('ping-pong', 'linnet-framed', 'N3', 0.95, 1),
  ...['connections-4', 'connections-16'].flatMap((scenario) => [
    rate(scenario, 'linnet', 'N3', 0.92, 0.97),
    most(scenario, 'linnet', 'p99', 'N3', 1.1),
  ]),
  rate('many', 'linnet', 'N3', 0.97, 1),
  most('many', 'linnet', 'p99', 'N3', 1.15),
  ...['connections-1000', 'connections-10000'].flatMap((scenario) => [
    most(scenario, 'linnet', 'cpu', 'N3', 1.03, 1),
    most(scenario, 'linnet', 'p99', 'N3', 1.05),
  ]),
  ...PIPELINED.flatMap((scenario) => TWO_AWAITS.map((contender) => rate(scenario, contender, 'floor', 0.97))),
  rate('pipelined', 'linnet-try-line', 'N3', 0.7, 0.8),
  rate('pipelined', 'linnet-try-until', 'N3', 0.7, 0.8),
  ...PIPELINED.flatMap((scenario) => [rate(scenario, 'linnet-batches', 'N3', 0.95, 1.1), rate(scenario, 'linnet-batches', 'go', 0.5)]),
  rate('framed-length', 'linnet-length', 'N3-length', 0.4, 0.5),
  rate('framed-length', 'linnet-length', 'frame-stream', 5),
  rate('framed-json', 'linnet-json', 'N3-json', 0.6, 0.8),
  rate('framed-json', 'linnet-json', 'split2', 2.5),
  rate('large', 'linnet', 'N3', 1.35),
  rate('large', 'linnet', 'N1', 0.97, 1),
  most('large', 'linnet', 'p99', 'N3', 0.5),
  rate('bulk-both', 'linnet-bulk', 'N1-bulk', 0.97, 1),
  rate('line-64', 'linnet', 'N1', 0.92, 1),
  rate('churn', 'linnet', 'N1', 0.82, 0.92),
  most('idle', 'linnet', 'idle', 'N1', 1.38, 1.25),
  most('start', 'linnet', 'import', undefined, 20, 10),
  most('start', 'linnet', 'listen', undefined, 30, 15),
  most('start', 'linnet', 'heap', undefined, 7 * MB),
  most('collections', 'linnet', 'collections', undefined, 0),
  ...A_WRITE_A_LINE.map(([contender, least]) => rate('pipelined', 'linnet', contender, least)),
  ...A_WRITE_A_LINE.map(([contender]) => rate('pipelined', 'linnet-batches', contender, 20)),
]

/** Every goal, with the result of the run. */
export function verdicts(results: Pick<Results, 'samples'>): Verdict[] {
  return goals.map((goal) => {
    const { scenario, contender, measure, against, least = 0, most = Number.POSITIVE_INFINITY } = goal
    const found =
      against === undefined ? valuesOf(results, scenario, contender, measure) : ratioOf(results, scenario, measure, contender, against)
    return { goal, found, reached: found && found.median >= least && found.median <= most }
  })
}
