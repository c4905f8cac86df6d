// The one timer of a connection: it serves every limit, is moved as seldom as it can be, and keeps no process alive when
// nothing is waited for.

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

t.test('a limit on what is queued has its time anew whenever the queue moves, also at its last look', async (t) => {
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

t.test('several limits take several timers, or run out in another order', async (t) => {
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

t.test('each limit that is moved or lifted costs a timer', async (t) => {
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
  t.equal(clock.made, 2, 'the timer came too early, and is set for what is left')
  await clock.pass(59)
  t.same(expired, [])
  await clock.pass(1)
  t.same(expired, [READ])
  deadlines.set(READ, Number.POSITIVE_INFINITY)
  t.equal(clock.set, 0)
})

t.test('a limit that is lifted runs out all the same, or Infinity does', async (t) => {
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
  t.same(expired, [], 'nor one that is lifted in its own turn')
  deadlines.set(READ, 10)
  await clock.pass(10, () => deadlines.set(READ, 10))
  t.same(expired, [], 'or moved')
  await clock.pass(10)
  t.same(expired, [READ])
})

t.test('a limit of less than a millisecond, or a timer that comes early, is never told', async (t) => {
  const { deadlines, expired, clock } = made()
  deadlines.set(READ, 0.25)
  await clock.pass(1)
  t.same(expired, [READ])
  // As Node's timers do against `performance.now`.
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
  t.same(other.expired, [READ], 'but not one that comes much too early')
  t.equal(fires.length, 1, 'that is set again')
})

t.test('a timer keeps the process alive when nothing runs, or not when something does', async (t) => {
  const { deadlines, clock } = made()
  deadlines.set(READ, 10)
  t.equal(clock.alive, 1)
  deadlines.clear(READ)
  t.same([clock.set, clock.alive], [1, 0])
  deadlines.set(WRITE, 20)
  t.same([clock.set, clock.alive], [1, 1], 'the same one')
  deadlines.reference(false)
  t.equal(clock.alive, 0)
  deadlines.set(READ, 5)
  deadlines.clear(READ)
  t.equal(clock.alive, 0, 'a new one neither')
  await clock.pass(5)
  t.same([clock.set, clock.alive], [1, 0])
  deadlines.reference(true)
  t.equal(clock.alive, 1)
  deadlines.clear(WRITE)
  deadlines.reference(true)
  t.equal(clock.alive, 0, 'when nothing runs')
  deadlines.set(READ, 100)
  await clock.pass(20)
  t.same([clock.set, clock.alive], [1, 1], 'set again for what is left')
})

t.test('after the end a timer stays, or the limit of a message does not hold', async (t) => {
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

t.test('a connection has more than one timer, or keeps one when it is over', async (t) => {
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
