// Turns of the event loop. Fake timers replace `setImmediate` and `process.nextTick` and run them when the test advances its
// clock. The library keeps the originals, from when this module is loaded, so that its own steps do not depend on a test.

/** Node's own functions, also after a test has replaced the globals. */
export const setImmediate: typeof globalThis.setImmediate = globalThis.setImmediate
export const clearImmediate: typeof globalThis.clearImmediate = globalThis.clearImmediate
export const nextTick: typeof process.nextTick = process.nextTick

/** Calls back after two immediates. Set in a socket's callback, the first runs before the event loop polls again, the second after. */
export function afterTwoImmediates(callback: () => void): void {
  setImmediate(() => setImmediate(callback))
}

// While its loop has something to do, Deno polls the system after every 61 passes of the loop, each of which runs the immediates that
// were set before it. A read that has just begun takes two polls.
const PASSES = 2 * 62

/** The callbacks that wait, in order, and the number of the pass that each waits for. */
const waiting: { readonly callback: () => void; readonly due: number }[] = []
let passed = 0

function pass(): void {
  passed++
  for (let [first] = waiting; first !== undefined && first.due <= passed; [first] = waiting) {
    waiting.shift()
    setImmediate(first.callback)
  }
  if (waiting.length > 0) setImmediate(pass)
}

/** Calls back after so many immediates that Deno has polled twice. All callers share them. */
export function afterManyImmediates(callback: () => void): void {
  if (waiting.push({ callback, due: passed + PASSES }) === 1) setImmediate(pass)
}

/** Calls `callback` once the bytes that are in the kernel now have arrived. */
/* c8 ignore next: only one of the two is true of a runtime */
export const afterTurn: (callback: () => void) => void = 'Deno' in globalThis ? afterManyImmediates : afterTwoImmediates
