// redis-benchmark, the load generator of the Redis benchmark: how it is called, and what its report says.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** What it measured of one command. Times are in microseconds. */
export interface CommandReport {
  /** The name of the command: `GET`. */
  readonly name: string
  /** Commands a second. */
  readonly rate: number
  readonly p50: number
  readonly p99: number
}

/** `command`: redis-benchmark, and what pins it to a core in front of it. */
export async function redisBenchmark(command: readonly string[], port: number, args: readonly string[]): Promise<CommandReport[]> {
  const [file, ...rest] = command as [string, ...string[]]
  const { stdout } = await run(file, [...rest, '-h', '127.0.0.1', '-p', String(port), '--csv', ...args])
  return readCsv(stdout)
}

/** @throws Error if the report has another form */
export function readCsv(text: string): CommandReport[] {
  const [head, ...rows] = text
    .trim()
    .split('\n')
    .map((line) => line.split(',').map((cell) => cell.replaceAll('"', '').trim()))
  const reports = rows.map((cells) => {
    const value = (name: string): number => Number(cells[head?.indexOf(name) ?? -1])
    const [rate, p50, p99] = [value('rps'), value('p50_latency_ms') * 1000, value('p99_latency_ms') * 1000]
    return { name: cells[0] ?? '', rate, p50, p99 }
  })
  const wrong = reports.find(({ rate, p50, p99 }) => !(rate > 0 && p50 >= 0 && p99 >= 0))
  if (reports.length === 0 || wrong !== undefined) throw new Error(`this is no report of redis-benchmark: ${text}`)
  return reports
}
