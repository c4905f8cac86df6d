// One measurement: a fresh server on its core, the generator on the other, the server's CPU time between the generator's
// `warm` and `done`, its memory at the end. The idle scenario is one of its own: memory before and with the connections.

import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Contender } from './contenders.js'
import { Child, cpuOf, memoryOf, startServer } from './process.js'
import type { Measures } from './results.js'
import type { Scale, Scenario } from './scenarios.js'

/** What every measurement of a run needs. */
export interface Bench {
  readonly scale: Scale
  readonly generator: string
  /** How to pin a command to the server's core, and to the generator's. */
  readonly serverCore: readonly string[]
  readonly generatorCore: readonly string[]
}

const MICRO = 1e6
// Long enough for what a program does by itself when it has come to rest.
const SETTLE = 300
// Connections that come and go before memory is looked at, so that code is compiled and pools are filled; few, since what
// they leave free is used again.
const WARM_CONNECTIONS = 100

/** What the generator prints; latencies are 0 where it measures none. */
interface Report {
  rate: number
  seconds: number
  p50: number
  p99: number
  p999: number
}

export async function measure(bench: Bench, scenario: Scenario, contender: Contender, command: readonly string[]): Promise<Measures> {
  const idle = scenario.unit === 'idle'
  const started = [...bench.serverCore, ...(idle ? collecting(command) : command), ...scenario.server(bench.scale)]
  const { server, port } = await startServer(started)
  try {
    return await (idle ? memoryOfIdle(bench, scenario, contender, server, port) : load(bench, scenario, server, port))
  } catch (error) {
    if (server.complaint !== '') throw new Error(`${(error as Error).message}; the server: ${server.complaint.trim()}`)
    throw error
  } finally {
    await server.stop()
  }
}

async function load(bench: Bench, scenario: Scenario, server: Child, port: number): Promise<Measures> {
  let before = 0
  let after = 0
  let rss = 0
  const report = await generate(bench, scenario.load(bench.scale), port, {
    async warm() {
      before = await cpuOf(server.pid)
    },
    async done() {
      after = await cpuOf(server.pid)
      rss = await memoryOf(server.pid)
    },
  })
  const { rate, seconds, p50, p99, p999 } = report
  const cpu = ((after - before) * MICRO) / (rate * seconds)
  return scenario.unit === 'byte' ? { rate, cpu, rss } : { rate, p50, p99, p999, cpu, rss }
}

/** Runs the generator to its end. */
async function generate(
  bench: Bench,
  args: readonly string[],
  port: number,
  told: Record<'warm' | 'done', () => Promise<void>>,
): Promise<Report> {
  const generator = start(bench, args, port)
  const { stdout, stderr } = generator.process
  const pending: Promise<void>[] = []
  createInterface({ input: stderr as NonNullable<typeof stderr> }).on('line', (line) => {
    if (line === 'warm' || line === 'done') pending.push(told[line]())
    else generator.complaint += `${line} `
  })
  let output = ''
  stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const [code] = (await once(generator.process, 'close')) as [number | null]
  await Promise.all(pending)
  if (code !== 0) throw new Error(generator.complaint.trim() || `the generator ended with ${code}`)
  return JSON.parse(output) as Report
}

function start(bench: Bench, args: readonly string[], port: number): Child {
  return new Child([...bench.generatorCore, bench.generator, ...args.map((arg) => arg.replace('{port}', String(port)))])
}

// --- idle ----------------------------------------------------------------------------------------------------------------

/** Node collects on demand only if it was started so. */
function collecting(command: readonly string[]): string[] {
  const [file, ...args] = command as [string, ...string[]]
  return file === process.execPath ? [file, '--expose-gc', ...args] : [file, ...args]
}

async function memoryOfIdle(bench: Bench, scenario: Scenario, contender: Contender, server: Child, port: number): Promise<Measures> {
  const settle = async (): Promise<number> => {
    // Twice: what the first collection frees may have held on to more.
    for (let times = 0; times < 2; times++) {
      await sleep(SETTLE)
      if (contender.collects !== false) server.process.kill('SIGUSR2')
    }
    await sleep(SETTLE)
    return memoryOf(server.pid)
  }
  const warming = await open(bench, ['idle', '{port}', String(WARM_CONNECTIONS)], port)
  await close(warming)
  const before = await settle()
  const args = scenario.load(bench.scale)
  const generator = await open(bench, args, port)
  const rss = await settle()
  await close(generator)
  return { rate: (rss - before) / Number(args.at(-1)), rss }
}

/** Opens the connections, and resolves when all of them have had their echo. */
async function open(bench: Bench, args: readonly string[], port: number): Promise<Child> {
  const generator = start(bench, args, port)
  const { stderr } = generator.process
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: stderr as NonNullable<typeof stderr> }).on('line', (line) => {
      if (line === 'warm') resolve()
      else generator.complaint += `${line} `
    })
    generator.process.once('close', () => reject(new Error(generator.complaint.trim() || 'the generator ended')))
  })
  return generator
}

async function close(generator: Child): Promise<void> {
  const gone = once(generator.process, 'close')
  generator.process.stdin?.end()
  generator.process.stdout?.resume()
  await gone
}
