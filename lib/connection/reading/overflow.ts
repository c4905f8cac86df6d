// `overflow: 'skip'`: a message over the limit is dropped as it arrives, up to and including its end. The read half remembers
// that it is inside of such a message, so that a later loop continues there, and the rest is never taken for a message.

import type { ByteQueue } from '../../bytes/queue.js'
import type { Search } from '../../bytes/search.js'
import { found, type Stream } from './read-kinds.js'
import type { ReadLock } from './read-lock.js'

/** The outcome of a message that exceeds the limit. */
export const OVERFLOW: unique symbol = Symbol('overflow')

/** The read half: whether the rest of an over-long message is being dropped. */
export interface OverflowState {
  overflowing: boolean
}

/**
 * Drops the received part of an over-long message, inside `readMessage` once its end has arrived. True if its end was dropped.
 * Where bytes were dropped, `search` must not be used again.
 */
export function dropRest(search: Search, queue: ByteQueue, stream: Stream, state: OverflowState, lock: ReadLock | undefined): boolean {
  const room = lock?.keepsSkipped ? lock.limitOf(undefined) : undefined
  const end = room === undefined ? search.find(queue, stream !== 'open') : found(search, queue, stream, room)
  if (end === 0 && stream === 'open' && room !== undefined) return false
  queue.skip(end > 0 ? end : stream === 'ended' ? queue.length : search.ruledOut(queue))
  state.overflowing = end === 0 && stream !== 'ended'
  return end > 0
}
