// The columns of a scenario's table, by its unit.

import { shortNameOf } from '../runner/contenders.js'
import type { Measure, Results } from '../runner/results.js'
import type { Scenario } from '../runner/scenario.js'
import { cpu, digits, kib, MISSING, mb, mib, micros, rate, spreadOf } from './format.js'
import { ratioOf, type Spread, valuesOf } from './statistics.js'

export interface Column {
  readonly title: string
  readonly cell: (contender: string) => string
}

const WORDS = {
  message: ['messages/s', 'CPU a message'],
  connection: ['connections/s', 'CPU a connection'],
  byte: ['bytes/s', 'CPU a byte'],
} as const

export function columnsOf(results: Results, scenario: Scenario): Column[] {
  const { name, reference, unit } = scenario
  const to = shortNameOf(reference)
  const value = (measure: Measure) => (id: string) => valuesOf(results, name, id, measure)
  const of = (title: string, measure: Measure, write: (spread: Spread | undefined) => string): Column => ({
    title,
    cell: (id) => write(value(measure)(id)),
  })
  const ratio = (title: string, measure: Measure): Column => ({
    title: `${title} to ${to}`,
    cell: (id) => (id === reference ? digits(1) : spreadOf(ratioOf(results, name, measure, id, reference))),
  })
  const median = (write: (value: number) => string) => (spread: Spread | undefined) =>
    spread === undefined ? MISSING : write(spread.median)
  const passes = (measure: Measure): Column => of('passes', measure, (spread) => String(spread?.count ?? 0))
  switch (unit) {
    case 'idle':
      return [of('KiB a connection', 'idle', median(kib)), ratio('ratio', 'idle'), of('memory MiB', 'rss', median(mib)), passes('idle')]
    case 'start':
      return [
        of('`import`, ms of CPU', 'import', median(digits)),
        of('to the end of `listen`, ms of CPU', 'listen', median(digits)),
        ratio('ratio', 'listen'),
        of('heap MB', 'heap', median(mb)),
        passes('listen'),
      ]
    case 'collection':
      return [of('full collections', 'collections', (spread) => spreadOf(spread)), passes('collections')]
    case 'garbage':
      return [
        of('bytes a message', 'garbage', median(digits)),
        ratio('ratio', 'garbage'),
        of('full collections', 'collections', (spread) => spreadOf(spread)),
        passes('garbage'),
      ]
    default: {
      const [each, time] = WORDS[unit]
      const latencies = [of('p50 µs', 'p50', micros), of('p99 µs', 'p99', micros), ratio('p50', 'p50'), ratio('p99', 'p99')]
      return [
        of(each, 'rate', (spread) => rate(scenario, spread)),
        ratio('ratio', 'rate'),
        ...(unit === 'byte' ? [] : latencies),
        of(time, 'cpu', (spread) => cpu(scenario, spread)),
        ratio('CPU', 'cpu'),
        of('memory MiB', 'rss', median(mib)),
        passes('rate'),
      ]
    }
  }
}
