// The benchmark: `npm run bench`. All servers of a scenario run at once and are loaded in turns, a slice each, in a new random order
// for every pass. Ratios are taken within a pass. See docs/performance.md.

import { mkdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { summary, writeReport } from './report/report.js'
import type { Bench } from './runner/bench.js'
import { measureFresh } from './runner/fresh.js'
import { commitOf } from './runner/library.js'
import { thisMachine } from './runner/machine.js'
import { type Options, readOptions, usage } from './runner/options.js'
import { randomFrom } from './runner/order.js'
import { type Limits, measureInPasses, type Record } from './runner/passes.js'
import { planOf, type Step } from './runner/plan.js'
import { fileNameOf, type Results, readAll, writeResults } from './runner/results.js'
import { complaints } from './runner/smoke.js'
import { compile, linkPackages, pinTo, root } from './runner/tools.js'

const SECOND = 1000
// The limit of a whole run in seconds, and of a part as a multiple of its estimate.
const MOST = 900
const PATIENCE = 1.5

try {
  const options = readOptions(process.argv.slice(2))
  if (options.help) console.log(usage)
  else await main(options)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

async function main(options: Options): Promise<void> {
  await mkdir(options.out, { recursive: true })
  if (!options.render) {
    const results = await run(options, join(options.out, fileNameOf(process.version)))
    if (results.failures.length > 0) process.exitCode = 1
    if (options.mode === 'smoke') return check(results)
  }
  const { results, beside } = await readAll(options.out)
  const written = await writeReport(options.out, results, beside)
  console.log(`results: ${written.map((name) => relative(root, join(options.out, name))).join(', ')}`)
}

async function run(options: Options, file: string): Promise<Results> {
  const generator = await compile('load', 'load-generator')
  await linkPackages()
  const bench: Bench = { scale: options.scale, generator, serverCore: await pinTo(0), generatorCore: await pinTo(1) }
  const results: Results = {
    machine: await thisMachine(bench.serverCore.length > 0, options.library),
    run: { command: options.command, quick: options.mode !== 'whole', seed: options.seed, seconds: 0 },
    missing: [],
    versions: {},
    failures: [],
    samples: [],
  }
  if (options.against !== undefined) results.run.against = await commitOf(options.against)
  const steps = await planOf(options, results)
  const expected = steps.reduce((sum, { seconds }) => sum + seconds, 0)
  console.log(`${count(steps.length, 'scenario')}, about ${minutes(expected)}`)
  const random = randomFrom(options.seed)
  const began = Date.now()
  const patience = Math.min(MOST / expected, PATIENCE)
  let planned = 0
  for (const step of steps) {
    planned += step.seconds
    // Passes given by `--passes` all run. Others end when their scenario has used its share of the run's time.
    const until = options.passes === undefined ? began + planned * patience * SECOND : Number.POSITIVE_INFINITY
    await one(bench, step, { passes: step.passes, until, random }, results)
    results.run.seconds = Math.round((Date.now() - began) / SECOND)
    // Results are written even if the run is stopped.
    if (options.mode !== 'smoke') await writeResults(file, results)
  }
  console.log(`done in ${minutes(results.run.seconds)}`)
  return results
}

async function one(bench: Bench, { scenario, entrants, seconds }: Step, limits: Limits, results: Results): Promise<void> {
  const { passes } = limits
  const { name } = scenario
  console.log(`\n${name}: ${count(entrants.length, 'contender')}, ${count(passes, 'pass', 'passes')}, about ${Math.ceil(seconds)} s`)
  const record: Record = {
    measured({ contender }, pass, measures) {
      results.samples.push({ scenario: name, contender: contender.id, pass, ...measures })
    },
    failed({ contender }, pass, error) {
      results.failures.push({ scenario: name, contender: contender.id, pass, error })
      console.error(`  ${contender.label} failed: ${error}`)
    },
  }
  const began = Date.now()
  const { method } = scenario
  if (method.how === 'slices') await measureInPasses(bench, { ...scenario, method }, entrants, limits, record)
  else await measureFresh(bench, scenario, method, entrants, limits, record)
  const took = (Date.now() - began) / SECOND
  console.log(`${summary(results, scenario)}\n  (${took.toFixed(1)} s)`)
}

/** Whether the figures are plausible, in a run that is too short for measurements. */
function check(results: Results): void {
  const wrong = complaints(results)
  for (const line of wrong) console.error(line)
  if (wrong.length > 0) process.exitCode = 1
  else if (results.failures.length === 0) console.log('everything works')
}

function minutes(seconds: number): string {
  return seconds < 100 ? `${Math.round(seconds)} s` : `${(seconds / 60).toFixed(1)} min`
}

function count(number: number, one: string, more: string = `${one}s`): string {
  return `${number} ${number === 1 ? one : more}`
}
