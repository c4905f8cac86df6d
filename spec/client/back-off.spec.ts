// The delays between attempts: lib/client/back-off.ts.

import t from 'tap'
import { BackOff } from '../../lib/client/back-off.js'
import { LONGEST_TIMER } from '../../lib/transport/clock.js'

const delays = (backOff: BackOff, count: number): number[] => Array.from({ length: count }, () => backOff.failed())

t.test('each failure doubles the delay, up to the longest', async (t) => {
  const backOff = new BackOff({ minDelay: 100, maxDelay: 1000 }, () => 0)
  t.strictSame(delays(backOff, 6), [50, 100, 200, 400, 500, 500])
})

t.test('a delay is between half and the whole', async (t) => {
  for (const [random, delay] of [
    [0, 50],
    [0.5, 75],
    [0.99, 99.5],
  ] as const) {
    t.equal(new BackOff({ minDelay: 100, maxDelay: 1000 }, () => random).failed(), delay)
  }
})

t.test('the random part is another each time', async (t) => {
  const backOff = new BackOff({ minDelay: 100, maxDelay: 100 })
  const all = delays(backOff, 100)
  t.ok(
    all.every((delay) => delay >= 50 && delay < 100),
    `${all}`,
  )
  t.ok(new Set(all).size > 50, `${all}`)
})

t.test('a reset begins with the shortest delay again', async (t) => {
  const backOff = new BackOff({ minDelay: 1, maxDelay: 1000 }, () => 0)
  t.strictSame(delays(backOff, 3), [0.5, 1, 2])
  backOff.reset()
  t.strictSame(delays(backOff, 3), [0.5, 1, 2])
})

t.test('a longest delay that is shorter than the shortest wins, and so does one that a timer can hold', async (t) => {
  t.strictSame(delays(new BackOff({ minDelay: 100, maxDelay: 10 }, () => 0), 2), [5, 5])
  const backOff = new BackOff({ minDelay: 1, maxDelay: LONGEST_TIMER }, () => 0.999)
  const many = delays(backOff, 5000)
  t.ok(many.every((delay) => delay > 0 && delay <= LONGEST_TIMER))
})
