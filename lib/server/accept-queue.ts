// Ready connections that wait, and programs that wait for one: first come, first served, on both sides. It decides when
// the two meet (there must be room) and says, once, when a program seems to have forgotten to come back.

import type { Address } from '../address.js'
import type { ProxyInfo } from '../proxy-protocol/header.js'
import type { Carrier } from '../transport/carrier.js'
import type { Clock, Timer } from '../transport/clock.js'
import { Deadline } from '../transport/deadline.js'

/** A connection that was accepted and is not yet yielded. */
export interface QueuedConnection {
  readonly carrier: Carrier
  /** The real client. */
  readonly remote: Address
  /** What its PROXY header said. */
  readonly proxy: ProxyInfo | undefined
  /** What it counts as under `maxConnectionsPerAddress`; undefined for a Unix peer. */
  readonly address: string | undefined
}

/** A program that waits for a connection; null: none will come. */
export type Waiter<T> = (taken: T | null) => void

// As long as a person would take to notice; a loop that does its work in between is back much sooner.
const FORGOTTEN = 1000

export class AcceptQueue<T> {
  readonly #clock: Clock
  readonly #open: (queued: QueuedConnection) => T | undefined
  readonly #hasRoom: () => boolean
  readonly #queue: { queued: QueuedConnection; since: number }[] = []
  readonly #takers: Waiter<T>[] = []
  /** Since when there is room for one more. */
  #roomSince = 0
  #timer: Timer | undefined
  #warned = false
  #matching = false
  #closed = false

  /** `open` makes of a connection what is handed over, or nothing if that fails; `hasRoom` says whether one more may be. Neither throws. */
  constructor(clock: Clock, open: (queued: QueuedConnection) => T | undefined, hasRoom: () => boolean) {
    this.#clock = clock
    this.#open = open
    this.#hasRoom = hasRoom
  }

  /** How many wait. */
  get length(): number {
    return this.#queue.length
  }

  /** Whether one who comes now is taken at once. */
  get taken(): boolean {
    return this.#takers.length > 0 && this.#hasRoom()
  }

  enter(queued: QueuedConnection): void {
    // Nearly always somebody waits for it.
    if (this.#queue.length === 0 && this.taken) {
      this.#hand(queued)
      if (!this.#hasRoom()) this.#roomSince = Number.POSITIVE_INFINITY
      return
    }
    this.#queue.push({ queued, since: this.#clock.now() })
    this.dispatch()
  }

  /** Hands one over to the taker that waits longest, who goes on waiting if nothing has come of it. */
  #hand(queued: QueuedConnection): void {
    const taker = this.#takers.shift() as Waiter<T>
    const opened = this.#open(queued)
    if (opened !== undefined) taker(opened)
    else if (this.#closed) taker(null)
    else this.#takers.unshift(taker)
  }

  take(taker: Waiter<T>): void {
    this.#takers.push(taker)
    this.dispatch()
  }

  /** A taker does not wait any more; false if it does not wait. */
  leave(taker: Waiter<T>): boolean {
    const index = this.#takers.indexOf(taker)
    if (index < 0) return false
    this.#takers.splice(index, 1)
    this.#watch()
    return true
  }

  /** Brings together who waits, as far as there is room. */
  dispatch(): void {
    // A taker may take again at once: the loop that called it goes on.
    if (this.#matching) return
    this.#matching = true
    if (this.#hasRoom() && this.#roomSince === Number.POSITIVE_INFINITY) this.#roomSince = this.#clock.now()
    while (this.#queue.length > 0 && this.taken) {
      const { queued } = this.#queue.shift() as { queued: QueuedConnection }
      this.#hand(queued)
    }
    if (!this.#hasRoom()) this.#roomSince = Number.POSITIVE_INFINITY
    this.#matching = false
    this.#watch()
  }

  /** Nobody is taken any more: takers get null. */
  close(): void {
    this.#closed = true
    for (const taker of this.#takers.splice(0)) taker(null)
  }

  /** Sends away the first of those who wait, until there are none. */
  dismiss(): QueuedConnection | undefined {
    const first = this.#queue.shift()?.queued
    this.#watch()
    return first
  }

  // A connection that could be taken waits, and nobody asks: for a second, and it is said.
  #watch(): void {
    this.#timer?.clear()
    this.#timer = undefined
    const first = this.#queue[0]
    if (this.#warned || first === undefined || this.#takers.length > 0 || !this.#hasRoom()) return
    const due = Math.max(first.since, this.#roomSince) + FORGOTTEN - this.#clock.now()
    // A blocked event loop is no loop that has forgotten: it has a turn to come back.
    this.#timer = new Deadline({
      clock: this.#clock,
      ms: Math.max(due, 1),
      progress: () => this.#queue.length,
      expired: () => this.#warn(),
    })
    this.#timer.unref()
  }

  #warn(): void {
    this.#warned = true
    process.emitWarning(
      'A connection has waited 1 s because no loop is accepting: each `for await` body is still running, or no loop was started. Use `connection.run(handler)` or `server.serve(handler)` instead of awaiting in the body.',
      { type: 'LinnetWarning', code: 'LINNET_SERIAL_LOOP' },
    )
  }
}
