// The benchmark of the Redis server in the examples: `npm run bench:redis`. redis-benchmark loads it, Redis itself, a server by hand on
// `node:net` and one that answers `+OK` to every packet. All servers of a scenario run at once and are loaded in turns, a slice each, in a
// new random order for every pass. Ratios are taken within a pass. Progress goes to stderr, the tables (Markdown) to stdout.
//
//   node build/bench/redis.js [--passes N] [--seed N] [--only single,pipelined]

import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { digits, large, spreadOf, table } from './report/format.js'
import { type Spread, spread } from './report/statistics.js'
import { thisMachine } from './runner/machine.js'
import { randomFrom, shuffled } from './runner/order.js'
import { Child, cpuOf, type Server, startServer } from './runner/process.js'
import { type CommandReport, redisBenchmark } from './runner/redis-benchmark.js'
import { built, lineOf, pinTo, versionIn, which } from './runner/tools.js'

/** Slices before the first pass, until the code is compiled. */
const WARM = 2
const CONNECTIONS = 50
const COMMANDS = ['GET', 'SET'] as const
const STARTING = 10_000

/** How redis-benchmark sends its commands. A slice has so many of each, which takes about half a second. */
interface Scenario {
  readonly name: string
  readonly title: string
  readonly depth: number
  readonly count: number
}

const scenarios: readonly Scenario[] = [
  { name: 'single', title: 'one command in flight on each connection (-P 1)', depth: 1, count: 40_000 },
  { name: 'pipelined', title: '16 commands in flight on each connection (-P 16)', depth: 16, count: 300_000 },
]

interface Contender {
  readonly id: string
  readonly label: string
  /** It answers packets, and not commands. */
  readonly packets?: boolean
  start(core: readonly string[]): Promise<Server>
}

const onNode = (id: string, label: string): Contender => ({
  id,
  label,
  start: (core) => startServer([...core, process.execPath, join(built, 'servers', `redis-${id}.js`)], {}),
})

const contenders: readonly Contender[] = [
  onNode('linnet', 'linnet, examples/redis.ts'),
  { id: 'redis', label: 'redis-server', start: startRedis },
  onNode('net', 'node:net by hand, GET and SET alone'),
  { ...onNode('ok', 'node:net, +OK to each packet'), packets: true },
]

/** The servers that the ratios are taken to: Redis, and the least that Node can do. */
const REFERENCES = ['redis', 'ok'] as const

interface Entrant {
  readonly contender: Contender
  readonly server: Server
}

interface Sample extends CommandReport {
  readonly id: string
  readonly pass: number
  /** CPU time of the server for a command, in microseconds. */
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
const [program, redisServer] = [await which('redis-benchmark'), await which('redis-server')]
if (program === undefined || redisServer === undefined) {
  console.error('the load generator is redis-benchmark, and one of the servers Redis: apt-get install redis-tools redis-server')
  process.exit(2)
}

const random = randomFrom(Number(values.seed))
const [serverCore, generatorCore] = [await pinTo(0), await pinTo(1)]
const entrants: Entrant[] = []
try {
  for (const contender of contenders) entrants.push({ contender, server: await contender.start(serverCore) })
  const { date, processor, cores, system, commit } = await thisMachine(serverCore.length > 0, undefined)
  const version = versionIn((await lineOf(redisServer, '--version')) ?? '')
  console.log(`${date}, ${processor}, ${cores} cores, ${system}, linnet ${commit}, Node ${process.version}, Redis ${version}.`)
  console.log(`redis-benchmark with ${CONNECTIONS} connections, ${passes} passes. Medians and quartiles.\n`)
  for (const scenario of scenarios) if (names.includes(scenario.name)) await measure(scenario)
} finally {
  for (const { server } of entrants) await server.child.stop()
}

/** Starts Redis on a port that was free, without its files. */
async function startRedis(core: readonly string[]): Promise<Server> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  const settings = { bind: '127.0.0.1', port, save: '', appendonly: 'no', logfile: '/dev/null' }
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
  const child = new Child([...core, redisServer as string, ...flags])
  for (const end = performance.now() + STARTING; ; await sleep(20)) {
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return { child, port, printed: [] }
    } catch (error) {
      if (child.over || performance.now() > end) throw new Error(`Redis did not start: ${child.complaint}`, { cause: error })
    } finally {
      socket.destroy()
    }
  }
}

async function measure({ name, title, depth, count }: Scenario): Promise<void> {
  const present = entrants.filter(({ contender }) => depth === 1 || contender.packets !== true)
  const samples: Sample[] = []
  for (let pass = -WARM; pass < passes; pass++) {
    for (const { contender, server } of shuffled(present, random)) {
      for (const command of COMMANDS) {
        const args = ['-t', command.toLowerCase(), '-n', String(count), '-c', String(CONNECTIONS), '-P', String(depth)]
        const before = await cpuOf(server.child.pid)
        try {
          const [report] = await redisBenchmark([...generatorCore, program as string], server.port, args)
          const cpu = (((await cpuOf(server.child.pid)) - before) * 1e6) / count
          if (pass >= 0) samples.push({ id: contender.id, pass, cpu, ...(report as CommandReport) })
        } catch (error) {
          console.error(`${contender.label} failed: ${error instanceof Error ? error.message : error}`)
          process.exitCode = 1
        }
      }
    }
    console.error(`${name}: ${pass < 0 ? 'warm-up' : `pass ${pass + 1} of ${passes}`}`)
  }
  for (const command of COMMANDS) {
    const own = samples.filter((sample) => sample.name === command)
    console.log(`**${command}, ${title}**\n\n${tableOf(present, own)}\n`)
  }
}

function tableOf(present: readonly Entrant[], samples: readonly Sample[]): string {
  const valuesOf = (id: string, measure: 'rate' | 'cpu' | 'p50' | 'p99'): Spread | undefined =>
    spread(samples.filter((sample) => sample.id === id).map((sample) => sample[measure]))
  const medianOf = (id: string, measure: 'cpu' | 'p50' | 'p99'): string => digits(valuesOf(id, measure)?.median ?? 0)
  const references = REFERENCES.filter((id) => present.some(({ contender }) => contender.id === id))
  const rows = present.map(({ contender: { id, label } }) => [
    label,
    spreadOf(valuesOf(id, 'rate'), large),
    ...references.map((reference) => spreadOf(ratioOf(samples, id, reference))),
    medianOf(id, 'p50'),
    medianOf(id, 'p99'),
    medianOf(id, 'cpu'),
  ])
  const titles = { redis: 'of redis-server', ok: 'of +OK' } as const
  const head = ['server', 'commands a second', ...references.map((id) => titles[id]), 'p50, µs', 'p99, µs', 'CPU a command, µs']
  return table(head, rows)
}

/** The ratio of the rates, pass by pass. */
function ratioOf(samples: readonly Sample[], id: string, to: string): Spread | undefined {
  const reference = new Map(samples.filter((sample) => sample.id === to).map(({ pass, rate }) => [pass, rate]))
  const ratios = samples.filter((sample) => sample.id === id).map(({ pass, rate }) => rate / (reference.get(pass) ?? Number.NaN))
  // A pass in which the reference failed has no ratio.
  return spread(ratios.filter((ratio) => !Number.isNaN(ratio)))
}
