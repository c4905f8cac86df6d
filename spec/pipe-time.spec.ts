// How long a pipe may be silent: one side after the end of the other, or both together. A side that still takes bytes is not
// silent, and a drain does not affect a pipe.

import t, { type Test } from 'tap'
import { pipe, TimeoutError } from '../lib/index.js'
import { type ManualClock, manualClock } from '../lib/testing/index.js'
import type { memory } from './support/fixture.js'
import { inMemory, type Line } from './support/line.js'
import { isPending, rejection, within } from './support/wait.js'

const timed = (t: Test, options: Parameters<typeof memory>[1] = {}): Line & { clock: ManualClock } => {
  const clock = manualClock()
  return { clock, ...inMemory(t, { clock, ...options }) }
}

function isPipeTimeout(t: Test, error: unknown, timeout: number): void {
  t.ok(error instanceof TimeoutError)
  t.match(error, { operation: 'pipe', kind: 'pipe', timeout, code: 'ERR_LINNET_TIMEOUT' })
}

t.test('once one side has ended the other may be silent for halfCloseTimeout, from its last byte', async (t) => {
  for (const [options, timeout] of [
    [undefined, 60_000],
    [{ halfCloseTimeout: 1000 }, 1000],
  ] as const) {
    const { clock, a, b, left, right } = timed(t)
    const piping = rejection(pipe(a, b, options))
    await clock.advance(1e6)
    await left.end('x')
    await clock.advance(timeout - 1)
    t.equal(a.signal.aborted, false)
    await right.write('still here')
    await clock.advance(timeout - 1)
    t.equal(a.signal.aborted, false)
    await clock.advance(2)
    const error = await within(piping)
    isPipeTimeout(t, error, timeout)
    for (const each of [a, b]) t.same(await each.closed.then(({ by, error }) => ({ by, error })), { by: 'aborted', error })
  }
})

t.test('idleTimeout limits the silence of both sides together, and not that of one', async (t) => {
  const { clock, a, b, left, right } = timed(t)
  const piping = rejection(pipe(a, b, { idleTimeout: 1000 }))
  for (let n = 0; n < 5; n++) {
    await clock.advance(900)
    await (n % 2 ? left : right).write('x')
  }
  await clock.advance(999)
  t.equal(a.signal.aborted, false)
  await clock.advance(2)
  isPipeTimeout(t, await within(piping), 1000)
})

t.test('Infinity, and what no timer can hold, is no limit, and the read limits of the connections do not apply', async (t) => {
  const { clock, a, b, left, right } = timed(t, { server: { idleTimeout: 5, readTimeout: 5, maxBufferSize: 2 } })
  const piping = pipe(a, b, { halfCloseTimeout: Number.POSITIVE_INFINITY, idleTimeout: 2 ** 31 })
  await clock.advance(1e6)
  await left.end('more than two')
  await clock.advance(2 ** 33)
  await right.end('and back')
  t.equal(await left.readToEnd('utf8'), 'and back')
  t.same(await within(piping), { aToB: 13, bToA: 8 })
})

t.test('a side that reads slowly but steadily is not silent, and after both ends no limit runs', async (t) => {
  const { clock, a, b, left, right } = timed(t, { highWaterMark: 1000, client: { readHighWaterMark: 1, maxBufferSize: 1e7 } })
  const piping = pipe(a, b, { idleTimeout: 1000, halfCloseTimeout: 1000 })
  const end = left.end(Buffer.alloc(400_000))
  for (let taken = 0; taken < 150_000; taken += 10_000) {
    await clock.advance(900)
    await right.readExactly(10_000)
  }
  await right.readExactly(200_000)
  await right.end()
  await clock.advance(1)
  t.same([a.peerEnded, b.peerEnded, b.queued > 0], [true, true, true])
  await clock.advance(5000)
  t.equal(b.signal.aborted, false, 'writeTimeout limits the rest')
  t.equal((await right.readToEnd()).length, 50_000)
  await end
  t.same(await within(piping), { aToB: 400_000, bToA: 0 })
})

t.test('a side that takes nothing is cut by idleTimeout, or by its own writeTimeout', async (t) => {
  for (const [options, idleTimeout, kind] of [
    [{}, 1000, 'pipe'],
    [{ server: { writeTimeout: 300 } }, Number.POSITIVE_INFINITY, 'write'],
  ] as const) {
    const { clock, a, b, left } = timed(t, { highWaterMark: 1000, client: { readHighWaterMark: 1 }, ...options })
    const piping = rejection(pipe(a, b, { idleTimeout }))
    left.write(Buffer.alloc(400_000)).catch(() => {})
    await clock.advance(5000)
    const error = await within(piping)
    t.ok(error instanceof TimeoutError)
    t.equal((error as TimeoutError).kind, kind)
    await Promise.all([a.closed, b.closed])
  }
})

t.test('a drain does not interrupt a pipe: its reads are never idle', async (t) => {
  const { clock, a, b, left, right } = timed(t)
  const piping = pipe(a, b)
  a.drain()
  b.drain()
  await clock.advance(1e6)
  t.equal(await isPending(piping), true)
  await left.end('late')
  await right.end(await right.readToEnd())
  t.same(await within(piping), { aToB: 4, bToA: 4 })
})
