// The reports of a conversation that the processes send to the parent, which checks them. They are plain data for `process.send`.

import type { Direction, Side } from './plan.js'

/**
 * How the reading of a side ended:
 * - `end`: the peer's end of stream, between two messages;
 * - `cut`: the peer's end of stream in the middle of a message;
 * - `lost`: ConnectionLostError;
 * - `closed`: this side closed or aborted;
 * - `drained`: DrainingError, between two messages;
 * - `none`: it was not reached.
 */
export type ReadEnd = 'end' | 'cut' | 'lost' | 'closed' | 'drained' | 'none'

/** How the writing of a side ended. `all`: without an error. */
export type WriteEnd = 'all' | 'lost' | 'closed' | 'none'

export interface SideReport {
  readonly id: number
  readonly side: Side
  /** Checksums of the messages that were given to `write`, in order, including those that it rejected. */
  readonly sent: number[]
  /** Checksums of the messages that were read completely, in order. */
  readonly received: number[]
  /** It ended its side cleanly: it called `end`, `close`, or returned from its handler. */
  ending: boolean
  /** It called `abort`. */
  aborted: boolean
  /** It called `close` before the peer had ended. */
  left: boolean
  reading: ReadEnd
  writing: WriteEnd
  /** Reads that timed out or were aborted, and were made again. */
  interrupted: number
  /** Its current step, for conversations that hang. */
  step: string
  /** Why it could not connect. */
  connect?: string
  closed?: { readonly by: string; readonly error: string | undefined; readonly bytesRead: number; readonly bytesWritten: number }
  /** Problems that are independent of the other reports. */
  readonly problems: string[]
}

/** The actions of the fault proxy, and the failures of its sockets. */
export interface ProxyReport {
  readonly id: number
  /** It injected the planned break. */
  broke: 'reset' | 'end' | undefined
  /** The server did not accept the connection. */
  refused: string | undefined
  /** The sides whose socket failed, with the code. */
  readonly lost: string[]
  /** Directions whose end may be a reset: `net` does not report a sender's reset once the proxy has ended. */
  readonly unsure: Direction[]
  /** Directions whose end was forwarded. */
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
