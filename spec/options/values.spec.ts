// The kinds of value: what fits, what is impossible, and how a value is shown in a message.

import t from 'tap'
import type * as z from 'zod/mini'
import { parse, safeParse } from 'zod/mini'
import { tagOf } from '../../lib/kind-of.js'
import { abortSignal, flag, limitFrom, shown, time, timeOrZero, value, whole, wholeFrom } from '../../lib/options/values.js'

const revoked = Proxy.revocable({}, {})
revoked.revoke()

t.test('a message quotes scalars and never dumps an object', async (t) => {
  const cases: [unknown, string][] = [
    ['eighty', "'eighty'"],
    ['a\0b\n', "'a\\x00b\\n'"],
    ['x'.repeat(1000), `'${'x'.repeat(40)}'…`],
    [1.5, '1.5'],
    [-0, '-0'],
    [Number.NaN, 'NaN'],
    [10n, '10n'],
    [null, 'null'],
    [undefined, 'undefined'],
    [true, 'true'],
    [Symbol('secret'), 'a symbol'],
    [() => 'secret', 'a function'],
    [{ password: 'secret' }, 'an object'],
    [['secret'], 'an array'],
    [new Map(), 'an object (Map)'],
    [Promise.resolve(), 'an object (Promise: forgotten await?)'],
    [revoked.proxy, 'an object (unreadable)'],
  ]
  for (const [value, text] of cases) t.equal(shown(value), text)
  t.equal(tagOf({ [Symbol.toStringTag]: 'y'.repeat(1000) }).length, 40)
})

const fits = (schema: z.ZodMiniType, value: unknown): boolean => safeParse(schema, value).success

t.test('a number of an impossible value does not fit', async (t) => {
  const cases: [string, z.ZodMiniType, unknown[], unknown[]][] = [
    ['whole', whole(0, 9), [0, 9], [-1, 10, 0.5, Number.NaN, Infinity, '1', 1n, null]],
    ['wholeFrom', wholeFrom(1), [1, 2 ** 60], [0, 1.5, Infinity, Number.NaN, '1']],
    ['limitFrom', limitFrom(1), [1, Infinity], [0, -Infinity, 1.5, Number.NaN, '1']],
    ['limitFrom 0', limitFrom(0), [0, Infinity], [-1]],
    ['time', time, [0.5, 1, Infinity, 1e300], [0, -1, -Infinity, Number.NaN, '1']],
    ['timeOrZero', timeOrZero, [0, 1, Infinity], [-1, Number.NaN, '1']],
    ['flag', flag, [true, false], [0, 1, 'true', null, new Boolean(true)]],
  ]
  for (const [name, schema, good, bad] of cases) {
    for (const value of good) t.ok(fits(schema, value), `${name}: ${shown(value)} fits`)
    for (const value of bad) t.notOk(fits(schema, value), `${name}: ${shown(value)} does not`)
  }
})

t.test('a time beyond the range of a timer becomes Infinity', async (t) => {
  for (const schema of [time, timeOrZero]) {
    t.equal(parse(schema, 2 ** 31 - 1), 2 ** 31 - 1)
    t.equal(parse(schema, 2 ** 31), Infinity)
    t.equal(parse(schema, Number.MAX_VALUE), Infinity)
    t.equal(parse(schema, Infinity), Infinity)
    t.equal(parse(schema, 0.25), 0.25)
  }
})

t.test('a value that throws when it is read does not fit', async (t) => {
  const hostile = {
    get aborted(): boolean {
      throw new Error('mine')
    },
  }
  t.notOk(fits(abortSignal, hostile))
  t.notOk(fits(abortSignal, revoked.proxy))
  t.notOk(
    fits(
      value('a thing', () => {
        throw new Error('mine')
      }),
      1,
    ),
  )
})

t.test('a signal of another realm fits, and an object without its members does not', async (t) => {
  t.ok(fits(abortSignal, new AbortController().signal))
  t.ok(fits(abortSignal, { aborted: false, addEventListener() {} }))
  for (const bad of [{}, { aborted: false }, { addEventListener() {} }, new AbortController(), null, 'signal'])
    t.notOk(fits(abortSignal, bad))
})
