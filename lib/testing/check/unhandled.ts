// Counts unhandled rejections, for the rule about them. A listener of `unhandledRejection` keeps the process from ending on any
// unhandled rejection. So if this listener is the only one, it throws the rejections that no rule ignores, which ends the
// process as without it.

const EVENT = 'unhandledRejection'

interface Count {
  unhandled: number
}

/** The promises that a rule ignores, and their counters. All checks that run at a time share one listener. */
const ignored = new WeakMap<Promise<unknown>, Count>()
let counting = 0

function onUnhandled(reason: unknown, promise: Promise<unknown>): void {
  const count = ignored.get(promise)
  if (count !== undefined) count.unhandled++
  else if (process.listenerCount(EVENT) === 1) throw reason
}

/** Runs `work`, which may ignore promises. Resolves with the number of these that were rejected and unhandled when it ended. */
export async function unhandled(work: (ignore: (promise: Promise<unknown>) => void) => Promise<void>): Promise<number> {
  const count: Count = { unhandled: 0 }
  if (counting++ === 0) process.on(EVENT, onUnhandled)
  try {
    await work((promise) => void ignored.set(promise, count))
  } finally {
    if (--counting === 0) process.off(EVENT, onUnhandled)
  }
  return count.unhandled
}
