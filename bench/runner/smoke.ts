// Checks whether the figures of a smoke run are plausible. Such a run is too short for measurements, but shows that the benchmark works.

import type { Measures, Results, Sample } from './results.js'
import { scenarios } from './scenarios.js'

type Unit = (typeof scenarios)[number]['unit']

// The measures that a sample must have, by the unit of its scenario.
const NEEDED: { readonly [U in Unit]: readonly (keyof Measures)[] } = {
  message: ['rate', 'p50', 'p99', 'p999', 'cpu', 'rss'],
  connection: ['rate', 'p50', 'p99', 'p999', 'cpu', 'rss'],
  byte: ['rate', 'cpu', 'rss'],
  idle: ['idle', 'rss'],
  start: ['import', 'listen', 'heap'],
  collection: ['collections'],
  garbage: ['garbage', 'collections'],
}

/** A line for each implausible figure. */
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

/** Measures that may be zero: the import and the collections of a bare process, and the memory of a hundred connections. */
function believable(unit: Unit, value: number | undefined): boolean {
  if (value === undefined || !Number.isFinite(value)) return false
  return unit === 'message' || unit === 'connection' || unit === 'byte' ? value > 0 : true
}
