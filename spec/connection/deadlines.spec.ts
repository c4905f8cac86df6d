// The timer of a connection: one timer serves all limits, it is set as seldom as possible, and it does not keep the process
// alive while no limit runs.

import t from 'tap'
import { CLOSE, type DeadlineKind, Deadlines, MESSAGE, READ, WRITE } from '../../lib/connection/deadlines.js'
import type { Clock, Timer } from '../../lib/transport/clock.js'
import type { QueueWatch } from '../../lib/transport/send-queues.js'
import { turns } from '../support/wait.js'
import { HandClock, wired } from './reading/support.js'

function made(clock: Clock = new HandClock()): { deadlines: Deadlines; expired: DeadlineKind[]; clock: HandClock } {
  const expired: DeadlineKind[] = []
  const deadlines = new Deadlines({
    clock,
    progress: 0,
    watchable: false,
    watch: () => undefined,
    expired: (slot) => void expired.push(slot),
  })
  return { deadlines, expired, clock: clock as HandClock }
}

t.test('a limit on queued bytes starts again whenever the queue moves, also at the last look', async (t) => {
  const clock = new HandClock()
  const expired: DeadlineKind[] = []
  let move = (): void => {}
  let atLook = (): void => {}
  const deadlines = new Deadlines({
    clock,
    progress: 0,
    watchable: true,
    watch: (_ms, moved) => {
      move = moved
      const watch = { active: false, start: () => (watch.active = true), rest: () => (watch.active = false), look: async () => atLook() }
      return watch as unknown as QueueWatch
    },
    expired: (slot) => void expired.push(slot),
  })
  deadlines.set(WRITE, 100)
  await clock.pass(50)
  await clock.pass(30)
  move()
  await clock.pass(99)
  t.same(expired, [], 'it moved while the timer ran')
  atLook = () => {
    move()
    atLook = () => {}
  }
  await clock.pass(1)
  await turns(40)
  await clock.pass(99)
  await turns(40)
  t.same(expired, [], 'it moved while it was looked at for the last time')
  for (let n = 0; n < 3; n++) {
    await clock.pass(100)
    await turns(40)
  }
  t.same(expired, [WRITE])
})

t.test('several limits share one timer and expire in the order of their times', async (t) => {
  const { deadlines, expired, clock } = made()
  deadlines.set(READ, 30)
  deadlines.set(MESSAGE, 20)
  deadlines.set(WRITE, 10)
  deadlines.set(CLOSE, 40)
  t.equal(clock.set, 1)
  for (const [slot, n] of [
    [WRITE, 1],
    [MESSAGE, 2],
    [READ, 3],
    [CLOSE, 4],
  ] as const) {
    await clock.pass(9)
    t.equal(expired.length, n - 1)
    await clock.pass(1)
    t.equal(expired[n - 1], slot)
    t.equal(clock.set, n === 4 ? 0 : 1)
  }
})

t.test('moving or lifting a limit sets no timer', async (t) => {
  const { deadlines, expired, clock } = made()
  for (let n = 0; n < 1000; n++) {
    deadlines.set(READ, 100)
    if (n % 2 === 0) deadlines.clear(READ)
  }
  t.equal(clock.made, 1)
  await clock.pass(60)
  deadlines.set(READ, 100)
  await clock.pass(40)
  t.same(expired, [], 'it was moved')
  t.equal(clock.made, 2, 'the timer fired too early, and is set for the remaining time')
  await clock.pass(59)
  t.same(expired, [])
  await clock.pass(1)
  t.same(expired, [READ])
  deadlines.set(READ, Number.POSITIVE_INFINITY)
  t.equal(clock.set, 0)
})

t.test('a limit that was lifted or moved does not expire, nor does Infinity', async (t) => {
  const { deadlines, expired, clock } = made()
  deadlines.set(READ, 10)
  deadlines.set(READ, Number.POSITIVE_INFINITY)
  deadlines.set(WRITE, 10)
  deadlines.clear(WRITE)
  deadlines.clear(WRITE)
  await clock.pass(10)
  t.same(expired, [])
  deadlines.set(READ, 10)
  await clock.pass(10, () => deadlines.clear(READ))
  t.same(expired, [], 'nor when it is lifted in the turn in which it expires')
  deadlines.set(READ, 10)
  await clock.pass(10, () => deadlines.set(READ, 10))
  t.same(expired, [], 'or moved in that turn')
  await clock.pass(10)
  t.same(expired, [READ])
})

t.test('a limit of less than a millisecond expires, also when the timer fires less than one early', async (t) => {
  const { deadlines, expired, clock } = made()
  deadlines.set(READ, 0.25)
  await clock.pass(1)
  t.same(expired, [READ])
  // Node's timers do so against `performance.now`.
  let late = 0
  const fires: (() => void)[] = []
  const early: Clock = {
    now: () => late,
    setTimer(fire): Timer {
      fires.push(fire)
      return { ref() {}, unref() {}, clear() {} }
    },
  }
  const other = made(early)
  other.deadlines.set(READ, 10)
  late = 9.5
  fires.shift()?.()
  await turns(2)
  t.same(other.expired, [READ])
  t.equal(fires.length, 0)
  other.deadlines.set(READ, 10)
  late = 15
  fires.shift()?.()
  await turns(2)
  t.same(other.expired, [READ], 'not when it fires much too early')
  t.equal(fires.length, 1, 'then it is set again')
})

t.test('the timer keeps the process alive exactly while a limit runs and is referenced', async (t) => {
  const { deadlines, clock } = made()
  deadlines.set(READ, 10)
  t.equal(clock.alive, 1)
  deadlines.clear(READ)
  t.same([clock.set, clock.alive], [1, 0])
  deadlines.set(WRITE, 20)
  t.same([clock.set, clock.alive], [1, 1], 'the same timer')
  deadlines.reference(false)
  t.equal(clock.alive, 0)
  deadlines.set(READ, 5)
  deadlines.clear(READ)
  t.equal(clock.alive, 0, 'nor does a new timer')
  await clock.pass(5)
  t.same([clock.set, clock.alive], [1, 0])
  deadlines.reference(true)
  t.equal(clock.alive, 1)
  deadlines.clear(WRITE)
  deadlines.reference(true)
  t.equal(clock.alive, 0, 'when nothing runs')
  deadlines.set(READ, 100)
  await clock.pass(20)
  t.same([clock.set, clock.alive], [1, 1], 'set again for the remaining time')
})

t.test('after the end only the limit of a message runs, and no timer stays without it', async (t) => {
  const { deadlines, expired, clock } = made()
  deadlines.stop()
  t.equal(clock.set, 0)
  deadlines.set(MESSAGE, 10)
  await clock.pass(10)
  t.same(expired, [MESSAGE])
  for (const slot of [READ, WRITE, CLOSE, MESSAGE] as const) deadlines.set(slot, 10)
  deadlines.stop()
  t.equal(clock.set, 1)
  deadlines.clear(MESSAGE)
  t.equal(clock.set, 0)
})

t.test('a connection has at most one timer, and none after its end', async (t) => {
  const { connection, clock, push, end } = wired({ idleTimeout: 100, readTimeout: 50, writeTimeout: 70 })
  const read = connection.readMessage((reader) => reader.readLine({ timeout: 30 }))
  await turns(2)
  push('a')
  void connection.write('x')
  t.equal(clock.set, 1)
  connection.unref()
  t.equal(clock.alive, 0)
  connection.ref()
  t.equal(clock.alive, 1)
  push('\n')
  t.equal(await read, 'a')
  t.equal(clock.alive, 0)
  void connection.close()
  t.same([clock.set, clock.alive], [1, 1])
  end()
  await connection.closed
  t.equal(clock.set, 0)
})
