// One time limit, on a clock that the test moves: when it expires, when it checks once more, and by how much it is extended.

import t from 'tap'
import { Deadlines, READ } from '../../lib/connection/deadlines.js'
import type { Clock } from '../../lib/transport/clock.js'
import { Deadline } from '../../lib/transport/deadline.js'
import { nextPass, turns } from '../support/wait.js'

/** A clock whose timers fire when the test fires them. */
function hand() {
  const timers: { fire(): void; ms: number; referenced: boolean; cleared: boolean }[] = []
  const clock: Clock & { time: number } = {
    time: 0,
    now: () => clock.time,
    setTimer(fire, ms) {
      const timer = { fire, ms, referenced: true, cleared: false }
      timers.push(timer)
      return {
        ref: () => void (timer.referenced = true),
        unref: () => void (timer.referenced = false),
        clear: () => void (timer.cleared = true),
      }
    },
  }
  return { clock, timers }
}

function made(progress?: () => number) {
  const { clock, timers } = hand()
  let expired = 0
  const deadline = new Deadline({ clock, ms: 100, ...(progress && { progress }), expired: () => void expired++ })
  /** Fires the timer at this time, and waits for all turns of the last check. */
  const fire = async (time: number): Promise<number> => {
    clock.time = time
    timers.at(-1)?.fire()
    await turns(20)
    return expired
  }
  return { deadline, timers, fire }
}

t.test('a limit whose timer is on time expires after the last check, with or without progress', async (t) => {
  let bytes = 0
  t.equal(await made(() => 0).fire(101), 1)
  t.equal(await made(() => bytes++).fire(101), 1, 'continuous progress does not keep it from expiring')
})

t.test('a limit whose timer fires late is extended by the delay if there was progress, at most by its whole time', async (t) => {
  let bytes = 0
  const late = made(() => bytes)
  const firing = late.fire(140)
  bytes++
  t.equal(await firing, 0)
  t.equal(late.timers.at(-1)?.ms, 40)
  t.equal(await late.fire(180), 1)
  const stopped = made(() => bytes++)
  t.equal(await stopped.fire(100_000), 0)
  t.equal(stopped.timers.at(-1)?.ms, 100)
  t.equal(await made(() => 0).fire(100_000), 1)
})

t.test('a limit without known progress is extended if its timer fires late', async (t) => {
  const unknown = made()
  t.equal(await unknown.fire(150), 0)
  t.equal(await unknown.fire(200), 1)
})

t.test('a limit that is cleared during the last check does not expire', async (t) => {
  const { deadline, timers, fire } = made(() => 0)
  const firing = fire(100)
  deadline.clear()
  t.equal(await firing, 0)
  t.equal(timers[0]?.cleared, true)
})

t.test('ref and unref decide whether a limit keeps the process alive, also after an extension', async (t) => {
  const { deadline, timers, fire } = made()
  deadline.unref()
  t.equal(timers[0]?.referenced, false)
  await fire(150)
  t.equal(timers[1]?.referenced, false)
  deadline.ref()
  t.equal(timers[1]?.referenced, true)
})

t.test('a time beyond the range of a timer means never', async (t) => {
  const { clock, timers } = hand()
  const never = new Deadline({ clock, ms: 2 ** 31, expired: () => t.fail('never') })
  never.ref()
  never.unref()
  never.clear()
  t.equal(timers.length, 0)
})

t.test("a connection's limit is extended too", async (t) => {
  const { clock, timers } = hand()
  const expired: number[] = []
  const host = { clock, progress: 0, watchable: false, watch: () => undefined, expired: (slot: number) => void expired.push(slot) }
  const deadlines = new Deadlines(host)
  deadlines.set(READ, 100)
  clock.time = 130
  timers[0]?.fire()
  host.progress++
  await turns(20)
  t.same([expired, timers.at(-1)?.ms], [[], 30])
  clock.time = 160
  timers.at(-1)?.fire()
  await turns(20)
  t.same(expired, [READ])
})

/** Fewer than the limit waits for. */
async function passes(count: number): Promise<void> {
  for (let n = 0; n < count; n++) await nextPass()
}

t.test('a limit waits for bytes whose turn has not come, for a bounded number of turns', async (t) => {
  const { clock, timers } = hand()
  const expired: number[] = []
  const host = {
    clock,
    progress: 0,
    holding: true,
    watchable: false,
    watch: () => undefined,
    expired: (slot: number) => void expired.push(slot),
  }
  const deadlines = new Deadlines(host)
  deadlines.set(READ, 100)
  clock.time = 100
  timers[0]?.fire()
  await passes(200)
  t.same(expired, [])
  host.holding = false
  await turns(20)
  t.same(expired, [READ], 'the bytes brought no progress')
  host.holding = true
  deadlines.set(READ, 100)
  clock.time = 200
  timers.at(-1)?.fire()
  await passes(200)
  deadlines.clear(READ)
  host.holding = false
  await turns(20)
  t.same(expired, [READ], 'the bytes were the progress')
  host.holding = true
  deadlines.set(READ, 100)
  clock.time = 300
  timers.at(-1)?.fire()
  await turns(1100)
  t.same(expired, [READ, READ], 'more bytes arrive all the time')
})

t.test('under fake timers a limit expires when its timer fires, whatever `now` shows', async (t) => {
  const { clock, timers } = hand()
  let expired = 0
  const faked: Clock = { ...clock, now: () => 0, faked: true }
  new Deadline({ clock: faked, ms: 100, expired: () => void expired++ })
  timers.at(-1)?.fire()
  await turns(20)
  t.equal(expired, 1)
})

t.test('under fake timers a limit of an unreferenced connection does not keep the process alive', async (t) => {
  const { clock, timers } = hand()
  const expired: number[] = []
  const faked: Clock = { ...clock, now: () => 0, faked: true }
  const host = { clock: faked, progress: 0, watchable: false, watch: () => undefined, expired: (slot: number) => void expired.push(slot) }
  const deadlines = new Deadlines(host)
  deadlines.reference(false)
  deadlines.set(READ, 100)
  t.equal(timers[0]?.referenced, false)
  deadlines.reference(true)
  t.equal(timers[0]?.referenced, true)
  timers[0]?.fire()
  await turns(20)
  t.same(expired, [READ])
})
