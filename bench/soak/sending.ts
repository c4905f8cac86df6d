// The sending half of a conversation at one side: writes the messages by different methods, and ends according to the plan. It reports the
// messages in the order in which it passed them to the connection.

import { Readable } from 'node:stream'
import { type Connection, ConnectionClosedError, ConnectionLostError } from 'linnet'
import type { Gate } from './gate.js'
import { checksum, messageOf } from './messages.js'
import { type Direction, type Phase, type Plan, type Side, sendsOf } from './plan.js'
import { Random } from './random.js'
import { describe } from './receiving.js'
import type { SideReport } from './report.js'

// Writes without `await` stay below `maxWriteBuffer` (16 MiB), so that it does not end the connection of a slow peer.
const UNAWAITED = 4 * 1024 * 1024

export class Sending {
  readonly #connection: Connection
  readonly #plan: Plan
  readonly #side: Side
  readonly #direction: Direction
  readonly #report: SideReport
  readonly #random: Random
  readonly #reused = Buffer.alloc(2048)
  /** Set when the reading has stopped: no new message is started. */
  stopped = false

  constructor(connection: Connection, plan: Plan, side: Side, report: SideReport) {
    this.#connection = connection
    this.#plan = plan
    this.#side = side
    this.#direction = sendsOf[side]
    this.#report = report
    this.#random = new Random(plan.seed, plan.id, side, 'writing')
  }

  /** Writes the messages of a phase, and after the last phase ends according to the plan. */
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

  /** The number of messages that must be read before message `n` of a phase may be written. */
  #readBefore({ window }: Phase, n: number): number {
    if (window === Number.POSITIVE_INFINITY) return 0
    return this.#side === 'server' ? n + 1 : n - window + 1
  }

  /** Writes one or more messages, and resolves with their number. */
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
      // The buffer of an awaited write may be reused.
      this.#reused.set(bytes)
      await connection.write(this.#reused.subarray(0, bytes.length))
      this.#reused.fill(0)
    } else {
      await connection.write(bytes)
    }
    return 1
  }

  /** Writes by `writeFrom`, from a generator or a stream. Resolves with the number of messages that were taken. */
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
