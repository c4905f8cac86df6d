// Rejections that may be ignored, and those that may not. A program that does not await a write must not die of a failed
// connection, which it is told elsewhere too; a mistake of its own must not pass unseen.

import { LinnetError } from '../errors.js'

const ignore = (): void => {}

/** A rejection that nobody needs to look at: the connection's failure is told elsewhere too. */
export function quietly<T>(promise: Promise<T>): Promise<T> {
  promise.catch(ignore)
  return promise
}

/** A rejection for a failed connection may be ignored; one for a wrong argument may not. */
export function refused(error: unknown): Promise<never> {
  const rejection = Promise.reject(error)
  return error instanceof LinnetError ? quietly(rejection) : rejection
}
