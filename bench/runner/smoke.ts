// Whether the figures of a smoke run can be true: it is too short to say how fast anything is, but not whether it works.

import type { Measures, Results, Sample } from './results.js'
import { scenarios } from './scenarios.js'

type Unit = (typeof scenarios)[number]['unit']

// What a sample must have, by its scenario's unit.
const NEEDED: { readonly [U in Unit]: readonly (keyof Measures)[] } = {
  message: ['rate', 'p50', 'p99', 'p999', 'cpu', 'rss'],
  connection: ['rate', 'p50', 'p99', 'p999', 'cpu', 'rss'],
  byte: ['rate', 'cpu', 'rss'],
  idle: ['idle', 'rss'],
  start: ['import', 'listen', 'heap'],
  collection: ['collections'],
}

/** One line for everything that cannot be true. */
export function complaints({ samples }: Pick<Results, 'samples'>): string[] {
  if (samples.length === 0) return ['nothing was measured']
  return samples.flatMap((sample) => complaintsOf(sample).map((what) => `${sample.scenario}, ${sample.contender}: ${what}`))
}

function complaintsOf(sample: Sample): string[] {
  const unit = scenarios.find(({ name }) => name === sample.scenario)?.unit
  if (unit === undefined) return ['there is no such scenario']
  const wrong = NEEDED[unit].filter((measure) => !believable(unit, sample[measure])).map((measure) => `${measure} is ${sample[measure]}`)
  const { p50 = 0, p99 = 0, p999 = 0 } = sample
  return p50 <= p99 && p99 <= p999 ? wrong : [...wrong, `p50 is ${p50}, p99 ${p99} and p99.9 ${p999}`]
}

/** A bare process may have nothing to import, and no collection; of a hundred connections none may show in its memory. */
function believable(unit: Unit, value: number | undefined): boolean {
  if (value === undefined || !Number.isFinite(value)) return false
  return unit === 'message' || unit === 'connection' || unit === 'byte' ? value > 0 : true
}
