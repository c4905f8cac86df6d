// Who waits for queued bytes to leave. What is kept does not grow with the number of calls: all who wait for room share
// one promise, all who wait for the same byte share one, and what leaves looks at none that has to wait on.

import { markHandled } from '../../rejections.js'

/** How far the sending half is. */
export interface Progress {
  /** Bytes that have left. */
  readonly sent: number
  /** Whether less than `limit` is queued. */
  below(limit: number): boolean
}

// From so many cursors on, those within STEP bytes become one, which waits for the last of them.
const EXACT = 1024
const STEP = 64 * 1024

// One executor for all promises: a closure for each costs as much as the promise.
let made: Waiter | undefined
const capture = (resolve: () => void, reject: (error: unknown) => void): void => {
  const waiter = made as Waiter
  waiter.resolve = resolve
  waiter.fails = reject
}

/** Waits until the byte before `until` has left, and then, with a limit, until less than that is queued. */
class Waiter {
  until: number
  readonly limit: number | undefined
  readonly since: number = Date.now()
  readonly promise: Promise<void>
  resolve!: () => void
  fails!: (error: unknown) => void
  next: Waiter | undefined = undefined

  constructor(until: number, limit: number | undefined) {
    this.until = until
    this.limit = limit
    made = this
    this.promise = new Promise(capture as never)
  }

  // What failed the connection is in `closed` too.
  reject(error: unknown): void {
    markHandled(this.promise)
    this.fails(error)
  }
}

export class WriteWaiters {
  /** Those who wait for room: one, unless `writeHighWaterMark` was changed meanwhile. */
  #rooms: Waiter[] = []
  /** The others, in the order of what they wait for. */
  #first: Waiter | undefined
  #last: Waiter | undefined
  #count = 0
  /** Where the last one began to take in others. */
  #from = 0

  /** Since when (Unix time) the first of them has waited. */
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

  /** Resolves when the byte before `until` has left, and then, with a limit, when less than that is queued. */
  until(until: number, limit?: number): Promise<void> {
    const last = this.#last
    if (last !== undefined && last.limit === limit && until >= last.until) {
      if (until === last.until) return last.promise
      if (this.#count >= EXACT && until - this.#from < STEP) {
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
      // Only what goes in front of a barrier comes out of its turn.
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

  /** `bytes` more go in front of what lies behind `position`. */
  shift(position: number, bytes: number): void {
    for (let at = this.#first; at !== undefined; at = at.next) if (at.until > position) at.until += bytes
  }

  /** Something has left. */
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

  /** Nothing leaves any more. */
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
