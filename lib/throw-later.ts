// What a program's own function throws into the middle of the library's work is the program's own: it must not be
// swallowed, and it must not stop what is done for others in the same turn.

import { nextTick } from './turn.js'

/** Throws an error once the library's work is done: an uncaught exception, as from any callback. */
export function throwLater(error: unknown): void {
  nextTick(() => {
    throw error
  })
}
