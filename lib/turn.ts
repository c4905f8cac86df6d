// Turns of the event loop. What a test may replace (fake timers put their own `setImmediate` and `process.nextTick` in
// place of Node's, and run them when the test says so) is taken once, when this module is loaded: the library's own steps
// depend on no test's clock.

/** Node's own, whatever the globals are replaced with later. */
export const setImmediate: typeof globalThis.setImmediate = globalThis.setImmediate
export const clearImmediate: typeof globalThis.clearImmediate = globalThis.clearImmediate
export const nextTick: typeof process.nextTick = process.nextTick

const setTimeout: typeof globalThis.setTimeout = globalThis.setTimeout

/** Two immediates: called from a socket's callback, the first one still runs before the loop polls again. */
export function afterTwoImmediates(callback: () => void): void {
  setImmediate(() => setImmediate(callback))
}

/**
 * Two timers, each with an immediate behind it. On Deno immediates follow each other without a poll, and a read that has just begun
 * takes a second one.
 */
export function afterTwoTimers(callback: () => void): void {
  setTimeout(() => setImmediate(() => setTimeout(() => setImmediate(callback), 0)), 0)
}

/** Calls `callback` when what is in the kernel now has arrived. */
export const afterTurn: (callback: () => void) => void =
  /* c8 ignore next: only one of the two is true of a runtime */
  'Deno' in globalThis ? afterTwoTimers : afterTwoImmediates
