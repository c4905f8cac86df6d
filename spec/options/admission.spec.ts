// The arguments of `server.setLimits` and `server.close`: what each changes, and which error a mistake is.

import t from 'tap'
import { changedAdmission, closeGrace } from '../../lib/options/listen.js'
import { thrown } from './refusal.js'

t.test('setLimits changes only the limits that it is given', async (t) => {
  t.strictSame({ ...changedAdmission({}) }, {})
  t.strictSame({ ...changedAdmission({ maxPending: 0, maxConnections: undefined }) }, { maxPending: 0 })
  const all = { maxConnections: 1, maxPending: Infinity, maxConnectionsPerAddress: Infinity }
  t.strictSame({ ...changedAdmission(all) }, all)
})

t.test('a wrong type in setLimits is a TypeError that names it, an impossible value a RangeError', async (t) => {
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

t.test('the grace of close is ten seconds by default, and may be 0 or Infinity', async (t) => {
  for (const options of [undefined, {}, { grace: undefined }]) t.equal(closeGrace(options), 10_000)
  for (const grace of [0, 0.5, 1, 2 ** 31 - 1, Infinity]) t.equal(closeGrace({ grace }), grace)
  t.equal(closeGrace({ grace: 2 ** 31 }), Infinity)
})

t.test('a grace of a wrong type or an impossible value is refused', async (t) => {
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
