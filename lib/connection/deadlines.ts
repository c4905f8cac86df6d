// All time limits of one connection, on at most one timer. Moving or lifting a limit does not touch the timer: if it fires
// too early, it is set again for the remaining time. So a read that settles in time costs two assignments and no timer.
//
// For the limits on queued bytes (WRITE, CLOSE) the system's send queue is watched as well, where it can be read: from half
// of the limit on, and the limit starts again whenever the queue has moved. Before any limit expires, the connection is
// polled once more (`last-poll.ts`).

import { type Clock, LONGEST_TIMER, type Timer } from '../transport/clock.js'
import { pollOnceMore } from '../transport/last-poll.js'
import type { QueueWatch } from '../transport/send-queues.js'

/** The kinds of limits. At most one of each kind runs at a time. */
export const READ = 0
export const MESSAGE = 1
export const WRITE = 2
export const CLOSE = 3
export const HANDSHAKE = 4
export type DeadlineKind = typeof READ | typeof MESSAGE | typeof WRITE | typeof CLOSE | typeof HANDSHAKE

const NEVER = Number.POSITIVE_INFINITY
// Node's timers count whole milliseconds and may fire up to one early against `performance.now`.
const EARLY = 1

/** What the deadlines need of their connection. */
export interface DeadlinesHost {
  readonly clock: Clock
  /** A number that changes whenever bytes were received or sent. */
  readonly progress: number
  /** Whether bytes were received that the carrier has not delivered yet. */
  readonly holding?: boolean
  /** Whether the system's send queue may be readable: then `watch` is called at half of a limit on queued bytes. */
  readonly watchable: boolean
  /** Watches that queue for a limit of `ms`, and calls `moved` when it has moved; undefined where it cannot be read. */
  watch(ms: number, moved: () => void): QueueWatch | undefined
  /** A limit has expired and was lifted. */
  expired(kind: DeadlineKind): void
}

export class Deadlines {
  readonly #host: DeadlinesHost
  /** When each limit expires, by kind. Undefined until the first limit is set. */
  #at: number[] | undefined
  /** The length of each limit. */
  readonly #ms: number[] = []
  #running = 0
  #timer: Timer | undefined
  #firesAt = NEVER
  #referenced = true
  #stopped = false
  /** Set from half of a limit on queued bytes until bytes are sent. */
  #watch: QueueWatch | undefined
  /** With mocked timers: one timer for each limit. */
  #exact: (Timer | undefined)[] | undefined

  constructor(host: DeadlinesHost) {
    this.#host = host
  }

  /** Starts a limit of `ms`, of which `elapsed` have passed, or moves it there. Infinity lifts it. */
  set(kind: DeadlineKind, ms: number, elapsed = 0): void {
    if (ms === NEVER) {
      this.clear(kind)
      return
    }
    const { clock } = this.#host
    const now = clock.now()
    const at = now + ms - elapsed
    this.#at ??= [NEVER, NEVER, NEVER, NEVER, NEVER]
    if (this.#at[kind] === NEVER && this.#running++ === 0 && this.#referenced) this.#timer?.ref()
    this.#at[kind] = at
    this.#ms[kind] = ms
    if (clock.faked || this.#exact !== undefined) return this.#setExactly(kind, at, ms)
    let due = at
    if (onQueued(kind)) {
      this.#stopWatching()
      if (this.#host.watchable) due -= ms / 2
    }
    if (due < this.#firesAt) this.#arm(due, due - now)
  }

  /** Lifts a limit. The timer may stay set, but does not keep the process alive. */
  clear(kind: DeadlineKind): void {
    if (this.#at === undefined || this.#at[kind] === NEVER) return
    this.#at[kind] = NEVER
    if (onQueued(kind)) this.#stopWatching()
    this.#exact?.[kind]?.clear()
    if (--this.#running > 0) return
    if (this.#stopped) this.#disarm()
    else this.#timer?.unref()
  }

  /** Lifts all limits but MESSAGE: after the end a message may still be read from what is buffered. Frees the timer if no limit is left. */
  stop(): void {
    this.#stopped = true
    this.clear(READ)
    this.clear(WRITE)
    this.clear(CLOSE)
    this.clear(HANDSHAKE)
    if (this.#running === 0) this.#disarm()
  }

  /** Sets whether running limits keep the process alive. */
  reference(on: boolean): void {
    this.#referenced = on
    if (on && this.#running > 0) this.#timer?.ref()
    else this.#timer?.unref()
    for (const timer of this.#exact ?? []) on ? timer?.ref() : timer?.unref()
  }

  #arm(at: number, ms: number): void {
    this.#disarm()
    this.#firesAt = at
    this.#timer = this.#host.clock.setTimer(() => this.#fired(), Math.min(Math.max(ms, 1), LONGEST_TIMER))
    if (!this.#referenced || this.#running === 0) this.#timer.unref()
  }

  #disarm(): void {
    this.#timer?.clear()
    this.#timer = undefined
    this.#firesAt = NEVER
  }

  #fired(): void {
    this.#disarm()
    const now = this.#host.clock.now()
    let next = NEVER
    this.#at?.forEach((at, kind) => {
      if (at === NEVER) return
      const due = onQueued(kind) ? this.#nextLook(kind, at, now) : at
      if (due - now < EARLY) this.#timeUp(kind as DeadlineKind, at, now - at)
      else next = Math.min(next, due)
    })
    if (next !== NEVER) this.#arm(next, next - now)
  }

  /** When to look at a limit on queued bytes next. The queue is watched from half of the limit on, and for at least half of it. */
  #nextLook(kind: number, at: number, now: number): number {
    if (this.#watch?.active || !this.#host.watchable) return at
    const half = (this.#ms[kind] as number) / 2
    if (at - half - now >= EARLY) return at - half
    this.#watch ??= this.#host.watch(2 * half, () => this.#queueMoved())
    if (this.#watch === undefined) return at
    this.#watch.start()
    return ((this.#at as number[])[kind] = Math.max(at, now + half))
  }

  /** The peer has received bytes from the system's send queue: the limits on queued bytes start again. */
  #queueMoved(): void {
    this.#watch?.rest()
    const now = this.#host.clock.now()
    const at = this.#at as number[]
    for (const kind of [WRITE, CLOSE]) {
      if (at[kind] === NEVER) continue
      const ms = this.#ms[kind] as number
      at[kind] = now + ms
      if (now + ms / 2 < this.#firesAt) this.#arm(now + ms / 2, ms / 2)
    }
  }

  #stopWatching(): void {
    this.#watch?.rest()
    this.#watch = undefined
  }

  /** The time of a limit has passed: looks once more, and then expires or postpones it. */
  #timeUp(kind: DeadlineKind, at: number, late: number): void {
    const watch = onQueued(kind) ? this.#watch : undefined
    const host = this.#host
    const limit = {
      isSet: () => this.#at?.[kind] === at,
      progress: () => host.progress,
      holding: () => host.holding === true,
      ...(watch !== undefined && { refreshProgress: () => watch.look() }),
      postpone: (ms: number) => this.#postpone(kind, Math.min(ms, this.#ms[kind] as number)),
      expire: () => {
        this.clear(kind)
        host.expired(kind)
      },
    }
    pollOnceMore(limit, late)
  }

  #postpone(kind: DeadlineKind, ms: number): void {
    const at = this.#host.clock.now() + ms
    ;(this.#at as number[])[kind] = at
    if (at < this.#firesAt) this.#arm(at, ms)
  }

  // `clock.now()` does not say when a mocked timer fires: each limit has its own timer, always set for the whole limit.
  #setExactly(kind: DeadlineKind, at: number, ms: number): void {
    this.#exact ??= []
    this.#exact[kind]?.clear()
    const timer = this.#host.clock.setTimer(() => this.#timeUp(kind, at, 0), Math.min(Math.max(ms, 1), LONGEST_TIMER))
    if (!this.#referenced) timer.unref()
    this.#exact[kind] = timer
  }
}

/** Whether limits of this kind are on queued bytes. */
function onQueued(kind: number): boolean {
  return kind === WRITE || kind === CLOSE
}
