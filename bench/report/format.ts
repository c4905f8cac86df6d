// Formats numbers with three significant digits and a unit.

import type { Scenario } from '../runner/scenario.js'
import type { Spread } from './statistics.js'

export const MISSING = '–'

export function digits(value: number): string {
  if (value === 0) return '0'
  const places = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))))
  return places > 4 ? value.toPrecision(2) : value.toFixed(places)
}

const SCALES: readonly [number, string][] = [
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
]

/** A number with its thousands as a letter: 1.38 M. */
export function large(value: number): string {
  const [scale, letter] = SCALES.find(([least]) => value >= least) ?? [1, '']
  return `${digits(value / scale)}${letter === '' ? '' : ` ${letter}`}`
}

/** The median, and the quartiles where there is more than one value. */
export function spreadOf(spread: Spread | undefined, write: (value: number) => string = digits): string {
  if (spread === undefined) return MISSING
  const { median, low, high } = spread
  return low === high ? write(median) : `${write(median)} (${write(low)}–${write(high)})`
}

/** A rate in the unit of the scenario. */
export function rate({ unit }: Pick<Scenario, 'unit'>, spread: Spread | undefined): string {
  if (spread === undefined) return MISSING
  return unit === 'byte' ? `${large(spread.median)}B/s` : large(spread.median)
}

/** CPU time: microseconds for a message or a connection, nanoseconds for a byte. */
export function cpu({ unit }: Pick<Scenario, 'unit'>, spread: Spread | undefined): string {
  if (spread === undefined) return MISSING
  return unit === 'byte' ? `${digits(spread.median * 1000)} ns` : `${digits(spread.median)} µs`
}

export function micros(spread: Spread | undefined): string {
  return spread === undefined ? MISSING : digits(spread.median)
}

export function mib(value: number): string {
  return digits(value / 1024 / 1024)
}

export function mb(value: number): string {
  return digits(value / 1e6)
}

export function kib(value: number): string {
  return digits(value / 1024)
}

/** A Markdown table; the first columns are text, the others are numbers. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], text: number = 1): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map((_, column) => (column < text ? '---' : '---:'))), ...rows.map(line)].join('\n')
}
