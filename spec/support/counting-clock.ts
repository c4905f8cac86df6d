// Counts the timers that are set on a clock, to see that none is left.

import type { Clock, Timer } from '../../lib/transport/clock.js'

/** Replaces `setTimer` of a clock; returns the timers that are set, as they come and go. */
export function countTimers(clock: Clock): Set<Timer> {
  const timers = new Set<Timer>()
  const setTimer = clock.setTimer.bind(clock)
  clock.setTimer = (callback, ms) => {
    const timer = setTimer(() => {
      timers.delete(counted)
      callback()
    }, ms)
    const counted: Timer = {
      ref: () => timer.ref(),
      unref: () => timer.unref(),
      clear() {
        timers.delete(counted)
        timer.clear()
      },
    }
    timers.add(counted)
    return counted
  }
  return timers
}
