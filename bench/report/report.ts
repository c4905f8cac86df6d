// The tables of a run in Markdown, with how they came about.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { contenders, labelOf } from '../runner/contenders.js'
import type { Results } from '../runner/results.js'
import { type Scenario, scenarios } from '../runner/scenarios.js'
import { chart } from './chart.js'
import { cpu, digits, mib, micros, rate, ratio, table } from './format.js'
import { nameOf, type Verdict, verdicts } from './goals.js'
import { ratioOf, valuesOf } from './statistics.js'

/** Writes the tables, and the chart if there is something for it; gives the names of the files. */
export async function writeReport(folder: string, results: Results): Promise<string[]> {
  const picture = chart(results)
  if (picture !== undefined) await writeFile(join(folder, 'results.svg'), picture)
  await writeFile(join(folder, 'results.md'), `${markdown(results, picture !== undefined)}\n`)
  return picture === undefined ? ['results.md'] : ['results.md', 'results.svg']
}

function markdown(results: Results, pictured: boolean): string {
  const measured = scenarios.filter(({ name }) => results.samples.some(({ scenario }) => scenario === name))
  const parts = [
    '# Benchmark results',
    head(results),
    pictured ? '![Messages a second, as ratios to N3](results.svg)' : '',
    goalTable(results),
    ...measured.map((scenario) => `## ${scenario.title}\n\n${scenarioTable(results, scenario)}`),
    left(results),
  ]
  return parts.filter((part) => part !== '').join('\n\n')
}

function head({ machine, run, versions }: Results): string {
  const { date, node, cores, processor, memory, system, commit, pinned } = machine
  const others = [...new Set(Object.values(versions))]
  return [
    `\`${run.command}\`, ${date.replace('T', ' ')} UTC, commit ${commit}, Node ${node}, ${cores} cores (${processor}), ${memory}, ${system}.`,
    `${run.rounds} ${run.rounds === 1 ? 'round' : 'rounds'} of ${run.seconds} s each after ${run.warm} s of warm-up (twice that where messages go one by one, six times for churn), contenders interleaved in a new order each round, every server a process of its own${pinned ? ', pinned to one core, the generator to another' : ''}.`,
    'Figures are medians; ratios are taken within a round, then their median (least–most). CPU is the server’s, user and system; memory is resident, at the end of a run.',
    ...(others.length > 0 ? [`Others: ${others.join('; ')}.`] : []),
  ].join('\n')
}

// --- tables --------------------------------------------------------------------------------------------------------------

function scenarioTable(results: Results, scenario: Scenario): string {
  const { name, reference, unit } = scenario
  const ids = contenders
    .map(({ id }) => id)
    .filter((id) => results.samples.some((sample) => sample.scenario === name && sample.contender === id))
  const latencies = ids.some((id) => valuesOf(results, name, id, 'p50') !== undefined)
  const what = { message: 'messages/s', connection: 'connections/s', byte: 'bytes/s', idle: 'a connection' }[unit]
  const each = { message: 'a message', connection: 'a connection', byte: 'a byte', idle: '' }[unit]
  const columns = [
    '',
    what,
    ...(reference === undefined ? [] : [`ratio to ${reference.replace('-bulk', '')}`]),
    ...(latencies ? ['p50 µs', 'p99 µs', 'p99.9 µs'] : []),
    ...(unit === 'idle' ? [] : [`CPU ${each}`]),
    'memory MiB',
  ]
  const rows = ids.map((id) => {
    const value = (measure: 'rate' | 'p50' | 'p99' | 'p999' | 'cpu' | 'rss') => valuesOf(results, name, id, measure)
    return [
      labelOf(id),
      rate(scenario, value('rate')?.median ?? 0),
      ...(reference === undefined
        ? []
        : [ratio(ratioOf(results, 'rate', { scenario: name, contender: id }, { scenario: name, contender: reference }))]),
      ...(latencies ? [micros(value('p50')), micros(value('p99')), micros(value('p999'))] : []),
      ...(unit === 'idle' ? [] : [cpu(scenario, value('cpu'))]),
      mib(value('rss')),
    ]
  })
  return table(columns, rows)
}

function goalTable(results: Results): string {
  const rows = verdicts(results)
    .filter(({ found }) => found !== undefined)
    .map((verdict) => {
      const { goal, asked, reached } = verdict
      const against = goal.against === undefined || goal.against.scenario !== undefined ? '' : goal.against.contender.replace('-bulk', '')
      return [nameOf(verdict), labelOf(goal.contender), against, asked, foundIn(verdict), reached ? 'yes' : 'no']
    })
  if (rows.length === 0) return ''
  return `## Goals\n\n${table(['', 'of', 'to', 'goal', 'measured', 'reached'], rows, 3)}`
}

function foundIn({ goal, found }: Verdict): string {
  if (goal.scenario !== 'line-64' || found === undefined) return ratio(found)
  return `${digits((64 * 1024 * 1024 * 1000) / found.median)} ms`
}

function left({ missing, failures }: Results): string {
  const lines = [
    ...missing.map(({ contender, how }) => `- left out: ${labelOf(contender)}; to have it: \`${how}\``),
    ...failures.map(
      ({ scenario, contender, round, error }) => `- failed: ${labelOf(contender)} in ${scenario}, round ${round + 1}: ${error}`,
    ),
  ]
  return lines.length === 0 ? '' : `## Left out\n\n${lines.join('\n')}`
}
