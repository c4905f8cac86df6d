// What keeps the process alive: bytes under way in memory.

import t from 'tap'
import { pattern, recording, turns } from '../support.js'
import { Hand, pair } from './support.js'

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
