// One conversation at one side, from the first line to the end. Client and server run the same code, and differ in the lines that they send
// between two phases.

import { type Connection, HandshakeError } from 'linnet'
import { Gate } from './gate.js'
import type { Plan, Side } from './plan.js'
import { describe, Receiving } from './receiving.js'
import type { SideReport } from './report.js'
import { Sending } from './sending.js'

/** The TLS options of the sides: `ca` is the server's certificate. */
export interface Identity {
  readonly key: string
  readonly cert: string
}

const UPGRADE = 'UPGRADE'
const GO = 'GO'

export class Session {
  readonly #connection: Connection
  readonly #plan: Plan
  readonly #side: Side
  readonly #identity: Identity
  readonly #report: SideReport
  readonly #receiving: Receiving
  readonly #sending: Sending
  /** Payload before the first message. */
  readonly #before: number

  constructor(connection: Connection, plan: Plan, side: Side, identity: Identity, report: SideReport, before: number) {
    this.#connection = connection
    this.#plan = plan
    this.#side = side
    this.#identity = identity
    this.#report = report
    this.#before = before
    this.#receiving = new Receiving(connection, plan, side, report)
    this.#sending = new Sending(connection, plan, side, report)
  }

  /** Runs it up to the closing. Resolves with the error that ended it, if a handler should throw it. */
  async run(): Promise<unknown> {
    const { phases } = this.#plan
    for (const [index, phase] of phases.entries()) {
      if (index > 0 && !(await this.#upgrade())) break
      this.#report.step = `phase ${index}`
      const gate = new Gate()
      const last = index === phases.length - 1
      const receiving = this.#receiving.phase(phase, last, gate).finally(() => {
        // After a drain or an unexpected message no new message is started.
        if (this.#report.reading === 'drained' || this.#report.problems.length > 0) this.#sending.stopped = true
      })
      await Promise.all([receiving, this.#sending.phase(phase, last, gate)])
      if (this.#report.reading !== 'none' || this.#report.writing !== 'all') break
    }
    this.#checkCounters()
    // A side that has not aborted ends cleanly: by `close`, or by returning.
    if (!this.#report.aborted) this.#report.ending = true
    return this.#receiving.failure
  }

  async #upgrade(): Promise<boolean> {
    const { key, cert } = this.#identity
    const report = this.#report
    report.step = 'startTls'
    try {
      if (this.#side === 'client') {
        await this.#connection.write(`${UPGRADE}\n`)
        if (!(await this.#receiving.line(GO))) return false
        await this.#connection.startTls({ ca: cert, servername: 'localhost' })
      } else {
        if (!(await this.#receiving.line(UPGRADE))) return false
        await this.#connection.startTls({ key, cert, reply: `${GO}\n` })
      }
      if (this.#connection.tls === undefined) report.problems.push('startTls has resolved, and there is no `tls`')
      return true
    } catch (error) {
      // A handshake may fail because of a planned break, which the parent checks.
      if (error instanceof HandshakeError) report.reading = 'lost'
      else if (!this.#isOver(error)) report.problems.push(`startTls failed: ${describe(error)}`)
      return false
    }
  }

  #isOver(error: unknown): boolean {
    const { code } = error as { code?: string }
    if (code === 'ERR_LINNET_CLOSED') this.#report.reading = 'closed'
    else if (error instanceof Error && error.name === 'ConnectionLostError') this.#report.reading = 'lost'
    else return false
    return true
  }

  /** The bytes that were read or are still buffered. */
  #checkCounters(): void {
    const { bytesRead, buffered } = this.#connection
    const consumed = this.#before + this.#receiving.consumed
    // Bytes that a closed or aborted connection discards do not count as buffered.
    const { reading, writing, left, aborted } = this.#report
    if (reading === 'closed' || reading === 'none' || writing === 'closed' || left || aborted) return
    if (bytesRead - buffered !== consumed)
      this.#report.problems.push(`bytesRead ${bytesRead} − buffered ${buffered} should be the ${consumed} bytes that were read`)
  }
}

/** The end of a connection, for a report. */
export async function closingOf(connection: Connection): Promise<NonNullable<SideReport['closed']>> {
  const { by, error, bytesRead, bytesWritten } = await connection.closed
  return { by, error: error === undefined ? undefined : describe(error).split('\n')[0], bytesRead, bytesWritten }
}
