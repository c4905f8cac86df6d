// Clients that wait until a list has an element (BLPOP). The one that has waited longest gets it.

import type { Database, Side } from './database.js'

/** What a client waits for. */
export interface Wait {
  readonly database: Database
  /** The lists, in the order in which they are looked at. */
  readonly keys: readonly string[]
  readonly side: Side
  /** The longest time, in milliseconds. */
  readonly timeout: number
}

/** A wait that has begun. */
export interface Waiter extends Wait {
  give(key: string, item: string): void
}

export class Waiting {
  readonly #waiters = new Map<Database, Map<string, Set<Waiter>>>()
  /** Lists that have got elements since the last `serve`, and for which clients wait. */
  #ready: { readonly database: Database; readonly key: string }[] = []

  /** Whether `serve` has something to do. */
  get ready(): boolean {
    return this.#ready.length > 0
  }

  add(waiter: Waiter): void {
    const { database, keys } = waiter
    const lists = this.#waiters.get(database) ?? new Map<string, Set<Waiter>>()
    this.#waiters.set(database, lists)
    for (const key of keys) lists.set(key, (lists.get(key) ?? new Set()).add(waiter))
  }

  remove(waiter: Waiter): void {
    const lists = this.#waiters.get(waiter.database)
    for (const key of waiter.keys) {
      const waiters = lists?.get(key)
      waiters?.delete(waiter)
      if (waiters?.size === 0) lists?.delete(key)
    }
  }

  /** Notes that a list has got elements. */
  pushed(database: Database, key: string): void {
    if (this.#waiters.get(database)?.has(key) === true) this.#ready.push({ database, key })
  }

  /** Hands elements to those that wait: after a command, and not in the middle of a transaction, which may take them again. */
  serve(): void {
    const ready = this.#ready
    this.#ready = []
    for (const { database, key } of ready) {
      for (const waiter of this.#waiters.get(database)?.get(key) ?? []) {
        // Meanwhile the key may have a value of another kind.
        if (database.typeOf(key) !== 'list') break
        this.remove(waiter)
        waiter.give(key, database.pop(key, waiter.side) as string)
      }
    }
  }
}
