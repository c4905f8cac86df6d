// Bounded waiting. It never fails a rule: the rule asserts afterwards. It counts turns of the event loop rather than time, since
// turns cost microseconds and do not depend on the machine.

import { setTimeout } from 'node:timers/promises'
import { systemClock } from '../../transport/clock.js'
import { setImmediate } from '../../turn.js'

/** Resolves after `ms` milliseconds. */
export const pause = (ms: number): Promise<void> => setTimeout(ms)

/** Resolves after one turn of the event loop. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Resolves after `n` turns: by default enough for work that a connection delays by one or two. */
export async function turns(n = 6): Promise<void> {
  for (let done = 0; done < n; done++) await turn()
}

// Turns suffice in memory and on the loopback. After a hundred of them, the condition is polled every millisecond.
const QUICK = 100
const BOUND = 1000

/** Resolves when `condition` holds, after a second at the latest. */
export async function until(condition: () => boolean): Promise<void> {
  const end = systemClock.now() + BOUND
  for (let tries = 0; !condition() && systemClock.now() < end; tries++) await (tries < QUICK ? turn() : pause(1))
}
