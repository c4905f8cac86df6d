// Operations that an AbortSignal cancels. All operations that share a signal share one listener: a server's signal may cancel
// thousands, Node warns of a leak from eleven listeners on, and it removes a listener by a linear search.

import { throwLater } from './throw-later.js'

/** An operation that a signal cancels. */
export interface Abortable {
  /** Called once, with the signal's reason, when it aborts. Must not throw. */
  fail(reason: unknown): void
}

const groups = new WeakMap<AbortSignal, Group>()

/** The operations of one signal. */
class Group {
  readonly members = new Set<Abortable>()
  readonly #signal: AbortSignal

  constructor(signal: AbortSignal) {
    this.#signal = signal
    groups.set(signal, this)
    signal.addEventListener('abort', this)
  }

  leave(member: Abortable): void {
    if (!this.members.delete(member) || this.members.size > 0) return
    groups.delete(this.#signal)
    this.#signal.removeEventListener('abort', this)
  }

  handleEvent(): void {
    const { reason } = this.#signal
    for (const member of this.members) {
      this.leave(member)
      try {
        member.fail(reason)
      } catch (error) {
        // An exception of one operation does not keep the others from being cancelled.
        throwLater(error)
      }
    }
  }
}

/** Calls `member.fail` when `signal` aborts. Without a signal it does nothing. */
export function waitUnder(signal: AbortSignal | undefined, member: Abortable): void {
  if (signal !== undefined) (groups.get(signal) ?? new Group(signal)).members.add(member)
}

/** Undoes `waitUnder`. Does nothing if `member` does not wait under `signal`. */
export function leaveSignal(signal: AbortSignal | undefined, member: Abortable): void {
  if (signal !== undefined) groups.get(signal)?.leave(member)
}
