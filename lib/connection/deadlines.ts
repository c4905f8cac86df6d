// Every time limit of one connection on at most one timer. A limit that is moved or lifted leaves the timer as it is:
// when it fires too early it is set again for what is left, so that a read which is settled in time costs two assignments
// and no timer of its own.
//
// The limits on what is queued (WRITE, CLOSE) have two points: at half of one the system's send queue begins to be looked
// at, where there is one, and a queue that moves gives the limit its time anew. At the end each limit has a last look.

import { type Clock, LONGEST_TIMER, type Timer } from '../transport/clock.js'
import { lookOnce } from '../transport/last-look.js'
import type { QueueWatch } from '../transport/send-queues.js'

/** What a limit is for. Each may run once at a time. */
export const READ = 0
export const MESSAGE = 1
export const WRITE = 2
export const CLOSE = 3
export const HANDSHAKE = 4
export type DeadlineKind = typeof READ | typeof MESSAGE | typeof WRITE | typeof CLOSE | typeof HANDSHAKE

const NEVER = Number.POSITIVE_INFINITY
// Node's timers count whole milliseconds and may fire up to one early against `performance.now`.
const EARLY = 1

/** Whose limits they are. */
export interface DeadlinesHost {
  readonly clock: Clock
  /** A number that changes whenever bytes have come or left. */
  readonly progress: number
  /** Whether bytes have come that wait for their turn to be handed on. */
  readonly holding?: boolean
  /** Whether the system may show a send queue: then `watch` is asked at half of a limit on what is queued. */
  readonly watchable: boolean
  /** A look at that queue for a limit of `ms`, which calls `moved` when it has moved; undefined where there is none. */
  watch(ms: number, moved: () => void): QueueWatch | undefined
  /** A limit has run out, and is lifted. */
  expired(slot: DeadlineKind): void
}

export class Deadlines {
  readonly #host: DeadlinesHost
  /** When each runs out. Many a connection never has a limit that runs. */
  #at: number[] | undefined
  /** How long each is. */
  readonly #ms: number[] = []
  #running = 0
  #timer: Timer | undefined
  #firesAt = NEVER
  #referenced = true
  #stopped = false
  /** From half of a limit on what is queued until bytes leave. */
  #watch: QueueWatch | undefined
  /** While a test's timers stand in for Node's: one for each limit. */
  #exact: (Timer | undefined)[] | undefined

  constructor(host: DeadlinesHost) {
    this.#host = host
  }

  /** Starts a limit of `ms` from now, or moves it there. Infinity lifts it. */
  set(slot: DeadlineKind, ms: number): void {
    if (ms === NEVER) {
      this.clear(slot)
      return
    }
    const { clock } = this.#host
    const at = clock.now() + ms
    this.#at ??= [NEVER, NEVER, NEVER, NEVER, NEVER]
    if (this.#at[slot] === NEVER && this.#running++ === 0 && this.#referenced) this.#timer?.ref()
    this.#at[slot] = at
    this.#ms[slot] = ms
    if (clock.faked || this.#exact !== undefined) return this.#setExactly(slot, at, ms)
    let due = at
    if (onQueued(slot)) {
      this.#unwatch()
      if (this.#host.watchable) due -= ms / 2
    }
    if (due < this.#firesAt) this.#arm(due, due - at + ms)
  }

  /** Lifts a limit. The timer may stay, but keeps no process alive for it. */
  clear(slot: DeadlineKind): void {
    if (this.#at === undefined || this.#at[slot] === NEVER) return
    this.#at[slot] = NEVER
    if (onQueued(slot)) this.#unwatch()
    this.#exact?.[slot]?.clear()
    if (--this.#running > 0) return
    if (this.#stopped) this.#disarm()
    else this.#timer?.unref()
  }

  /** The connection is over: what is buffered may still be read as a message, under its limit. With no limit left the timer is freed. */
  stop(): void {
    this.#stopped = true
    this.clear(READ)
    this.clear(WRITE)
    this.clear(CLOSE)
    this.clear(HANDSHAKE)
    if (this.#running === 0) this.#disarm()
  }

  /** Whether a limit that runs keeps the process alive. */
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
    this.#at?.forEach((at, slot) => {
      if (at === NEVER) return
      const due = onQueued(slot) ? this.#watched(slot, at, now) : at
      if (due - now < EARLY) this.#overdue(slot as DeadlineKind, at, now - at)
      else next = Math.min(next, due)
    })
    if (next !== NEVER) this.#arm(next, next - now)
  }

  /** When a limit on what is queued is to be minded next. From half of it on the queue is watched, and for half of it at least. */
  #watched(slot: number, at: number, now: number): number {
    if (this.#watch?.active || !this.#host.watchable) return at
    const half = (this.#ms[slot] as number) / 2
    if (at - half - now >= EARLY) return at - half
    this.#watch ??= this.#host.watch(2 * half, () => this.#queueMoved())
    if (this.#watch === undefined) return at
    this.#watch.start()
    return ((this.#at as number[])[slot] = Math.max(at, now + half))
  }

  /** The peer has taken bytes that the system held: what is queued has its time anew. */
  #queueMoved(): void {
    this.#watch?.rest()
    const now = this.#host.clock.now()
    const at = this.#at as number[]
    for (const slot of [WRITE, CLOSE]) {
      if (at[slot] === NEVER) continue
      const ms = this.#ms[slot] as number
      at[slot] = now + ms
      if (now + ms / 2 < this.#firesAt) this.#arm(now + ms / 2, ms / 2)
    }
  }

  #unwatch(): void {
    this.#watch?.rest()
    this.#watch = undefined
  }

  /** The time of a limit is over. */
  #overdue(slot: DeadlineKind, at: number, late: number): void {
    const watch = onQueued(slot) ? this.#watch : undefined
    const host = this.#host
    const limit = {
      stands: () => this.#at?.[slot] === at,
      progress: () => host.progress,
      holding: () => host.holding === true,
      ...(watch !== undefined && { ask: () => watch.look() }),
      postpone: (ms: number) => this.#postpone(slot, Math.min(ms, this.#ms[slot] as number)),
      expire: () => {
        this.clear(slot)
        host.expired(slot)
      },
    }
    lookOnce(limit, late)
  }

  #postpone(slot: DeadlineKind, ms: number): void {
    const at = this.#host.clock.now() + ms
    ;(this.#at as number[])[slot] = at
    if (at < this.#firesAt) this.#arm(at, ms)
  }

  // What `now` says has nothing to do with when such a timer fires: it is the limit's own, and is never set for less.
  #setExactly(slot: DeadlineKind, at: number, ms: number): void {
    this.#exact ??= []
    this.#exact[slot]?.clear()
    const timer = this.#host.clock.setTimer(() => this.#overdue(slot, at, 0), Math.min(Math.max(ms, 1), LONGEST_TIMER))
    if (!this.#referenced) timer.unref()
    this.#exact[slot] = timer
  }
}

/** Whether a limit of this kind is on what is queued. */
function onQueued(slot: number): boolean {
  return slot === WRITE || slot === CLOSE
}
