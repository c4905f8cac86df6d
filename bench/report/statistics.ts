// Medians and quartiles, and ratios between two contenders. A ratio is taken within each pass before the median, because absolute figures
// vary with the machine from pass to pass.

import type { Measure, Results, Sample } from '../runner/results.js'

export interface Spread {
  readonly median: number
  /** The first quartile and the third: half of the passes lie between them. */
  readonly low: number
  readonly high: number
  /** The number of values. */
  readonly count: number
}

export function spread(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined
  const sorted = [...values].sort((a, b) => a - b)
  return { median: quantile(sorted, 0.5), low: quantile(sorted, 0.25), high: quantile(sorted, 0.75), count: sorted.length }
}

/** Interpolates between two values of the sorted list. */
function quantile(sorted: readonly number[], share: number): number {
  const place = (sorted.length - 1) * share
  const below = sorted[Math.floor(place)] as number
  const above = sorted[Math.ceil(place)] as number
  return below + (above - below) * (place - Math.floor(place))
}

/** All passes of one contender in one scenario. */
function samplesOf({ samples }: Pick<Results, 'samples'>, scenario: string, contender: string): Sample[] {
  return samples.filter((sample) => sample.scenario === scenario && sample.contender === contender)
}

export function valuesOf(results: Pick<Results, 'samples'>, scenario: string, contender: string, measure: Measure): Spread | undefined {
  return spread(samplesOf(results, scenario, contender).flatMap((sample) => sample[measure] ?? []))
}

/** The ratio of `measure` of two contenders in the same scenario, pass by pass. A pass without one of them is left out. */
export function ratioOf(
  results: Pick<Results, 'samples'>,
  scenario: string,
  measure: Measure,
  contender: string,
  reference: string,
): Spread | undefined {
  const divisors = new Map(samplesOf(results, scenario, reference).map((sample) => [sample.pass, sample[measure]]))
  const ratios = samplesOf(results, scenario, contender).flatMap((sample) => {
    const value = sample[measure]
    const divisor = divisors.get(sample.pass)
    return value === undefined || divisor === undefined || divisor === 0 ? [] : [value / divisor]
  })
  return spread(ratios)
}
