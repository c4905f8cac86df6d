// The last look before a time limit runs out. A timer says that time has passed, not that the peer was late: the process
// may have been stopped, or its event loop blocked, with everything the limit waits for in the kernel. So a limit whose
// timer has fired gets turns of the event loop while they bring something, and, if the timer itself was late, that time
// once more: what was brought may need an answer and the answer to that, as a handshake does.

import { afterTurn, setImmediate } from '../turn.js'

/** A limit whose time is over. */
export interface Overdue {
  /** Whether it still runs, as it was: it may be lifted or moved while this looks. */
  stands(): boolean
  /** A number that changes whenever something has come, or was taken, that the limit waits for; NaN where that is not known. */
  progress(): number
  /** Whether bytes that it waits for have come and wait for their turn to be handed on. */
  holding?(): boolean
  /** Asks the system what it shows by itself; where there is progress the limit is moved before this resolves. */
  ask?(): Promise<void>
  /** It has so much time more, in milliseconds. */
  postpone(ms: number): void
  /** It has run out. */
  expire(): void
}

// A turn reads up to 2 MiB from a socket, and a receive buffer holds up to 6 MiB by default; what a peer goes on sending
// does not keep a limit from running out.
const TURNS = 8
// Bytes that wait for their turn are handed on after so many turns at most, where hundreds of connections wait as well.
const HELD = 1000
// A timer that is later than this is late by more than its own inaccuracy.
const LATE = 5

/** Looks, and then lets it run out, unless it was moved or lifted; `late`: by how many milliseconds its timer fired too late. */
export function lookOnce(limit: Overdue, late: number): void {
  look(limit, late, limit.progress(), TURNS)
}

function look(limit: Overdue, late: number, seen: number, turns: number, came = false): void {
  afterTurn(() =>
    whenHandedOn(limit, HELD, () => {
      const progress = limit.progress()
      const moved = progress !== seen
      if (moved && turns > 1) look(limit, late, progress, turns - 1, true)
      else if ((moved || came) && late > LATE) limit.postpone(late)
      else if (limit.ask === undefined) limit.expire()
      else void limit.ask().then(() => limit.stands() && limit.expire())
    }),
  )
}

/** Calls `then` when no bytes wait for their turn any more, unless the limit was moved or lifted. */
function whenHandedOn(limit: Overdue, turns: number, then: () => void): void {
  if (!limit.stands()) return
  if (turns > 0 && limit.holding?.()) setImmediate(() => whenHandedOn(limit, turns - 1, then))
  else then()
}
