// What a command is: a function from its arguments to an answer.

import type { Store } from './store.js'

/** What is sent: a line without its end, pieces, which may be made as they are sent, or nothing. Text has one character a byte. */
export type Answer = string | Iterable<string | Uint8Array> | undefined

export interface Session {
  readonly store: Store
  readonly counts: Counts
  /** Reads a value and its line end. Rejects with a CommandError if it is too large or does not end there; it is dropped then. */
  value(length: number): Promise<Uint8Array>
}

export type Command = (args: readonly string[], session: Session) => Answer | Promise<Answer>

/** For `stats`. */
export class Counts {
  readonly started: number = Date.now()
  connections = 0
  gets = 0
  hits = 0
  sets = 0
  touches = 0
  flushes = 0
}
