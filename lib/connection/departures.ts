// When what was written leaves: once in a turn, for all connections together. With few connections at once that is as
// soon as the program's promises have run; with many it pays to let all of them answer first (1.1 times the rate where
// twelve or more answer in a turn, and two thirds of it where four do). Which it is shows only by waiting, so from time to
// time one turn does.

import { throwLater } from '../throw-later.js'
import { nextTick, setImmediate } from '../turn.js'

/** Who has written and will hand it on. */
export interface Departure {
  pump(): void
}

// From this many in one turn on, waiting for the end of the turn pays.
const MANY = 12
// How many departures go by until a turn is waited for again, to see how many there are: often enough to notice within
// milliseconds under load, too rare to be felt by a few connections.
const LOOK_EVERY = 64

const RESOLVED: Promise<void> = Promise.resolve()

// Two lists in turns, so that no turn makes one.
let waiting: (Departure | undefined)[] = []
let left: (Departure | undefined)[] = []
let count = 0
let waits = false
let untilLook = LOOK_EVERY

/** Has `departure` pumped when the turn's writes are made. */
export function depart(departure: Departure): void {
  waiting[count++] = departure
  if (count > 1) return
  if (waits) setImmediate(leave)
  else void RESOLVED.then(afterPromises)
}

// A tick alone would come before the promises of a turn that a timer or an immediate began, and part what their loops
// write: so one microtask lets those run first, for all connections at once.
const afterPromises = (): void => nextTick(leave)

function leave(): void {
  const departures = waiting
  const many = count
  waiting = left
  left = departures
  count = 0
  if (waits) waits = many >= MANY
  else if (--untilLook <= 0) {
    untilLook = LOOK_EVERY
    waits = true
  }
  for (let index = 0; index < many; index++) {
    const departure = departures[index] as Departure
    departures[index] = undefined
    try {
      departure.pump()
    } catch (error) {
      // A mistake in one connection must not keep back what the others have written.
      throwLater(error)
    }
  }
}
