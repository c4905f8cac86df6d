// The loop of `reconnect` on a manual clock, with attempts that the test answers: lib/client/reconnect-iterator.ts.

import t from 'tap'
import { ConnectError, InvalidOptionsError, TimeoutError } from '../../lib/index.js'
import { isPending, rejection, turns } from '../support/wait.js'
import { DONE, Loop, nothing, refused } from './reconnect-support.js'

t.test('a loop yields a connection, and the next one after the body has ended and the connection has closed', async (t) => {
  const loop = new Loop(t, { resetAfter: 0 })
  const { near, far } = await loop.connected()
  await near.write('hello\n')
  const next = loop.next()
  await turns()
  t.equal(near.ended, true, 'the body has ended: its connection is closed')
  t.match(await far.closed, { by: 'peer', bytesRead: 6 }, 'after what was written')
  const second = await loop.connected(next)
  t.not(second.near, near)
  t.equal(loop.dialled.length, 2)
  t.strictSame(loop.failures, [])
})

t.test('no attempt begins before the last connection has closed', async (t) => {
  const loop = new Loop(t, { resetAfter: 0 })
  const { near, far } = await loop.connected(undefined, true)
  const next = loop.next()
  await turns(20)
  t.equal(near.ended, true)
  t.equal(loop.dialled.length, 1, 'the server has not ended yet')
  far.abort()
  await loop.attempting(2)
  t.equal(await isPending(next), true)
})

t.test('each failure in a row doubles the delay, of which at least half is waited', async (t) => {
  const loop = new Loop(t, { minDelay: 100, maxDelay: 500 })
  const next = loop.next()
  for (const [n, whole] of [100, 200, 400, 500, 500].entries()) {
    await loop.attempting(n + 1)
    const error = refused()
    await loop.fail(error)
    const { failure, error: reported } = loop.failures[n] as (typeof loop.failures)[0]
    t.equal(failure.attempt, n + 1)
    const delay = failure.delay as number
    t.ok(delay >= whole / 2 && delay < whole, `${delay} of ${whole}`)
    t.match(reported, { name: 'ConnectError', cause: error })
    await loop.clock.advance(delay - 0.01)
    t.equal(loop.dialled.length, n + 1, 'not yet')
    await loop.clock.advance(0.02)
  }
  await loop.connected(next)
  t.equal(loop.failures.length, 5)
})

t.test('a connection that lived for resetAfter begins the delays anew, and is followed at once', async (t) => {
  const loop = new Loop(t, { minDelay: 100, resetAfter: 1000 })
  const next = loop.next()
  await turns()
  for (let n = 0; n < 3; n++) {
    await loop.fail()
    await loop.clock.advance(800)
  }
  const { far } = await loop.connected(next)
  await loop.clock.advance(1000)
  far.abort()
  loop.next()
  await loop.attempting(5)
  await loop.fail()
  const { attempt, delay = 0 } = loop.failures[3]?.failure ?? {}
  t.equal(attempt, 1)
  t.ok(delay < 100, `${delay}`)
})

t.test('a connection that lived less counts as a failure for the delay, but not for the attempts', async (t) => {
  const loop = new Loop(t, { minDelay: 100, resetAfter: 1000, maxAttempts: 2 })
  let next = loop.next()
  await turns()
  for (const whole of [100, 200, 400, 800]) {
    const { far } = await loop.connected(next)
    await loop.clock.advance(999)
    far.abort()
    next = loop.next()
    await loop.clock.advance(whole / 2 - 0.01)
    const { length } = loop.dialled
    t.equal(length, loop.clients.length, 'at least half of the delay is waited')
    await loop.clock.advance(whole / 2)
    await loop.attempting(length + 1)
  }
  t.strictSame(loop.failures, [])
  await loop.fail()
  t.match(loop.failures[0]?.failure, { attempt: 1, delay: Number })
  t.ok((loop.failures[0]?.failure.delay as number) >= 800)
})

t.test('a connection ends the row of failures', async (t) => {
  const loop = new Loop(t, { minDelay: 1, maxAttempts: 3 })
  let next = loop.next()
  for (let round = 0; round < 3; round++) {
    await turns()
    for (let n = 0; n < 2; n++) {
      await loop.fail()
      await loop.clock.advance(1000)
    }
    const { far } = await loop.connected(next)
    far.abort()
    next = loop.next()
    await loop.clock.advance(1000)
  }
  t.strictSame(
    loop.failures.map(({ failure }) => failure.attempt),
    [1, 2, 1, 2, 1, 2],
  )
})

t.test('at maxAttempts in a row the loop rejects with the last error, which is reported without a delay', async (t) => {
  const loop = new Loop(t, { maxAttempts: 2 })
  const next = loop.next()
  await turns()
  await loop.fail(refused('EHOSTUNREACH'))
  await loop.clock.advance(100)
  const last = refused()
  await loop.fail(last)
  const error = (await rejection(next)) as ConnectError
  t.type(error, ConnectError)
  t.equal(error.cause, last)
  t.equal(loop.failures[1]?.error, error)
  t.strictSame(loop.failures[1]?.failure, { attempt: 2 })
  t.strictSame(await loop.next(), DONE)
  t.equal(loop.dialled.length, 2)
  t.strictSame(await loop.held(), nothing)
})

t.test('without onFailure a failure is tried again, and the last one rejects', async (t) => {
  const loop = new Loop(t, { maxAttempts: 2, onFailure: undefined })
  const next = loop.next()
  await turns()
  await loop.fail()
  await loop.clock.advance(100)
  await loop.fail()
  t.type(await rejection(next), ConnectError)
})

t.test('what onFailure throws or rejects with ends the loop', async (t) => {
  const mine = new Error('enough')
  for (const maxAttempts of [1, 5]) {
    for (const onFailure of [
      () => {
        throw mine
      },
      async () => {
        throw mine
      },
    ]) {
      const loop = new Loop(t, { maxAttempts, onFailure })
      const next = loop.next()
      await turns()
      await loop.fail()
      t.equal(await rejection(next), mine)
      t.strictSame(await loop.next(), DONE)
      t.strictSame(await loop.held(), nothing)
    }
  }
})

t.test('the delay begins when onFailure has settled', async (t) => {
  let settle = (): void => {}
  const loop = new Loop(t, { onFailure: () => new Promise<void>((resolve) => (settle = resolve)) })
  loop.next()
  await turns()
  await loop.fail()
  await loop.clock.advance(1000)
  t.equal(loop.dialled.length, 1)
  settle()
  await turns()
  await loop.clock.advance(100)
  t.equal(loop.dialled.length, 2)
})

t.test('a function is asked for the options before each attempt', async (t) => {
  let asked = 0
  const loop = new Loop(t, {}, async () => ({ path: `/run/${++asked}` }))
  const next = loop.next()
  await turns()
  t.equal(asked, 1)
  await loop.fail()
  t.match(loop.failures[0]?.error.message, '/run/1')
  t.equal(asked, 1, 'when the delay has passed')
  await loop.clock.advance(100)
  await loop.connected(next)
  t.equal(asked, 2)
})

t.test('what that function throws ends the loop, and so do options that do not fit', async (t) => {
  const mine = new Error('no address')
  const thrower = (): never => {
    throw mine
  }
  for (const [target, expected] of [
    [thrower, mine],
    [async () => thrower(), mine],
    [() => ({ port: 0 }), InvalidOptionsError],
    [() => ({ path: '/run/a', tls: { key: 'none' } }), InvalidOptionsError],
  ] as const) {
    const loop = new Loop(t, {}, target)
    const error = await rejection(loop.next())
    if (typeof expected === 'function') t.type(error, expected)
    else t.equal(error, expected)
    t.strictSame(await loop.next(), DONE)
    t.strictSame(loop.failures, [])
    t.strictSame(loop.dialled, [])
    t.strictSame(await loop.held(), nothing)
  }
})

t.test('an attempt that runs out of time is tried again, on the same clock', async (t) => {
  const loop = new Loop(t, {}, { path: '/run/server', timeout: 1000 })
  const next = loop.next()
  await turns()
  await loop.clock.advance(1000)
  t.type(loop.failures[0]?.error, TimeoutError)
  t.equal(loop.attempt.cuts, 1)
  await loop.clock.advance(100)
  await loop.connected(next)
})

t.test('time limits of a connection run on the clock of the loop', async (t) => {
  const loop = new Loop(t, {}, { path: '/run/server', idleTimeout: 60_000 })
  const { near } = await loop.connected()
  const read = near.readLine()
  read.catch(() => {})
  await loop.clock.advance(60_000)
  t.match(await rejection(read), { name: 'TimeoutError', kind: 'idle' })
})

t.test('calls of next settle in their order, each with a connection of its own', async (t) => {
  const loop = new Loop(t, { resetAfter: 0 })
  const [first, second] = [loop.next(), loop.next()]
  const { near } = await loop.connected(first)
  await loop.attempting(2)
  t.equal(near.ended, true, 'the second call ends the body of the first')
  t.equal(await isPending(second), true)
  t.not((await loop.connected(second)).near, near)
})

t.test('a failure of one call ends those behind it', async (t) => {
  const loop = new Loop(t, { maxAttempts: 1 })
  const calls = [loop.next(), loop.next(), loop.next()]
  await turns()
  await loop.fail()
  t.type(await rejection(calls[0] as Promise<unknown>), ConnectError)
  t.strictSame(await Promise.all(calls.slice(1)), [DONE, DONE])
  t.equal(loop.dialled.length, 1)
  t.strictSame(await loop.held(), nothing)
})
