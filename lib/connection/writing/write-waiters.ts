// The promises of writes and flushes that wait until queued bytes are sent. Memory does not grow with the number of calls:
// all that wait for room share one promise, and all that wait for the same position share one. When bytes are sent, only
// the waiters that they resolve are visited.

import { markHandled } from '../../rejections.js'

/** How much has been sent. */
export interface Progress {
  /** Bytes sent: the position in the stream. */
  readonly sent: number
  /** Whether less than `limit` is queued. */
  below(limit: number): boolean
}

// From so many waiters on, those within MERGED bytes share one, which waits for the last of these bytes.
const MAX_EXACT = 1024
const MERGED = 64 * 1024

// One executor for all promises: a closure for each costs as much as the promise.
let made: Waiter | undefined
const capture = (resolve: () => void, reject: (error: unknown) => void): void => {
  const waiter = made as Waiter
  waiter.resolve = resolve
  waiter.rejectPromise = reject
}

/** Waits until position `until` is sent, and then, with a limit, until less than that is queued. */
class Waiter {
  until: number
  readonly limit: number | undefined
  readonly since: number = Date.now()
  readonly promise: Promise<void>
  resolve!: () => void
  rejectPromise!: (error: unknown) => void
  next: Waiter | undefined = undefined

  constructor(until: number, limit: number | undefined) {
    this.until = until
    this.limit = limit
    made = this
    this.promise = new Promise(capture as never)
  }

  // May be ignored: `connection.closed` reports the same failure.
  reject(error: unknown): void {
    markHandled(this.promise)
    this.rejectPromise(error)
  }
}

export class WriteWaiters {
  /** Waiters for room: one for each `writeHighWaterMark` that was in force. */
  #rooms: Waiter[] = []
  /** Waiters for a position, in the order of positions. */
  #first: Waiter | undefined
  #last: Waiter | undefined
  #count = 0
  /** The position that the last waiter was made for, before it was shared by later ones. */
  #from = 0

  /** Unix time at which the first waiter began to wait. */
  get since(): number | undefined {
    const [room] = this.#rooms
    const first = this.#first
    if (room === undefined || first === undefined) return room?.since ?? first?.since
    return Math.min(room.since, first.since)
  }

  get any(): boolean {
    return this.#first !== undefined || this.#rooms.length > 0
  }

  /** Resolves when less than `limit` is queued. */
  room(limit: number): Promise<void> {
    const last = this.#rooms.at(-1)
    if (last?.limit === limit) return last.promise
    const room = new Waiter(0, limit)
    this.#rooms.push(room)
    return room.promise
  }

  /** Resolves when position `until` is sent, and then, with a limit, when less than that is queued. */
  until(until: number, limit?: number): Promise<void> {
    const last = this.#last
    if (last !== undefined && last.limit === limit && until >= last.until) {
      if (until === last.until) return last.promise
      if (this.#count >= MAX_EXACT && until - this.#from < MERGED) {
        last.until = until
        return last.promise
      }
    }
    const waiter = new Waiter(until, limit)
    this.#insert(waiter)
    this.#from = until
    return waiter.promise
  }

  #insert(waiter: Waiter): void {
    this.#count++
    let before = this.#last
    if (before !== undefined && before.until > waiter.until) {
      // Only a waiter in front of a barrier is out of order.
      before = undefined
      for (let at = this.#first; at !== undefined && at.until <= waiter.until; at = at.next) before = at
    }
    if (before === undefined) {
      waiter.next = this.#first
      this.#first = waiter
    } else {
      waiter.next = before.next
      before.next = waiter
    }
    if (waiter.next === undefined) this.#last = waiter
  }

  /** `bytes` were inserted at `position`: moves the waiters behind it. */
  shift(position: number, bytes: number): void {
    for (let at = this.#first; at !== undefined; at = at.next) if (at.until > position) at.until += bytes
  }

  /** Bytes were sent: resolves the waiters for them. */
  advance(progress: Progress): void {
    for (let at = this.#first; at !== undefined && at.until <= progress.sent; at = this.#first) {
      this.#remove(at)
      if (at.limit === undefined || progress.below(at.limit)) at.resolve()
      else this.room(at.limit).then(at.resolve, (error) => at.reject(error))
    }
    if (this.#rooms.length > 0) this.#advanceRooms(progress)
  }

  #remove(first: Waiter): void {
    this.#first = first.next
    if (first.next === undefined) this.#last = undefined
    this.#count--
  }

  #advanceRooms(progress: Progress): void {
    const waiting = this.#rooms.filter((room) => {
      const ready = progress.below(room.limit as number)
      if (ready) room.resolve()
      return !ready
    })
    if (waiting.length < this.#rooms.length) this.#rooms = waiting
  }

  /** No more bytes are sent: rejects all waiters. */
  fail(error: unknown): void {
    const rooms = this.#rooms
    let at = this.#first
    this.#rooms = []
    this.#first = undefined
    this.#last = undefined
    this.#count = 0
    for (const room of rooms) room.reject(error)
    for (; at !== undefined; at = at.next) at.reject(error)
  }
}
