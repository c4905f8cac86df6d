// The async iterator over the messages of a connection. Between two messages it holds nothing. A failed read ends the iteration;
// a ConcurrentReadError does not.

import type { Message } from '../connection/reading/message.js'
import { ConcurrentReadError, isLinnetError } from '../errors.js'
import { AsyncIteratorBase, DONE } from '../iterator.js'
import { rejectHandled } from '../rejections.js'
import type { ParkedItem } from './frame-reads.js'
import type { FrameIteration, FrameSource } from './source.js'

export class FrameIterator<In> extends AsyncIteratorBase<In> implements FrameIteration<In> {
  done = false
  message: Message | undefined
  parked: ParkedItem<In> | undefined
  readonly #source: FrameSource<In>

  constructor(source: FrameSource<In>) {
    super()
    this.#source = source
  }

  next(): Promise<IteratorResult<In>> {
    if (this.done) return Promise.resolve(DONE)
    try {
      const value = this.#source.tryTake()
      return value === undefined ? this.#source.next(this) : Promise.resolve({ value, done: false })
    } catch (error) {
      if (!(isLinnetError(error) && error instanceof ConcurrentReadError)) this.done = true
      return rejectHandled(error)
    }
  }

  protected endIteration(): void {
    this.done = true
    this.#source.readHalf.cancelRead(this, DONE)
    this.message?.cancel(DONE)
  }
}
