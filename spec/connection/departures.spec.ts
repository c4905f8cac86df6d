// When writes leave, for all connections together.

import t from 'tap'
import { depart } from '../../lib/connection/departures.js'
import { uncaught } from '../support/uncaught.js'
import { until } from '../support/wait.js'

t.test('a mistake in one connection keeps back nothing of the others, and is an uncaught exception', async (t) => {
  const errors = uncaught(t)
  const mistake = new Error('a mistake')
  const left: string[] = []
  depart({ pump: () => left.push('first') })
  depart({
    pump: () => {
      throw mistake
    },
  })
  depart({ pump: () => left.push('last') })
  await until(() => errors.length > 0)
  t.same(errors, [mistake])
  t.same(left, ['first', 'last'])
})
