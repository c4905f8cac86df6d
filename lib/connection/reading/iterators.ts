// The base of the async iterators over lines, chunks and batches. They are written by hand: an async generator costs three to
// six times as much for each item. Between two items an iterator holds nothing, so that any other read may be made. A
// failed read ends the iteration, and its bytes stay unread; a ConcurrentReadError does not end it. Each item is a read that
// resolves with the iterator result itself, so that an item costs one promise.

import type { ByteQueue } from '../../bytes/queue.js'
import { ConcurrentReadError, isLinnetError } from '../../errors.js'
import { AsyncIteratorBase, DONE } from '../../iterator.js'
import { rejectHandled } from '../../rejections.js'
import type { Limit } from './limit.js'
import type { ReadHalf } from './read-half.js'
import { type IteratorState, type Read, type Stream, WAIT, type Wait } from './read-kinds.js'
import type { ReadLock } from './read-lock.js'
import type { ResolvedReadOptions } from './read-options.js'

/** The base of the iterators. The first `next` checks the options; the first failure ends the iteration. */
export abstract class ReadIterator<T, Item extends { readonly options: ResolvedReadOptions }>
  extends AsyncIteratorBase<T>
  implements IteratorState
{
  protected readonly readHalf: ReadHalf
  protected readonly lock: ReadLock | undefined
  /** True once the iteration ended: at its end, by a failed read, or by `return`. */
  done = false
  #check: (() => Item) | undefined
  #checked: Item | undefined

  /** `check` checks the arguments of the iteration. */
  constructor(readHalf: ReadHalf, lock: ReadLock | undefined, check: () => Item) {
    super()
    this.readHalf = readHalf
    this.lock = lock
    this.#check = check
  }

  next(): Promise<IteratorResult<T>> {
    if (this.done) return Promise.resolve(DONE)
    const value = this.#checked === undefined ? undefined : this.takeFast(this.#checked)
    if (value !== undefined) return Promise.resolve({ value, done: false })
    try {
      if (this.#check !== undefined) this.#checked = this.#check()
      this.#check = undefined
      return this.readItem(this.#checked as Item)
    } catch (error) {
      this.lock?.failed(error)
      if (!(isLinnetError(error) && error instanceof ConcurrentReadError)) this.done = true
      return rejectHandled(error, this.#checked?.options.signal)
    }
  }

  /** Takes the next item on the fast path. Undefined: use the slow path. */
  protected abstract takeFast(item: Item): T | undefined

  /** Reads the next item. Throws if the read is refused. */
  protected abstract readItem(item: Item): Promise<IteratorResult<T>>

  protected endIteration(): void {
    this.done = true
    this.readHalf.cancelRead(this, DONE)
  }
}

/** The read of one item of an iteration. */
export abstract class ItemRead<T> implements Read<IteratorResult<T>> {
  abstract readonly operation: string
  limit: Limit
  readonly iterator: IteratorState

  constructor(limit: Limit, iterator: IteratorState) {
    this.limit = limit
    this.iterator = iterator
  }

  attempt(queue: ByteQueue, stream: Stream): IteratorResult<T> | Wait {
    const value = this.take(queue, stream)
    if (value === WAIT) return WAIT
    if (value !== null) return { value, done: false }
    this.iterator.done = true
    return DONE
  }

  /** Takes the next item; null at the end of the iteration. */
  protected abstract take(queue: ByteQueue, stream: Stream): T | null | Wait
}
