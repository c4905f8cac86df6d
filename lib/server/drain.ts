// One drain: the connections that were open when it began, their grace period, and how each of them ended. The server asks
// the connections to finish; this counts them and aborts those that remain when the grace period ends.

import { type Connection, coreOf } from '../connection/connection.js'
import { DrainingError } from '../errors.js'
import { throwLater } from '../throw-later.js'
import type { Clock } from '../transport/clock.js'
import { Deadline } from '../transport/deadline.js'

/** The result of `server.close`, for the connections that were open at the call: how many ended within the grace period, and how many were aborted. */
export interface DrainResult {
  readonly drained: number
  readonly aborted: number
}

const GRACE_ENDED = 'the server has closed, and the grace for its connections is over'

export class Drain {
  readonly #clock: Clock
  readonly #remaining: Set<Connection>
  #timer: Deadline | undefined
  #endsAt = Number.POSITIVE_INFINITY
  #drained = 0
  #aborted = 0
  #expired = false

  constructor(clock: Clock, open: Iterable<Connection>) {
    this.#clock = clock
    this.#remaining = new Set(open)
  }

  get result(): DrainResult {
    return { drained: this.#drained, aborted: this.#aborted }
  }

  /** Ends the grace period `grace` milliseconds from now, unless it ends sooner already. */
  within(grace: number): void {
    const endsAt = this.#clock.now() + grace
    if (this.#expired || endsAt >= this.#endsAt) return
    this.#endsAt = endsAt
    this.#timer?.clear()
    this.#timer = undefined
    if (grace === 0) this.#expire()
    else if (this.#remaining.size > 0)
      this.#timer = new Deadline({ clock: this.#clock, ms: grace, progress: () => this.#progress(), expired: () => this.#expire() })
  }

  /** Changes with every byte that a remaining connection receives or sends, and with every connection that ends. */
  #progress(): number {
    let progress = this.#drained
    for (const connection of this.#remaining) progress += coreOf(connection).progress
    return progress
  }

  #expire(): void {
    this.#expired = true
    for (const connection of this.#remaining) {
      // The stream of a `Connection.from` may throw when it is destroyed. The other connections are aborted all the same.
      try {
        // A connection that is closing because its handler failed reports that failure, which may be reported nowhere else.
        const { handlerError } = coreOf(connection)
        connection.abort(handlerError === undefined ? new DrainingError({ message: GRACE_ENDED }) : handlerError.error)
      } catch (error) {
        throwLater(error)
      }
    }
  }

  /** Counts a connection that ended. It was open when the drain began, since no connection opens after that. */
  closed(connection: Connection): void {
    this.#remaining.delete(connection)
    if (this.#expired) this.#aborted++
    else this.#drained++
    if (this.#remaining.size === 0) this.#timer?.clear()
  }
}
