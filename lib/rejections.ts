// Which rejections a program may ignore. A read or a write that is not awaited must not end the process because of a failed
// connection, a limit, a time or a signal: `connection.closed` or the signal reports the same failure. Misuse, and errors
// of the program's own functions, stay unhandled rejections. A promise is marked as handled where it rejects, so that one
// that resolves costs nothing.
// Decision: docs/decisions/an-ignored-promise-does-not-end-the-process.md

import { ConcurrentReadError, InvalidOptionsError, isLinnetError } from './errors.js'

const ignore = (): void => {}

/** Marks the rejection of a promise as handled. */
export function markHandled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(ignore)
  return promise
}

/** Whether an error reports what happened to a connection, or is the reason of an aborted `signal`; false for misuse. */
export function isIgnorable(error: unknown, signal?: AbortSignal | undefined): boolean {
  if (isLinnetError(error)) return !(error instanceof ConcurrentReadError || error instanceof InvalidOptionsError)
  return signal?.aborted === true && Object.is(error, signal.reason)
}

/** Rejects with `error`; handled already unless the error reports misuse. */
export function rejectHandled(error: unknown, signal?: AbortSignal | undefined): Promise<never> {
  const rejection = Promise.reject(error)
  return isIgnorable(error, signal) ? markHandled(rejection) : rejection
}

/** Settles as `work` does; a rejection is handled already unless it reports misuse. */
export function markIfIgnorable<T>(work: Promise<T>, signal?: AbortSignal | undefined): Promise<T> {
  const promise = new Promise<T>((resolve, reject) => {
    work.then(resolve, (error) => {
      if (isIgnorable(error, signal)) markHandled(promise)
      reject(error)
    })
  })
  return promise
}
