// The connections that are in a step of admission, oldest first, as a doubly linked list: finding the oldest and removing
// any one take constant time. (A Set keeps the insertion order too, but finding its first element walks over the holes that
// deleted elements leave.)

/** A member of a list. It is in at most one list at a time. */
export interface Link {
  older: Link | undefined
  newer: Link | undefined
}

export class PendingList<T extends Link> {
  #oldest: T | undefined
  #newest: T | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The member that was added first. */
  get oldest(): T | undefined {
    return this.#oldest
  }

  has(one: T): boolean {
    return one.older !== undefined || this.#oldest === one
  }

  /** Adds one as the newest. A member keeps its place. */
  add(one: T): void {
    if (this.has(one)) return
    one.older = this.#newest
    if (this.#newest === undefined) this.#oldest = one
    else this.#newest.newer = one
    this.#newest = one
    this.#size++
  }

  /** Removes one, if it is a member. */
  delete(one: T): void {
    if (!this.has(one)) return
    const { older, newer } = one
    if (older === undefined) this.#oldest = newer as T | undefined
    else older.newer = newer
    if (newer === undefined) this.#newest = older as T | undefined
    else newer.older = older
    one.older = undefined
    one.newer = undefined
    this.#size--
  }
}
