// The result of a run: counters, and each failure with the information to reproduce it.

import type { Case } from './judge.js'
import type { Options } from './options.js'

export interface SummaryLine {
  readonly seed: number
  readonly node: string
  readonly seconds: number
  readonly conversations: number
  readonly messages: number
  readonly megabytes: number
  readonly interruptedReads: number
  readonly ends: Readonly<Record<string, number>>
  readonly restarts: number
  readonly memory: Readonly<Record<string, number>>
  readonly failures: number
}

export class Summary {
  readonly #options: Options
  readonly #began = Date.now()
  readonly #ends: Record<string, number> = {}
  #conversations = 0
  #messages = 0
  #bytes = 0
  #interrupted = 0
  restarts = 0
  failures = 0

  constructor(options: Options) {
    this.#options = options
  }

  count({ client, server, proxy }: Case): void {
    this.#conversations++
    this.#messages += client.received.length + (server?.received.length ?? 0)
    this.#bytes += proxy.bytes.up + proxy.bytes.down
    this.#interrupted += client.interrupted + (server?.interrupted ?? 0)
    const end = client.connect === undefined ? client.reading : 'unconnected'
    this.#ends[end] = (this.#ends[end] ?? 0) + 1
  }

  /** Prints a failure with its plan and reports. */
  fail(what: string, problems: readonly string[] = [], found: object = {}): void {
    this.failures++
    const { seed, node } = this.#options
    console.error(`FAILED: ${what} (seed ${seed}, ${node})`)
    for (const problem of problems) console.error(`  ${problem}`)
    for (const [name, value] of Object.entries(found)) console.error(`  ${name}: ${JSON.stringify(value, shortened)}`)
  }

  line(memory: Record<string, number>): SummaryLine {
    return {
      seed: this.#options.seed,
      node: this.#options.node,
      seconds: Math.round((Date.now() - this.#began) / 1000),
      conversations: this.#conversations,
      messages: this.#messages,
      megabytes: Math.round(this.#bytes / 1e6),
      interruptedReads: this.#interrupted,
      ends: this.#ends,
      restarts: this.restarts,
      memory,
      failures: this.failures,
    }
  }
}

/** Replaces the checksums, of which there may be hundreds, by their number. */
function shortened(key: string, value: unknown): unknown {
  return key === 'sent' || key === 'received' ? (value as unknown[]).length : value
}
