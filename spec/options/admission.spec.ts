// What `server.setLimits` and `server.close` are told: what it changes, and which error a mistake is.

import t from 'tap'
import { changedAdmission, closeGrace } from '../../lib/options/index.js'
import { thrown } from './refusal.js'

t.test('setLimits changes only what it is given', async (t) => {
  t.strictSame({ ...changedAdmission({}) }, {})
  t.strictSame({ ...changedAdmission({ maxPending: 0, maxConnections: undefined }) }, { maxPending: 0 })
  const all = { maxConnections: 1, maxPending: Infinity, maxConnectionsPerAddress: Infinity }
  t.strictSame({ ...changedAdmission(all) }, all)
})

t.test('setLimits tells a wrong type from an impossible value, and names it', async (t) => {
  for (const changes of [undefined, null, 5, 'x', [], () => 1]) {
    t.match(
      thrown(() => changedAdmission(changes)),
      { name: 'TypeError', message: /^expected an object of options, got / },
    )
  }
  for (const name of ['maxConnections', 'maxPending', 'maxConnectionsPerAddress']) {
    for (const value of ['1', null, true, 1n]) {
      t.match(
        thrown(() => changedAdmission({ [name]: value })),
        { name: 'TypeError', message: new RegExp(`^${name}: expected `) },
      )
    }
    for (const value of [-1, 0.5, Number.NaN, -Infinity]) {
      t.match(
        thrown(() => changedAdmission({ [name]: value })),
        { name: 'RangeError', message: new RegExp(`^${name}: expected `) },
      )
    }
  }
  for (const name of ['maxConnections', 'maxConnectionsPerAddress'])
    t.match(
      thrown(() => changedAdmission({ [name]: 0 })),
      { name: 'RangeError' },
    )
  t.match(
    thrown(() => changedAdmission({ admit() {} })),
    { name: 'TypeError', message: /^admit: unknown option/ },
  )
})

t.test('the grace of close is ten seconds, none at all, or for ever', async (t) => {
  for (const options of [undefined, {}, { grace: undefined }]) t.equal(closeGrace(options), 10_000)
  for (const grace of [0, 0.5, 1, 2 ** 31 - 1, Infinity]) t.equal(closeGrace({ grace }), grace)
  t.equal(closeGrace({ grace: 2 ** 31 }), Infinity)
})

t.test('a grace that cannot be meant is refused', async (t) => {
  for (const options of [null, 5, 'x', [], { grace: '1' }, { grace: null }, { grce: 1 }, { signal: undefined }]) {
    t.match(
      thrown(() => closeGrace(options)),
      { name: 'TypeError' },
    )
  }
  for (const grace of [-1, Number.NaN, -Infinity])
    t.match(
      thrown(() => closeGrace({ grace })),
      { name: 'RangeError', message: /^grace: expected / },
    )
})
