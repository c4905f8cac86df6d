// Two connections tied together: what one says the other hears, with back-pressure, each end of stream passed on by
// itself. While it stands it is the one reader of both; it knows no messages, so their read limits do not act.

import { Stream } from 'node:stream'
import { Bridge } from './connection/bridges/bridge.js'
import { type Connection, coreOf, isConnection } from './connection/connection.js'
import { Deadlines, type DeadlinesHost, WRITE } from './connection/deadlines.js'
import type { ConnectionCore } from './connection/lifecycle.js'
import { signalOf, timeOf } from './connection/reading/read-options.js'
import { ConnectionClosedError, isLinnetError, TimeoutError } from './errors.js'
import { isInstance, kindOf } from './kind-of.js'
import { optionsOf } from './options/own.js'
import { ignorable, rejectHandled } from './rejections.js'
import { leaveSignal, waitUnder } from './signals.js'
import type { Clock } from './transport/clock.js'
import { type QueueWatch, watchQueues } from './transport/send-queues.js'

/** Options of `pipe`. */
export interface PipeOptions {
  /** Aborts both connections; `pipe` rejects with its reason. */
  signal?: AbortSignal | undefined
  /** Once one side has ended, the longest silence of the other, in milliseconds. Default: 60 000; Infinity means none. */
  halfCloseTimeout?: number | undefined
  /** The longest silence of both together, in milliseconds. Default: none. */
  idleTimeout?: number | undefined
}

/** Bytes that were copied. */
export interface PipeResult {
  readonly aToB: number
  readonly bToA: number
}

// Long enough for a slow answer to a finished request, short enough that a peer which vanished is noticed.
const HALF_CLOSE = 60_000

const REFUSAL = 'pipe() reads this connection until both have ended: await it, or abort it by its `signal`'

interface Plan {
  signal: AbortSignal | undefined
  halfCloseTimeout: number
  idleTimeout: number
}

/**
 * Copies both ways with back-pressure, what is buffered first, and passes each end of stream on. Resolves with the number
 * of bytes when both directions have ended and both connections are closed.
 *
 * When either is lost, a limit runs out or `signal` aborts, both are aborted, and it rejects with that
 * ConnectionLostError, a TimeoutError or the reason. TypeError and RangeError for wrong arguments, ConcurrentReadError
 * while a read is pending: then both are left alone.
 *
 * @example
 * const { aToB, bToA } = await pipe(client, upstream)
 */
export function pipe(a: Connection, b: Connection, options?: PipeOptions): Promise<PipeResult> {
  let plan: Plan | undefined
  try {
    plan = planOf(options)
    return ignorable(begin(plan, coreFrom(a, 'a'), coreFrom(b, 'b')).done(), plan.signal)
  } catch (error) {
    return rejectHandled(error, plan?.signal)
  }
}

function begin(plan: Plan, one: ConnectionCore, other: ConnectionCore): Piping {
  if (one === other) throw new TypeError('a and b are the same connection')
  const from = new Bridge(one, REFUSAL, plan.signal)
  let back: Bridge
  try {
    back = new Bridge(other, REFUSAL, plan.signal)
  } catch (error) {
    from.remove()
    throw error
  }
  return new Piping(plan, { core: one, bridge: from }, { core: other, bridge: back })
}

interface Side {
  readonly core: ConnectionCore
  readonly bridge: Bridge
}

class Piping implements DeadlinesHost {
  readonly #plan: Plan
  readonly #a: Side
  readonly #b: Side
  readonly #failed: Promise<never>
  #fail!: (error: unknown) => void
  /** The one limit on silence is of the kind that is on what is queued: a peer that takes bytes of it is not silent. */
  readonly #deadlines: Deadlines
  /** Bytes that had left when a byte, or an end, last went one way or the other: a side that still takes what is queued for it is not silent. */
  #left = 0
  /** How many sides have ended. */
  #ended = 0

  constructor(plan: Plan, a: Side, b: Side) {
    this.#plan = plan
    this.#a = a
    this.#b = b
    this.#deadlines = new Deadlines(this)
    this.#failed = new Promise((_, reject) => {
      this.#fail = reject
    })
  }

  async done(): Promise<PipeResult> {
    const { signal } = this.#plan
    const cancelled = { fail: this.#fail }
    waitUnder(signal, cancelled)
    this.#active()
    const sides = [this.#a, this.#b]
    // A loss behind the end of a side is told by no read of it.
    const forget = sides.map(({ core }) => core.closeState.listen(({ by, error }) => by === 'lost' && core.peerEnded && this.#fail(error)))
    try {
      return await Promise.race([this.#copied(), this.#failed]).catch((error) => this.#broken(causeOf(error)))
    } finally {
      this.#deadlines.stop()
      leaveSignal(signal, cancelled)
      for (const each of forget) each()
      for (const { bridge } of sides) bridge.remove()
    }
  }

  async #copied(): Promise<PipeResult> {
    const [aToB, bToA] = await Promise.all([this.#copy(this.#a, this.#b), this.#copy(this.#b, this.#a)])
    await Promise.all([this.#a.core.closeState.closed, this.#b.core.closeState.closed])
    return { aToB, bToA }
  }

  /** Neither side shall take the break of the other for an end. */
  #broken(reason: unknown): never {
    try {
      this.#a.core.abort(reason)
    } finally {
      // Also where the stream of the first cannot be cut.
      this.#b.core.abort(reason)
    }
    throw reason
  }

  async #copy(from: Side, to: Side): Promise<number> {
    let bytes = 0
    for (let piece = await from.bridge.read(); piece !== null; piece = await from.bridge.read()) {
      this.#active()
      bytes += to.core.writeHalf.put(piece)
      await to.core.writeHalf.room()
      this.#active()
    }
    this.#ended++
    this.#active()
    await to.core.finish()
    return bytes
  }

  /** A byte, or an end, went one way or the other: the silence begins anew. */
  #active(): void {
    this.#left = this.#sent
    this.#deadlines.set(WRITE, this.#timeout)
  }

  get #timeout(): number {
    // When both have ended nobody has anything to say, and how long the rest takes to leave is for `writeTimeout`.
    if (this.#ended === 2) return Number.POSITIVE_INFINITY
    return Math.min(this.#plan.idleTimeout, this.#ended > 0 ? this.#plan.halfCloseTimeout : Number.POSITIVE_INFINITY)
  }

  get #sent(): number {
    return this.#a.core.writeHalf.sent + this.#b.core.writeHalf.sent
  }

  // --- what the time limit asks and tells ------------------------------------------------------------------------------

  get clock(): Clock {
    return this.#a.core.clock
  }

  get progress(): number {
    return this.#a.core.progress + this.#b.core.progress
  }

  get watchable(): boolean {
    return this.#a.core.watchable || this.#b.core.watchable
  }

  watch(ms: number, moved: () => void): QueueWatch | undefined {
    return watchQueues([this.#a.core.carrier, this.#b.core.carrier], ms, moved)
  }

  expired(): void {
    const queued = this.#a.core.writeHalf.queued + this.#b.core.writeHalf.queued
    if (queued > 0 && this.#sent > this.#left) this.#active()
    else this.#fail(this.#tooSilent(this.#timeout))
  }

  #tooSilent(timeout: number): TimeoutError {
    const error = new TimeoutError({ operation: 'pipe', timeout, kind: 'pipe' })
    return this.#a.core.own(this.#b.core.own(error))
  }
}

/** A connection that a time limit cut says so itself. */
function causeOf(error: unknown): unknown {
  if (!isLinnetError(error) || !(error instanceof ConnectionClosedError)) return error
  return isLinnetError(error.cause) && error.cause instanceof TimeoutError ? error.cause : error
}

function coreFrom(connection: unknown, name: string): ConnectionCore {
  if (isConnection(connection)) return coreOf(connection)
  const instead = isInstance(connection, Stream) ? ': Connection.from(stream) makes one' : ''
  throw new TypeError(`${name} must be a Connection, not ${kindOf(connection)}${instead}`)
}

function planOf(options: unknown): Plan {
  const known = optionsOf<keyof PipeOptions>(options, 'pipe()', ['signal', 'halfCloseTimeout', 'idleTimeout'])
  const { signal, halfCloseTimeout = HALF_CLOSE, idleTimeout = Number.POSITIVE_INFINITY } = known
  return {
    signal: signalOf(signal),
    halfCloseTimeout: timeOf(halfCloseTimeout, 'halfCloseTimeout'),
    idleTimeout: timeOf(idleTimeout, 'idleTimeout'),
  }
}
