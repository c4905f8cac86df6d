// The base class of linnet's async iterators: `return`, iteration and disposal. It inherits from %AsyncIteratorPrototype%, so
// that the helpers which an engine or a polyfill defines there (`map`, `take` …) work on these iterators.

/** The result of an iterator that has ended without a value. */
export const DONE: IteratorReturnResult<undefined> = Object.freeze({ value: undefined, done: true })

export abstract class AsyncIteratorBase<T> implements AsyncIterableIterator<T>, AsyncDisposable {
  abstract next(): Promise<IteratorResult<T>>

  /** Ends the iteration. A pending `next` resolves with `done`. */
  protected abstract endIteration(): void

  /** Ends the iteration and cancels a pending `next`. Both resolve with `done`; this one with `value`. */
  return(value?: unknown): Promise<IteratorResult<T>> {
    this.endIteration()
    if (value === undefined) return Promise.resolve(DONE)
    return Promise.resolve(value).then((value) => ({ value, done: true }))
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Calls `return()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }
}

// %AsyncIteratorPrototype% is no global: it is two steps up the prototype chain of an async generator's prototype.
const generated = Object.getPrototypeOf((async function* () {})())
Object.setPrototypeOf(AsyncIteratorBase.prototype, Object.getPrototypeOf(Object.getPrototypeOf(generated)))
