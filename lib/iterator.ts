// The base of the library's async iterators: what a program may do with each of them beside asking for the next item. It
// inherits from the language's own prototype of async iterators, so that helpers which an engine or a polyfill adds there
// (`map`, `take` …) work on ours as well.

/** The result of an iterator that has ended without a value. */
export const DONE: IteratorReturnResult<undefined> = Object.freeze({ value: undefined, done: true })

export abstract class AsyncIteratorBase<T> implements AsyncIterableIterator<T>, AsyncDisposable {
  abstract next(): Promise<IteratorResult<T>>

  /** Ends the iteration. Every pending `next` resolves with `done`. */
  protected abstract leave(): void

  /** Ends the iteration and takes back what a pending `next` waits for; both resolve with `done`. Gives `value` back. */
  return(value?: unknown): Promise<IteratorResult<T>> {
    this.leave()
    if (value === undefined) return Promise.resolve(DONE)
    return Promise.resolve(value).then((value) => ({ value, done: true }))
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** `return()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }
}

// %AsyncIteratorPrototype% has no name: it is two steps behind what an async generator inherits from.
const generated = Object.getPrototypeOf((async function* () {})())
Object.setPrototypeOf(AsyncIteratorBase.prototype, Object.getPrototypeOf(Object.getPrototypeOf(generated)))
