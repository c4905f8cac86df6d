// The way in, from the accepted socket to the waiting room: how many there may be, who may come, whom the program admits.
// What is turned away was never read. The order is that of the contract: the total, the block list, the address, `admit`.

import type { Address } from '../address.js'
import type { AdmissionPlan } from '../options/listen.js'
import type { Carrier } from '../transport/carrier.js'
import type { Clock, Timer } from '../transport/clock.js'
import type { DropReason } from './events.js'
import type { Visitor } from './waiting-room.js'

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
  ready(visitor: Visitor): void
  dropped(remote: Address, reason: DropReason): void
  acceptFailed(error: unknown): void
}

export class Admission {
  readonly #host: AdmissionHost
  readonly #plan: Pick<AdmissionPlan, 'admit' | 'blockList'>
  /** Accepted and not over, by real remote address. */
  readonly #addresses = new Map<string, number>()
  /** Those whose `admit` has not answered. */
  readonly #asked = new Set<Asked>()
  /** Those for whom it is being called. */
  #asking = 0
  #closed = false

  constructor(host: AdmissionHost, plan: Pick<AdmissionPlan, 'admit' | 'blockList'>) {
    this.#host = host
    this.#plan = plan
  }

  /** How many wait for their `admit`. */
  get waiting(): number {
    return this.#asked.size + this.#asking
  }

  /** A connection has come. It was counted already. */
  enter(carrier: Carrier): void {
    const reason = this.#objection(carrier)
    if (reason !== undefined) {
      this.#drop(carrier, reason)
      return
    }
    const { address, family } = carrier.remote
    const visitor = { carrier, address: family === 'unix' ? undefined : address }
    this.#count(visitor, 1)
    if (this.#plan.admit === undefined) this.#ready(visitor)
    else this.#ask(visitor, this.#plan.admit)
  }

  /** Why it may not come in, as far as the program need not be asked. */
  #objection({ remote: { address, family } }: Carrier): DropReason | undefined {
    const { limits, present } = this.#host
    if (this.#closed) return 'draining'
    if (present > limits.maxConnections + limits.maxPending) return 'maxPending'
    if (family === 'unix') return undefined
    // A BlockList knows no zones: `fe80::1%eth0` is fe80::1 to it.
    if (this.#plan.blockList?.check(address.replace(/%.*/, ''), family === 'IPv6' ? 'ipv6' : 'ipv4')) return 'blockList'
    return (this.#addresses.get(address) ?? 0) < limits.maxConnectionsPerAddress ? undefined : 'maxConnectionsPerAddress'
  }

  /** One that had come in is over, or was dropped behind this door. */
  left(visitor: Visitor): void {
    this.#count(visitor, -1)
  }

  /** Nobody comes in any more; those whose `admit` has not answered are dropped. */
  close(): void {
    this.#closed = true
    for (const asked of this.#asked) asked.refuse('draining')
  }

  #count({ address }: Visitor, by: number): void {
    if (address === undefined) return
    const count = (this.#addresses.get(address) ?? 0) + by
    if (count === 0) this.#addresses.delete(address)
    else this.#addresses.set(address, count)
  }

  #drop(carrier: Carrier, reason: DropReason): void {
    const { remote } = carrier
    carrier.reset()
    this.#host.dropped(remote, reason)
  }

  #refuse(visitor: Visitor, reason: DropReason): void {
    this.#count(visitor, -1)
    this.#drop(visitor.carrier, reason)
  }

  #ready(visitor: Visitor): void {
    // `admit` may have closed the server.
    if (this.#closed) this.#refuse(visitor, 'draining')
    else if (this.#host.canWait) this.#host.ready(visitor)
    else this.#refuse(visitor, 'maxPending')
  }

  /** Anything but `true` refuses, and so does a throw, or an answer that takes too long. */
  #ask(visitor: Visitor, admit: NonNullable<AdmissionPlan['admit']>): void {
    const { remote, local } = visitor.carrier
    let answer: unknown
    let later = false
    let failure: { error: unknown } | undefined
    this.#asking++
    try {
      answer = admit({ remote, local, proxy: undefined })
      later = typeof (answer as PromiseLike<unknown> | null | undefined)?.then === 'function'
    } catch (error) {
      failure = { error }
    }
    this.#asking--
    if (later) this.#await(visitor, answer as PromiseLike<unknown>)
    else if (failure === undefined && answer === true) this.#ready(visitor)
    else this.#refuse(visitor, 'admit')
    if (failure !== undefined) this.#host.acceptFailed(failure.error)
  }

  #await(visitor: Visitor, answer: PromiseLike<unknown>): void {
    const asked = new Asked(this.#host, () => this.#asked.delete(asked), {
      admitted: () => this.#ready(visitor),
      refused: (reason) => this.#refuse(visitor, reason),
    })
    this.#asked.add(asked)
    // Another realm's, or another library's, promise may throw in `then`: ours does not.
    Promise.resolve(answer).then(
      (admitted) => (admitted === true ? asked.admit() : asked.refuse('admit')),
      (error) => {
        asked.refuse('admit')
        this.#host.acceptFailed(error)
      },
    )
  }
}

/** One question to `admit` that is not answered yet, with the time it has. Settled once. */
class Asked {
  readonly #settled: { admitted(): void; refused(reason: DropReason): void }
  readonly #timer: Timer | undefined
  readonly #forget: () => void
  #open = true

  constructor(
    { clock, handshakeTimeout }: AdmissionHost,
    forget: () => void,
    settled: { admitted(): void; refused(reason: DropReason): void },
  ) {
    this.#settled = settled
    this.#forget = forget
    if (handshakeTimeout !== Number.POSITIVE_INFINITY) this.#timer = clock.setTimer(() => this.refuse('admit'), handshakeTimeout)
  }

  #settle(): boolean {
    if (!this.#open) return false
    this.#open = false
    this.#timer?.clear()
    this.#forget()
    return true
  }

  admit(): void {
    if (this.#settle()) this.#settled.admitted()
  }

  refuse(reason: DropReason): void {
    if (this.#settle()) this.#settled.refused(reason)
  }
}
