// The parts of a connection and how they are joined: the carrier below, the two halves above it, and the deadlines. Each
// part sees the others through a small interface, and this class is all of these interfaces. What ends a connection is
// decided in `ConnectionCore`, which extends it.

import type { Address } from '../address.js'
import { type LimitExceededError, type LinnetError, markRaisedBy } from '../errors.js'
import type { ConnectionLimits, ResolvedConnectionOptions } from '../options/connection.js'
import type { ProxyInfo } from '../proxy-protocol/header.js'
import type { Carrier, CarrierSink } from '../transport/carrier.js'
import type { Clock } from '../transport/clock.js'
import { type QueueWatch, watchQueues } from '../transport/send-queues.js'
import { CloseState } from './close-info.js'
import { type DeadlineKind, Deadlines, type DeadlinesHost } from './deadlines.js'
import { ReadHalf } from './reading/read-half.js'
import type { ReadHalfHost } from './reading/received-stream.js'
import { WriteHalf, type WriteHalfHost } from './writing/write-half.js'

let lastId = 0

export abstract class ConnectionParts implements CarrierSink, ReadHalfHost, WriteHalfHost, DeadlinesHost {
  readonly id: number = ++lastId
  readonly openedAt: number = Date.now()
  /** Replaced by `startTls`. */
  carrier: Carrier
  /** Which side the connection takes in a TLS handshake. */
  side: 'client' | 'server' = 'client'
  /** The host that a client verifies the server's certificate against. */
  host: string | undefined
  /** The `startTls` that is under way. */
  upgrade: { readonly since: number; expired(): void } | undefined
  /** The contents of a PROXY header. */
  readonly proxy: ProxyInfo | undefined
  readonly options: ResolvedConnectionOptions
  /** The limits in force: those of `options` until `setLimits` changes them. */
  limits: ConnectionLimits
  readonly clock: Clock
  readonly readHalf: ReadHalf
  readonly writeHalf: WriteHalf
  readonly closeState: CloseState
  draining = false
  /** Whether the connection and its time limits keep the process alive. */
  protected referenced = true
  /** Undefined while no time limit was ever started, as in most connections. */
  #deadlines: Deadlines | undefined
  #deadlinesStopped = false

  constructor(carrier: Carrier, options: ResolvedConnectionOptions, clock: Clock, proxy?: ProxyInfo) {
    this.carrier = carrier
    this.proxy = proxy
    this.options = options
    this.limits = options.limits
    this.clock = clock
    this.readHalf = new ReadHalf(this)
    this.writeHalf = new WriteHalf(carrier, this)
    this.closeState = new CloseState(this.readHalf)
  }

  abstract abort(reason: unknown): void
  abstract slowConsumer(error: LimitExceededError): void
  abstract end(): void
  abstract finished(): void
  abstract lost(cause: Error): void
  abstract progressed(): void
  abstract expired(kind: DeadlineKind): void

  /** The real client's address: the source of a PROXY header, or else the peer's. */
  get remote(): Address {
    return this.proxy?.source ?? this.carrier.remote
  }

  /** Marks an error as raised by this connection: a handler that rejects with it has ended normally. */
  raised<E extends LinnetError>(error: E): E {
    markRaisedBy(error, this.id)
    return error
  }

  // --- carrier and halves ----------------------------------------------------------------------------------------------

  data(chunk: Buffer): void {
    this.readHalf.data(chunk)
  }

  sent(): void {
    this.writeHalf.sentAll()
  }

  moved(bytes: number): void {
    this.writeHalf.sentPart(bytes)
  }

  written(): void {
    this.readHalf.written()
  }

  readerWaits(): void {
    this.writeHalf.readerWaits()
  }

  get paced(): boolean {
    return true
  }

  get holding(): boolean {
    return this.carrier.holding
  }

  resume(): void {
    this.carrier.resume()
  }

  pause(): void {
    this.carrier.pause()
  }

  // --- deadlines -------------------------------------------------------------------------------------------------------

  /** A number that changes whenever bytes were received or sent. */
  get progress(): number {
    return this.carrier.received + this.writeHalf.sent
  }

  get watchable(): boolean {
    return this.carrier.queueKeys !== undefined
  }

  watch(ms: number, moved: () => void): QueueWatch | undefined {
    return watchQueues([this.carrier], ms, moved)
  }

  /** Starts a time limit of `ms`, of which `elapsed` have passed, or moves it there. Infinity lifts it. */
  limit(kind: DeadlineKind, ms: number, elapsed = 0): void {
    if (ms === Number.POSITIVE_INFINITY) this.lift(kind)
    else this.#ensuredDeadlines.set(kind, ms, elapsed)
  }

  /** Lifts a time limit. */
  lift(kind: DeadlineKind): void {
    this.#deadlines?.clear(kind)
  }

  get #ensuredDeadlines(): Deadlines {
    if (this.#deadlines === undefined) {
      this.#deadlines = new Deadlines(this)
      if (this.#deadlinesStopped) this.#deadlines.stop()
    }
    return this.#deadlines
  }

  /** Lifts all time limits but that of a message: one may still be read from what is buffered. */
  protected stopDeadlines(): void {
    this.#deadlinesStopped = true
    this.#deadlines?.stop()
  }

  ref(): void {
    this.referenced = true
    this.carrier.ref()
    this.#deadlines?.reference(true)
  }

  unref(): void {
    this.referenced = false
    this.carrier.unref()
    this.#ensuredDeadlines.reference(false)
  }
}
