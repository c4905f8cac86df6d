// The sending half of a conversation at one side: writes message after message in one way or another, and ends as the plan
// says. What it reports as sent is what it gave to the connection, in that order.

import { Readable } from 'node:stream'
import { type Connection, ConnectionClosedError, ConnectionLostError } from 'linnet'
import type { Gate } from './gate.js'
import { checksum, messageOf } from './messages.js'
import { type Direction, type Phase, type Plan, type Side, sendsOf } from './plan.js'
import { Random } from './random.js'
import { describe } from './receiving.js'
import type { SideReport } from './report.js'

// Not awaiting is allowed up to `maxWriteBuffer` (16 MiB); a slow peer's end shall not come by that.
const UNAWAITED = 4 * 1024 * 1024

export class Sending {
  readonly #connection: Connection
  readonly #plan: Plan
  readonly #side: Side
  readonly #direction: Direction
  readonly #report: SideReport
  readonly #random: Random
  readonly #reused = Buffer.alloc(2048)
  /** Set when the reading was told to stop: nothing new is begun. */
  stopped = false

  constructor(connection: Connection, plan: Plan, side: Side, report: SideReport) {
    this.#connection = connection
    this.#plan = plan
    this.#side = side
    this.#direction = sendsOf[side]
    this.#report = report
    this.#random = new Random(plan.seed, plan.id, side, 'writing')
  }

  /** Writes the messages of a phase, and in the last one ends as the plan says. */
  async phase(phase: Phase, last: boolean, gate: Gate): Promise<void> {
    const first = phase.first[this.#direction]
    const { kind, before } = this.#plan.ending[this.#side]
    const end = first + (last ? before : phase.count[this.#direction])
    try {
      for (let n = first; n < end && !this.stopped; ) {
        await gate.passed(this.#readBefore(phase, n - first))
        if (this.stopped) break
        n += await this.#some(phase, n, end)
      }
      if (last && !this.stopped) await this.#finish(kind)
      else await this.#connection.flush()
      this.#report.writing = 'all'
    } catch (error) {
      if (error instanceof ConnectionLostError) this.#report.writing = 'lost'
      else if (error instanceof ConnectionClosedError) this.#report.writing = 'closed'
      else this.#report.problems.push(`writing failed: ${describe(error)}`)
    }
  }

  /** How many messages must have been read before number `n` of a phase may be written. */
  #readBefore({ window }: Phase, n: number): number {
    if (window === Number.POSITIVE_INFINITY) return 0
    return this.#side === 'server' ? n + 1 : n - window + 1
  }

  /** Writes one message or more, and says how many. */
  async #some(phase: Phase, n: number, end: number): Promise<number> {
    const connection = this.#connection
    const random = this.#random
    const way = random.weighted({
      await: 3,
      ignore: 5,
      try: 1,
      list: 2,
      text: 1,
      reused: 2,
      from: phase.window === Number.POSITIVE_INFINITY ? 1 : 0,
    })
    if (way === 'from') return this.#from(phase, n, Math.min(end, n + random.int(1, 8)))
    const bytes = this.#next(phase, n)
    if (way === 'ignore' && connection.queued < UNAWAITED) {
      void connection.write(bytes)
    } else if (way === 'try') {
      if (!connection.tryWrite(bytes)) await connection.write(bytes)
    } else if (way === 'list') {
      const middle = random.int(0, bytes.length)
      await connection.write([bytes.subarray(0, middle), bytes.subarray(middle)])
    } else if (way === 'text' && Buffer.from(bytes.toString()).equals(bytes)) {
      await connection.write(bytes.toString())
    } else if (way === 'reused' && bytes.length <= this.#reused.length) {
      // What was awaited may be used again.
      this.#reused.set(bytes)
      await connection.write(this.#reused.subarray(0, bytes.length))
      this.#reused.fill(0)
    } else {
      await connection.write(bytes)
    }
    return 1
  }

  /** By `writeFrom`, of a generator or a stream. Says how many messages were taken. */
  async #from(phase: Phase, first: number, end: number): Promise<number> {
    let n = first
    const messages = async function* (next: (n: number) => Buffer, pause: () => boolean): AsyncGenerator<Buffer> {
      while (n < end) {
        if (pause()) await new Promise((resolve) => setImmediate(resolve))
        yield next(n++)
      }
    }
    const source = messages(
      (n) => this.#next(phase, n),
      () => this.#random.chance(0.2),
    )
    // A stream reads ahead of who takes, but takes all that it has read: one message at a time, and none is left over in order.
    await this.#connection.writeFrom(this.#random.chance(0.5) ? source : Readable.from(source, { highWaterMark: 1 }))
    return n - first
  }

  #next(phase: Phase, n: number): Buffer {
    const bytes = messageOf(this.#plan, phase, this.#direction, n)
    this.#report.sent.push(checksum(bytes))
    this.#report.step = `sent ${n}`
    return bytes
  }

  async #finish(kind: 'end' | 'wait' | 'leave' | 'abort'): Promise<void> {
    const connection = this.#connection
    const report = this.#report
    if (kind === 'abort') {
      report.aborted = true
      connection.abort(new Error('the soak aborts a connection'))
    } else if (kind === 'leave') {
      report.ending = true
      report.left = true
      await connection.close()
    } else if (kind === 'end') {
      report.ending = true
      await connection.end()
    } else {
      await connection.flush()
    }
  }
}
