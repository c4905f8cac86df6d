// The items of a cache: found by their key, dropped when they expire or the memory is full. The item that was used least recently
// goes first. Keys are text of one character a byte.

/** What an item takes in memory beside its key and its value: measured with 200,000 items in Node 20, and rounded up. */
const OVERHEAD = 500

export interface Item {
  readonly key: string
  value: Uint8Array
  /** Of the client; the server only keeps them. */
  flags: number
  /** Unix time in milliseconds; Infinity for an item that does not expire. */
  expires: number
  /** A number that each change of the item replaces by a larger one. */
  cas: bigint
  /** Unix time in milliseconds of the last read, or of the change. */
  used: number
  /** Whether it was read since it was stored. */
  wasRead: boolean
  /** Invalidated, and kept until a client has stored it anew. */
  stale: boolean
  /** A client was asked to store it anew. */
  awaited: boolean
}

export interface StoreOptions {
  /** The bytes of all items together. */
  readonly limit: number
  /** Unix time in milliseconds. */
  readonly now?: () => number
}

export class Store {
  readonly limit: number
  readonly now: () => number
  /** The bytes of all items. */
  bytes = 0
  evictions = 0
  /** The items that were ever stored. */
  stored = 0
  /** In the order of their last use. */
  readonly #items = new Map<string, Item>()
  #cas = 0n
  /** When all items go that are there then. */
  #flushAt = Number.POSITIVE_INFINITY

  constructor({ limit, now = Date.now }: StoreOptions) {
    this.limit = limit
    this.now = now
  }

  get size(): number {
    return this.#items.size
  }

  /** The item, which is now the one that was used last; undefined if there is none, or it has expired. */
  find(key: string): Item | undefined {
    const now = this.now()
    if (now >= this.#flushAt) this.clear()
    const item = this.#items.get(key)
    if (item === undefined) return undefined
    if (item.expires <= now) {
      this.delete(key)
      return undefined
    }
    this.#items.delete(key)
    this.#items.set(item.key, item)
    return item
  }

  /** Notes that a client reads the item. */
  read(item: Item): void {
    item.used = this.now()
    item.wasRead = true
  }

  /** Stores a value, in memory of its own, and makes room for it. `cas`: the number that the item gets. */
  set(key: string, value: Uint8Array, flags: number, expires: number, cas: bigint = this.nextCas()): Item {
    // Also what is due to be flushed goes before.
    this.find(key)
    this.delete(key)
    const item = { key: copyOf(key), value, flags, expires, cas, used: this.now(), wasRead: false, stale: false, awaited: false }
    this.#items.set(item.key, item)
    this.bytes += sizeOf(key, item)
    this.stored++
    for (const oldest of this.#items.keys()) {
      if (this.bytes <= this.limit || oldest === key) break
      this.delete(oldest)
      this.evictions++
    }
    return item
  }

  /** A number for an item that was changed. */
  nextCas(): bigint {
    return ++this.#cas
  }

  delete(key: string): void {
    const item = this.#items.get(key)
    if (item === undefined) return
    this.#items.delete(key)
    this.bytes -= sizeOf(key, item)
  }

  clear(): void {
    this.#items.clear()
    this.bytes = 0
    this.#flushAt = Number.POSITIVE_INFINITY
  }

  /** Drops all items that will be there in `ms` milliseconds. */
  clearIn(ms: number): void {
    if (ms <= 0) this.clear()
    else this.#flushAt = this.now() + ms
  }
}

/** A part of a line would keep the whole line in memory, as long as the key is there. */
function copyOf(key: string): string {
  return Buffer.from(key, 'latin1').toString('latin1')
}

function sizeOf(key: string, { value }: Item): number {
  return key.length + value.length + OVERHEAD
}
