// `return()` of an iterator cancels its pending `next()`: both resolve as done, and no byte is consumed. A destroyed stream or loop calls
// it.

import { setImmediate as turn } from 'node:timers/promises'
import type { Random } from './random.js'
import { sleep } from './sleep.js'

/** Requests an item and cancels the request soon after. Resolves with the item if it arrived before. */
export async function recalled<T>(iterator: AsyncIterableIterator<T>, random: Random): Promise<T | undefined> {
  const pending = iterator.next()
  // A rejection is handled below; until then it must not count as unhandled.
  pending.catch(() => {})
  const wait = random.weighted({ none: 1, turn: 2, time: 1 })
  if (wait === 'turn') await turn()
  if (wait === 'time') await sleep(random.int(1, 8))
  const returned = await (iterator.return as () => Promise<IteratorResult<T>>)()
  if (returned.done !== true) throw new Error('return() of an iterator resolved without done')
  const item = await pending
  return item.done === true ? undefined : item.value
}
