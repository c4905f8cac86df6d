// When writes leave: as soon as the connection's reader begins to wait, since then its answers are complete; behind the
// call of a write that has to wait; and at the latest at the end of the turn. With many connections in a turn it pays to let several of them answer before the first
// write (1.1 times the rate where twelve or more answer in a turn): then they leave in groups.
//
// Nearly every answer leaves with its reader. What does not is found two microtasks later, when the caller of the write has
// gone on, and only then an immediate marks the end of the turn: it costs 340 ns of 16 µs for a message of four connections.

import { throwLater } from '../../throw-later.js'
import { nextTick, setImmediate } from '../../turn.js'

/** A sender that has written and will hand it on. */
export interface Flushable {
  /** False once it was handed on. */
  readonly scheduled: boolean
  sendQueued(): void
}

// A turn is crowded if so many departed in the one before.
const MANY = 12
// So many leave together in a crowded turn: a connection waits for 15 others at most.
const GROUP = 16

// So many depart before a turn is counted, while they are few.
const PROBE = 64

// Two lists in turns, so that no turn makes one.
let waiting: (Flushable | undefined)[] = []
let other: (Flushable | undefined)[] = []
let count = 0
/** All that departed since the last turn that was marked, also those that have left. */
let scheduledInTurn = 0
/** The next turn is marked from its first departure on, so that they are counted. */
let counting = false
let crowded = false
/** An immediate marks the end of this turn. */
let marked = false
/** Whether anything still waits will be looked at. */
let looking = false
let ticking = false
let turn = 0
/** Those whose writer waits. */
let soon: Flushable[] = []

const RESOLVED: Promise<void> = Promise.resolve()

/** A number that is another one in each turn in which it is asked for. */
export function thisTurn(): number {
  mark()
  return turn
}

/** Has `departure` pumped at the end of this turn, unless it has left before. */
export function scheduleFlush(departure: Flushable): void {
  waiting[count++] = departure
  scheduledInTurn++
  if (marked) return
  if (counting || scheduledInTurn >= PROBE) mark()
  else if (!looking) {
    looking = true
    void RESOLVED.then(lookSoon)
  }
}

function mark(): void {
  if (marked) return
  marked = true
  setImmediate(endTurn)
}

const lookSoon = (): void => void RESOLVED.then(look)

function look(): void {
  looking = false
  if (count > 0) mark()
}

/** The same, and now, unless the turn is crowded: the reader of its connection begins to wait. */
export function flushNow(departure: Flushable): void {
  if (crowded) {
    if (count < GROUP || ticking) return
    ticking = true
    nextTick(flushGroup)
    return
  }
  // It is nearly always the last one. A turn that goes on for long would gather them.
  if (waiting[count - 1] === departure) waiting[--count] = undefined
  departure.sendQueued()
}

/** The same, once the caller of a write has made its other calls: it waits for what it wrote. */
export function flushSoon(departure: Flushable): void {
  if (soon.push(departure) === 1) void RESOLVED.then(flushWaiting)
}

function flushWaiting(): void {
  const departures = soon
  soon = []
  for (const departure of departures) flush(departure)
}

function endTurn(): void {
  marked = false
  turn++
  // A turn that was marked in its middle counts too few, so the next one is counted.
  crowded = counting && scheduledInTurn >= MANY
  counting = crowded || (!counting && scheduledInTurn >= MANY)
  scheduledInTurn = 0
  flushAll()
}

function flushGroup(): void {
  ticking = false
  flushAll()
}

function flushAll(): void {
  const departures = waiting
  const many = count
  waiting = other
  other = departures
  count = 0
  for (let index = 0; index < many; index++) {
    const departure = departures[index] as Flushable
    departures[index] = undefined
    flush(departure)
  }
}

// A mistake in one connection must not keep back what the others have written.
function flush(departure: Flushable): void {
  if (!departure.scheduled) return
  try {
    departure.sendQueued()
  } catch (error) {
    throwLater(error)
  }
}
