// The inside of a server: the way in, the connections that are open, and how all of it comes to an end. Its listeners, its
// counters and what stands around each connection are in files of their own.
//
//   open ──a loop is left──▶ stopped ──┐
//     └──────────close()──▶ draining ◀─┘   (stopped and draining: no listener, nobody new)
//   stopped, draining ──no listener and no connection left──▶ closed

import type { Address } from '../address.js'
import type { CloseInfo } from '../connection/close-info.js'
import { Connection } from '../connection/connection.js'
import { ConnectionCore } from '../connection/lifecycle.js'
import { DrainingError, type HandshakeError } from '../errors.js'
import { endpointPlan, type ResolvedEndpoint, type ResolvedListenOptions } from '../options/listen.js'
import { throwLater } from '../throw-later.js'
import type { Carrier } from '../transport/carrier.js'
import type { Clock } from '../transport/clock.js'
import { bind, type ListenerSink } from '../transport/listening/listener.js'
import { AcceptQueue, type QueuedConnection, type Waiter } from './accept-queue.js'
import { Admission, type AdmissionHost, type AdmissionLimits } from './admission.js'
import { ServerCounters } from './counters.js'
import { defaultLimits, freeDescriptors } from './descriptors.js'
import { Drain, type DrainResult } from './drain.js'
import { type EndpointHandshake, EndpointHandshakes } from './endpoint-handshakes.js'
import { type DropReason, emitSafely, type ServerStats } from './events.js'
import { Listeners } from './listeners.js'
import { usableMemory } from './memory.js'
import { print } from './print.js'
import { cores, type Server } from './server.js'
import { type Superior, Supervision } from './supervision.js'

type Phase = 'open' | 'stopped' | 'draining' | 'closed'

// Accept errors come in floods (a socket that fails is asked again at once), and one tells as much as a thousand.
const ACCEPT_ERRORS_EVERY = 1000

export class ServerCore implements AdmissionHost, Superior {
  readonly clock: Clock
  readonly plan: Omit<ResolvedListenOptions, 'endpoints'>
  readonly limits: AdmissionLimits
  readonly listeners: Listeners = new Listeners(() => this.#settle())
  readonly entries: EndpointHandshakes
  readonly connections: Set<Connection> = new Set()
  /** Resolves when no listener and no connection is left. */
  readonly closed: Promise<void>
  #phase: Phase = 'open'
  #resolveClosed!: () => void
  /** Resolves when it listens no more. */
  readonly stopped: Promise<void>
  #resolveStopped!: () => void
  #server: Server | undefined
  readonly #admission: Admission
  readonly #room: AcceptQueue<Connection>
  #drain: Drain | undefined
  #closing: Promise<DrainResult> | undefined
  #stopping = false
  readonly #books = new ServerCounters()
  #lastAcceptError = Number.NEGATIVE_INFINITY
  /** `disconnect` events that are being told. */
  #telling = 0

  constructor(
    plan: Omit<ResolvedListenOptions, 'endpoints'>,
    clock: Clock,
    entries: EndpointHandshakes = new EndpointHandshakes(plan.defaults),
  ) {
    cores.add(this)
    this.plan = plan
    this.clock = clock
    this.entries = entries
    const { maxConnections, maxPending, maxConnectionsPerAddress, admit, blockList } = plan.admission
    const known = maxConnections !== undefined && maxPending !== undefined
    const defaults = known ? { maxConnections, maxPending } : defaultLimits(freeDescriptors(), usableMemory())
    this.limits = {
      maxConnections: maxConnections ?? defaults.maxConnections,
      maxPending: maxPending ?? defaults.maxPending,
      maxConnectionsPerAddress,
    }
    this.#admission = new Admission(this, { admit, blockList })
    this.#room = new AcceptQueue(
      clock,
      (queued) => this.#open(queued),
      () => this.connections.size < this.limits.maxConnections,
    )
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve
    })
    this.stopped = new Promise((resolve) => {
      this.#resolveStopped = resolve
    })
  }

  /** The public face whose events these are. */
  get server(): Server {
    return this.#server as Server
  }

  set server(server: Server) {
    this.#server = server
  }

  get phase(): Phase {
    return this.#phase
  }

  get stats(): ServerStats {
    return this.#books.stats(this.connections, this.#room.length + this.#admission.waiting)
  }

  /** Binds one more endpoint. Rejects with a DrainingError, and nothing is left open, where a close was before or overtakes it. */
  async bind(endpoint: ResolvedEndpoint, entry?: EndpointHandshake): Promise<void> {
    if (this.#phase !== 'open') throw tooLate()
    await this.listeners.add(async () => bind(endpoint, this.#intake(entry ?? (await this.entries.of(endpoint))), this.plan.connection))
    if (this.#phase !== 'open') throw tooLate()
  }

  /** The same for what `server.add` was given. */
  add(endpoint: unknown): Promise<void> {
    return this.bind(endpointPlan(endpoint, this.plan.defaults))
  }

  /** Takes what one endpoint brings. */
  #intake(entry: EndpointHandshake): ListenerSink {
    return {
      accepted: (carrier) => this.accepted(carrier, entry),
      failed: (error) => this.acceptFailed(error),
      stopped: this.stopped,
    }
  }

  // --- the way in ------------------------------------------------------------------------------------------------------

  get handshakeTimeout(): number {
    return this.plan.connection.handshakeTimeout
  }

  get present(): number {
    return this.#books.present
  }

  get canWait(): boolean {
    return this.#room.taken || this.#room.length < this.limits.maxPending
  }

  /** A connection has come, by an endpoint with these steps. */
  accepted(carrier: Carrier, entry: EndpointHandshake = {}): void {
    this.#books.accepted++
    this.#admission.enter(carrier, entry)
  }

  ready(queued: QueuedConnection): void {
    this.#room.enter(queued)
  }

  dropped(remote: Address, reason: DropReason): void {
    this.#books.dropped++
    emitSafely(() => this.server.emit('drop', { remote, reason }))
  }

  handshakeFailed(error: HandshakeError, remote: Address): void {
    this.#books.handshakeErrors++
    emitSafely(() => this.server.emit('handshakeError', error, { remote }))
  }

  acceptFailed(error: unknown): void {
    const now = this.clock.now()
    if (now - this.#lastAcceptError < ACCEPT_ERRORS_EVERY) return
    this.#lastAcceptError = now
    emitSafely(() => this.server.emit('acceptError', error))
  }

  take(taker: Waiter<Connection>): void {
    if (this.#phase === 'open') this.#room.take(taker)
    else taker(null)
  }

  /** A taker does not wait any more; false if it has got its connection already. */
  leave(taker: Waiter<Connection>): boolean {
    return this.#room.leave(taker)
  }

  /** Limits have changed: whoever has room now may come. */
  changeLimits(changes: Partial<AdmissionLimits>): void {
    Object.assign(this.limits, changes)
    this.#room.dispatch()
  }

  #open(queued: QueuedConnection): Connection | undefined {
    const connection = this.#connectionOf(queued)
    if (connection !== undefined) emitSafely(() => this.server.emit('connection', connection))
    return connection
  }

  /** One that cannot be made is over, and those behind it go on. */
  #connectionOf({ carrier, proxy, address, remote }: QueuedConnection): Connection | undefined {
    try {
      const core = new ConnectionCore(carrier, this.plan.connection, this.clock, proxy)
      core.side = 'server'
      const connection = new Connection(core, this.server)
      core.closeState.supervisor = new Supervision(this, address, connection)
      this.connections.add(connection)
      return connection
    } catch (error) {
      carrier.reset()
      this.#admission.left(address)
      this.dropped(remote, 'reset')
      this.acceptFailed(error)
      return undefined
    }
  }

  // --- the end of a connection -----------------------------------------------------------------------------------------

  over(address: string | undefined, connection: Connection, info: CloseInfo): void {
    this.connections.delete(connection)
    this.#admission.left(address)
    this.#books.close(info)
    this.#drain?.over(connection)
    // A listener may end other connections: `close` waits until everybody has heard of this one.
    this.#telling++
    emitSafely(() => this.server.emit('disconnect', connection, info))
    this.#telling--
    this.#room.dispatch()
    this.#settle()
  }

  handlerFailed(error: unknown, connection: Connection): void {
    this.#books.handlerErrors++
    if (!emitSafely(() => this.server.emit('handlerError', error, connection))) print(error, connection)
  }

  // --- the end of the server -------------------------------------------------------------------------------------------

  /** Listens no more, and drops who was not yielded. Connections go on. */
  stop(phase: 'stopped' | 'draining' = 'stopped'): void {
    if (this.#phase === 'closed' || this.#phase === 'draining') return
    const first = this.#phase === 'open'
    this.#phase = phase
    if (!first) return
    this.#resolveStopped()
    this.listeners.close()
    this.#admission.close()
    this.#room.close()
    for (let queued = this.#room.dismiss(); queued !== undefined; queued = this.#room.dismiss()) {
      this.#admission.left(queued.address)
      queued.carrier.reset()
      this.dropped(queued.remote, 'draining')
    }
    this.#settle()
  }

  close(grace: number): Promise<DrainResult> {
    if (this.#closing === undefined) {
      const drain = new Drain(this.clock, this.connections)
      this.#drain = drain
      this.#closing = this.closed.then(() => drain.result)
      if (this.#phase !== 'closed') {
        this.stop('draining')
        emitSafely(() => this.server.emit('draining'))
        for (const connection of this.connections) {
          // What a program has put in the place of `drain` must not keep the others from hearing.
          try {
            connection.drain()
          } catch (error) {
            throwLater(error)
          }
        }
      }
    }
    this.#drain?.within(grace)
    return this.#closing
  }

  /** `close` was called. */
  get draining(): boolean {
    return this.#closing !== undefined
  }

  /** It is about to close: it goes on accepting until then. */
  stopSoon(): void {
    this.#stopping = true
  }

  /** It is closing, or about to. */
  get stopping(): boolean {
    return this.#stopping || this.draining
  }

  #settle(): void {
    if (this.#phase === 'open' || this.#phase === 'closed') return
    if (this.listeners.any || this.connections.size > 0 || this.#telling > 0) return
    this.#phase = 'closed'
    this.#resolveClosed()
    emitSafely(() => this.server.emit('close'))
  }
}

function tooLate(): DrainingError {
  return new DrainingError({ message: 'the server is closing: it listens nowhere any more' })
}
