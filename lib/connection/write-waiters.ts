// Who waits for queued bytes to leave. What is kept does not grow with the number of calls: all who wait for room share
// one promise, all who wait for the same byte share one, and what leaves looks at none that has to wait on.

/** How far the sending half is. */
export interface Progress {
  /** Bytes that have left. */
  readonly sent: number
  /** Whether less than `limit` is queued. */
  below(limit: number): boolean
}

interface Shared {
  readonly promise: Promise<void>
  readonly since: number
  resolve(): void
  reject(error: unknown): void
}

/** Waits until less than `limit` is queued. */
type Room = Shared & { readonly limit: number }
/** Waits until the byte before `until` has left, and then for room below `limit`, if there is one. */
type Cursor = Shared & { until: number; readonly limit: number | undefined }

// From so many cursors on, those within STEP bytes become one, which waits for the last of them.
const EXACT = 1024
const STEP = 64 * 1024

const ignore = (): void => {}

function shared(): Shared {
  let resolve!: () => void
  let reject!: (error: unknown) => void
  const promise = new Promise<void>((resolves, rejects) => {
    resolve = resolves
    reject = rejects
  })
  // What failed the connection is told by `closed` too.
  promise.catch(ignore)
  return { promise, since: Date.now(), resolve, reject }
}

export class WriteWaiters {
  /** One, unless `writeHighWaterMark` was changed meanwhile. */
  #rooms: Room[] = []
  /** In the order of what they wait for, from `#first` on. */
  #cursors: Cursor[] = []
  #first = 0
  /** Where the last cursor began to take in others. */
  #from = 0

  /** Since when (Unix time) the first of them has waited. */
  get since(): number | undefined {
    const [room] = this.#rooms
    const cursor = this.#cursors[this.#first]
    if (room === undefined || cursor === undefined) return room?.since ?? cursor?.since
    return Math.min(room.since, cursor.since)
  }

  get any(): boolean {
    return this.#rooms.length > 0 || this.#cursors.length > this.#first
  }

  /** Resolves when less than `limit` is queued. */
  room(limit: number): Promise<void> {
    const last = this.#rooms.at(-1)
    if (last?.limit === limit) return last.promise
    const room = { ...shared(), limit }
    this.#rooms.push(room)
    return room.promise
  }

  /** Resolves when the byte before `until` has left, and then, with a limit, when less than that is queued. */
  until(until: number, limit?: number): Promise<void> {
    const last = this.#cursors.at(-1)
    if (last !== undefined && last.limit === limit && until >= last.until) {
      if (until === last.until) return last.promise
      if (this.#cursors.length - this.#first >= EXACT && until - this.#from < STEP) {
        last.until = until
        return last.promise
      }
    }
    const cursor = { ...shared(), until, limit }
    this.#insert(cursor)
    this.#from = until
    return cursor.promise
  }

  #insert(cursor: Cursor): void {
    let at = this.#cursors.length
    // Only what goes in front of a barrier comes out of its turn.
    while (at > this.#first && (this.#cursors[at - 1] as Cursor).until > cursor.until) at--
    if (at === this.#cursors.length) this.#cursors.push(cursor)
    else this.#cursors.splice(at, 0, cursor)
  }

  /** `bytes` more go in front of what lies behind `position`. */
  shift(position: number, bytes: number): void {
    for (let at = this.#first; at < this.#cursors.length; at++) {
      const cursor = this.#cursors[at] as Cursor
      if (cursor.until > position) cursor.until += bytes
    }
  }

  /** Something has left. */
  advance(progress: Progress): void {
    if (this.#cursors.length > this.#first) this.#advanceCursors(progress)
    if (this.#rooms.length === 0) return
    const waiting = this.#rooms.filter((room) => {
      const ready = progress.below(room.limit)
      if (ready) room.resolve()
      return !ready
    })
    if (waiting.length < this.#rooms.length) this.#rooms = waiting
  }

  #advanceCursors(progress: Progress): void {
    const cursors = this.#cursors
    let first = this.#first
    for (; first < cursors.length; first++) {
      const cursor = cursors[first] as Cursor
      if (cursor.until > progress.sent) break
      if (cursor.limit === undefined || progress.below(cursor.limit)) cursor.resolve()
      else this.room(cursor.limit).then(cursor.resolve, cursor.reject)
    }
    // What has been settled is let go when it is half of the list: each is moved once or twice.
    if (first * 2 >= cursors.length) {
      cursors.splice(0, first)
      first = 0
    }
    this.#first = first
  }

  /** Nothing leaves any more. */
  fail(error: unknown): void {
    const waiting = [...this.#rooms, ...this.#cursors.slice(this.#first)]
    this.#rooms = []
    this.#cursors = []
    this.#first = 0
    for (const each of waiting) each.reject(error)
  }
}
