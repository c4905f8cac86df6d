// The queue of connections that are ready but not yet yielded, and the queue of the loops and `accept` calls that wait for
// one. Both are first in, first out; `dispatch` pairs them while the server is below `maxConnections`. A connection that
// waits for a second although the server has capacity causes one process warning.

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
  /** The contents of its PROXY header. */
  readonly proxy: ProxyInfo | undefined
  /** Its key under `maxConnectionsPerAddress`; undefined for a Unix peer. */
  readonly address: string | undefined
}

/** Receives the next connection, or null when the server accepts no more. */
export type Waiter<T> = (connection: T | null) => void

// Long enough that a loop which does some work in its body is back, short enough that a person notices the warning.
const WARN_AFTER = 1000

export class AcceptQueue<T> {
  readonly #clock: Clock
  readonly #open: (queued: QueuedConnection) => T | undefined
  readonly #hasCapacity: () => boolean
  readonly #queue: { queued: QueuedConnection; since: number }[] = []
  readonly #waiters: Waiter<T>[] = []
  /** When the server last got capacity for another connection; Infinity while it has none. */
  #capacitySince = 0
  #timer: Timer | undefined
  #warned = false
  #dispatching = false
  #closed = false

  /**
   * `open` makes the connection that a waiter receives, or returns undefined if that fails. `hasCapacity` returns whether
   * another connection may be open. Neither throws.
   */
  constructor(clock: Clock, open: (queued: QueuedConnection) => T | undefined, hasCapacity: () => boolean) {
    this.#clock = clock
    this.#open = open
    this.#hasCapacity = hasCapacity
  }

  /** The number of queued connections. */
  get length(): number {
    return this.#queue.length
  }

  /** Whether a waiter could receive a connection now. */
  get canDispatch(): boolean {
    return this.#waiters.length > 0 && this.#hasCapacity()
  }

  /** Adds a connection, or hands it over immediately. */
  push(queued: QueuedConnection): void {
    // Fast path: nearly always a loop is waiting.
    if (this.#queue.length === 0 && this.canDispatch) {
      this.#handOver(queued)
      if (!this.#hasCapacity()) this.#capacitySince = Number.POSITIVE_INFINITY
      return
    }
    this.#queue.push({ queued, since: this.#clock.now() })
    this.dispatch()
  }

  /** Hands a connection to the oldest waiter. If it cannot be opened the waiter keeps its place. */
  #handOver(queued: QueuedConnection): void {
    const waiter = this.#waiters.shift() as Waiter<T>
    const opened = this.#open(queued)
    if (opened !== undefined) waiter(opened)
    else if (this.#closed) waiter(null)
    else this.#waiters.unshift(waiter)
  }

  /** Adds a waiter, which may be called before this returns. */
  wait(waiter: Waiter<T>): void {
    this.#waiters.push(waiter)
    this.dispatch()
  }

  /** Removes a waiter. Returns false if it was called already. */
  removeWaiter(waiter: Waiter<T>): boolean {
    const index = this.#waiters.indexOf(waiter)
    if (index < 0) return false
    this.#waiters.splice(index, 1)
    this.#scheduleWarning()
    return true
  }

  /** Pairs queued connections with waiters, as far as there is capacity. */
  dispatch(): void {
    // A waiter may wait again while it is called; the loop below serves it.
    if (this.#dispatching) return
    this.#dispatching = true
    if (this.#hasCapacity() && this.#capacitySince === Number.POSITIVE_INFINITY) this.#capacitySince = this.#clock.now()
    while (this.#queue.length > 0 && this.canDispatch) {
      const { queued } = this.#queue.shift() as { queued: QueuedConnection }
      this.#handOver(queued)
    }
    if (!this.#hasCapacity()) this.#capacitySince = Number.POSITIVE_INFINITY
    this.#dispatching = false
    this.#scheduleWarning()
  }

  /** Calls every waiter with null. */
  close(): void {
    this.#closed = true
    for (const waiter of this.#waiters.splice(0)) waiter(null)
  }

  /** Removes and returns the oldest queued connection. */
  shift(): QueuedConnection | undefined {
    const first = this.#queue.shift()?.queued
    this.#scheduleWarning()
    return first
  }

  // The second counts from when the oldest connection could have been taken: it was queued and the server had capacity.
  #scheduleWarning(): void {
    this.#timer?.clear()
    this.#timer = undefined
    const first = this.#queue[0]
    if (this.#warned || first === undefined || this.#waiters.length > 0 || !this.#hasCapacity()) return
    const due = Math.max(first.since, this.#capacitySince) + WARN_AFTER - this.#clock.now()
    // A Deadline and no bare timer: after a blocked event loop it waits for one more turn, in which the loop may wait again.
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
