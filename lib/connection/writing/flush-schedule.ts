// When queued writes are sent, for all connections of the process together:
//
// - as soon as a read of the connection begins to wait, since then its answers are complete (`flushNow`);
// - a microtask after a write whose caller waits, once the caller has made its other calls (`flushSoon`);
// - at the latest at the end of the turn of the event loop (`scheduleFlush`).
//
// In a crowded turn it pays to let several connections answer before the first write (1.1 times the rate where twelve or
// more answer in a turn): then they are sent in groups.
//
// Nearly every answer is sent by `flushNow`. The rest is found two microtasks later, and only then an immediate marks the
// end of the turn: an immediate costs 340 ns of the 16 µs that a message of four connections takes.
// Decision: docs/decisions/writes-leave-once-a-turn.md

import { throwLater } from '../../throw-later.js'
import { nextTick, setImmediate } from '../../turn.js'

/** A write half as the schedule sees it. */
export interface Flushable {
  /** True from the first write until `sendQueued` is called. */
  readonly scheduled: boolean
  sendQueued(): void
}

// A turn is crowded if as many were scheduled in the one before.
const CROWD = 12
// As many are sent together in a crowded turn: a connection waits for 15 others at most.
const GROUP = 16
// As many are scheduled before a turn is counted, while turns are not crowded.
const PROBE = 64

// Two lists that take turns, so that no turn allocates one.
let queue: (Flushable | undefined)[] = []
let spare: (Flushable | undefined)[] = []
let count = 0
/** All that were scheduled since the last turn that was marked, also those that were sent. */
let scheduledInTurn = 0
/** The next turn is marked from its first write on, so that all of them are counted. */
let counting = false
let crowded = false
/** An immediate will mark the end of this turn. */
let marked = false
/** A microtask will look for writes that were not sent. */
let lookPending = false
/** A tick will send a group. */
let groupPending = false
let turn = 0
/** Those whose caller waits. */
let early: Flushable[] = []

const RESOLVED: Promise<void> = Promise.resolve()

/** A number that differs between any two turns in which it is asked for. */
export function thisTurn(): number {
  mark()
  return turn
}

/** Sends the writes of `flushable` at the end of this turn, unless they are sent before. */
export function scheduleFlush(flushable: Flushable): void {
  queue[count++] = flushable
  scheduledInTurn++
  if (marked) return
  if (counting || scheduledInTurn >= PROBE) mark()
  else if (!lookPending) {
    lookPending = true
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
  lookPending = false
  if (count > 0) mark()
}

/** Sends them at once, because a read of the connection begins to wait; in a crowded turn, with its group. */
export function flushNow(flushable: Flushable): void {
  if (crowded) {
    if (count < GROUP || groupPending) return
    groupPending = true
    nextTick(flushGroup)
    return
  }
  // It is nearly always the last one. If it stayed, a long turn would gather entries.
  if (queue[count - 1] === flushable) queue[--count] = undefined
  flushable.sendQueued()
}

/** Sends them once the caller of a write, which waits, has made its other calls. */
export function flushSoon(flushable: Flushable): void {
  if (early.push(flushable) === 1) void RESOLVED.then(flushEarly)
}

function flushEarly(): void {
  const flushables = early
  early = []
  for (const flushable of flushables) flush(flushable)
}

function endTurn(): void {
  marked = false
  turn++
  // A turn that was marked in its middle is counted too low: the next one is counted whole.
  crowded = counting && scheduledInTurn >= CROWD
  counting = crowded || (!counting && scheduledInTurn >= CROWD)
  scheduledInTurn = 0
  flushAll()
}

function flushGroup(): void {
  groupPending = false
  flushAll()
}

function flushAll(): void {
  const flushables = queue
  const many = count
  queue = spare
  spare = flushables
  count = 0
  for (let index = 0; index < many; index++) {
    const flushable = flushables[index] as Flushable
    flushables[index] = undefined
    flush(flushable)
  }
}

// An exception in one connection does not keep the others from sending.
function flush(flushable: Flushable): void {
  if (!flushable.scheduled) return
  try {
    flushable.sendQueued()
  } catch (error) {
    throwLater(error)
  }
}
