// Starts the time limit of a close late. Nearly every close completes within a millisecond: the peer has ended already, and the
// system only has to send the end. Setting and clearing a timer for each costs 7 of the 150 µs of CPU of a short connection.
// So closes wait here, on one timer for all of them, and only those that are still under way when it fires get their own limit,
// for the time that remains.

import { setTimeout, systemClock } from '../transport/clock.js'

/** A close that may wait here. */
export interface LimitedClose {
  /** Starts the limit, of which `elapsed` milliseconds have passed. */
  startCloseLimit(elapsed: number): void
}

/** The longest time that a close waits here. Limits that are not much longer are started at once. */
const DELAY = 100
export const SHORT: number = 5 * DELAY

class CloseLimits {
  /** When each close, or its last progress, began. */
  readonly #began = new Map<LimitedClose, number>()
  /** Set until it fires. It keeps the process alive while a close waits: a connection in memory has nothing else that does. */
  #timer: NodeJS.Timeout | undefined

  /** Lets a close wait, or starts its time again. */
  add(close: LimitedClose): void {
    this.#began.set(close, systemClock.now())
    this.#timer ??= setTimeout(this.#start, DELAY)
    this.#timer.ref()
  }

  /** The close has completed. */
  remove(close: LimitedClose): void {
    this.#began.delete(close)
    if (this.#began.size === 0) this.#timer?.unref()
  }

  readonly #start = (): void => {
    this.#timer = undefined
    const at = systemClock.now()
    for (const [close, began] of this.#began) {
      this.#began.delete(close)
      close.startCloseLimit(at - began)
    }
  }
}

/** Shared by all connections of the process. */
export const closeLimits: CloseLimits = new CloseLimits()
