// Something under way that may be called off: a name that is looked up, an address that is tried, a TLS handshake. Each
// stage of a `connect` is one, so that its deadline and its `signal` need to be known in one place only, here.

/** Something under way that may be called off. */
export interface Attempt<T> {
  /** What comes of it, or what went wrong. Need not settle any more once it was cut. */
  readonly done: Promise<T>
  /** Calls it off and frees all that it holds, also what has come of it. Safe at any time, also twice. */
  cut(): void
}

/** Resolves and rejects as the attempt does, but with the reason of `signal` if that aborts first, or has: then it is cut. */
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
