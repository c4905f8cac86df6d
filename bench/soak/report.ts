// What the processes say of a conversation to the parent, which alone judges. Plain data: it goes through `process.send`.

import type { Direction, Side } from './plan.js'

/**
 * How the reading of a side came to an end:
 * - `end`: the peer's end of stream, between two messages;
 * - `cut`: the peer's end of stream in the middle of a message;
 * - `lost`: ConnectionLostError;
 * - `closed`: this side closed or aborted;
 * - `drained`: DrainingError, between two messages;
 * - `none`: it was not reached.
 */
export type ReadEnd = 'end' | 'cut' | 'lost' | 'closed' | 'drained' | 'none'

/** Of the writing. `all`: nothing went wrong that this side noticed. */
export type WriteEnd = 'all' | 'lost' | 'closed' | 'none'

export interface SideReport {
  readonly id: number
  readonly side: Side
  /** Checksums of the messages that were given to `write`, in order, also of those that it rejected. */
  readonly sent: number[]
  /** Checksums of the messages that were read whole, in order. */
  readonly received: number[]
  /** It ended its side in order: it called `end`, `close`, or returned from its handler. */
  ending: boolean
  /** It called `abort`. */
  aborted: boolean
  /** It left with `close` before the peer had ended. */
  left: boolean
  reading: ReadEnd
  writing: WriteEnd
  /** Reads that timed out or were aborted, and were made again. */
  interrupted: number
  /** Where it stands, for those that hang. */
  step: string
  /** Why it could not connect. */
  connect?: string
  closed?: { readonly by: string; readonly error: string | undefined; readonly bytesRead: number; readonly bytesWritten: number }
  /** What is wrong by itself. */
  readonly problems: string[]
}

/** What the fault proxy did, and what happened to it. */
export interface ProxyReport {
  readonly id: number
  /** It broke the conversation itself. */
  broke: 'reset' | 'end' | undefined
  /** The server's side did not take the connection. */
  refused: string | undefined
  /** Which side broke its socket, with the code. */
  readonly lost: string[]
  /** Directions whose end could not be told from a reset: `net` does not tell a sender's reset once the proxy has ended. */
  readonly unsure: Direction[]
  /** Directions whose end was handed on. */
  readonly ended: Direction[]
  readonly bytes: Record<Direction, number>
}

export function newSideReport(id: number, side: Side): SideReport {
  return {
    id,
    side,
    sent: [],
    received: [],
    ending: false,
    aborted: false,
    left: false,
    reading: 'none',
    writing: 'none',
    interrupted: 0,
    step: 'start',
    problems: [],
  }
}
