// Measures the parts separately: `npm run bench:micro`. --save stores the figures, --against compares with stored ones: run it before
// and after a change, on an idle machine, to find the part that has become slower.

import { readFile, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { linkPackages, root } from '../runner/tools.js'
import type { Case } from './case.js'

const USAGE = `npm run bench:micro -- [options]
  --only A,B        parts: search, take, join, await, loop, import
  --save FILE       keeps the figures
  --against FILE    compares with figures that were kept; ends with 1 if a part takes more than a quarter longer
  --quick           a tenth of the time, for a rough look`

// The time for one part, in nanoseconds.
const CPU_TIME = 300e6
// A difference that occasional load of the machine does not cause.
const SLOWER = 1.25
const IMPORTS = 11
const WIDTH = 62

/** Nanoseconds by name. */
type Figures = Record<string, number>

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    save: { type: 'string' },
    against: { type: 'string' },
  },
})

if (values.help) console.log(USAGE)
else {
  await main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error)
    process.exit(1)
  })
}

async function main(): Promise<void> {
  const before = values.against === undefined ? undefined : (JSON.parse(await readFile(values.against, 'utf8')) as Figures)
  const figures: Figures = {}
  let slower = 0
  for await (const [name, ns] of measureAll()) {
    figures[name] = Number(ns.toPrecision(4))
    const ratio = ns / (before?.[name] ?? Number.NaN)
    const told = Number.isNaN(ratio) ? '' : `${ratio.toFixed(2).padStart(8)} ×${ratio > SLOWER ? '  slower' : ''}`
    if (ratio > SLOWER) slower++
    console.log(`${name.padEnd(WIDTH)} ${time(ns).padStart(10)}${told}`)
  }
  if (values.save !== undefined) await writeFile(values.save, `${JSON.stringify(figures, null, 2)}\n`)
  if (slower > 0) process.exitCode = 1
  // Connections in memory would wait for ever.
  process.exit()
}

async function* measureAll(): AsyncGenerator<[name: string, ns: number]> {
  await linkPackages()
  const { measure } = await import('mitata').catch(() => {
    throw new Error('mitata is missing: npm i --prefix bench/packages')
  })
  const gc = globalThis.gc ?? false
  for (const { part, name, times, run } of await cases()) {
    const { p50 } = await measure(run, { min_cpu_time: values.quick ? CPU_TIME / 10 : CPU_TIME, gc })
    yield [`${part}: ${name}`, p50 / times]
  }
  if (wanted('import')) {
    const { importTime } = await import('./import.js')
    yield ["import: import('linnet'), cold", (await importTime(root, IMPORTS)) * 1e6]
  }
}

function wanted(part: string): boolean {
  return values.only === undefined || values.only.split(',').includes(part)
}

// Each part is loaded only if it is measured, so that it does not affect the others.
async function cases(): Promise<readonly Case[]> {
  return [
    ...(wanted('search') ? (await import('./search.js')).search : []),
    ...(wanted('take') ? (await import('./take.js')).take : []),
    ...(wanted('join') ? (await import('./join.js')).join : []),
    ...(wanted('await') ? (await import('./await.js')).awaits : []),
    ...(wanted('loop') ? (await import('./loop.js')).loop : []),
  ]
}

function time(ns: number): string {
  if (ns < 1e3) return `${ns.toFixed(1)} ns`
  return ns < 1e6 ? `${(ns / 1e3).toFixed(2)} µs` : `${(ns / 1e6).toFixed(1)} ms`
}
