// One drain: the connections that were alive when it began, the time they have, and what became of them. They are told
// by the server; here they are counted, and what is left after the grace is aborted.

import { type Connection, coreOf } from '../connection/connection.js'
import { DrainingError } from '../errors.js'
import { throwLater } from '../throw-later.js'
import type { Clock } from '../transport/clock.js'
import { Deadline } from '../transport/deadline.js'

/** What `server.close` resolves with: of the connections that were alive at the call, how many came to their end within the grace, and how many were aborted. */
export interface DrainResult {
  readonly drained: number
  readonly aborted: number
}

const OVER = 'the server has closed, and the grace for its connections is over'

export class Drain {
  readonly #clock: Clock
  readonly #left: Set<Connection>
  #timer: Deadline | undefined
  #ends = Number.POSITIVE_INFINITY
  #drained = 0
  #aborted = 0
  #expired = false

  constructor(clock: Clock, alive: Iterable<Connection>) {
    this.#clock = clock
    this.#left = new Set(alive)
  }

  get result(): DrainResult {
    return { drained: this.#drained, aborted: this.#aborted }
  }

  /** Gives it `grace` milliseconds from now, unless its time ends sooner already. */
  within(grace: number): void {
    const ends = this.#clock.now() + grace
    if (this.#expired || ends >= this.#ends) return
    this.#ends = ends
    this.#timer?.clear()
    this.#timer = undefined
    if (grace === 0) this.#expire()
    else if (this.#left.size > 0)
      this.#timer = new Deadline({ clock: this.#clock, ms: grace, progress: () => this.#progress(), expired: () => this.#expire() })
  }

  /** Changes whenever a byte of those that are left has come or gone, or one of them has come to its end. */
  #progress(): number {
    let progress = this.#drained
    for (const connection of this.#left) progress += coreOf(connection).progress
    return progress
  }

  #expire(): void {
    this.#expired = true
    for (const connection of this.#left) {
      // A stream of somebody else's that cannot be cut must not save the others.
      try {
        // One that is closing since its handler failed is told by that failure, which nothing else may tell.
        const { handlerError } = coreOf(connection)
        connection.abort(handlerError === undefined ? new DrainingError({ message: OVER }) : handlerError.error)
      } catch (error) {
        throwLater(error)
      }
    }
  }

  /** A connection is over. All that were open then are known: nobody came after. */
  over(connection: Connection): void {
    this.#left.delete(connection)
    if (this.#expired) this.#aborted++
    else this.#drained++
    if (this.#left.size === 0) this.#timer?.clear()
  }
}
