// Rejections that may be ignored, and those that may not. A program that does not await a read or a write must not die of
// a failed connection, a limit, a time or a signal, which it learns of elsewhere too; a mistake of its own, and what its
// own functions throw, must not pass unseen. A promise is marked where it rejects, so that one which resolves costs nothing.

import { ConcurrentReadError, InvalidOptionsError, isLinnetError } from './errors.js'

const ignore = (): void => {}

/** Marks the rejection of a promise as handled. */
export function markHandled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(ignore)
  return promise
}

/** Whether an error tells what happened to a connection, or what a `signal` that aborted says: no mistake of the program's. */
export function isNews(error: unknown, signal?: AbortSignal | undefined): boolean {
  if (isLinnetError(error)) return !(error instanceof ConcurrentReadError || error instanceof InvalidOptionsError)
  return signal?.aborted === true && Object.is(error, signal.reason)
}

/** A rejection for a failed connection, or by `signal`, may be ignored; one for a wrong argument may not. */
export function rejectHandled(error: unknown, signal?: AbortSignal | undefined): Promise<never> {
  const rejection = Promise.reject(error)
  return isNews(error, signal) ? markHandled(rejection) : rejection
}

/** The same for work that goes on: its failure may be ignored where it is no mistake. */
export function ignorable<T>(work: Promise<T>, signal?: AbortSignal | undefined): Promise<T> {
  const promise = new Promise<T>((resolve, reject) => {
    work.then(resolve, (error) => {
      if (isNews(error, signal)) markHandled(promise)
      reject(error)
    })
  })
  return promise
}
