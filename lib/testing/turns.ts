// The end of work under way, for what cannot be told of any event: so many turns of the event loop that everything which
// moves in memory has come to rest.

import { setImmediate } from '../turn.js'

// What one timer sets going (a time-out that looks at its socket once more, bytes under way, the handler's answer, the
// answer's way back) takes a few turns each, and the last look alone up to sixteen; a test has many of them at a hand's cost.
const TURNS = 40

/** Resolves when work in memory that needs no time is done. */
export async function workDone(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await new Promise((resolve) => setImmediate(resolve))
}
