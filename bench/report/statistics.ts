// Medians, and ratios between two contenders: taken within each round and only then summed up, since absolute figures move
// from round to round with the machine.

import type { Measure, Results, Sample } from '../runner/results.js'

export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export function spread(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined
  const sorted = [...values].sort((a, b) => a - b)
  const at = (index: number): number => sorted[index] as number
  const half = sorted.length / 2
  const median = Number.isInteger(half) ? (at(half - 1) + at(half)) / 2 : at(Math.floor(half))
  return { median, min: at(0), max: at(sorted.length - 1) }
}

/** All rounds of one contender in one scenario. */
export function samplesOf({ samples }: Results, scenario: string, contender: string): Sample[] {
  return samples.filter((sample) => sample.scenario === scenario && sample.contender === contender)
}

export function valuesOf(results: Results, scenario: string, contender: string, measure: Measure): Spread | undefined {
  return spread(samplesOf(results, scenario, contender).flatMap((sample) => sample[measure] ?? []))
}

/** One side of a ratio. */
export interface Side {
  readonly scenario: string
  readonly contender: string
}

/** What `measure` of one side is to that of the other, round by round. */
export function ratioOf(results: Results, measure: Measure, one: Side, other: Side): Spread | undefined {
  const others = samplesOf(results, other.scenario, other.contender)
  const ratios = samplesOf(results, one.scenario, one.contender).flatMap((sample) => {
    const divisor = others.find(({ round }) => round === sample.round)?.[measure]
    const value = sample[measure]
    return value === undefined || divisor === undefined || divisor === 0 ? [] : [value / divisor]
  })
  return spread(ratios)
}
