// The receiving half of a conversation at one side: reads the messages by different methods, compares each with the expected one, and
// reports how the reading ended.

import { type Connection, ConnectionClosedError, ConnectionLostError, DrainingError, EndOfStreamError } from 'linnet'
import type { Gate } from './gate.js'
import { Insistence } from './interrupt.js'
import { checksum, formatOf, messageOf } from './messages.js'
import { type Direction, type Phase, type Plan, receivesOf, type Side } from './plan.js'
import { Random } from './random.js'
import { EarlyEnd, MessageReader } from './reading.js'
import type { ReadEnd, SideReport } from './report.js'
import { sleep } from './sleep.js'

export class Receiving {
  readonly #connection: Connection
  readonly #plan: Plan
  readonly #direction: Direction
  readonly #report: SideReport
  readonly #random: Random
  readonly #slow: boolean
  readonly #reader: MessageReader
  readonly insist: Insistence
  /** Payload that the messages and the lines between phases have taken. */
  consumed = 0
  /** The error that ended the reading, if any. */
  failure: unknown

  constructor(connection: Connection, plan: Plan, side: Side, report: SideReport) {
    this.#connection = connection
    this.#plan = plan
    this.#direction = receivesOf[side]
    this.#report = report
    this.#random = new Random(plan.seed, plan.id, side, 'reading')
    this.#slow = plan.slow[side]
    this.insist = new Insistence(this.#random, report)
    this.#reader = new MessageReader(connection, this.#random, this.insist)
  }

  /** Reads the messages of a phase, and in the last one on until the stream ends. Opens the gate when no more will come. */
  async phase(phase: Phase, last: boolean, gate: Gate): Promise<void> {
    const { first, count } = phase
    const end = first[this.#direction] + count[this.#direction]
    try {
      for (let n = first[this.#direction]; n < end; n++) {
        if (this.#slow && this.#random.chance(0.1)) await sleep(this.#random.int(1, 60))
        if (!(await this.#message(phase, n))) return
        gate.advance()
      }
      gate.open()
      if (last) await this.#toTheEnd()
    } finally {
      gate.open()
    }
  }

  /** A line between two phases. */
  async line(expected: string): Promise<boolean> {
    try {
      const line = await this.insist.until((limit) => this.#connection.readLine({ delimiter: '\n', ...limit }))
      if (line !== expected) this.#problem(`expected the line '${expected}', and got ${excerpt(Buffer.from(line))}`)
      this.consumed += Buffer.byteLength(line) + 1
      return line === expected
    } catch (error) {
      this.#ended(error, 0, undefined)
      return false
    }
  }

  async #message(phase: Phase, n: number): Promise<boolean> {
    const expected = messageOf(this.#plan, phase, this.#direction, n)
    const format = formatOf(this.#plan, phase, this.#direction, n)
    let bytes: Buffer
    try {
      bytes = await this.#reader.read(format, phase.size)
    } catch (error) {
      this.#ended(error, this.#reader.taken, expected)
      this.consumed += this.#reader.taken
      return false
    }
    this.consumed += bytes.length
    this.#report.received.push(checksum(bytes))
    if (bytes.equals(expected)) return true
    this.#problem(`message ${n} (${this.#reader.way}) is not what was sent: ${difference(bytes, expected)}`)
    this.#connection.abort()
    this.#report.aborted = true
    return false
  }

  async #toTheEnd(): Promise<void> {
    this.#reader.way = 'the end'
    try {
      const more = await this.insist.until((limit) => this.#connection.read(limit))
      if (more === null) this.#report.reading = 'end'
      else this.#problem(`bytes behind the last message: ${excerpt(more)}`)
    } catch (error) {
      this.#ended(error, 0, undefined)
    }
  }

  #ended(error: unknown, taken: number, expected: Buffer | undefined): void {
    this.failure = error
    const reading = this.#reasonOf(error, taken, expected)
    if (reading === undefined) this.#problem(`reading (${this.#reader.way}, ${taken} bytes of it taken) failed: ${describe(error)}`)
    else this.#report.reading = reading
  }

  #reasonOf(error: unknown, taken: number, expected: Buffer | undefined): ReadEnd | undefined {
    if (error instanceof ConnectionLostError) return 'lost'
    if (error instanceof ConnectionClosedError) return 'closed'
    // A drain does not interrupt a message that has begun.
    if (error instanceof DrainingError) return taken === 0 ? 'drained' : undefined
    const partial = error instanceof EndOfStreamError ? error.partial : error instanceof EarlyEnd ? Buffer.alloc(0) : undefined
    if (partial === undefined) return undefined
    const due = expected?.subarray(taken, taken + partial.length)
    if (due !== undefined && !partial.equals(due))
      this.#problem(`the \`partial\` bytes are not those that were sent: ${difference(partial, due)}`)
    return taken + partial.length === 0 ? 'end' : 'cut'
  }

  #problem(text: string): void {
    this.#report.problems.push(text)
  }
}

export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = (error as { code?: string }).code
  return `${error.name}${code === undefined ? '' : ` (${code})`}: ${error.message}\n${error.stack?.split('\n').slice(1, 6).join('\n')}`
}

function difference(got: Buffer, expected: Buffer): string {
  let at = 0
  while (at < got.length && got[at] === expected[at]) at++
  return `${got.length} bytes instead of ${expected.length}, different from byte ${at} on: ${excerpt(got.subarray(at))} instead of ${excerpt(expected.subarray(at))}`
}

function excerpt(bytes: Uint8Array): string {
  const shown = Buffer.from(bytes.subarray(0, 48))
  return `${JSON.stringify(shown.toString('latin1'))}${bytes.length > 48 ? '…' : ''}`
}
