// Admission: the path of an accepted socket to the accept queue. The steps have a fixed order: total count, PROXY header,
// block list, count per address, `admit`, TLS handshake, `maxPending`. A connection that fails one step takes no further
// step, and none of its bytes reach the program. Each connection takes its steps independently of all others.

import type { Address } from '../address.js'
import { isListed, isLost } from '../address.js'
import { HandshakeError, TimeoutError } from '../errors.js'
import type { ResolvedAdmissionOptions } from '../options/listen.js'
import { handshakeMessage } from '../tls/failure.js'
import type { Carrier } from '../transport/carrier.js'
import type { Clock } from '../transport/clock.js'
import type { QueuedConnection } from './accept-queue.js'
import type { EndpointHandshake } from './endpoint-handshakes.js'
import type { DropReason } from './events.js'
import { type HandshakeStep, PendingConnection } from './pending-connection.js'
import { PendingList } from './pending-list.js'

/** The limits that `server.setLimits` changes. */
export interface AdmissionLimits {
  maxConnections: number
  maxPending: number
  maxConnectionsPerAddress: number
}

/** The part of the server that admission uses. */
export interface AdmissionHost {
  readonly clock: Clock
  readonly limits: AdmissionLimits
  readonly handshakeTimeout: number
  /** The number of connections that were accepted and have not ended. */
  readonly openCount: number
  /** Whether the accept queue takes another ready connection. */
  readonly canQueue: boolean
  ready(queued: QueuedConnection): void
  dropped(remote: Address, reason: DropReason): void
  handshakeFailed(error: HandshakeError, remote: Address): void
  acceptFailed(error: unknown): void
}

type AdmissionOptions = Pick<ResolvedAdmissionOptions, 'admit' | 'blockList'>

export class Admission {
  readonly #host: AdmissionHost
  readonly #options: AdmissionOptions
  /** The number of connections for each real remote address. */
  readonly #countByAddress = new Map<string, number>()
  /** The connections that are in a step, the oldest first. */
  readonly #inStep = new PendingList<PendingConnection>()
  #closed = false

  constructor(host: AdmissionHost, options: AdmissionOptions) {
    this.#host = host
    this.#options = options
  }

  /** The number of connections that are in a step. */
  get pending(): number {
    return this.#inStep.size
  }

  /** A connection from this address ended, or was dropped after admission. */
  release(address: string | undefined): void {
    this.#count(address, -1)
  }

  /** Drops the connections that are in a step, and every one that comes later. */
  close(): void {
    this.#closed = true
    for (let { oldest } = this.#inStep; oldest !== undefined; { oldest } = this.#inStep) this.#drop(oldest, 'draining')
  }

  // --- the steps, in order ---------------------------------------------------------------------------------------------

  /** Starts the steps of an accepted connection, which `openCount` already includes. */
  enter(carrier: Carrier, handshake: EndpointHandshake): void {
    const pending = new PendingConnection(carrier, handshake)
    try {
      this.#start(pending)
    } catch (error) {
      this.#stepThrew(pending, error)
    }
  }

  #start(pending: PendingConnection): void {
    const { carrier, handshake } = pending
    const { limits, openCount } = this.#host
    if (this.#closed) return this.#drop(pending, 'draining')
    // A peer that has reset has no address, and the next steps need one.
    if (isLost(carrier.remote)) return this.#drop(pending, 'reset')
    const header = handshake.header?.comesFrom(carrier) ? handshake.header : undefined
    if (openCount > limits.maxConnections + limits.maxPending && !this.#evictOldest(pending, header !== undefined))
      return this.#drop(pending, 'maxPending')
    // A listener of `drop` may have closed the server.
    if (pending.finished) return
    if (header === undefined) return this.#identify(pending)
    this.#handshake(pending, header.read(carrier), (proxy) => {
      pending.proxy = proxy
      this.#identify(pending)
    })
  }

  // Without eviction, as many silent clients as there are places would shut out all others. The connection that has been in
  // a step longest is the least likely to complete it, since an honest client needs a few round trips. Nothing is evicted
  // for a connection that the next check would drop.
  #evictOldest(pending: PendingConnection, hasHeader: boolean): boolean {
    const { oldest } = this.#inStep
    if (oldest === undefined || (!hasHeader && this.#refusal(pending.remote) !== undefined)) return false
    // Added first, so that the counters add up when a listener of `drop` reads them.
    this.#inStep.add(pending)
    this.#drop(oldest, 'maxPending')
    return true
  }

  /** The real client is known: checks the block list and the count of its address. */
  #identify(pending: PendingConnection): void {
    const { remote } = pending
    const { admit } = this.#options
    const refusal = this.#refusal(remote)
    if (refusal !== undefined) return this.#drop(pending, refusal)
    if (remote.family !== 'unix') {
      pending.address = remote.address
      this.#count(remote.address, 1)
    }
    if (admit === undefined) this.#secure(pending)
    else this.#callAdmit(pending, admit)
  }

  /** Why a connection from this address is dropped; undefined if it is not. */
  #refusal(remote: Address): DropReason | undefined {
    const { blockList } = this.#options
    if (remote.family === 'unix') return undefined
    if (blockList !== undefined && isListed(blockList, remote)) return 'blockList'
    const count = this.#countByAddress.get(remote.address) ?? 0
    return count >= this.#host.limits.maxConnectionsPerAddress ? 'maxConnectionsPerAddress' : undefined
  }

  /** Calls `admit`. Any result but `true` drops the connection, and so do a throw and a result that comes too late. */
  #callAdmit(pending: PendingConnection, admit: NonNullable<ResolvedAdmissionOptions['admit']>): void {
    const { remote, proxy, carrier } = pending
    let result: unknown
    let isPromise = false
    let failure: { error: unknown } | undefined
    this.#inStep.add(pending)
    try {
      result = admit({ remote, local: carrier.local, proxy })
      isPromise = typeof (result as PromiseLike<unknown> | null | undefined)?.then === 'function'
    } catch (error) {
      failure = { error }
    }
    if (isPromise) this.#awaitAdmit(pending, result as PromiseLike<unknown>)
    else this.#admitReturned(pending, result === true)
    if (failure !== undefined) this.#host.acceptFailed(failure.error)
  }

  #awaitAdmit(pending: PendingConnection, result: PromiseLike<unknown>): void {
    // The `then` of a promise of another realm or library may throw; that of this one does not.
    const done = Promise.resolve(result)
    const step: HandshakeStep<unknown> = {
      work: { done, cut: () => pending.carrier.reset() },
      passed: (admitted) => this.#admitReturned(pending, admitted === true),
      failed: () => this.#admitReturned(pending, false),
      waitsForPeer: false,
      expired: () => this.#drop(pending, 'admit'),
      callbackThrew: (error) => this.#stepThrew(pending, error),
    }
    if (this.#inStep.has(pending)) this.#begin(pending, step)
    // Reported also when the connection was dropped before `admit` rejected.
    done.catch((error) => this.#host.acceptFailed(error))
  }

  #admitReturned(pending: PendingConnection, admitted: boolean): void {
    // `admit` may have closed the server.
    if (!this.#inStep.has(pending)) return
    if (admitted) this.#secure(pending)
    else this.#drop(pending, 'admit')
  }

  #secure(pending: PendingConnection): void {
    const work = pending.handshake.secure?.(pending.carrier)
    if (work === undefined) this.#ready(pending)
    else
      this.#handshake(pending, work, (carrier) => {
        pending.carrier = carrier
        this.#ready(pending)
      })
  }

  #ready(pending: PendingConnection): void {
    if (!this.#host.canQueue) return this.#drop(pending, 'maxPending')
    this.#inStep.delete(pending)
    pending.finish()
    this.#host.ready(pending)
  }

  // --- what the steps have in common -----------------------------------------------------------------------------------

  /** Runs a step whose failure or time-out is a HandshakeError. A step that failed has closed the connection. */
  #handshake<T>(pending: PendingConnection, work: HandshakeStep<T>['work'], passed: (value: T) => void): void {
    const { handshakeTimeout: timeout } = this.#host
    this.#begin(pending, {
      work,
      passed,
      failed: (cause) => this.#fail(pending, cause),
      waitsForPeer: true,
      expired: () => {
        pending.cut()
        this.#fail(pending, new TimeoutError({ operation: 'handshake', timeout, kind: 'handshake' }))
      },
      callbackThrew: (error) => this.#stepThrew(pending, error),
    })
  }

  #begin<T>(pending: PendingConnection, step: HandshakeStep<T>): void {
    this.#inStep.add(pending)
    pending.begin(step, this.#host.clock, this.#host.handshakeTimeout)
  }

  #fail(pending: PendingConnection, cause: unknown): void {
    const { remote } = pending
    this.#remove(pending)
    this.#host.handshakeFailed(
      cause instanceof HandshakeError ? cause : new HandshakeError({ cause, remote, message: handshakeMessage(cause, 'server', remote) }),
      remote,
    )
  }

  /** An exception in a step drops this connection and affects no other. */
  #stepThrew(pending: PendingConnection, error: unknown): void {
    if (!pending.finished) this.#drop(pending, 'reset')
    this.#host.acceptFailed(error)
  }

  #drop(pending: PendingConnection, reason: DropReason): void {
    pending.cut()
    this.#remove(pending)
    this.#host.dropped(pending.remote, reason)
  }

  #remove(pending: PendingConnection): void {
    this.#inStep.delete(pending)
    pending.finish()
    this.#count(pending.address, -1)
  }

  #count(address: string | undefined, by: number): void {
    if (address === undefined) return
    const count = (this.#countByAddress.get(address) ?? 0) + by
    if (count === 0) this.#countByAddress.delete(address)
    else this.#countByAddress.set(address, count)
  }
}
