// The connections that are in a step of the way in, the one that has been there longest first. A list of links: that one is
// found, and any one is taken out, in constant time. (A Set keeps the order as well, but its first element stands behind the
// holes of all that left before it.)

/** What stands in a list; in one list at a time. */
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

  /** The one that has been in it longest. */
  get oldest(): T | undefined {
    return this.#oldest
  }

  has(one: T): boolean {
    return one.older !== undefined || this.#oldest === one
  }

  /** Puts one in as the newest; one that is in it stays where it is. */
  add(one: T): void {
    if (this.has(one)) return
    one.older = this.#newest
    if (this.#newest === undefined) this.#oldest = one
    else this.#newest.newer = one
    this.#newest = one
    this.#size++
  }

  /** Takes one out, if it is in it. */
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
