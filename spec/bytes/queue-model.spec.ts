// The queue against a slow model: the same steps on both, compared after each.

import fc from 'fast-check'
import t from 'tap'
import { Run, step } from './queue-model.js'
import { same } from './support.js'

t.test('the comparison of these specs finds a difference', async (t) => {
  t.throws(() => same('bytes', Buffer.from('a'), Buffer.from('b')), { message: 'bytes: <Buffer 61> instead of <Buffer 62>' })
  t.throws(() => same('number', 1, undefined), { message: 'number: 1 instead of undefined' })
})

t.test('no order of pushing, taking, marking and rewinding loses, duplicates or changes a byte', async (t) => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 8, maxLength: 40, size: 'max' }), (steps) => {
      const run = new Run()
      for (const each of steps) run.step(each)
      for (const { buffer, copy } of run.handedOut) same('a buffer that was handed out', buffer, copy)
    }),
    { numRuns: 1200 },
  )
  t.pass('not in 1200 runs against one Buffer')
})
