// Waits for the end of work that no event reports: turns of the event loop until no bytes move in memory any more.

import type { Clock } from '../transport/clock.js'
import { arrivalsBy } from '../transport/memory/wire.js'
import { afterTurn, setImmediate } from '../turn.js'

// The consequences of one timer (a time limit that polls its socket once more, bytes in transit, the handler's answer and its
// transit) take a few turns each, and that poll takes up to eight. Twenty turns cost a test next to nothing.
const TURNS = 20
// Bytes that move in memory move again within a few immediates. On Deno a turn takes far longer than these.
const IMMEDIATES = 8
// Two sides that answer each other forever, without time passing, are not waited for.
const MOST = 10_000

/** Resolves when the work that takes no time is done: no bytes have arrived in memory, by this clock, for many turns. */
export async function workDone(clock: Clock): Promise<void> {
  let seen = arrivalsBy(clock)
  for (let still = 0, waits = 0; still < IMMEDIATES + TURNS && waits < MOST; still++, waits++) {
    await new Promise<void>((resolve) => (still < IMMEDIATES ? void setImmediate(resolve) : afterTurn(resolve)))
    if (arrivalsBy(clock) === seen) continue
    seen = arrivalsBy(clock)
    still = 0
  }
}
