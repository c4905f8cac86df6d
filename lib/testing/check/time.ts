// Waiting, always with a bound, and never an expectation by itself: what should have come and did not is for the rule to
// say. Turns of the event loop rather than time, since they cost microseconds and do not depend on the machine.

import { setTimeout } from 'node:timers/promises'
import { systemClock } from '../../transport/clock.js'
import { setImmediate } from '../../turn.js'

/** Some milliseconds. */
export const pause = (ms: number): Promise<void> => setTimeout(ms)

/** A turn of the event loop. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Some turns: enough for what a connection puts off by one or two. */
export async function turns(n = 6): Promise<void> {
  for (let done = 0; done < n; done++) await turn()
}

// Turns are enough in memory and on the loopback; what takes longer is looked at every millisecond.
const QUICK = 100
const BOUND = 1000

/** Waits until `condition` holds, a second at most. */
export async function until(condition: () => boolean): Promise<void> {
  const end = systemClock.now() + BOUND
  for (let tries = 0; !condition() && systemClock.now() < end; tries++) await (tries < QUICK ? turn() : pause(1))
}
