// Controls the load generator: it connects once, and then loads the server a slice at a time.

import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import { Child } from './process.js'

/** The generator's report of a slice; see the head of load/load.c. */
export interface Slice {
  count: number
  seconds: number
  total: number
  p50: number
  p99: number
  p999: number
  errors: number
}

export class Generator {
  readonly #child: Child
  readonly #lines: Interface
  readonly #answers: string[] = []
  #waiting: ((line: string) => void) | undefined
  #failed: ((error: Error) => void) | undefined

  private constructor(command: readonly string[]) {
    this.#child = new Child(command)
    const { stdout } = this.#child.process
    this.#lines = createInterface({ input: stdout as NonNullable<typeof stdout> })
    this.#lines.on('line', (line) => {
      if (this.#waiting === undefined) this.#answers.push(line)
      else this.#waiting(line)
    })
    this.#child.process.once('close', () => this.#failed?.(this.#ended()))
  }

  /** Resolves when all connections are open. */
  static async start(command: readonly string[]): Promise<Generator> {
    const generator = new Generator(command)
    const line = await generator.#next()
    if (line !== 'ready') throw new Error(`the generator printed '${line}'`)
    return generator
  }

  async slice(ms: number): Promise<Slice> {
    this.#child.process.stdin?.write(`slice ${Math.round(ms)}\n`)
    const slice = JSON.parse(await this.#next()) as Slice
    if (slice.errors > 0) throw new Error(`${slice.errors} of ${slice.total + slice.errors} connections failed`)
    return slice
  }

  /** Closes its connections and ends it. */
  async stop(): Promise<void> {
    if (this.#child.process.pid === undefined || this.#child.over) return
    const gone = once(this.#child.process, 'close')
    this.#child.process.stdin?.end()
    await gone
  }

  async #next(): Promise<string> {
    const line = this.#answers.shift()
    if (line !== undefined) return line
    if (this.#child.over) throw this.#ended()
    try {
      return await new Promise((resolve, reject) => {
        this.#waiting = resolve
        this.#failed = reject
      })
    } finally {
      this.#waiting = undefined
      this.#failed = undefined
    }
  }

  #ended(): Error {
    return new Error(this.#child.complaint.trim() || `the generator ended with ${this.#child.process.exitCode}`)
  }
}
