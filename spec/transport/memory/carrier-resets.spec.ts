// Resets and releases of the pair in memory.

import t from 'tap'
import { systemClock } from '../../../lib/transport/clock.js'
import { memoryPair } from '../../../lib/transport/memory/carrier.js'
import { FOREVER, fill, NO_FAULTS, pattern, recording, turns } from '../support.js'
import { Hand, pair } from './support.js'

t.test('a reset drops the bytes under way, and arrives after the latency', async (t) => {
  const clock = new Hand()
  const [a, b] = pair({ latency: 10, clock })
  const here = recording(a)
  const recorder = recording(b)
  a.write(Buffer.from('never'))
  await clock.advance(9)
  a.reset()
  await clock.advance(9)
  t.same(recorder.events, [])
  t.equal(b.write(Buffer.from('into the void')), false)
  b.end()
  await clock.advance(1)
  t.same(recorder.events, ['lost'])
  t.equal(recorder.loss?.code, 'ECONNRESET')
  t.same(here.events, [])
  t.equal(clock.timers.length, 0)
})

t.test('both sides may reset at once', async (t) => {
  const [a, b] = pair()
  const [here, there] = [recording(a), recording(b)]
  a.reset()
  b.reset()
  await turns(3)
  t.same([...here.events, ...there.events], [])
})

t.test('after a release the bytes under way arrive, then the end', async (t) => {
  const [a, b] = pair()
  const here = recording(a)
  const recorder = recording(b)
  a.write(Buffer.from('last words'))
  a.release()
  await recorder.waitFor('end')
  t.equal(recorder.text, 'last words')
  b.end()
  await recorder.waitFor('finished')
  t.same(here.events, [])
})

t.test('a write that waits when the peer is released is a loss', async (t) => {
  const [a, b] = pair()
  const here = recording(a)
  recording(b)
  b.pause()
  fill(a)
  b.release()
  await here.waitFor('lost')
  t.equal(here.loss?.code, 'EPIPE')
  await turns(3)
  t.same(here.events, ['lost'])
})

t.test('after both sides are closed no timer is set', async (t) => {
  const clock = new Hand()
  const [a, b] = pair({ latency: 10, clock })
  recording(a)
  recording(b)
  a.write(pattern(5))
  b.write(pattern(5))
  a.reset()
  t.equal(clock.timers.length, 1, 'the loss is on its way to b')
  b.reset()
  t.equal(clock.timers.length, 0)

  const [c, d] = pair({ latency: 10, highWaterMark: 8, clock })
  const recorder = recording(c)
  recording(d)
  c.write(pattern(20))
  d.write(pattern(4))
  d.release()
  await clock.advance(9)
  d.unref()
  await clock.advance(1)
  t.same(recorder.events, ['lost'])
  t.equal(clock.timers.length, 0)
})

t.test('a header arrives first, without regard to the limit, and is not counted', async (t) => {
  const faults = NO_FAULTS
  for (const maxChunk of [FOREVER, 2]) {
    const [a, b] = memoryPair({ maxChunk, latency: 0, highWaterMark: 3, clock: systemClock, faults }, { header: Buffer.from('header') })
    const here = recording(a)
    t.equal(a.write(Buffer.from('abc')), false, 'no room is left')
    t.same(here.events, [])
    const recorder = recording(b)
    await recorder.waitFor('data')
    await turns(10)
    t.equal(Buffer.concat(recorder.chunks).toString(), 'headerabc')
    t.same(here.events.at(-1), 'sent')
  }
})

t.test('each piece has memory of its own, which may be transferred', async (t) => {
  const sent = pattern(40_000)
  const [a, b] = pair({ maxChunk: 9000 })
  recording(a)
  const recorder = recording(b)
  a.write(sent)
  a.end()
  await recorder.waitFor('end')
  t.equal(recorder.chunks.length, 5)
  for (const chunk of recorder.chunks) t.equal(chunk.buffer.byteLength, chunk.length)
  t.ok(Buffer.concat(recorder.chunks).equals(sent))
})

t.test('a reset after both directions have ended is no loss', async (t) => {
  const [a, b] = pair()
  const [here, there] = [recording(a), recording(b)]
  a.end()
  b.end()
  await Promise.all([here.waitFor('end'), here.waitFor('finished'), there.waitFor('end'), there.waitFor('finished')])
  a.reset()
  await turns(5)
  t.equal(there.has('lost'), false)
})

t.test('after a reset an attached listener receives no event', async (t) => {
  const [a, b] = pair()
  b.reset()
  const recorder = recording(b)
  recording(a)
  await turns(5)
  t.same(recorder.events, [])
})
