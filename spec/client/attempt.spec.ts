// An attempt and the signal over it: lib/client/attempt.ts.

import { getEventListeners } from 'node:events'
import t from 'tap'
import { unlessAborted } from '../../lib/client/attempt.js'
import { rejection, turns } from '../support/wait.js'
import { Held } from './support.js'

const reason = new Error('changed my mind')

t.test('without an abort the promise settles as the attempt does, and no listener stays', async (t) => {
  const { signal } = new AbortController()
  const [good, bad] = [new Held<number>(), new Held<number>()]
  const promises = [unlessAborted(signal, good), unlessAborted(signal, bad)] as const
  good.resolve(5)
  bad.reject(reason)
  t.equal(await promises[0], 5)
  t.equal(await rejection(promises[1]), reason)
  t.strictSame([good.cuts, bad.cuts, getEventListeners(signal, 'abort').length], [0, 0, 0])
})

t.test('an abort cuts the attempt once, and its later outcome is dropped', async (t) => {
  for (const settle of ['resolve', 'reject'] as const) {
    const controller = new AbortController()
    const attempt = new Held<unknown>()
    const promise = unlessAborted(controller.signal, attempt)
    controller.abort(reason)
    attempt[settle](new Error('later'))
    t.equal(await rejection(promise), reason)
    await turns()
    t.strictSame([attempt.cuts, getEventListeners(controller.signal, 'abort').length], [1, 0])
  }
})

t.test('an attempt that succeeds in the turn of the abort is cut too', async (t) => {
  const controller = new AbortController()
  const attempt = new Held<number>()
  const promise = unlessAborted(controller.signal, attempt)
  attempt.resolve(5)
  controller.abort(reason)
  t.equal(await rejection(promise), reason)
  t.equal(attempt.cuts, 1)
})

t.test('an aborted signal cuts the attempt at once', async (t) => {
  const attempt = new Held<number>()
  t.equal(await rejection(unlessAborted(AbortSignal.abort(reason), attempt)), reason)
  t.equal(attempt.cuts, 1)
})
