// The pair in memory: how bytes travel, faults on request, and latency by the clock. The rules that it has in common with sockets
// are tested in `carriers.spec.ts`.

import * as fc from 'fast-check'
import t from 'tap'
import { type Clock, systemClock, type Timer } from '../../../lib/transport/clock.js'
import { memoryPair } from '../../../lib/transport/memory/carrier.js'
import type { WireOptions } from '../../../lib/transport/memory/wire.js'
import { FOREVER, fill, NO_FAULTS, type Pair, pattern, Recorder, recording, turns } from '../support.js'

const pair = (way: Partial<Omit<WireOptions, 'faults'>> & { faults?: Partial<WireOptions['faults']> } = {}): Pair => {
  const { faults, ...rest } = way
  return memoryPair({
    maxChunk: FOREVER,
    latency: 0,
    highWaterMark: 64 * 1024,
    clock: systemClock,
    ...rest,
    faults: { ...NO_FAULTS, ...faults },
  })
}

/** A clock that the test moves. Its timers fire `early` ms before their time, as real ones do. */
class Hand implements Clock {
  time = 0
  readonly early: number
  timers: { at: number; callback: () => void; referenced: boolean }[] = []

  constructor(early = 0) {
    this.early = early
  }

  now(): number {
    return this.time
  }

  setTimer(callback: () => void, ms: number): Timer {
    const timer = { at: this.time + ms - this.early, callback, referenced: true }
    this.timers.push(timer)
    return {
      ref: () => void (timer.referenced = true),
      unref: () => void (timer.referenced = false),
      clear: () => void (this.timers = this.timers.filter((one) => one !== timer)),
    }
  }

  async advance(ms: number): Promise<void> {
    const until = this.time + ms
    await turns(2)
    for (;;) {
      const due = this.timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0]
      if (due === undefined) break
      this.timers = this.timers.filter((one) => one !== due)
      this.time = Math.max(this.time, due.at)
      due.callback()
      await turns(2)
    }
    this.time = until
  }
}

// --- how bytes travel ------------------------------------------------------------------------------------------------

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
  await turns()
  t.equal(recorder.chunks.length, 4)
  await turns()
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

// --- resets and releases ---------------------------------------------------------------------------------------------

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

// --- faults ----------------------------------------------------------------------------------------------------------

for (const after of [0, 5, 8]) {
  t.test(`a reset after ${after} bytes is a loss for both`, async (t) => {
    const [a, b] = pair({ maxChunk: 3, faults: { resetAfter: after } })
    const [here, there] = [recording(a), recording(b)]
    a.write(Buffer.from('12345678'))
    await Promise.all([here.waitFor('lost'), there.waitFor('lost')])
    t.equal(there.text, '12345678'.slice(0, after))
    t.equal(there.loss?.code, 'ECONNRESET')
    t.equal(here.loss?.code, 'ECONNRESET')
    await turns(3)
    t.equal(there.events.at(-1), 'lost')
  })

  t.test(`an end after ${after} bytes is an end, and later bytes are dropped`, async (t) => {
    const [a, b] = pair({ maxChunk: 3, highWaterMark: 6, faults: { endAfter: after } })
    const [here, there] = [recording(a), recording(b)]
    if (!a.write(Buffer.from('12345678'))) await here.waitFor('sent')
    await there.waitFor('end')
    t.equal(there.text, '12345678'.slice(0, after))
    t.equal(a.write(Buffer.alloc(1000)), true)
    b.write(Buffer.from('hi'))
    if (after > 0) await here.waitFor('data')
    a.end()
    await here.waitFor('finished')
    await turns(3)
    t.same(
      there.events.filter((what) => what !== 'sent'),
      after > 0 ? ['data', 'end'] : ['end'],
    )
    t.equal(here.has('lost'), false)
  })

  t.test(`after a stall at ${after} bytes nothing arrives, and writes succeed until the limit is reached`, async (t) => {
    const [a, b] = pair({ maxChunk: 3, highWaterMark: 10, faults: { stallAfter: after } })
    const [here, there] = [recording(a), recording(b)]
    t.equal(a.write(Buffer.from('12345678')), true)
    await there.until(() => there.bytes === after)
    await turns(5)
    t.equal(there.text, '12345678'.slice(0, after))
    t.equal(a.write(Buffer.alloc(2 + after)), true)
    t.equal(a.write(Buffer.alloc(1)), false)
    await turns(5)
    t.equal(there.bytes, after)
    t.same(here.events, [])
    a.reset()
    await there.waitFor('lost')
  })
}

t.test('after a stall no end arrives either', async (t) => {
  const [a, b] = pair({ faults: { stallAfter: 4 } })
  const here = recording(a)
  const there = recording(b)
  a.write(Buffer.from('1234'))
  a.end()
  await here.waitFor('finished')
  await there.waitFor('data')
  await turns(5)
  t.same(there.events, ['data'])
})

t.test('each direction counts its own bytes', async (t) => {
  const [a, b] = pair({ faults: { endAfter: 10 } })
  const [here, there] = [recording(a), recording(b)]
  a.write(Buffer.alloc(9))
  b.write(Buffer.alloc(9))
  await Promise.all([here.waitFor('data'), there.waitFor('data')])
  await turns(3)
  t.same([here.events, there.events], [['data'], ['data']])
  a.write(Buffer.alloc(1))
  await there.waitFor('end')
  t.equal(there.bytes, 10)
  t.equal(here.has('end'), false)
})

t.test('a fault from before the first listener is reported to it, also while it is paused', async (t) => {
  const [a, b] = pair({ faults: { resetAfter: 0 } })
  await turns(3)
  const here = recording(a)
  t.same(here.events, [])
  const there = new Recorder()
  b.attach(there)
  t.equal(b.write(Buffer.from('into the void')), false)
  await turns(3)
  t.same(there.events, [])
  b.resume()
  b.pause()
  await there.waitFor('lost')
  t.same([here.events, there.events], [['lost'], ['lost']])
})

t.test('an end by a fault waits for a paused side, a reset does not', async (t) => {
  for (const [faults, heard] of [
    [{ endAfter: 4 }, []],
    [{ resetAfter: 4 }, ['lost']],
  ] as const) {
    const [a, b] = pair({ faults })
    recording(a)
    const there = recording(b)
    there.onData = () => b.pause()
    a.write(Buffer.from('1234'))
    await there.waitFor('data')
    await turns(3)
    t.same(there.events, ['data', ...heard])
    b.resume()
    await turns(3)
    t.equal(there.events.length, 2)
  }
})

// --- what keeps the process alive ------------------------------------------------------------------------------------

t.test('only bytes under way to a referenced side keep the process alive', async (t) => {
  const clock = new Hand()
  const [a, b] = pair({ latency: 10, clock })
  recording(a)
  const recorder = recording(b)
  const referenced = (): boolean[] => clock.timers.map((timer) => timer.referenced)
  t.same(referenced(), [])
  a.write(Buffer.from('one'))
  t.same(referenced(), [true])
  b.unref()
  t.same(referenced(), [false])
  b.ref()
  t.same(referenced(), [true])
  await clock.advance(10)
  b.unref()
  a.write(Buffer.from('two'))
  t.same(referenced(), [false])
  await clock.advance(10)
  a.reset()
  t.same(referenced(), [false])
  await clock.advance(10)
  t.same(recorder.events, ['data', 'lost'])
})

t.test('without latency only bytes for a referenced side keep the process alive', async (t) => {
  const [a, b] = pair()
  recording(a)
  const recorder = recording(b)
  const before = process.getActiveResourcesInfo().filter((name) => name === 'Immediate').length
  a.write(pattern(4))
  const active = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Immediate').length - before
  t.equal(active(), 1)
  b.unref()
  t.equal(active(), 0)
  b.ref()
  t.equal(active(), 1)
  await recorder.waitFor('data')
  b.unref()
  a.write(pattern(4))
  t.equal(active(), 0)
  a.reset()
  t.equal(active(), 0)
  await turns(3)
  t.same(recorder.events, ['data', 'lost'])
})
