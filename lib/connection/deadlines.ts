// Every time limit of one connection on at most one timer. A limit that is moved or lifted leaves the timer as it is:
// when it fires too early it is set again for what is left, so that a read which is settled in time costs two assignments
// and no timer of its own.

import { type Clock, LONGEST_TIMER, type Timer } from '../transport/clock.js'

/** What a limit is for. Each may run once at a time. */
export const READ = 0
export const MESSAGE = 1
export const WRITE = 2
export const CLOSE = 3
export const HANDSHAKE = 4
export type Slot = typeof READ | typeof MESSAGE | typeof WRITE | typeof CLOSE | typeof HANDSHAKE

const NEVER = Number.POSITIVE_INFINITY
// Node's timers count whole milliseconds and may fire up to one early against `performance.now`.
const EARLY = 1

/** Who is told. */
export interface DeadlinesHost {
  readonly clock: Clock
  /** A limit has run out, and is lifted. */
  expired(slot: Slot): void
}

export class Deadlines {
  readonly #host: DeadlinesHost
  /** When each runs out. Many a connection never has a limit that runs. */
  #at: number[] | undefined
  #running = 0
  #timer: Timer | undefined
  #firesAt = NEVER
  #referenced = true
  #stopped = false

  constructor(host: DeadlinesHost) {
    this.#host = host
  }

  /** Starts a limit of `ms` from now, or moves it there. Infinity lifts it. */
  set(slot: Slot, ms: number): void {
    if (ms === NEVER) {
      this.clear(slot)
      return
    }
    const at = this.#host.clock.now() + ms
    this.#at ??= [NEVER, NEVER, NEVER, NEVER, NEVER]
    if (this.#at[slot] === NEVER && this.#running++ === 0 && this.#referenced) this.#timer?.ref()
    this.#at[slot] = at
    if (at < this.#firesAt) this.#arm(at, ms)
  }

  /** Lifts a limit. The timer may stay, but keeps no process alive for it. */
  clear(slot: Slot): void {
    if (this.#at === undefined || this.#at[slot] === NEVER) return
    this.#at[slot] = NEVER
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
      if (at - now < EARLY) this.#afterPoll(slot as Slot, at)
      else next = Math.min(next, at)
    })
    if (next !== NEVER) this.#arm(next, next - now)
  }

  /**
   * Timers run before the event loop looks at its sockets. After a turn that took long, the bytes a limit waits for may
   * lie in the kernel: they get this one look before the peer is called late.
   */
  #afterPoll(slot: Slot, at: number): void {
    setImmediate(() => {
      if (this.#at?.[slot] !== at) return
      this.clear(slot)
      this.#host.expired(slot)
    })
  }
}
