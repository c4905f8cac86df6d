// Shared by the specs of the pair in memory: a pair with some options, and a clock that the test moves.

import { type Clock, systemClock, type Timer } from '../../../lib/transport/clock.js'
import { memoryPair } from '../../../lib/transport/memory/carrier.js'
import type { WireOptions } from '../../../lib/transport/memory/wire.js'
import { FOREVER, NO_FAULTS, type Pair, turns } from '../support.js'

export const pair = (way: Partial<Omit<WireOptions, 'faults'>> & { faults?: Partial<WireOptions['faults']> } = {}): Pair => {
  const { faults, ...rest } = way
  return memoryPair({
    maxChunk: FOREVER,
    latency: 0,
    highWaterMark: 64 * 1024,
    clock: systemClock,
    ...rest,
    faults: { ...NO_FAULTS, ...faults },
  })
}

/** A clock that the test moves. Its timers fire `early` ms before their time, as real ones do. */
export class Hand implements Clock {
  time = 0
  readonly early: number
  timers: { at: number; callback: () => void; referenced: boolean }[] = []

  constructor(early = 0) {
    this.early = early
  }

  now(): number {
    return this.time
  }

  setTimer(callback: () => void, ms: number): Timer {
    const timer = { at: this.time + ms - this.early, callback, referenced: true }
    this.timers.push(timer)
    return {
      ref: () => void (timer.referenced = true),
      unref: () => void (timer.referenced = false),
      clear: () => void (this.timers = this.timers.filter((one) => one !== timer)),
    }
  }

  async advance(ms: number): Promise<void> {
    const until = this.time + ms
    await turns(2)
    for (;;) {
      const due = this.timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0]
      if (due === undefined) break
      this.timers = this.timers.filter((one) => one !== due)
      this.time = Math.max(this.time, due.at)
      due.callback()
      await turns(2)
    }
    this.time = until
  }
}
