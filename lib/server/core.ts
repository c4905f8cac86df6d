// The inside of a server: accepts, queues and opens connections, drains, and emits the events. Its listeners, admission,
// accept queue, counters and drain are in files of their own.
//
//   open ──a loop is left──▶ stopped ──┐
//     └──────────close()──▶ draining ◀─┘   (stopped and draining: no listener, no new connection)
//   stopped, draining ──the last listener and the last connection have closed──▶ closed

import type { Address } from '../address.js'
import type { CloseInfo } from '../connection/close-info.js'
import { Connection } from '../connection/connection.js'
import { ConnectionCore } from '../connection/lifecycle.js'
import { DrainingError, type HandshakeError } from '../errors.js'
import { type ResolvedEndpoint, type ResolvedListenOptions, resolveEndpoint } from '../options/listen.js'
import { throwLater } from '../throw-later.js'
import type { Carrier } from '../transport/carrier.js'
import type { Clock } from '../transport/clock.js'
import { bind } from '../transport/listening/bind.js'
import type { ListenerSink } from '../transport/listening/listener.js'
import { AcceptQueue, type QueuedConnection, type Waiter } from './accept-queue.js'
import { Admission, type AdmissionHost, type AdmissionLimits } from './admission.js'
import { cores } from './cores.js'
import { ServerCounters } from './counters.js'
import { defaultLimits, freeDescriptors } from './descriptors.js'
import { Drain, type DrainResult } from './drain.js'
import { type EndpointHandshake, EndpointHandshakes } from './endpoint-handshakes.js'
import { type DropReason, emitSafely, type ServerStats } from './events.js'
import { Listeners } from './listeners.js'
import { usableMemory } from './memory.js'
import { print } from './print.js'
import { Supervision, type SupervisionHost } from './supervision.js'

type Phase = 'open' | 'stopped' | 'draining' | 'closed'

// Accept errors occur in floods, since a failing socket is polled again immediately. One a second carries the same information.
const ACCEPT_ERROR_INTERVAL = 1000

export class ServerCore implements AdmissionHost, SupervisionHost {
  readonly clock: Clock
  readonly options: Omit<ResolvedListenOptions, 'endpoints'>
  readonly limits: AdmissionLimits
  readonly listeners: Listeners = new Listeners(() => this.#closeIfDone())
  readonly handshakes: EndpointHandshakes
  readonly connections: Set<Connection> = new Set()
  /** Resolves when the last listener and the last connection have closed. */
  readonly closed: Promise<void>
  #phase: Phase = 'open'
  #resolveClosed!: () => void
  /** Resolves when the server stops listening. */
  readonly stopped: Promise<void>
  #resolveStopped!: () => void
  #server: Connection['server']
  readonly #admission: Admission
  readonly #acceptQueue: AcceptQueue<Connection>
  #drain: Drain | undefined
  #closing: Promise<DrainResult> | undefined
  #stopping = false
  readonly #counters = new ServerCounters()
  #lastAcceptError = Number.NEGATIVE_INFINITY
  /** The number of `disconnect` events that are being emitted. */
  #disconnecting = 0

  constructor(
    options: Omit<ResolvedListenOptions, 'endpoints'>,
    clock: Clock,
    handshakes: EndpointHandshakes = new EndpointHandshakes(options.defaults),
  ) {
    cores.add(this)
    this.options = options
    this.clock = clock
    this.handshakes = handshakes
    const { maxConnections, maxPending, maxConnectionsPerAddress, admit, blockList } = options.admission
    const known = maxConnections !== undefined && maxPending !== undefined
    const defaults = known ? { maxConnections, maxPending } : defaultLimits(freeDescriptors(), usableMemory())
    this.limits = {
      maxConnections: maxConnections ?? defaults.maxConnections,
      maxPending: maxPending ?? defaults.maxPending,
      maxConnectionsPerAddress,
    }
    this.#admission = new Admission(this, { admit, blockList })
    this.#acceptQueue = new AcceptQueue(
      clock,
      (queued) => this.#open(queued),
      () => this.connections.size < this.limits.maxConnections,
    )
    this.closed = new Promise((resolve) => void (this.#resolveClosed = resolve))
    this.stopped = new Promise((resolve) => void (this.#resolveStopped = resolve))
  }

  /** The public object that emits the events. It sets itself. (Its type comes by way of Connection, since `server.ts` imports this.) */
  get server(): NonNullable<Connection['server']> {
    return this.#server as NonNullable<Connection['server']>
  }

  set server(server: NonNullable<Connection['server']>) {
    this.#server = server
  }

  get phase(): Phase {
    return this.#phase
  }

  get stats(): ServerStats {
    return this.#counters.stats(this.connections, this.#acceptQueue.length + this.#admission.pending)
  }

  /** Binds an endpoint. Rejects with DrainingError, and leaves nothing open, if the server closes before the bind completes. */
  async bind(endpoint: ResolvedEndpoint, handshake?: EndpointHandshake): Promise<void> {
    if (this.#phase !== 'open') throw tooLate()
    await this.listeners.add(async () => {
      const steps = handshake ?? (await this.handshakes.of(endpoint))
      return bind(endpoint, this.#sink(steps), this.options.connection)
    })
    if (this.#phase !== 'open') throw tooLate()
  }

  /** Binds the argument of `server.add`, which is checked here. */
  add(endpoint: unknown): Promise<void> {
    return this.bind(resolveEndpoint(endpoint, this.options.defaults))
  }

  /** The sink of the listener of an endpoint with these steps. */
  #sink(handshake: EndpointHandshake): ListenerSink {
    return {
      accepted: (carrier) => this.accepted(carrier, handshake),
      failed: (error) => this.acceptFailed(error),
      stopped: this.stopped,
    }
  }

  // --- accepting -------------------------------------------------------------------------------------------------------

  get handshakeTimeout(): number {
    return this.options.connection.handshakeTimeout
  }

  get openCount(): number {
    return this.#counters.openCount
  }

  get canQueue(): boolean {
    return this.#acceptQueue.canDispatch || this.#acceptQueue.length < this.limits.maxPending
  }

  /** Takes a connection that a listener accepted, with the steps of its endpoint. */
  accepted(carrier: Carrier, handshake: EndpointHandshake = {}): void {
    this.#counters.accepted++
    this.#admission.enter(carrier, handshake)
  }

  ready(queued: QueuedConnection): void {
    this.#acceptQueue.push(queued)
  }

  dropped(remote: Address, reason: DropReason): void {
    this.#counters.dropped++
    emitSafely(() => this.server.emit('drop', { remote, reason }))
  }

  handshakeFailed(error: HandshakeError, remote: Address): void {
    this.#counters.handshakeErrors++
    emitSafely(() => this.server.emit('handshakeError', error, { remote }))
  }

  acceptFailed(error: unknown): void {
    const now = this.clock.now()
    if (now - this.#lastAcceptError < ACCEPT_ERROR_INTERVAL) return
    this.#lastAcceptError = now
    emitSafely(() => this.server.emit('acceptError', error))
  }

  /** Calls `waiter` with the next connection, or with null once the server has stopped. */
  wait(waiter: Waiter<Connection>): void {
    if (this.#phase === 'open') this.#acceptQueue.wait(waiter)
    else waiter(null)
  }

  /** Removes a waiter. Returns false if it has its connection already. */
  removeWaiter(waiter: Waiter<Connection>): boolean {
    return this.#acceptQueue.removeWaiter(waiter)
  }

  /** Changes the limits and dispatches the connections that a raised one admits. */
  changeLimits(changes: Partial<AdmissionLimits>): void {
    Object.assign(this.limits, changes)
    this.#acceptQueue.dispatch()
  }

  #open(queued: QueuedConnection): Connection | undefined {
    const connection = this.#connectionOf(queued)
    if (connection !== undefined) emitSafely(() => this.server.emit('connection', connection))
    return connection
  }

  /** Makes the connection. If that throws, it drops the connection and returns undefined. */
  #connectionOf({ carrier, proxy, address, remote }: QueuedConnection): Connection | undefined {
    try {
      const core = new ConnectionCore(carrier, this.options.connection, this.clock, proxy)
      core.side = 'server'
      const connection = new Connection(core, this.server)
      core.closeState.supervisor = new Supervision(this, address, connection)
      this.connections.add(connection)
      return connection
    } catch (error) {
      carrier.reset()
      this.#admission.release(address)
      this.dropped(remote, 'reset')
      this.acceptFailed(error)
      return undefined
    }
  }

  // --- the end of a connection -----------------------------------------------------------------------------------------

  connectionClosed(address: string | undefined, connection: Connection, info: CloseInfo): void {
    this.connections.delete(connection)
    this.#admission.release(address)
    this.#counters.close(info)
    this.#drain?.closed(connection)
    // A listener may end other connections. The server closes only after the listeners of this event have returned.
    this.#disconnecting++
    emitSafely(() => this.server.emit('disconnect', connection, info))
    this.#disconnecting--
    this.#acceptQueue.dispatch()
    this.#closeIfDone()
  }

  handlerFailed(error: unknown, connection: Connection): void {
    this.#counters.handlerErrors++
    if (!emitSafely(() => this.server.emit('handlerError', error, connection))) print(error, connection)
  }

  // --- the end of the server -------------------------------------------------------------------------------------------

  /** Stops listening and drops the connections that were not yielded. Open connections are unaffected. */
  stop(phase: 'stopped' | 'draining' = 'stopped'): void {
    if (this.#phase === 'closed' || this.#phase === 'draining') return
    const first = this.#phase === 'open'
    this.#phase = phase
    if (!first) return
    this.#resolveStopped()
    this.listeners.close()
    this.#admission.close()
    this.#acceptQueue.close()
    for (let queued = this.#acceptQueue.shift(); queued !== undefined; queued = this.#acceptQueue.shift()) {
      this.#admission.release(queued.address)
      queued.carrier.reset()
      this.dropped(queued.remote, 'draining')
    }
    this.#closeIfDone()
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
          // A program may have replaced `drain`. An exception in it does not keep the other connections from draining.
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

  /** Whether `close` was called. */
  get draining(): boolean {
    return this.#closing !== undefined
  }

  /** Sets `stopping` while the server still accepts, before a delayed `close`. */
  stopSoon(): void {
    this.#stopping = true
  }

  /** Whether `stopSoon` or `close` was called. */
  get stopping(): boolean {
    return this.#stopping || this.draining
  }

  #closeIfDone(): void {
    if (this.#phase === 'open' || this.#phase === 'closed') return
    if (this.listeners.any || this.connections.size > 0 || this.#disconnecting > 0) return
    this.#phase = 'closed'
    this.#resolveClosed()
    emitSafely(() => this.server.emit('close'))
  }
}

function tooLate(): DrainingError {
  return new DrainingError({ message: 'the server is closing: it listens nowhere any more' })
}
