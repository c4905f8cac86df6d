// The inside of a server: its listeners, the way in, the connections that are open, and how all of it comes to an end.
//
//   open ──a loop is left──▶ stopped ──┐
//     └──────────close()──▶ draining ◀─┘   (stopped and draining: no listener, nobody new)
//   stopped, draining ──no listener and no connection left──▶ closed

import type { Address } from '../address.js'
import { Connection } from '../connection/connection.js'
import { ConnectionCore } from '../connection/core.js'
import type { CloseInfo, Supervisor } from '../connection/outcome.js'
import { DrainingError } from '../errors.js'
import { type EndpointPlan, endpointPlan, type ListenPlan } from '../options/listen.js'
import type { Carrier } from '../transport/carrier.js'
import type { Clock } from '../transport/clock.js'
import { bind, type Intake, type Listener } from '../transport/listener.js'
import { Admission, type AdmissionHost, type AdmissionLimits } from './admission.js'
import { defaultLimits, freeDescriptors } from './descriptors.js'
import { Drain, type DrainResult } from './drain.js'
import { type DropReason, type ServerStats, told } from './events.js'
import { cores, type Server } from './server.js'
import { type Taker, type Visitor, WaitingRoom } from './waiting-room.js'

type Phase = 'open' | 'stopped' | 'draining' | 'closed'

// Accept errors come in floods (a socket that fails is asked again at once), and one tells as much as a thousand.
const ACCEPT_ERRORS_EVERY = 1000

export class ServerCore implements AdmissionHost, Intake {
  readonly clock: Clock
  readonly plan: Omit<ListenPlan, 'endpoints'>
  readonly limits: AdmissionLimits
  readonly listeners: Listener[] = []
  readonly connections: Set<Connection> = new Set()
  /** What was bound, in order; stays when the listeners close. */
  readonly addresses: Address[] = []
  /** Resolves when no listener and no connection is left. */
  readonly closed: Promise<void>
  #phase: Phase = 'open'
  #resolveClosed!: () => void
  /** Resolves when it listens no more. */
  readonly stopped: Promise<void>
  #resolveStopped!: () => void
  #server: Server | undefined
  readonly #admission: Admission
  readonly #room: WaitingRoom<Connection>
  #drain: Drain | undefined
  #closing: Promise<DrainResult> | undefined
  /** Listeners whose sockets are still open, or are being opened. */
  #listening = 0
  #referenced = true
  #lastAcceptError = Number.NEGATIVE_INFINITY
  #accepted = 0
  #dropped = 0
  #handlerErrors = 0
  #over = 0
  /** `disconnect` events that are being told. */
  #telling = 0
  #pastRead = 0
  #pastWritten = 0

  constructor(plan: Omit<ListenPlan, 'endpoints'>, clock: Clock) {
    cores.add(this)
    this.plan = plan
    this.clock = clock
    const { maxConnections, maxPending, maxConnectionsPerAddress, admit, blockList } = plan.admission
    const defaults = defaultLimits(maxConnections === undefined || maxPending === undefined ? freeDescriptors() : undefined)
    this.limits = {
      maxConnections: maxConnections ?? defaults.maxConnections,
      maxPending: maxPending ?? defaults.maxPending,
      maxConnectionsPerAddress,
    }
    this.#admission = new Admission(this, { admit, blockList })
    this.#room = new WaitingRoom(
      clock,
      (visitor) => this.#open(visitor),
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

  get stats(): ServerStats {
    let bytesRead = this.#pastRead
    let bytesWritten = this.#pastWritten
    for (const connection of this.connections) {
      bytesRead += connection.bytesRead
      bytesWritten += connection.bytesWritten
    }
    return {
      active: this.connections.size,
      pending: this.#room.length + this.#admission.waiting,
      accepted: this.#accepted,
      dropped: this.#dropped,
      handshakeErrors: 0,
      handlerErrors: this.#handlerErrors,
      bytesRead,
      bytesWritten,
    }
  }

  // --- listeners -------------------------------------------------------------------------------------------------------

  /** Binds one more endpoint. Rejects with a DrainingError, and nothing is left open, where a close was before or overtakes it. */
  async bind(endpoint: EndpointPlan): Promise<void> {
    if (this.#phase !== 'open') throw tooLate()
    // It counts from here on: `closed` waits for one that was overtaken.
    this.#listening++
    try {
      const listener = await bind(endpoint, this, this.plan.connection)
      if (this.#phase === 'open') this.include(listener)
      else await listener.close()
    } finally {
      this.#listening--
      this.#settle()
    }
    if (this.#phase !== 'open') throw tooLate()
  }

  /** The same for what `server.add` was given. */
  add(endpoint: unknown): Promise<void> {
    return this.bind(endpointPlan(endpoint, this.plan.defaults))
  }

  /** Takes a bound listener in. */
  include(listener: Listener): void {
    this.listeners.push(listener)
    this.addresses.push(...listener.addresses)
    this.#listening++
    if (!this.#referenced) listener.unref()
  }

  reference(on: boolean): void {
    this.#referenced = on
    for (const listener of this.listeners) on ? listener.ref() : listener.unref()
  }

  // --- the way in ------------------------------------------------------------------------------------------------------

  get handshakeTimeout(): number {
    return this.plan.connection.handshakeTimeout
  }

  get present(): number {
    return this.#accepted - this.#dropped - this.#over
  }

  get canWait(): boolean {
    return this.#room.taken || this.#room.length < this.limits.maxPending
  }

  accepted(carrier: Carrier): void {
    this.#accepted++
    this.#admission.enter(carrier)
  }

  failed(error: Error): void {
    this.acceptFailed(error)
  }

  ready(visitor: Visitor): void {
    this.#room.enter(visitor)
  }

  dropped(remote: Address, reason: DropReason): void {
    this.#dropped++
    told(() => this.server.emit('drop', { remote, reason }))
  }

  acceptFailed(error: unknown): void {
    const now = this.clock.now()
    if (now - this.#lastAcceptError < ACCEPT_ERRORS_EVERY) return
    this.#lastAcceptError = now
    told(() => this.server.emit('acceptError', error))
  }

  take(taker: Taker<Connection>): void {
    if (this.#phase === 'open') this.#room.take(taker)
    else taker(null)
  }

  /** A taker does not wait any more; false if it has got its connection already. */
  leave(taker: Taker<Connection>): boolean {
    return this.#room.leave(taker)
  }

  /** Limits have changed: whoever has room now may come. */
  changeLimits(changes: Partial<AdmissionLimits>): void {
    Object.assign(this.limits, changes)
    this.#room.match()
  }

  #open(visitor: Visitor): Connection {
    const core = new ConnectionCore(visitor.carrier, this.plan.connection, this.clock)
    const connection = new Connection(core, this.server)
    core.outcome.supervisor = new Supervision(this, visitor, connection)
    this.connections.add(connection)
    told(() => this.server.emit('connection', connection))
    return connection
  }

  // --- the end of a connection -----------------------------------------------------------------------------------------

  over(visitor: Visitor, connection: Connection, info: CloseInfo): void {
    this.connections.delete(connection)
    this.#admission.left(visitor)
    this.#over++
    this.#pastRead += info.bytesRead
    this.#pastWritten += info.bytesWritten
    this.#drain?.over(connection)
    // A listener may end other connections: `close` waits until everybody has heard of this one.
    this.#telling++
    told(() => this.server.emit('disconnect', connection, info))
    this.#telling--
    this.#room.match()
    this.#settle()
  }

  handlerFailed(error: unknown, connection: Connection): void {
    this.#handlerErrors++
    told(() => this.server.emit('handlerError', error, connection) || print(error, connection))
  }

  // --- the end of the server -------------------------------------------------------------------------------------------

  /** Listens no more, and drops who was not yielded. Connections go on. */
  stop(phase: 'stopped' | 'draining' = 'stopped'): void {
    if (this.#phase === 'closed' || this.#phase === 'draining') return
    const first = this.#phase === 'open'
    this.#phase = phase
    if (!first) return
    this.#resolveStopped()
    for (const listener of this.listeners) {
      // A listener's close never rejects.
      void listener.close().then(() => {
        this.#listening--
        this.#settle()
      })
    }
    this.#admission.close()
    this.#room.close()
    for (let visitor = this.#room.dismiss(); visitor !== undefined; visitor = this.#room.dismiss()) {
      this.#admission.left(visitor)
      visitor.carrier.reset()
      this.dropped(visitor.carrier.remote, 'draining')
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
        told(() => this.server.emit('draining'))
        for (const connection of this.connections) connection.drain()
      }
    }
    this.#drain?.within(grace)
    return this.#closing
  }

  /** `close` was called. */
  get draining(): boolean {
    return this.#closing !== undefined
  }

  #settle(): void {
    if (this.#phase === 'open' || this.#phase === 'closed' || this.#listening > 0 || this.connections.size > 0 || this.#telling > 0) return
    this.#phase = 'closed'
    this.#resolveClosed()
    told(() => this.server.emit('close'))
  }
}

/** What stands between one connection and its server. */
class Supervision implements Supervisor {
  readonly #core: ServerCore
  readonly #visitor: Visitor
  readonly #connection: Connection

  constructor(core: ServerCore, visitor: Visitor, connection: Connection) {
    this.#core = core
    this.#visitor = visitor
    this.#connection = connection
  }

  over(info: CloseInfo): void {
    this.#core.over(this.#visitor, this.#connection, info)
  }

  handlerFailed(error: unknown): void {
    this.#core.handlerFailed(error, this.#connection)
  }
}

function tooLate(): DrainingError {
  return new DrainingError({ message: 'the server is closing: it listens nowhere any more' })
}

/** A handler's error that nobody listens to must not be lost, and must not end the process, also if it cannot be shown. */
function print(error: unknown, connection: Connection): boolean {
  const what = `linnet: the handler of connection ${connection.id} (${connection.remote}) failed; listen to 'handlerError' to handle this yourself`
  try {
    console.error(what, error)
  } catch {
    console.error(what)
  }
  return true
}
