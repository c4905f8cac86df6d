// How a loop of `reconnect` ends: by its signal, or because it is left, at each point of its course.

import { getEventListeners } from 'node:events'
import t, { type Test } from 'tap'
import { type Connection, reconnect } from '../../lib/index.js'
import { rejection, turns } from '../support/wait.js'
import { DONE, Loop, nothing } from './reconnect-support.js'

type Next = Promise<IteratorResult<Connection>>

interface Point {
  readonly loop: Loop
  /** Pending when the loop is ended. */
  readonly next?: Next
  /** Lets go on what the loop waited for. */
  readonly later?: () => void
}

const points: Record<string, (t: Test) => Promise<Point>> = {
  async 'before the first attempt'(t) {
    return { loop: new Loop(t) }
  },
  async 'in the turn of the first call'(t) {
    const loop = new Loop(t)
    return { loop, next: loop.next() }
  },
  async 'while the options are asked for'(t) {
    let later = (): void => {}
    const loop = new Loop(t, {}, () => new Promise((resolve) => (later = () => resolve({ path: '/run/server' }))))
    const next = loop.next()
    await turns()
    return { loop, next, later: () => later() }
  },
  async 'while the options are asked for, which fails later'(t) {
    let later = (): void => {}
    const loop = new Loop(t, {}, () => new Promise((_, reject) => (later = () => reject(new Error('too late')))))
    const next = loop.next()
    await turns()
    return { loop, next, later: () => later() }
  },
  async 'in an attempt'(t) {
    const loop = new Loop(t)
    const next = loop.next()
    await turns()
    return { loop, next, later: () => t.equal(loop.attempt.cuts, 1, 'the attempt is cut') }
  },
  async 'in onFailure'(t) {
    let later = (): void => {}
    const loop = new Loop(t, { onFailure: () => new Promise<void>((resolve) => (later = resolve)) })
    const next = loop.next()
    await turns()
    await loop.fail()
    return { loop, next, later: () => later() }
  },
  async 'in onFailure, which fails later'(t) {
    let later = (): void => {}
    const loop = new Loop(t, { onFailure: () => new Promise<void>((_, reject) => (later = () => reject(new Error('too late')))) })
    const next = loop.next()
    await turns()
    await loop.fail()
    return { loop, next, later: () => later() }
  },
  async 'in a delay'(t) {
    const loop = new Loop(t)
    const next = loop.next()
    await turns()
    await loop.fail()
    t.equal(loop.failures.length, 1)
    return { loop, next }
  },
  async 'in the body'(t) {
    const loop = new Loop(t)
    await loop.connected()
    return { loop }
  },
  async 'in the body, after its connection has closed'(t) {
    const loop = new Loop(t)
    const { near } = await loop.connected()
    await near.close()
    return { loop }
  },
  async 'while the last connection closes'(t) {
    const loop = new Loop(t)
    const { far } = await loop.connected(undefined, true)
    const next = loop.next()
    await turns()
    return { loop, next, later: () => far.abort() }
  },
  async 'in the delay after a short connection'(t) {
    const loop = new Loop(t)
    const { far } = await loop.connected()
    far.abort()
    const next = loop.next()
    await turns()
    return { loop, next }
  },
  async 'with several calls pending'(t) {
    const loop = new Loop(t)
    const first = loop.next()
    const next = loop.next()
    await turns()
    return { loop, next, later: () => void first.then((result) => t.strictSame(result, DONE)) }
  },
}

const ends: Record<string, (loop: Loop) => Promise<void>> = {
  async 'aborting the signal'({ controller }) {
    controller.abort(new Error('stop'))
  },
  async 'leaving the loop'({ iterator }) {
    void iterator.return()
  },
}

for (const [by, end] of Object.entries(ends)) {
  for (const [where, reach] of Object.entries(points)) {
    t.test(`${by} ${where} ends it with done, and leaves nothing open`, async (t) => {
      const { loop, next, later } = await reach(t)
      const { length } = loop.dialled
      await end(loop)
      if (next !== undefined) t.strictSame(await next, DONE)
      t.strictSame(await loop.next(), DONE)
      later?.()
      await turns()
      t.strictSame(await loop.held(), nothing)
      await loop.clock.advance(1_000_000)
      t.equal(loop.dialled.length, length, 'no attempt was begun')
    })
  }
}

// How many microtasks a step takes behind its attempt is no matter: the loop ends before, between and after all of them.
const MICROTASKS = 60

for (const [by, end] of Object.entries(ends)) {
  t.test(`${by} in any microtask after an attempt has succeeded leaves nothing open`, async (t) => {
    const results = new Set<boolean | undefined>()
    for (let count = 0; count < MICROTASKS; count++) {
      const loop = new Loop(t)
      const next = loop.next()
      await turns(2)
      loop.answer()
      for (let n = 0; n < count; n++) await undefined
      await end(loop)
      results.add((await next).done)
      if (!(await next).done) loop.clients.push((await next).value)
      t.strictSame(await loop.next(), DONE)
      t.strictSame(await loop.held(), nothing)
    }
    t.strictSame(results, new Set([true, false]), 'before and after the connection was yielded')
  })

  t.test(`${by} in any microtask after an attempt has failed leaves nothing open`, async (t) => {
    const reported = new Set<number>()
    for (let count = 0; count < MICROTASKS; count++) {
      const loop = new Loop(t)
      const next = loop.next()
      await turns(2)
      loop.attempt.reject(new Error('refused'))
      for (let n = 0; n < count; n++) await undefined
      const { length } = loop.failures
      await end(loop)
      t.strictSame(await next, DONE)
      t.strictSame(await loop.held(), nothing)
      t.equal(loop.failures.length, length, 'nothing is reported once it has ended')
      reported.add(length)
    }
    t.strictSame(reported, new Set([0, 1]), 'before and after the failure was reported')
  })
}

t.test('what the body had written is sent when the signal aborts', async (t) => {
  const loop = new Loop(t)
  const { near, far } = await loop.connected()
  near.tryWrite('QUIT\r\n')
  const read = rejection(near.readLine())
  loop.controller.abort()
  t.match(await read, { name: 'ConnectionClosedError' })
  t.match(await far.closed, { by: 'peer', bytesRead: 6 })
})

t.test('leaving does not wait for the close', async (t) => {
  const loop = new Loop(t)
  const { near } = await loop.connected()
  t.strictSame(await loop.iterator.return('why'), { value: 'why', done: true })
  t.equal(near.ended, true)
  await near.closed
  await loop.iterator.return()
  t.strictSame(await loop.held(), nothing)
})

t.test('a signal that has aborted before ends it without an attempt, and without asking for the options', async (t) => {
  let asked = 0
  const loop = new Loop(t, {}, () => ({ path: `/run/${++asked}` }))
  loop.controller.abort()
  t.strictSame(await loop.next(), DONE)
  t.strictSame([asked, loop.dialled.length], [0, 0])
  t.strictSame(await loop.held(), nothing)
})

t.test('a signal has one listener while the loop runs, in the body too', async (t) => {
  const loop = new Loop(t)
  const { signal } = loop.controller
  t.equal(getEventListeners(signal, 'abort').length, 0)
  await loop.connected()
  t.equal(getEventListeners(signal, 'abort').length, 1)
})

t.test('options that do not fit reject the first call, each loop, and come before the signal', async (t) => {
  const signal = AbortSignal.abort()
  for (const iterable of [
    reconnect({ port: 80 }, { minDelay: -1, signal }),
    reconnect({ port: 0 }, { signal }),
    reconnect(undefined as never),
    reconnect({ port: 80 }, (() => {}) as never),
  ]) {
    for (let loop = 0; loop < 2; loop++) {
      const iterator = iterable[Symbol.asyncIterator]()
      t.match(await rejection(iterator.next()), { name: 'InvalidOptionsError' })
      t.strictSame(await iterator.next(), DONE)
    }
    const left = iterable[Symbol.asyncIterator]()
    t.strictSame(await left.return?.(), DONE)
    t.strictSame(await left.next(), DONE)
  }
})
