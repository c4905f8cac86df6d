// What linnet is to reach, as shared/design/performance.md says it, and whether a run shows that.

import type { Measure, Results } from '../runner/results.js'
import { ratioOf, type Spread, valuesOf } from './statistics.js'

interface Goal {
  readonly scenario: string
  readonly contender: string
  readonly measure: Measure
  /** Whom it is compared with; undefined: the figure itself counts. */
  readonly against?: { scenario?: string; contender: string }
  readonly least?: number
  readonly most?: number
}

export interface Verdict {
  readonly goal: Goal
  readonly asked: string
  /** Undefined if the run did not measure it. */
  readonly found: Spread | undefined
  readonly reached: boolean | undefined
}

const FORMS = ['linnet', 'linnet-lines', 'linnet-try-line', 'linnet-try-until']
const least = (scenario: string, contender: string, against: string, ratio: number): Goal => ({
  scenario,
  contender,
  measure: 'rate',
  against: { contender: against },
  least: ratio,
})

const latency: Goal[] = ['ping-pong', 'many'].flatMap((scenario) =>
  FORMS.flatMap((contender): Goal[] => [
    least(scenario, contender, 'N3', 0.97),
    { scenario, contender, measure: 'p99', against: { contender: 'N3' }, most: 1.05 },
  ]),
)

// 64 MiB, in bytes a second: within a tenth of a second there and back.
const LINE_64 = (64 * 1024 * 1024) / 0.1

const goals: readonly Goal[] = [
  ...latency,
  least('pipelined', 'linnet', 'N3', 0.75),
  least('pipelined', 'linnet', 'N1', 9),
  least('pipelined', 'linnet', 'N2', 2.5),
  least('pipelined', 'linnet-lines', 'N3', 0.85),
  least('pipelined', 'linnet-try-line', 'N3', 1.1),
  least('pipelined', 'linnet-try-until', 'N3', 1.1),
  least('deep', 'linnet', 'N3', 0.6),
  least('deep', 'linnet-lines', 'N3', 0.75),
  least('deep', 'linnet-try-line', 'N3', 1),
  least('deep', 'linnet-try-until', 'N3', 1),
  least('large', 'linnet', 'N3', 1),
  least('bulk-both', 'linnet-bulk', 'N1-bulk', 1),
  least('churn', 'linnet', 'N1', 0.92),
  { scenario: 'idle', contender: 'linnet', measure: 'rate', against: { contender: 'N1' }, most: 1.25 },
  // The time of a byte in a line of 16 MiB, against that in one of 1 MiB: the rates the other way round.
  { scenario: 'drip-1', contender: 'linnet', measure: 'rate', against: { scenario: 'drip-16', contender: 'linnet' }, most: 1.3 },
  { scenario: 'line-64', contender: 'linnet', measure: 'rate', least: LINE_64 },
  least('pipelined', 'linnet', 'tornado', 20),
  least('pipelined', 'linnet', 'asyncio', 13),
  least('pipelined', 'linnet', 'uvloop', 2.3),
  least('pipelined', 'linnet', 'bun', 8),
  least('pipelined', 'linnet', 'deno', 8),
]

/** Every goal, with what the run has to say to it. */
export function verdicts(results: Results): Verdict[] {
  return goals.map((goal) => {
    const { scenario, contender, measure, against, least, most } = goal
    const found =
      against === undefined
        ? valuesOf(results, scenario, contender, measure)
        : ratioOf(results, measure, { scenario, contender }, { scenario: against.scenario ?? scenario, contender: against.contender })
    const asked = least === undefined ? `≤ ${most}` : goal.scenario === 'line-64' ? '≤ 100 ms' : `≥ ${least}`
    const reached = found === undefined ? undefined : found.median >= (least ?? 0) && found.median <= (most ?? Number.POSITIVE_INFINITY)
    return { goal, asked, found, reached }
  })
}

/** What a goal is about, in words. */
export function nameOf({ goal }: Verdict): string {
  const measure = goal.measure === 'p99' ? ', p99' : ''
  if (goal.scenario === 'line-64') return 'one line of 64 MiB, there and back'
  if (goal.scenario === 'drip-1') return 'drip: time of a byte, 16 MiB to 1 MiB'
  return `${goal.scenario}${measure}`
}
