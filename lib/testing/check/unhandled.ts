// Counts rejections that nobody handles, for the one rule that is about them. While it listens the process does not die
// of an unhandled rejection; so, where nobody else listens, it does to what is none of its business what the process
// would have done.

const EVENT = 'unhandledRejection'

interface Count {
  unhandled: number
}

/** Promises that a rule ignores, and where they are counted. One listener for all: several checks may run at a time. */
const ignored = new WeakMap<Promise<unknown>, Count>()
let counting = 0

function hear(reason: unknown, promise: Promise<unknown>): void {
  const count = ignored.get(promise)
  if (count !== undefined) count.unhandled++
  else if (process.listenerCount(EVENT) === 1) throw reason
}

/** Does `work`, which may ignore promises; resolves with how many of these were rejected and unhandled by its end. */
export async function unhandled(work: (ignore: (promise: Promise<unknown>) => void) => Promise<void>): Promise<number> {
  const count: Count = { unhandled: 0 }
  if (counting++ === 0) process.on(EVENT, hear)
  try {
    await work((promise) => void ignored.set(promise, count))
  } finally {
    if (--counting === 0) process.off(EVENT, hear)
  }
  return count.unhandled
}
