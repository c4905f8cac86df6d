// `pipe`: copies bytes between two connections in both directions, with back-pressure, and passes on each end of stream. It
// holds the read lock of both connections. It has no notion of messages, so that their read limits do not apply.

import { Stream } from 'node:stream'
import { Bridge } from './connection/bridges/bridge.js'
import { type Connection, coreOf, isConnection } from './connection/connection.js'
import { Deadlines, type DeadlinesHost, WRITE } from './connection/deadlines.js'
import type { ConnectionCore } from './connection/lifecycle.js'
import { ConnectionClosedError, isLinnetError, TimeoutError } from './errors.js'
import { isInstance, kindOf } from './kind-of.js'
import { signalOf, timeOf } from './options/arguments.js'
import { optionsOf } from './options/own.js'
import { markIfIgnorable, rejectHandled } from './rejections.js'
import { addAbortListener, removeAbortListener } from './signals.js'
import type { Clock } from './transport/clock.js'
import { type QueueWatch, watchQueues } from './transport/send-queues.js'

/** Options of `pipe`. */
export interface PipeOptions {
  /** Aborts both connections; `pipe` rejects with its reason. */
  signal?: AbortSignal | undefined
  /** The longest time without a byte after one side has ended, in milliseconds. Default: 60 000; Infinity means no limit. */
  halfCloseTimeout?: number | undefined
  /** The longest time without a byte in either direction, in milliseconds. Default: no limit. */
  idleTimeout?: number | undefined
}

/** The numbers of bytes that were copied. */
export interface PipeResult {
  readonly aToB: number
  readonly bToA: number
}

// In milliseconds. Long enough for a slow answer to a finished request, short enough to notice a peer that has vanished.
const HALF_CLOSE = 60_000

const REFUSAL = 'pipe() reads this connection until both have ended: await it, or abort it by its `signal`'

interface ResolvedPipeOptions {
  signal: AbortSignal | undefined
  halfCloseTimeout: number
  idleTimeout: number
}

/**
 * Copies bytes between two connections in both directions, with back-pressure, beginning with the bytes that are buffered.
 * The end of one side is passed on to the other; the opposite direction goes on.
 *
 * **Resolves** with the numbers of bytes when both directions have ended and both connections are closed.
 *
 * **Rejects** with ConnectionLostError when either connection is lost, with ConnectionClosedError when the program closes
 * one, and with TimeoutError when `idleTimeout` or `halfCloseTimeout` expires; both connections are aborted then. Rejects
 * with TypeError or RangeError for wrong arguments, and with ConcurrentReadError while a read is pending; both connections
 * are unaffected then.
 *
 * **Cancelling**: aborting `signal` aborts both connections and rejects with `signal.reason`.
 *
 * @example
 * const { aToB, bToA } = await pipe(client, upstream)
 */
export function pipe(a: Connection, b: Connection, options?: PipeOptions): Promise<PipeResult> {
  let resolved: ResolvedPipeOptions | undefined
  try {
    resolved = resolveOptions(options)
    return markIfIgnorable(begin(resolved, coreFrom(a, 'a'), coreFrom(b, 'b')).done(), resolved.signal)
  } catch (error) {
    return rejectHandled(error, resolved?.signal)
  }
}

function begin(options: ResolvedPipeOptions, one: ConnectionCore, other: ConnectionCore): Piping {
  if (one === other) throw new TypeError('a and b are the same connection')
  const from = new Bridge(one, REFUSAL, options.signal)
  let back: Bridge
  try {
    back = new Bridge(other, REFUSAL, options.signal)
  } catch (error) {
    from.remove()
    throw error
  }
  return new Piping(options, { core: one, bridge: from }, { core: other, bridge: back })
}

interface Side {
  readonly core: ConnectionCore
  readonly bridge: Bridge
}

class Piping implements DeadlinesHost {
  readonly #options: ResolvedPipeOptions
  readonly #a: Side
  readonly #b: Side
  readonly #failed: Promise<never>
  #fail!: (error: unknown) => void
  /** The time limit is of the kind WRITE, which counts queued bytes that the peer takes as progress. */
  readonly #deadlines: Deadlines
  /** The number of bytes sent at the last activity. If more have been sent when the limit expires, a peer is still taking queued bytes. */
  #sentAtActivity = 0
  /** The number of sides that have ended. */
  #ended = 0

  constructor(options: ResolvedPipeOptions, a: Side, b: Side) {
    this.#options = options
    this.#a = a
    this.#b = b
    this.#deadlines = new Deadlines(this)
    this.#failed = new Promise((_, reject) => {
      this.#fail = reject
    })
  }

  async done(): Promise<PipeResult> {
    const { signal } = this.#options
    const cancelled = { fail: this.#fail }
    addAbortListener(signal, cancelled)
    this.#active()
    const sides = [this.#a, this.#b]
    // Once a side has ended, no read of it reports a later loss.
    const unlisten = sides.map(({ core }) =>
      core.closeState.listen(({ by, error }) => by === 'lost' && core.peerEnded && this.#fail(error)),
    )
    try {
      return await Promise.race([this.#copied(), this.#failed]).catch((error) => this.#broken(causeOf(error)))
    } finally {
      this.#deadlines.stop()
      removeAbortListener(signal, cancelled)
      for (const each of unlisten) each()
      for (const { bridge } of sides) bridge.remove()
    }
  }

  async #copied(): Promise<PipeResult> {
    const [aToB, bToA] = await Promise.all([this.#copy(this.#a, this.#b), this.#copy(this.#b, this.#a)])
    await Promise.all([this.#a.core.closeState.closed, this.#b.core.closeState.closed])
    return { aToB, bToA }
  }

  /** Aborts both connections, so that neither peer takes the failure for an end of stream. */
  #broken(reason: unknown): never {
    try {
      this.#a.core.abort(reason)
    } finally {
      // In `finally`, since the stream of a `Connection.from` may throw when it is destroyed.
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

  /** Restarts the time limit: a byte or an end of stream was read or written. */
  #active(): void {
    this.#sentAtActivity = this.#sent
    this.#deadlines.set(WRITE, this.#timeout)
  }

  get #timeout(): number {
    // Once both sides have ended, `writeTimeout` limits how long the queued bytes take.
    if (this.#ended === 2) return Number.POSITIVE_INFINITY
    return Math.min(this.#options.idleTimeout, this.#ended > 0 ? this.#options.halfCloseTimeout : Number.POSITIVE_INFINITY)
  }

  get #sent(): number {
    return this.#a.core.writeHalf.sent + this.#b.core.writeHalf.sent
  }

  // --- DeadlinesHost ---------------------------------------------------------------------------------------------------

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
    if (queued > 0 && this.#sent > this.#sentAtActivity) this.#active()
    else this.#fail(this.#tooSilent(this.#timeout))
  }

  #tooSilent(timeout: number): TimeoutError {
    const error = new TimeoutError({ operation: 'pipe', timeout, kind: 'pipe' })
    return this.#a.core.raised(this.#b.core.raised(error))
  }
}

/** The TimeoutError behind a ConnectionClosedError, if a time limit cut the connection; else the error itself. */
function causeOf(error: unknown): unknown {
  if (!isLinnetError(error) || !(error instanceof ConnectionClosedError)) return error
  return isLinnetError(error.cause) && error.cause instanceof TimeoutError ? error.cause : error
}

function coreFrom(connection: unknown, name: string): ConnectionCore {
  if (isConnection(connection)) return coreOf(connection)
  const instead = isInstance(connection, Stream) ? ': Connection.from(stream) makes one' : ''
  throw new TypeError(`${name} must be a Connection, not ${kindOf(connection)}${instead}`)
}

function resolveOptions(options: unknown): ResolvedPipeOptions {
  const known = optionsOf<keyof PipeOptions>(options, 'pipe()', ['signal', 'halfCloseTimeout', 'idleTimeout'])
  const { signal, halfCloseTimeout = HALF_CLOSE, idleTimeout = Number.POSITIVE_INFINITY } = known
  return {
    signal: signalOf(signal),
    halfCloseTimeout: timeOf(halfCloseTimeout, 'halfCloseTimeout'),
    idleTimeout: timeOf(idleTimeout, 'idleTimeout'),
  }
}
