// `return()` of an iterator while its `next()` is pending takes that read back: both resolve as done, and nothing is consumed.
// Streams and loops that are destroyed do just that.

import { setImmediate as turn } from 'node:timers/promises'
import type { Random } from './random.js'
import { sleep } from './sleep.js'

/** Asks for an item and takes that back a moment later. Resolves with the item if it came first. */
export async function recalled<T>(iterator: AsyncIterableIterator<T>, random: Random): Promise<T | undefined> {
  const pending = iterator.next()
  // What it rejects with is heard below; until then it is nobody's fault.
  pending.catch(() => {})
  const wait = random.weighted({ none: 1, turn: 2, time: 1 })
  if (wait === 'turn') await turn()
  if (wait === 'time') await sleep(random.int(1, 8))
  const returned = await (iterator.return as () => Promise<IteratorResult<T>>)()
  if (returned.done !== true) throw new Error('return() of an iterator resolved without done')
  const item = await pending
  return item.done === true ? undefined : item.value
}
