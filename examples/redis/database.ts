// The keys of a database: their values, when they expire, and the memory that they take.

import { CommandError, WRONG_TYPE } from './error.js'
import { List } from './list.js'
import { compact } from './text.js'

/** What a key costs beside its text, and an element of a value beside its own, about. */
const KEY_OVERHEAD = 120
const ELEMENT_OVERHEAD = 40
/** How many keys that expire are looked at when one more is added. */
const LOOKED_AT = 4

/** A string; or elements: a list, a hash, a set. */
export type Value = string | List | Map<string, string> | Set<string>

export type TypeName = 'none' | 'string' | 'list' | 'hash' | 'set'

/** An end of a list. */
export type Side = 'left' | 'right'

export interface Entry {
  readonly key: string
  value: Value
  /** Unix time in milliseconds; Infinity for a key that does not expire. */
  expires: number
  /** The bytes of the value that are counted. */
  bytes: number
  /** Its place in the order of SCAN. */
  place: number
}

/** The memory of all databases together. */
export class Memory {
  used = 0
  readonly limit: number

  constructor(limit: number) {
    this.limit = limit
  }
}

export class Database {
  readonly #memory: Memory
  readonly #now: () => number
  readonly #entries = new Map<string, Entry>()
  /** All entries, in the order of SCAN: from the last one to the first. */
  #order: Entry[] = []
  /** Those that expire. */
  readonly #expiring = new Set<Entry>()

  constructor(memory: Memory, now: () => number) {
    this.#memory = memory
    this.#now = now
  }

  /** The keys that have not expired. */
  get size(): number {
    this.sweep()
    return this.#entries.size
  }

  /** How many keys expire. */
  get expiring(): number {
    return this.#expiring.size
  }

  find(key: string): Entry | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined || entry.expires === Number.POSITIVE_INFINITY || entry.expires > this.#now()) return entry
    this.remove(entry)
    return undefined
  }

  typeOf(key: string): TypeName {
    const value = this.find(key)?.value
    if (value === undefined) return 'none'
    if (typeof value === 'string') return 'string'
    return value instanceof List ? 'list' : value instanceof Map ? 'hash' : 'set'
  }

  /** The string of a key. A CommandError if it has another kind of value, as for the methods that follow. */
  string(key: string): string | undefined {
    const value = this.find(key)?.value
    if (value === undefined || typeof value === 'string') return value
    throw new CommandError(WRONG_TYPE)
  }

  list(key: string): List | undefined {
    const value = this.find(key)?.value
    if (value === undefined || value instanceof List) return value
    throw new CommandError(WRONG_TYPE)
  }

  hash(key: string): Map<string, string> | undefined {
    const value = this.find(key)?.value
    if (value === undefined || value instanceof Map) return value
    throw new CommandError(WRONG_TYPE)
  }

  set(key: string): Set<string> | undefined {
    const value = this.find(key)?.value
    if (value === undefined || value instanceof Set) return value
    throw new CommandError(WRONG_TYPE)
  }

  /** Sets a value in place of any other; the key does not expire then. An empty list, hash or set gets its elements by `grow`. */
  put<T extends Value>(key: string, value: T, expires: number = Number.POSITIVE_INFINITY): T {
    const entry = this.#entries.get(key) ?? this.#add(key)
    const bytes = typeof value === 'string' ? value.length : 0
    entry.value = typeof value === 'string' ? compact(value) : value
    this.#memory.used += bytes - entry.bytes
    entry.bytes = bytes
    if (entry.expires !== expires) this.expire(entry, expires)
    return value
  }

  /** Adds to a string, at a cost that does not depend on its length: the engine joins the pieces when they are sent. */
  append(key: string, more: string): number {
    const old = this.string(key)
    if (old === undefined) return this.put(key, more).length
    const value = old + compact(more)
    ;(this.#entries.get(key) as Entry).value = value
    this.grow(key, 1, more.length)
    return value.length
  }

  /** Notes that a value has got elements, with so many bytes. */
  grow(key: string, elements: number, bytes: number): void {
    const entry = this.#entries.get(key) as Entry
    const more = elements * ELEMENT_OVERHEAD + bytes
    entry.bytes += more
    this.#memory.used += more
  }

  /** Takes an element from an end of a list. A list, hash or set without elements is not kept. */
  pop(key: string, side: Side): string | undefined {
    const list = this.list(key)
    const item = side === 'left' ? list?.popLeft() : list?.popRight()
    if (item !== undefined) this.shrink(key, 1, item.length)
    return item
  }

  /** Notes that a value has lost elements, and removes it with the last one. */
  shrink(key: string, elements: number, bytes: number): void {
    this.grow(key, -elements, -bytes)
    const entry = this.#entries.get(key) as Entry
    const { value } = entry
    if (typeof value !== 'string' && (value instanceof List ? value.length : value.size) === 0) this.remove(entry)
  }

  expire(entry: Entry, at: number): void {
    entry.expires = at
    if (at === Number.POSITIVE_INFINITY) this.#expiring.delete(entry)
    else {
      this.#expiring.add(entry)
      this.sweep(LOOKED_AT)
    }
  }

  delete(key: string): boolean {
    const entry = this.find(key)
    if (entry === undefined) return false
    this.remove(entry)
    return true
  }

  remove(entry: Entry): void {
    this.#entries.delete(entry.key)
    this.#expiring.delete(entry)
    this.#memory.used -= entry.bytes + entry.key.length + KEY_OVERHEAD
    const last = this.#order.pop() as Entry
    if (last === entry) return
    last.place = entry.place
    this.#order[entry.place] = last
  }

  clear(): void {
    for (const { key, bytes } of this.#order) this.#memory.used -= bytes + key.length + KEY_OVERHEAD
    this.#entries.clear()
    this.#expiring.clear()
    this.#order = []
  }

  /** Removes expired keys, of all or of some that have not been looked at for the longest time. */
  sweep(most: number = Number.POSITIVE_INFINITY): void {
    const now = this.#now()
    let left = Math.min(most, this.#expiring.size)
    for (const entry of this.#expiring) {
      if (left-- === 0) break
      if (entry.expires <= now) this.remove(entry)
      else if (most !== Number.POSITIVE_INFINITY) {
        this.#expiring.delete(entry)
        this.#expiring.add(entry)
      }
    }
  }

  /** All keys. */
  keys(): string[] {
    this.sweep()
    return this.#order.map(({ key }) => key)
  }

  /**
   * The next entries of a walk that begins and ends with the cursor 0. The walk goes from the last place to the first. A key that is
   * stored the whole time is part of it at least once, whatever is added and removed meanwhile: an entry moves only when another is
   * removed, and then from the last place to a lower one.
   */
  scan(cursor: number, count: number): { cursor: number; entries: Entry[] } {
    const end = cursor === 0 ? this.#order.length : Math.min(cursor, this.#order.length)
    const start = Math.max(0, end - count)
    const now = this.#now()
    return { cursor: start, entries: this.#order.slice(start, end).filter(({ expires }) => expires > now) }
  }

  #add(key: string): Entry {
    const entry = { key: compact(key), value: '', expires: Number.POSITIVE_INFINITY, bytes: 0, place: this.#order.length }
    this.#entries.set(entry.key, entry)
    this.#order.push(entry)
    this.#memory.used += key.length + KEY_OVERHEAD
    return entry
  }
}
