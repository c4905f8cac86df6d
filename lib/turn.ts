// Turns of the event loop. Fake timers replace `setImmediate` and `process.nextTick` and run them when the test advances its
// clock. The library keeps the originals, from when this module is loaded, so that its own steps do not depend on a test.

/** Node's own functions, also after a test has replaced the globals. */
export const setImmediate: typeof globalThis.setImmediate = globalThis.setImmediate
export const clearImmediate: typeof globalThis.clearImmediate = globalThis.clearImmediate
export const nextTick: typeof process.nextTick = process.nextTick

const setTimeout: typeof globalThis.setTimeout = globalThis.setTimeout

/** Calls back after two immediates. Set in a socket's callback, the first runs before the event loop polls again, the second after. */
export function afterTwoImmediates(callback: () => void): void {
  setImmediate(() => setImmediate(callback))
}

/**
 * Calls back after two timers, each followed by an immediate. On Deno consecutive immediates run without a poll between them,
 * and a read that has just begun takes two polls.
 */
export function afterTwoTimers(callback: () => void): void {
  setTimeout(() => setImmediate(() => setTimeout(() => setImmediate(callback), 0)), 0)
}

/** Calls `callback` once the bytes that are in the kernel now have arrived. */
export const afterTurn: (callback: () => void) => void =
  /* c8 ignore next: only one of the two is true of a runtime */
  'Deno' in globalThis ? afterTwoTimers : afterTwoImmediates
