// What waits under an AbortSignal. However many wait under the same one, a server's own for a thousand connections, it
// has one listener of ours: Node warns of a leak from eleven on, and takes a list of them apart one by one.

import { throwLater } from './throw-later.js'

/** What is told that the signal it waits under has aborted. It must not throw. */
export interface Abortable {
  fail(reason: unknown): void
}

const groups = new WeakMap<AbortSignal, Group>()

/** All that wait under one signal. */
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
        // A mistake of one must not keep the others waiting.
        throwLater(error)
      }
    }
  }
}

/** Has `member` told, once, when `signal` aborts. Without a signal it does nothing. */
export function waitUnder(signal: AbortSignal | undefined, member: Abortable): void {
  if (signal !== undefined) (groups.get(signal) ?? new Group(signal)).members.add(member)
}

/** It does not wait any more. Where it does not wait this does nothing. */
export function leaveSignal(signal: AbortSignal | undefined, member: Abortable): void {
  if (signal !== undefined) groups.get(signal)?.leave(member)
}
