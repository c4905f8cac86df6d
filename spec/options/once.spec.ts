import t from 'tap'
import { once } from '../../lib/options/once.js'

t.test('what is made once is made on the first call, and a failure is not kept', async (t) => {
  let calls = 0
  const thing = once(() => {
    if (calls++ === 0) throw new Error('mine')
    return {}
  })
  t.equal(calls, 0)
  t.throws(thing, { message: 'mine' })
  t.equal(thing(), thing())
  t.equal(calls, 2)
})
