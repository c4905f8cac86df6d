// The end of work under way, for what no event tells of: turns of the event loop until nothing moves in memory any more.

import type { Clock } from '../transport/clock.js'
import { arrivalsBy } from '../transport/memory/wire.js'
import { afterTurn } from '../turn.js'

// What one timer sets going (a time-out that looks at its socket once more, bytes under way, the handler's answer, the
// answer's way back) takes a few turns each, and the last look alone up to eight; a test has many of them at a hand's cost.
const TURNS = 20
// Two sides that answer each other without end, and without time passing, are not waited for.
const MOST = 5000

/** Resolves when work that needs no time is done: when for many turns nothing has arrived in memory by this clock. */
export async function workDone(clock: Clock): Promise<void> {
  let seen = arrivalsBy(clock)
  for (let still = 0, turns = 0; still < TURNS && turns < MOST; still++, turns++) {
    await new Promise<void>((resolve) => afterTurn(resolve))
    if (arrivalsBy(clock) === seen) continue
    seen = arrivalsBy(clock)
    still = 0
  }
}
