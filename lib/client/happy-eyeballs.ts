// Which of several addresses answers first: Happy Eyeballs v2 (RFC 8305). They are tried in turn, families interleaved, the
// next one after a quarter of a second or as soon as one fails; the first to connect wins, and all others are closed. Pure
// of sockets: how a place is dialled is given, and so is the clock, so that its tests need no network and no time.

import type { LookupAddress } from 'node:dns'
import type { Attempt } from '../transport/attempt.js'
import type { Clock, Timer } from '../transport/clock.js'
import { Deadline } from '../transport/deadline.js'

// The "Connection Attempt Delay" that section 5 of RFC 8305 recommends.
export const ATTEMPT_DELAY = 250

/** Families interleaved, beginning with the first one's (RFC 8305, section 4), each address once. */
export function interleaved(addresses: readonly LookupAddress[]): LookupAddress[] {
  // A hosts file may well name one address twice.
  const all = [...new Map(addresses.map((one) => [one.address, one])).values()]
  const first = all.filter(({ family }) => family === all[0]?.family)
  const second = all.filter(({ family }) => family !== all[0]?.family)
  const longer = Math.max(first.length, second.length)
  return Array.from({ length: longer }, (_, n) => [first[n], second[n]]).flatMap((pair) => pair.filter((one) => one !== undefined))
}

/**
 * Tries the places, of which there is at least one, and resolves with what came of the first that answers. Rejects, when
 * all have failed, with an AggregateError of their errors in the order in which they came.
 */
export function race<P, T>(places: readonly P[], dial: (place: P) => Attempt<T>, clock: Clock): Attempt<T> {
  return new Race(places, dial, clock)
}

class Race<P, T> implements Attempt<T> {
  readonly done: Promise<T>
  readonly #places: P[]
  readonly #dial: (place: P) => Attempt<T>
  readonly #clock: Clock
  /** Those that have not failed; from the first success on that one alone. */
  readonly #running = new Set<Attempt<T>>()
  readonly #errors: Error[] = []
  #resolve!: (winner: T) => void
  #reject!: (error: AggregateError) => void
  #timer: Timer | undefined

  constructor(places: readonly P[], dial: (place: P) => Attempt<T>, clock: Clock) {
    this.#places = [...places]
    this.#dial = dial
    this.#clock = clock
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#next()
  }

  /** Begins the next attempt, and sees to the one after it. */
  #next(): void {
    this.#timer?.clear()
    const attempt = this.#dial(this.#places.shift() as P)
    this.#running.add(attempt)
    attempt.done.then(
      (winner) => this.#won(attempt, winner),
      (error) => this.#failed(attempt, error),
    )
    if (this.#places.length > 0) this.#timer = this.#delay()
  }

  // After a blocked event loop the answer may be there: that is looked at first, and the delay is not given twice.
  #delay(): Timer {
    return new Deadline({ clock: this.#clock, ms: ATTEMPT_DELAY, progress: () => 0, expired: () => this.#next() })
  }

  #won(attempt: Attempt<T>, winner: T): void {
    // Two may connect in one turn, and the later one is cut by then.
    if (!this.#running.delete(attempt)) return
    this.cut()
    this.#running.add(attempt)
    this.#resolve(winner)
  }

  #failed(attempt: Attempt<T>, error: Error): void {
    if (!this.#running.delete(attempt)) return
    this.#errors.push(error)
    if (this.#places.length > 0) this.#next()
    else if (this.#running.size === 0) this.#reject(new AggregateError(this.#errors))
  }

  cut(): void {
    this.#timer?.clear()
    this.#places.length = 0
    for (const attempt of this.#running) attempt.cut()
    this.#running.clear()
  }
}
