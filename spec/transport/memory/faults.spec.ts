// Faults on request: a reset, a stall or an end after a number of bytes.

import t from 'tap'
import { Recorder, recording, turns } from '../support.js'
import { pair } from './support.js'

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
