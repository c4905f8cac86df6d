// Operations that an AbortSignal cancels. All operations that share a signal share one listener: a server's signal may cancel
// thousands, Node warns of a leak from eleven listeners on, and it removes a listener by a linear search.

import { throwLater } from './throw-later.js'

/** An operation that a signal cancels. */
export interface AbortListener {
  /** Called once, with the signal's reason, when it aborts. Must not throw. */
  fail(reason: unknown): void
}

const bySignal = new WeakMap<AbortSignal, AbortListeners>()

/** The operations of one signal. */
class AbortListeners {
  readonly listeners = new Set<AbortListener>()
  readonly #signal: AbortSignal

  constructor(signal: AbortSignal) {
    this.#signal = signal
    bySignal.set(signal, this)
    signal.addEventListener('abort', this)
  }

  remove(listener: AbortListener): void {
    if (!this.listeners.delete(listener) || this.listeners.size > 0) return
    bySignal.delete(this.#signal)
    this.#signal.removeEventListener('abort', this)
  }

  handleEvent(): void {
    const { reason } = this.#signal
    for (const listener of this.listeners) {
      this.remove(listener)
      try {
        listener.fail(reason)
      } catch (error) {
        // An exception of one operation does not keep the others from being cancelled.
        throwLater(error)
      }
    }
  }
}

/** Calls `listener.fail` when `signal` aborts. Without a signal it does nothing. */
export function addAbortListener(signal: AbortSignal | undefined, listener: AbortListener): void {
  if (signal !== undefined) (bySignal.get(signal) ?? new AbortListeners(signal)).listeners.add(listener)
}

/** Removes a listener. Does nothing if it was not added to `signal`. */
export function removeAbortListener(signal: AbortSignal | undefined, listener: AbortListener): void {
  if (signal !== undefined) bySignal.get(signal)?.remove(listener)
}
