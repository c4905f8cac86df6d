// The pair in memory: how bytes travel, and latency by the clock. The rules that it has in common with sockets are tested in
// carriers.spec.ts, faults in faults.spec.ts.

import * as fc from 'fast-check'
import t from 'tap'
import { nextPass } from '../../support/wait.js'
import { FOREVER, Recorder, recording, turns } from '../support.js'
import { Hand, pair } from './support.js'

t.test('bytes arrive in order for all sizes of pieces and chunks, and with pauses', async (t) => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('write' as const), sizes: fc.array(fc.nat(40), { minLength: 1, maxLength: 4 }) }),
    fc.record({ kind: fc.constantFrom('pause' as const, 'resume' as const, 'turn' as const) }),
  )
  const ways = fc.record({
    maxChunk: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constant(FOREVER)),
    highWaterMark: fc.oneof(fc.integer({ min: 1, max: 60 }), fc.constant(FOREVER)),
    latency: fc.constantFrom(0, 1, 5),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), ways, async (steps, way) => {
      const clock = new Hand()
      const [a, b] = pair({ ...way, clock })
      const [here, there] = [recording(a), recording(b)]
      const given: Buffer[] = []
      let calls = 0
      for (const one of steps) {
        if (!('sizes' in one)) {
          if (one.kind === 'turn') await clock.advance(2)
          else b[one.kind]()
        } else {
          const pieces = one.sizes.map((size, n) => Buffer.alloc(size, `${calls}${n}`))
          given.push(...pieces.map((piece) => Buffer.from(piece)))
          calls++
          const before = here.count('sent')
          const left = pieces.length === 1 ? a.write(pieces[0] as Buffer) : a.writeBatch(pieces)
          if (!left) {
            b.resume()
            while (here.count('sent') === before) await clock.advance(1)
          }
          for (const piece of pieces) piece.fill('!')
        }
      }
      a.end()
      b.resume()
      while (!there.has('end')) await clock.advance(1)
      if (!there.all.equals(Buffer.concat(given))) throw new Error('other bytes')
      if (there.chunks.some(({ length }) => length === 0 || length > way.maxChunk)) throw new Error('a chunk of the wrong size')
      if (there.events.at(-1) !== 'end') throw new Error('something after the end')
    }),
    { numRuns: 150 },
  )
  t.pass()
})

t.test('chunks have at most maxChunk bytes, and a pause takes effect between two of them', async (t) => {
  const [a, b] = pair({ maxChunk: 3 })
  recording(a)
  const recorder = recording(b)
  recorder.onData = () => b.pause()
  a.write(Buffer.from('abcdefgh'))
  a.end()
  const seen: string[] = []
  for (const expected of ['abc', 'def', 'gh']) {
    await recorder.until(() => recorder.text.endsWith(expected))
    await turns(4)
    seen.push(recorder.chunks.map(String).join(' '))
    t.equal(recorder.has('end'), false)
    b.resume()
  }
  t.same(seen, ['abc', 'abc def', 'abc def gh'])
  await recorder.waitFor('end')
})

t.test('several chunks arrive in one turn, and the bytes that they make room for in the next', async (t) => {
  const [a, b] = pair({ maxChunk: 10, highWaterMark: 40 })
  recording(a)
  const recorder = recording(b)
  t.equal(a.write(Buffer.alloc(100)), false)
  await nextPass()
  t.equal(recorder.chunks.length, 4)
  await nextPass()
  t.equal(recorder.chunks.length, 8)
})

t.test('at most highWaterMark bytes are under way', async (t) => {
  const [a, b] = pair({ highWaterMark: 100 })
  const here = recording(a)
  b.attach(new Recorder())
  t.equal(a.write(Buffer.alloc(60)), true)
  t.equal(a.write(Buffer.alloc(40)), true)
  t.equal(a.write(Buffer.alloc(1)), false)
  await turns(3)
  t.same(here.events, [])
  b.resume()
  await here.waitFor('sent')
  t.equal(a.write(Buffer.alloc(99)), true)
})

t.test('`moved` reports that a part of the waiting bytes has left', async (t) => {
  const [a, b] = pair({ highWaterMark: 10 })
  const here = new Recorder()
  let moved = 0
  a.attach(Object.assign(here, { moved: () => void moved++ }))
  a.resume()
  recording(b)
  t.equal(a.write(Buffer.alloc(35)), false)
  t.equal(moved, 0)
  await here.waitFor('sent')
  t.equal(moved, 2)
})

t.test('a latency delays all bytes by the clock, and keeps their order', async (t) => {
  for (const early of [0, 0.5]) {
    const clock = new Hand(early)
    const [a, b] = pair({ latency: 10, clock })
    const here = recording(a)
    const recorder = recording(b)
    a.write(Buffer.from('one '))
    await clock.advance(5)
    a.write(Buffer.from('two '))
    a.end()
    await clock.advance(4)
    t.equal(recorder.text, '')
    await clock.advance(1)
    t.equal(recorder.text, 'one ')
    await clock.advance(5)
    t.equal(recorder.text, 'one two ')
    t.same(recorder.events, ['data', 'end'])
    t.same(here.events, ['finished'])
    t.equal(clock.timers.length, 0)
  }
})

t.test('bytes that are due during a pause arrive at resume', async (t) => {
  const clock = new Hand()
  const [a, b] = pair({ latency: 10, clock })
  recording(a)
  const recorder = recording(b)
  b.pause()
  a.write(Buffer.from('late'))
  await clock.advance(50)
  t.equal(recorder.text, '')
  b.resume()
  await recorder.waitFor('data')
  t.equal(recorder.text, 'late')
})

t.test('a pause takes effect although the timer is set already', async (t) => {
  const clock = new Hand()
  const [a, b] = pair({ latency: 10, clock })
  recording(a)
  const recorder = recording(b)
  a.write(Buffer.from('held'))
  b.pause()
  await clock.advance(20)
  t.equal(recorder.text, '')
  b.resume()
  await recorder.waitFor('data')
})
