// The way in, from the accepted socket to the accept queue. The order is the contract's: the total, the PROXY header, the
// block list, the address, `admit`, the TLS handshake, room; whoever fails at one of them is not asked for the next. Of
// what is turned away nobody has seen a byte, and nobody waits for somebody else's header, answer or handshake.

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

/** What admission needs of its server. */
export interface AdmissionHost {
  readonly clock: Clock
  readonly limits: AdmissionLimits
  readonly handshakeTimeout: number
  /** Accepted and not over. */
  readonly present: number
  /** Whether a ready one may wait, or is taken at once. */
  readonly canWait: boolean
  ready(queued: QueuedConnection): void
  dropped(remote: Address, reason: DropReason): void
  handshakeFailed(error: HandshakeError, remote: Address): void
  acceptFailed(error: unknown): void
}

export class Admission {
  readonly #host: AdmissionHost
  readonly #plan: Pick<ResolvedAdmissionOptions, 'admit' | 'blockList'>
  /** Accepted and not over, by real remote address. */
  readonly #addresses = new Map<string, number>()
  /** Those that are in a step. */
  readonly #arriving = new PendingList<PendingConnection>()
  #closed = false

  constructor(host: AdmissionHost, plan: Pick<ResolvedAdmissionOptions, 'admit' | 'blockList'>) {
    this.#host = host
    this.#plan = plan
  }

  /** How many are in their header, wait for their `admit`, or are in their handshake. */
  get waiting(): number {
    return this.#arriving.size
  }

  /** One that had come in from there is over, or was dropped behind this door. */
  left(address: string | undefined): void {
    this.#count(address, -1)
  }

  /** Nobody comes in any more; those that are on their way are dropped. */
  close(): void {
    this.#closed = true
    for (let { oldest } = this.#arriving; oldest !== undefined; { oldest } = this.#arriving) this.#drop(oldest, 'draining')
  }

  // --- the steps, in order ---------------------------------------------------------------------------------------------

  /** A connection has come. It was counted already. */
  enter(carrier: Carrier, entry: EndpointHandshake): void {
    const arrival = new PendingConnection(carrier, entry)
    try {
      this.#begins(arrival)
    } catch (error) {
      this.#broke(arrival, error)
    }
  }

  #begins(arrival: PendingConnection): void {
    const { carrier, entry } = arrival
    const { limits, present } = this.#host
    if (this.#closed) return this.#drop(arrival, 'draining')
    // Nothing can be decided on an address that is gone.
    if (isLost(carrier.remote)) return this.#drop(arrival, 'reset')
    const header = entry.header?.comesFrom(carrier) ? entry.header : undefined
    if (present > limits.maxConnections + limits.maxPending && !this.#makesRoom(arrival, header !== undefined))
      return this.#drop(arrival, 'maxPending')
    // Who hears of a drop may close the server.
    if (arrival.over) return
    if (header === undefined) return this.#identify(arrival)
    this.#handshake(arrival, header.read(carrier), (proxy) => {
      arrival.proxy = proxy
      this.#identify(arrival)
    })
  }

  // Else as many clients as there are places, each of which says nothing, would shut out all others. Who has been in a step
  // longest is the least likely to come out of it, since an honest client is through in a few round trips. Nobody gives
  // way for one that will be turned away in the next moment.
  #makesRoom(arrival: PendingConnection, named: boolean): boolean {
    const { oldest } = this.#arriving
    if (oldest === undefined || (!named && this.#refusal(arrival.remote) !== undefined)) return false
    // It counts from here on, so that the counters add up for those who hear of the other.
    this.#arriving.add(arrival)
    this.#drop(oldest, 'maxPending')
    return true
  }

  /** Who it is is known now. */
  #identify(arrival: PendingConnection): void {
    const { remote } = arrival
    const { admit } = this.#plan
    const refusal = this.#refusal(remote)
    if (refusal !== undefined) return this.#drop(arrival, refusal)
    if (remote.family !== 'unix') {
      arrival.address = remote.address
      this.#count(remote.address, 1)
    }
    if (admit === undefined) this.#secure(arrival)
    else this.#ask(arrival, admit)
  }

  /** Why one that comes from there may not come in, if so. */
  #refusal(remote: Address): DropReason | undefined {
    const { blockList } = this.#plan
    if (remote.family === 'unix') return undefined
    if (blockList !== undefined && isListed(blockList, remote)) return 'blockList'
    const count = this.#addresses.get(remote.address) ?? 0
    return count >= this.#host.limits.maxConnectionsPerAddress ? 'maxConnectionsPerAddress' : undefined
  }

  /** Anything but `true` refuses, and so does a throw, or an answer that takes too long. */
  #ask(arrival: PendingConnection, admit: NonNullable<ResolvedAdmissionOptions['admit']>): void {
    const { remote, proxy, carrier } = arrival
    let answer: unknown
    let later = false
    let failure: { error: unknown } | undefined
    this.#arriving.add(arrival)
    try {
      answer = admit({ remote, local: carrier.local, proxy })
      later = typeof (answer as PromiseLike<unknown> | null | undefined)?.then === 'function'
    } catch (error) {
      failure = { error }
    }
    if (later) this.#await(arrival, answer as PromiseLike<unknown>)
    else this.#answered(arrival, answer === true)
    if (failure !== undefined) this.#host.acceptFailed(failure.error)
  }

  #await(arrival: PendingConnection, answer: PromiseLike<unknown>): void {
    // Another realm's, or another library's, promise may throw in `then`: ours does not.
    const done = Promise.resolve(answer)
    const stage: HandshakeStep<unknown> = {
      step: { done, cut: () => arrival.carrier.reset() },
      passed: (admitted) => this.#answered(arrival, admitted === true),
      failed: () => this.#answered(arrival, false),
      waitsForPeer: false,
      late: () => this.#drop(arrival, 'admit'),
      broke: (error) => this.#broke(arrival, error),
    }
    if (this.#arriving.has(arrival)) this.#begin(arrival, stage)
    // Told also where nobody waits for the answer any more.
    done.catch((error) => this.#host.acceptFailed(error))
  }

  #answered(arrival: PendingConnection, admitted: boolean): void {
    // `admit` may have closed the server.
    if (!this.#arriving.has(arrival)) return
    if (admitted) this.#secure(arrival)
    else this.#drop(arrival, 'admit')
  }

  #secure(arrival: PendingConnection): void {
    const step = arrival.entry.secure?.(arrival.carrier)
    if (step === undefined) this.#ready(arrival)
    else
      this.#handshake(arrival, step, (carrier) => {
        arrival.carrier = carrier
        this.#ready(arrival)
      })
  }

  #ready(arrival: PendingConnection): void {
    if (!this.#host.canWait) return this.#drop(arrival, 'maxPending')
    this.#arriving.delete(arrival)
    arrival.end()
    this.#host.ready(arrival)
  }

  // --- what steps have in common ---------------------------------------------------------------------------------------

  /** A step in which failing, or taking too long, is a HandshakeError. One that has failed has closed the connection. */
  #handshake<T>(arrival: PendingConnection, step: HandshakeStep<T>['step'], passed: (value: T) => void): void {
    const { handshakeTimeout: timeout } = this.#host
    this.#begin(arrival, {
      step,
      passed,
      failed: (cause) => this.#fail(arrival, cause),
      waitsForPeer: true,
      late: () => {
        arrival.cut()
        this.#fail(arrival, new TimeoutError({ operation: 'handshake', timeout, kind: 'handshake' }))
      },
      broke: (error) => this.#broke(arrival, error),
    })
  }

  #begin<T>(arrival: PendingConnection, stage: HandshakeStep<T>): void {
    this.#arriving.add(arrival)
    arrival.begin(stage, this.#host.clock, this.#host.handshakeTimeout)
  }

  #fail(arrival: PendingConnection, cause: unknown): void {
    const { remote } = arrival
    this.#leave(arrival)
    this.#host.handshakeFailed(
      cause instanceof HandshakeError ? cause : new HandshakeError({ cause, remote, message: handshakeMessage(cause, 'server', remote) }),
      remote,
    )
  }

  /** An exception in a step ends that one connection, and nobody else's. */
  #broke(arrival: PendingConnection, error: unknown): void {
    if (!arrival.over) this.#drop(arrival, 'reset')
    this.#host.acceptFailed(error)
  }

  #drop(arrival: PendingConnection, reason: DropReason): void {
    arrival.cut()
    this.#leave(arrival)
    this.#host.dropped(arrival.remote, reason)
  }

  #leave(arrival: PendingConnection): void {
    this.#arriving.delete(arrival)
    arrival.end()
    this.#count(arrival.address, -1)
  }

  #count(address: string | undefined, by: number): void {
    if (address === undefined) return
    const count = (this.#addresses.get(address) ?? 0) + by
    if (count === 0) this.#addresses.delete(address)
    else this.#addresses.set(address, count)
  }
}
