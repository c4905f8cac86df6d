import t from 'tap'
import { once } from '../../lib/options/once.js'

t.test('what is made once is made at once, and is the same for every call', async (t) => {
  let calls = 0
  const thing = once(() => ({ n: ++calls }))
  t.equal(calls, 1)
  t.equal(thing(), thing())
  t.equal(calls, 1)
})
