// The promises of writes and flushes that wait until bytes are sent: each settles in time, and many need little memory.

import t from 'tap'
import { type Progress, WriteWaiters } from '../../../lib/connection/writing/write-waiters.js'
import { rejection, turn } from '../../support/wait.js'

const at = (sent: number, queued: number): Progress => ({ sent, below: (limit) => queued < limit })

/** The indexes of those that have resolved. */
async function settled(promises: readonly Promise<void>[]): Promise<boolean[]> {
  const done = promises.map(() => false)
  promises.forEach((promise, n) => void promise.then(() => (done[n] = true)))
  await turn()
  return done
}

t.test('waiters for room below the same mark share one promise', async (t) => {
  const waiters = new WriteWaiters()
  t.equal(waiters.any, false)
  t.equal(waiters.since, undefined)
  const [first, second, other] = [waiters.room(10), waiters.room(10), waiters.room(20)] as const
  t.equal(first, second)
  t.ok((waiters.since as number) <= Date.now())
  waiters.advance(at(0, 15))
  t.same(await settled([first, other]), [false, true])
  waiters.advance(at(0, 10))
  t.same(await settled([first]), [false])
  waiters.advance(at(0, 9))
  t.same(await settled([first]), [true])
  t.equal(waiters.any, false)
})

t.test('a waiter for a position resolves when that was sent, in the order of positions', async (t) => {
  const waiters = new WriteWaiters()
  const promises = [waiters.until(10), waiters.until(20), waiters.until(30)]
  t.equal(waiters.until(30), promises[2], 'who waits for the same byte shares one')
  waiters.advance(at(19, 100))
  t.same(await settled(promises), [true, false, false])
  waiters.advance(at(30, 100))
  t.same(await settled(promises), [true, true, true])
})

t.test('a waiter for a position and for room waits for both', async (t) => {
  const waiters = new WriteWaiters()
  const both = waiters.until(10, 50)
  const byte = waiters.until(10)
  t.not(both, byte)
  waiters.advance(at(9, 0))
  t.same(await settled([both, byte]), [false, false])
  waiters.advance(at(10, 50))
  t.same(await settled([both, byte]), [false, true])
  waiters.advance(at(11, 49))
  t.same(await settled([both]), [true])
  const ready = waiters.until(20, 50)
  waiters.advance(at(20, 0))
  t.same(await settled([ready]), [true])
})

t.test('bytes inserted in front of a barrier are sent first, and move the waiters behind it', async (t) => {
  const waiters = new WriteWaiters()
  const before = waiters.until(10)
  const behind = waiters.until(20)
  waiters.shift(10, 5)
  const barrier = waiters.until(15)
  waiters.advance(at(15, 100))
  t.same(await settled([before, barrier, behind]), [true, true, false])
  waiters.advance(at(20, 100))
  t.same(await settled([behind]), [false])
  waiters.advance(at(25, 100))
  t.same(await settled([behind]), [true])
})

t.test('since is the time at which the first waiter began to wait', async (t) => {
  const waiters = new WriteWaiters()
  const began = Date.now()
  waiters.until(10)
  const since = waiters.since as number
  t.ok(since >= began)
  waiters.room(1)
  t.equal(waiters.since, since)
})

t.test('a failure rejects all waiters with the same error', async (t) => {
  const waiters = new WriteWaiters()
  const promises = [waiters.room(1), waiters.until(10), waiters.until(20, 5)]
  waiters.advance(at(20, 5))
  const error = new Error('lost')
  waiters.fail(error)
  t.equal(await rejection(promises[0] as Promise<void>), error)
  await promises[1]
  t.equal(await rejection(promises[2] as Promise<void>), error)
  t.equal(waiters.any, false)
})

t.test('a million flushes share waiters, and each waits at least for its position', async (t) => {
  const waiters = new WriteWaiters()
  const distinct = new Set<Promise<void>>()
  const few: Promise<void>[] = []
  for (let until = 1; until <= 1_000_000; until++) {
    const promise = waiters.until(until)
    distinct.add(promise)
    if (until % 100_000 === 0) few.push(promise)
  }
  t.ok(distinct.size < 1100, `${distinct.size} promises`)
  let sent = 0
  few.forEach((promise, n) => void promise.then(() => t.ok(sent >= (n + 1) * 100_000)))
  for (; sent < 1_000_000; sent += 12_345) {
    waiters.advance(at(sent, 0))
    await Promise.resolve()
  }
  waiters.advance(at(sent, 0))
  await Promise.all(few)
  t.equal(waiters.any, false)
})
