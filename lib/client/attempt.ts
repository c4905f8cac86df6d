// The `signal` of a `connect`, over each of its stages.

import type { Attempt } from '../transport/attempt.js'

/** Settles as the attempt does. If `signal` aborts first, or has aborted already, cuts the attempt and rejects with the reason. */
export function unlessAborted<T>(signal: AbortSignal, attempt: Attempt<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => {
      attempt.cut()
      reject(signal.reason)
    }
    const settled = (): void => signal.removeEventListener('abort', aborted)
    if (signal.aborted) aborted()
    else signal.addEventListener('abort', aborted)
    attempt.done.finally(settled).then(resolve, reject)
  })
}
