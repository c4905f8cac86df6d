// The benchmark of the HTTP server in the examples: `npm run bench:http`. wrk loads it, Node's own server, Bun's and Go's, which all
// give the same small answer. All servers of a scenario run at once and are loaded in turns, a slice each, in a new random order for
// every pass. Ratios are taken within a pass. Progress goes to stderr, the table (Markdown) to stdout.
//
//   node build/bench/http.js [--passes N] [--seed N] [--only small,browser,pipelined]

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { digits, large, spreadOf, table } from './report/format.js'
import { type Spread, spread } from './report/statistics.js'
import { thisMachine } from './runner/machine.js'
import { randomFrom, shuffled } from './runner/order.js'
import { cpuOf, type Server, startServer } from './runner/process.js'
import { built, compileGo, lineOf, pinTo, runtime, versionIn, which } from './runner/tools.js'
import { type WrkReport, wrk } from './runner/wrk.js'

/** The length of a slice in seconds: wrk counts whole ones. */
const SLICE = 1
/** Slices before the first pass, until the code is compiled. */
const WARM = 2
const CONNECTIONS = 64
/** The server that the ratios are taken to. */
const REFERENCE = 'node'

/** How wrk sends its requests. */
interface Scenario {
  readonly name: string
  readonly title: string
  readonly args: readonly string[]
  /** A program of wrk in Lua. */
  readonly script?: string
}

const BROWSER = [
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'Accept-Language: en-GB,en;q=0.5',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Cookie: session=0123456789abcdef0123456789abcdef; theme=dark',
  'Upgrade-Insecure-Requests: 1',
  'Sec-Fetch-Dest: document',
  'Sec-Fetch-Mode: navigate',
  'Sec-Fetch-Site: none',
  'Priority: u=0, i',
].flatMap((header) => ['--header', header])

const scenarios: readonly Scenario[] = [
  { name: 'small', title: 'requests with one header line', args: [] },
  { name: 'browser', title: 'requests with the header lines of a browser', args: BROWSER },
  {
    name: 'pipelined',
    title: '16 requests in flight on each connection',
    args: [],
    script: 'init = function() request = function() return string.rep(wrk.format(nil, nil), 16) end end',
  },
]

type Found = { command: readonly string[]; version: string } | { missing: string }

interface Contender {
  readonly id: string
  readonly label: string
  find(): Promise<Found>
}

const onNode = (id: string, label: string): Contender => ({
  id,
  label,
  find: async () => ({ command: [process.execPath, join(built, 'servers', `http-${id}.js`)], version: `Node ${process.version}` }),
})

const contenders: readonly Contender[] = [
  onNode('linnet', 'linnet, examples/http.ts'),
  onNode('node', 'node:http'),
  {
    id: 'bun',
    label: 'Bun.serve',
    async find() {
      const bun = await runtime('bun', ['bun/bin/bun.exe', '@oven/*/bin/bun'])
      if (bun === undefined) return { missing: 'npm i --prefix bench/packages --no-save bun' }
      return { command: [bun.path, join(built, 'peers/http-bun.js')], version: `Bun ${bun.version}` }
    },
  },
  {
    id: 'go',
    label: 'Go net/http, one thread',
    async find() {
      const go = await which('go')
      if (go === undefined) return { missing: 'apt-get install golang-go' }
      return { command: [await compileGo(go, 'peers/http.go', 'http-go')], version: `Go ${versionIn((await lineOf(go, 'version')) ?? '')}` }
    },
  },
]

interface Entrant {
  readonly contender: Contender
  readonly server: Server
}

interface Sample extends WrkReport {
  readonly id: string
  readonly pass: number
  /** CPU time of the server for a request, in microseconds. */
  readonly cpu: number
}

const { values } = parseArgs({
  options: { passes: { type: 'string', default: '15' }, seed: { type: 'string', default: '1' }, only: { type: 'string' } },
})
const passes = Number(values.passes)
const names = values.only?.split(',') ?? scenarios.map(({ name }) => name)
const unknown = names.filter((name) => !scenarios.some((scenario) => scenario.name === name))
if (!Number.isInteger(passes) || passes < 1 || unknown.length > 0) {
  console.error(`--passes is a whole number, --only a list of: ${scenarios.map(({ name }) => name).join(', ')}`)
  process.exit(2)
}
const program = await which('wrk')
if (program === undefined) {
  console.error('the load generator is wrk: apt-get install wrk')
  process.exit(2)
}

const random = randomFrom(Number(values.seed))
const [serverCore, generatorCore] = [await pinTo(0), await pinTo(1)]
const folder = await mkdtemp(join(tmpdir(), 'linnet-wrk-'))
const entrants: Entrant[] = []
try {
  const versions: string[] = []
  for (const contender of contenders) {
    const found = await contender.find()
    if ('missing' in found) {
      console.error(`${contender.label} is left out: ${found.missing}`)
      continue
    }
    entrants.push({ contender, server: await startServer([...serverCore, ...found.command], {}) })
    versions.push(found.version)
  }
  const { date, processor, cores, system, commit } = await thisMachine(serverCore.length > 0, undefined)
  console.log(`${date}, ${processor}, ${cores} cores, ${system}, linnet ${commit}, ${[...new Set(versions)].join(', ')}.`)
  console.log(`wrk with ${CONNECTIONS} connections, ${passes} passes of ${SLICE} s for each server. Medians and quartiles.\n`)
  for (const scenario of scenarios) if (names.includes(scenario.name)) await measure(scenario)
} finally {
  for (const { server } of entrants) await server.child.stop()
  await rm(folder, { recursive: true })
}

async function measure({ name, title, args, script }: Scenario): Promise<void> {
  const flags = ['--connections', String(CONNECTIONS), '--duration', String(SLICE), ...args]
  if (script !== undefined) {
    const file = join(folder, `${name}.lua`)
    await writeFile(file, script)
    flags.push('--script', file)
  }
  const samples: Sample[] = []
  for (let pass = -WARM; pass < passes; pass++) {
    for (const { contender, server } of shuffled(entrants, random)) {
      const before = await cpuOf(server.child.pid)
      try {
        const report = await wrk([...generatorCore, program as string], `http://127.0.0.1:${server.port}/`, flags)
        const cpu = (((await cpuOf(server.child.pid)) - before) * 1e6) / report.requests
        if (pass >= 0) samples.push({ id: contender.id, pass, cpu, ...report })
      } catch (error) {
        console.error(`${contender.label} failed: ${error instanceof Error ? error.message : error}`)
        process.exitCode = 1
      }
    }
    console.error(`${name}: ${pass < 0 ? 'warm-up' : `pass ${pass + 1} of ${passes}`}`)
  }
  console.log(`**${title}**\n\n${tableOf(samples)}\n`)
}

function tableOf(samples: readonly Sample[]): string {
  const valuesOf = (id: string, measure: 'rate' | 'cpu' | 'p50' | 'p99'): Spread | undefined =>
    spread(samples.filter((sample) => sample.id === id).map((sample) => sample[measure]))
  const medianOf = (id: string, measure: 'cpu' | 'p50' | 'p99'): string => digits(valuesOf(id, measure)?.median ?? 0)
  const rows = entrants.map(({ contender: { id, label } }) => [
    label,
    spreadOf(valuesOf(id, 'rate'), large),
    spreadOf(ratioOf(samples, id)),
    medianOf(id, 'p50'),
    medianOf(id, 'p99'),
    medianOf(id, 'cpu'),
  ])
  return table(['server', 'requests a second', 'of node:http', 'p50, µs', 'p99, µs', 'CPU a request, µs'], rows)
}

/** The ratio of the rates, pass by pass. */
function ratioOf(samples: readonly Sample[], id: string): Spread | undefined {
  const reference = new Map(samples.filter((sample) => sample.id === REFERENCE).map(({ pass, rate }) => [pass, rate]))
  const ratios = samples.filter((sample) => sample.id === id).map(({ pass, rate }) => rate / (reference.get(pass) ?? Number.NaN))
  // A pass in which the reference failed has no ratio.
  return spread(ratios.filter((ratio) => !Number.isNaN(ratio)))
}
