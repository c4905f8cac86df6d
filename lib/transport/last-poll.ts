// The last check before a time limit expires. A timer shows that time has passed, not that the peer was late: the process may
// have been stopped, or its event loop blocked, with everything that the limit waits for in the kernel. So a limit whose timer
// has fired gets more turns of the event loop while they bring progress. If the timer fired late, the limit also gets that
// delay once more: a handshake, for example, may need another round trip.
// Decision: docs/decisions/a-time-limit-looks-once-more.md

import { afterTurn, setImmediate } from '../turn.js'

/** A limit whose timer has fired. */
export interface ExpiringLimit {
  /** Whether it is still set as it was: it may be lifted or moved meanwhile. */
  isSet(): boolean
  /** A number that changes with each progress that the limit waits for; NaN where progress is unknown. */
  progress(): number
  /** Whether bytes that it waits for have arrived and wait for their turn to be passed on. */
  holding?(): boolean
  /** Asks the system for progress. If there is some, the limit is moved before this resolves. */
  refreshProgress?(): Promise<void>
  /** Extends the limit, by milliseconds from now. */
  postpone(ms: number): void
  /** Ends the limit: the time has run out. */
  expire(): void
}

// A turn reads up to 2 MiB from a socket, and a receive buffer holds up to 6 MiB by default. A peer that keeps sending cannot
// keep a limit from expiring.
const MAX_TURNS = 8
// The most turns to wait for bytes whose turn has not come. Hundreds of connections may be ahead.
const MAX_HELD_TURNS = 1000
// A timer that fires later than this, in ms, is late by more than its own inaccuracy.
const LATE = 5

/** Checks for progress, then expires the limit unless it was moved or lifted. `late`: the delay of its timer, in milliseconds. */
export function pollOnceMore(limit: ExpiringLimit, late: number): void {
  poll(limit, late, limit.progress(), MAX_TURNS)
}

function poll(limit: ExpiringLimit, late: number, seen: number, turns: number, hasMoved = false): void {
  afterTurn(() =>
    whenDelivered(limit, MAX_HELD_TURNS, () => {
      const progress = limit.progress()
      const moved = progress !== seen
      if (moved && turns > 1) poll(limit, late, progress, turns - 1, true)
      else if ((moved || hasMoved) && late > LATE) limit.postpone(late)
      else if (limit.refreshProgress === undefined) limit.expire()
      else void limit.refreshProgress().then(() => limit.isSet() && limit.expire())
    }),
  )
}

/** Calls `then` when no bytes wait for their turn, unless the limit was moved or lifted. */
function whenDelivered(limit: ExpiringLimit, turns: number, then: () => void): void {
  if (!limit.isSet()) return
  if (turns > 0 && limit.holding?.()) setImmediate(() => whenDelivered(limit, turns - 1, then))
  else then()
}
