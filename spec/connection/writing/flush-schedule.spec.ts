// When queued writes are sent, for all connections together.

import t from 'tap'
import { type Flushable, flushNow, flushSoon, scheduleFlush, thisTurn } from '../../../lib/connection/writing/flush-schedule.js'
import { uncaught } from '../../support/uncaught.js'
import { turn, until } from '../../support/wait.js'

class Sender implements Flushable {
  scheduled = false
  pumped = 0
  write(): this {
    if (!this.scheduled) scheduleFlush(this)
    this.scheduled = true
    return this
  }
  sendQueued(): void {
    this.scheduled = false
    this.pumped++
  }
}

const senders = (count: number): Sender[] => Array.from({ length: count }, () => new Sender())
const sum = (all: readonly Sender[]): number => all.reduce((total, { pumped }) => total + pumped, 0)
const microtask = async (): Promise<void> => {}
const tick = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve))

/** Resolves when the next turn has begun. */
async function nextTurn(): Promise<void> {
  const before = thisTurn()
  await until(() => thisTurn() > before)
}

/** Resolves after two turns in which so many were scheduled: the second one was counted. */
async function after(count: number): Promise<void> {
  for (let turns = 0; turns < 2; turns++) {
    for (const sender of senders(count)) sender.write()
    await nextTurn()
  }
}

t.test('an exception in one connection does not keep the others from sending, and is uncaught', async (t) => {
  const errors = uncaught(t)
  const mistake = new Error('a mistake')
  const left: string[] = []
  scheduleFlush({ scheduled: true, sendQueued: () => left.push('first') })
  scheduleFlush({
    scheduled: true,
    sendQueued: () => {
      throw mistake
    },
  })
  scheduleFlush({ scheduled: true, sendQueued: () => left.push('last') })
  await until(() => errors.length > 0)
  t.same(errors, [mistake])
  t.same(left, ['first', 'last'])
})

t.test('writes are sent at the end of the turn, once', async (t) => {
  await after(1)
  const all = senders(3).map((sender) => sender.write())
  await microtask()
  await tick()
  t.equal(sum(all), 0)
  await nextTurn()
  t.same(
    all.map(({ pumped }) => pumped),
    [1, 1, 1],
  )
})

t.test('writes are sent at once when a read begins to wait, and not again at the end of the turn', async (t) => {
  await after(1)
  const [first, last] = senders(2).map((sender) => sender.write()) as [Sender, Sender]
  flushNow(first)
  t.equal(first.pumped, 1)
  flushNow(last)
  t.equal(last.pumped, 1)
  await turn()
  await turn()
  t.equal(sum([first, last]), 2)
})

t.test('writes whose caller waits are sent after the call, together with others of the same call', async (t) => {
  await after(1)
  const [first, last] = senders(2).map((sender) => sender.write()) as [Sender, Sender]
  flushSoon(first)
  flushSoon(last)
  flushSoon(last)
  t.equal(sum([first, last]), 0)
  await microtask()
  await microtask()
  t.equal(sum([first, last]), 2)
})

t.test('after a crowded turn connections whose read waits send in groups, in one tick', async (t) => {
  await after(12)
  const all = senders(40)
  for (const sender of all.slice(0, 15)) flushNow(sender.write())
  await tick()
  t.equal(sum(all), 0, 'fewer wait for the others')
  for (const sender of all.slice(15, 16)) flushNow(sender.write())
  t.equal(sum(all), 0)
  await tick()
  t.equal(sum(all), 16, 'the group has left')
  for (const sender of all.slice(16)) flushNow(sender.write())
  await turn()
  await turn()
  t.ok(all.every(({ pumped }) => pumped === 1))
})

t.test('after a turn that was not crowded, the next one sends without waiting', async (t) => {
  await after(11)
  for (const sender of senders(40)) {
    flushNow(sender.write())
    t.equal(sender.pumped, 1)
  }
})

t.test('a crowd is noticed also where every answer is sent with its read, so that no turn is marked', async (t) => {
  await after(1)
  // One turn of many is counted.
  for (let turns = 0; turns < 100; turns++) {
    const all = senders(16)
    for (const sender of all) flushNow(sender.write())
    const left = sum(all)
    await turn()
    t.equal(sum(all), 16)
    if (left === 0) return
  }
  t.fail('no turn was crowded')
})

t.test('writes without a waiting caller are sent at the end of the turn, also if all others were sent before', async (t) => {
  await after(1)
  const [written, answered] = senders(2) as [Sender, Sender]
  written.write()
  flushNow(answered.write())
  t.equal(written.pumped, 0)
  await turn()
  await turn()
  t.equal(written.pumped, 1)
})
