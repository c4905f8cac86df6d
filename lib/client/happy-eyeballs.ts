// Happy Eyeballs v2 (RFC 8305): the addresses are tried in order, families interleaved, the next one after 250 ms or as soon
// as one fails. The first that connects wins, and all other attempts are cut. `dial` and the clock are parameters, so that the
// specs need neither a network nor real time.

import type { LookupAddress } from 'node:dns'
import type { Attempt } from '../transport/attempt.js'
import type { Clock, Timer } from '../transport/clock.js'
import { Deadline } from '../transport/deadline.js'

// The "Connection Attempt Delay" that RFC 8305, section 5, recommends, in milliseconds.
export const ATTEMPT_DELAY = 250

/** The addresses with their families interleaved, beginning with that of the first (RFC 8305, section 4), without duplicates. */
export function interleaved(addresses: readonly LookupAddress[]): LookupAddress[] {
  // A hosts file may name one address twice.
  const all = [...new Map(addresses.map((one) => [one.address, one])).values()]
  const first = all.filter(({ family }) => family === all[0]?.family)
  const second = all.filter(({ family }) => family !== all[0]?.family)
  const longer = Math.max(first.length, second.length)
  return Array.from({ length: longer }, (_, n) => [first[n], second[n]]).flatMap((pair) => pair.filter((one) => one !== undefined))
}

/**
 * Tries the targets, of which there is at least one, and resolves with the result of the first that connects. When all have
 * failed it rejects with an AggregateError of their errors, in the order in which they failed.
 */
export function race<Target, T>(targets: readonly Target[], dial: (target: Target) => Attempt<T>, clock: Clock): Attempt<T> {
  return new Race(targets, dial, clock)
}

class Race<Target, T> implements Attempt<T> {
  readonly done: Promise<T>
  readonly #targets: Target[]
  readonly #dial: (target: Target) => Attempt<T>
  readonly #clock: Clock
  /** The attempts that have not failed; after a success, the winner alone. */
  readonly #running = new Set<Attempt<T>>()
  readonly #errors: Error[] = []
  #resolve!: (winner: T) => void
  #reject!: (error: AggregateError) => void
  #timer: Timer | undefined

  constructor(targets: readonly Target[], dial: (target: Target) => Attempt<T>, clock: Clock) {
    this.#targets = [...targets]
    this.#dial = dial
    this.#clock = clock
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#next()
  }

  /** Begins the next attempt and schedules the one after it. */
  #next(): void {
    this.#timer?.clear()
    const attempt = this.#dial(this.#targets.shift() as Target)
    this.#running.add(attempt)
    attempt.done.then(
      (winner) => this.#won(attempt, winner),
      (error) => this.#failed(attempt, error),
    )
    if (this.#targets.length > 0) this.#timer = this.#delay()
  }

  // A Deadline: after a blocked event loop an answer that has arrived is processed before the delay counts as expired.
  #delay(): Timer {
    return new Deadline({ clock: this.#clock, ms: ATTEMPT_DELAY, progress: () => 0, expired: () => this.#next() })
  }

  #won(attempt: Attempt<T>, winner: T): void {
    // Two attempts may connect in one turn; the later one is cut already.
    if (!this.#running.delete(attempt)) return
    this.cut()
    this.#running.add(attempt)
    this.#resolve(winner)
  }

  #failed(attempt: Attempt<T>, error: Error): void {
    if (!this.#running.delete(attempt)) return
    this.#errors.push(error)
    if (this.#targets.length > 0) this.#next()
    else if (this.#running.size === 0) this.#reject(new AggregateError(this.#errors))
  }

  cut(): void {
    this.#timer?.clear()
    this.#targets.length = 0
    for (const attempt of this.#running) attempt.cut()
    this.#running.clear()
  }
}
