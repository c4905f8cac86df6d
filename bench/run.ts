// The benchmark: `npm run bench`. Every round starts every contender afresh for every scenario, in an order of its own, so
// that what changes on the machine meanwhile meets all of them; ratios are taken within a round. See docs/performance.md.

import { mkdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { writeReport } from './report/report.js'
import { type Contender, contenders } from './runner/contenders.js'
import { thisMachine } from './runner/machine.js'
import { type Bench, measure } from './runner/measure.js'
import { type Options, readOptions, usage } from './runner/options.js'
import { type Results, readResults, writeResults } from './runner/results.js'
import type { Scenario } from './runner/scenarios.js'
import { compile, linkPackages, pinTo, root } from './runner/tools.js'

type Ready = Map<string, readonly string[]>

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
  const file = join(options.out, 'results.json')
  const results = options.render ? await readResults(file) : await run(options, file)
  const written = await writeReport(options.out, results)
  console.log(`results: ${['results.json', ...written].map((name) => relative(root, join(options.out, name))).join(', ')}`)
  if (results.failures.length > 0) process.exitCode = 1
}

async function run(options: Options, file: string): Promise<Results> {
  const { scale, rounds } = options
  const generator = await compile('load/load.c', 'load')
  await linkPackages()
  const bench: Bench = { scale, generator, serverCore: await pinTo(0), generatorCore: await pinTo(1) }
  const results: Results = {
    machine: await thisMachine(bench.serverCore.length > 0),
    run: { command: options.command, rounds, seconds: scale.seconds, warm: scale.warm, quick: options.quick },
    orders: [],
    missing: [],
    versions: {},
    failures: [],
    samples: [],
  }
  const ready = await findAll(options, results)
  const began = Date.now()
  for (let round = 0; round < rounds; round++) {
    const order = shuffled(options.contenders.filter(({ id }) => ready.has(id)))
    results.orders.push(order.map(({ id }) => id).join(' '))
    for (const scenario of options.scenarios) {
      for (const contender of order) {
        if (takesPart(options, scenario, contender)) await one(bench, results, round, scenario, contender, ready)
      }
    }
    // What is measured is kept, also when somebody stops the run.
    await writeResults(file, results)
    const left = ((Date.now() - began) / (round + 1)) * (rounds - round - 1)
    console.log(`round ${round + 1} of ${rounds} is done${left > 0 ? `, about ${Math.ceil(left / 60_000)} min to go` : ''}`)
  }
  return results
}

/** Who can be started. The others are left out, with a line that says how to install them. */
async function findAll(options: Options, results: Results): Promise<Ready> {
  const ready: Ready = new Map()
  for (const contender of options.contenders) {
    if (!options.scenarios.some((scenario) => takesPart(options, scenario, contender))) continue
    const found = await contender.find()
    if ('missing' in found) {
      results.missing.push({ contender: contender.id, how: found.missing })
      console.log(`without ${contender.label}: ${found.missing}`)
      continue
    }
    ready.set(contender.id, found.command)
    if (found.version !== undefined) results.versions[contender.id] = found.version
  }
  return ready
}

function takesPart(options: Options, scenario: Scenario, contender: Contender): boolean {
  // Who is named takes part, also in a quick run.
  const named = options.contenders.length < contenders.length
  return scenario.takesPart(contender) && (!options.quick || named || scenario.quick.includes(contender.id))
}

async function one(bench: Bench, results: Results, round: number, scenario: Scenario, contender: Contender, ready: Ready): Promise<void> {
  const { id } = contender
  const name = `${scenario.name} ${id}`
  try {
    const measures = await measure(bench, scenario, contender, ready.get(id) as readonly string[])
    results.samples.push({ scenario: scenario.name, contender: id, round, ...measures })
    console.log(`${String(round + 1).padStart(2)} ${name.padEnd(30)} ${Math.round(measures.rate).toLocaleString('en').padStart(15)}`)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    results.failures.push({ scenario: scenario.name, contender: id, round, error: message })
    console.error(`${String(round + 1).padStart(2)} ${name.padEnd(30)} failed: ${message}`)
  }
}

function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}
