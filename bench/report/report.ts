// The tables of a run in Markdown, with the conditions of the run, and the figures of a scenario for the terminal.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeOf, inOrder, labelOf, shortNameOf } from '../runner/contenders.js'
import { fileNameOf, type Results } from '../runner/results.js'
import type { Scenario } from '../runner/scenario.js'
import { scenarios } from '../runner/scenarios.js'
import { chart } from './chart.js'
import { columnsOf } from './columns.js'
import { digits, MISSING, mb, spreadOf, table } from './format.js'
import { type Verdict, verdicts } from './goals.js'
import { ratesChart } from './rates-chart.js'
import { ratioOf, type Spread } from './statistics.js'

/** Writes the tables, and each chart that has values; returns the names of the files. `beside`: the same on newer versions of Node. */
export async function writeReport(folder: string, results: Results, beside: readonly Results[] = []): Promise<string[]> {
  const pictures = { 'results.svg': chart(results), 'rates.svg': ratesChart(results) }
  const files = ['results.md']
  for (const [name, picture] of Object.entries(pictures)) {
    if (picture === undefined) continue
    await writeFile(join(folder, name), picture)
    files.push(name)
  }
  await writeFile(join(folder, 'results.md'), `${markdown(results, beside, pictures['results.svg'] !== undefined)}\n`)
  for (const other of beside) {
    const name = tablesOf(other)
    await writeFile(join(folder, name), `${markdown(other, [], false)}\n`)
    files.push(name)
  }
  return files
}

/** The name of the file with the tables of a run. */
function tablesOf({ machine }: Results): string {
  return fileNameOf(machine.node).replace('.json', '.md')
}

/** A scenario's table, for the terminal. */
export function summary(results: Results, scenario: Scenario): string {
  const lines = rowsOf(results, scenario)
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((cells) => (cells[column] ?? '').length))) ?? []
  const line = (cells: string[]): string =>
    cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ')
  return lines.map((cells) => `  ${line(cells)}`).join('\n')
}

function markdown(results: Results, beside: readonly Results[], pictured: boolean): string {
  const measured = scenarios.filter(({ name }) => results.samples.some(({ scenario }) => scenario === name))
  const parts = [
    '# Benchmark results',
    head(results),
    ...beside.map(besideHead),
    pictured ? '![Messages a second, as ratios to N3](results.svg)' : '',
    goalTable(results, beside),
    againstTable(results),
    ...measured.map((scenario) => {
      const [columns = [], ...rows] = rowsOf(results, scenario)
      return `## ${scenario.title}\n\n${table(columns, rows)}`
    }),
    left(results),
  ]
  return parts.filter((part) => part !== '').join('\n\n')
}

function head({ machine, run, versions }: Results): string {
  const { date, node, cores, processor, memory, system, commit, pinned } = machine
  const others = [...new Set(Object.values(versions))]
  return [
    `\`${run.command}\`, ${date.replace('T', ' ')} UTC, commit ${commit}, Node ${node}, ${cores} cores (${processor}), ${memory}, ${system}; ${Math.ceil(run.seconds / 60)} min, order of contenders from seed ${run.seed}.`,
    `All servers of a scenario are alive at once, each a process of its own${pinned ? ', pinned to one core, the generator to another' : ''}, and warm. A pass loads each for one slice, in random order; a ratio is taken between two slices of one pass.`,
    'Figures are medians of all passes, with the first and the third quartile in parentheses where they are ratios. CPU is the server’s, of all its threads; memory is resident, after a slice.',
    ...(others.length > 0 ? [`Others: ${others.join('; ')}.`] : []),
  ].join('\n')
}

/** The run of a newer version of Node, whose figures are columns of the goals. */
function besideHead(results: Results): string {
  const { machine, run } = results
  const { date, node, commit } = machine
  const file = tablesOf(results)
  return `Beside it, in [${file}](${file}): \`${run.command}\`, ${date.replace('T', ' ')} UTC, commit ${commit}, Node ${node}, seed ${run.seed}.`
}

// --- tables --------------------------------------------------------------------------------------------------------------

/** The head of a scenario's table, and a row for each contender. */
function rowsOf(results: Results, scenario: Scenario): string[][] {
  const { name } = scenario
  const ids = inOrder(results.samples.flatMap((sample) => (sample.scenario === name ? sample.contender : [])))
  const columns = columnsOf(results, scenario)
  return [['', ...columns.map(({ title }) => title)], ...ids.map((id) => [labelOf(id), ...columns.map(({ cell }) => cell(id))])]
}

function goalTable(results: Results, beside: readonly Results[]): string {
  const all = verdicts(results)
  const others = beside.map((other) => verdicts(other))
  const found = all.filter((verdict) => verdict.found !== undefined)
  if (found.length === 0) return ''
  const rows = found.map((verdict) => {
    const { goal, found, reached } = verdict
    const write = writerOf(verdict)
    return [
      goal.scenario,
      labelOf(goal.contender),
      WORDS[goal.measure] ?? goal.measure,
      goal.against === undefined ? '' : shortNameOf(goal.against),
      asked(verdict),
      goal.beyond === undefined ? '' : digits(goal.beyond),
      spreadOf(found, write),
      String(found?.count ?? 0),
      reached ? 'yes' : 'no',
      ...others.flatMap((verdicts) => {
        const other = verdicts[all.indexOf(verdict)]
        return [spreadOf(other?.found, write), other?.found === undefined ? MISSING : other.reached ? 'yes' : 'no']
      }),
    ]
  })
  const columns = ['', 'of', 'what', 'ratio to', 'goal', 'beyond', 'measured', 'passes', 'reached']
  for (const { machine } of beside) columns.push(`Node ${machine.node.slice(1)}`, 'reached')
  const absent = [...new Set(all.flatMap(({ goal, found }) => (found === undefined ? `${goal.scenario} ${goal.contender}` : [])))]
  const note = absent.length === 0 ? '' : `\n\nNot measured in this run, or not there yet: ${absent.join(', ')}.`
  return `## Goals\n\n${table(columns, rows, 4)}${note}`
}

const WORDS: { readonly [measure: string]: string } = {
  rate: 'rate',
  p99: 'p99',
  cpu: 'CPU a message',
  idle: 'memory of a connection',
  import: 'CPU of `import`, ms',
  listen: 'CPU to the end of the first `listen`, ms',
  heap: 'heap after `listen`, MB',
  collections: 'full collections',
  garbage: 'garbage a message',
}

function writerOf({ goal }: Verdict): (value: number) => string {
  return goal.measure === 'heap' ? mb : digits
}

function asked(verdict: Verdict): string {
  const { least, most = 0 } = verdict.goal
  return least === undefined ? `≤ ${writerOf(verdict)(most)}` : `≥ ${digits(least)}`
}

/** The ratios of this checkout to the other one, in every scenario with both. */
function againstTable(results: Results): string {
  const { against } = results.run
  if (against === undefined) return ''
  const rows = scenarios.flatMap(({ name }) => {
    const ids = inOrder(results.samples.flatMap((sample) => (sample.scenario === name ? sample.contender : [])))
    return ids
      .filter((id) => ids.includes(beforeOf(id)))
      .map((id) => {
        const to = (measure: Parameters<typeof ratioOf>[2]): Spread | undefined => ratioOf(results, name, measure, id, beforeOf(id))
        const main = to('rate') ?? to('idle') ?? to('listen') ?? to('garbage') ?? to('collections')
        return [
          name,
          labelOf(id),
          spreadOf(main),
          spreadOf(to('p50')),
          spreadOf(to('p99')),
          spreadOf(to('cpu')),
          String(main?.count ?? MISSING),
        ]
      })
  })
  if (rows.length === 0) return ''
  const columns = ['', 'of', 'rate', 'p50', 'p99', 'CPU', 'passes']
  const text = `This checkout to ${against}, within passes. Higher is better for rates; lower is better for all else, and for idle (memory), start (CPU to the end of the first \`listen\`), collections and garbage (bytes), which stand in the column of rates.`
  return `## Against ${against}\n\n${text}\n\n${table(columns, rows, 2)}`
}

function left({ missing, failures }: Results): string {
  const lines = [
    ...missing.map(({ what, how }) => `- left out: ${what}; to have it: \`${how}\``),
    ...failures.map(({ scenario, contender, pass, error }) => `- failed: ${labelOf(contender)} in ${scenario}, pass ${pass + 1}: ${error}`),
  ]
  return lines.length === 0 ? '' : `## Left out\n\n${lines.join('\n')}`
}
