// wrk, the load generator of the HTTP benchmark: how it is called, and what its report says.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** What one run of wrk measured. Times are in microseconds. */
export interface WrkReport {
  /** Requests that were answered. */
  readonly requests: number
  /** Requests a second. */
  readonly rate: number
  readonly p50: number
  readonly p99: number
}

const MICROS: Readonly<Record<string, number>> = { us: 1, ms: 1000, s: 1_000_000, m: 60_000_000 }

/** Runs wrk for whole seconds. `command`: wrk, and what pins it to a core in front of it. */
export async function wrk(command: readonly string[], url: string, args: readonly string[]): Promise<WrkReport> {
  const [file, ...rest] = command as [string, ...string[]]
  const { stdout } = await run(file, [...rest, '--threads', '1', '--latency', ...args, url])
  return readReport(stdout)
}

/** @throws Error if requests failed, or the report has another form */
export function readReport(text: string): WrkReport {
  const failures = /^ *(?:Socket errors|Non-2xx or 3xx responses): .*$/gm.exec(text)
  if (failures !== null) throw new Error(`wrk reports ${failures[0].trim()}`)
  const requests = Number(/^ *(\d+) requests in /m.exec(text)?.[1])
  const rate = Number(/^Requests\/sec: *([\d.]+)$/m.exec(text)?.[1])
  const [p50, p99] = [latency(text, '50'), latency(text, '99')]
  // Of few and late measurements wrk prints a percentile of 0.
  if (!(requests > 0 && rate > 0 && p50 >= 0 && p99 >= 0)) throw new Error(`this is no report of wrk: ${text}`)
  return { requests, rate, p50, p99 }
}

function latency(text: string, percent: string): number {
  const [, number, unit = ''] = new RegExp(`^ *${percent}% +([\\d.]+)(us|ms|s|m)$`, 'm').exec(text) ?? []
  return Number(number) * (MICROS[unit] ?? Number.NaN)
}
