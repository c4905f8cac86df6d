// Exceptions that a program's callback throws in the middle of the library's work. They are neither swallowed nor allowed to
// interrupt that work: they become uncaught exceptions after it.

import { nextTick } from './turn.js'

/** Throws an error from the next tick: an uncaught exception, as from any callback. */
export function throwLater(error: unknown): void {
  nextTick(() => {
    throw error
  })
}
