// Strict objects, lists, tables and the two checks, with made-up options.

import t from 'tap'
import * as z from 'zod/mini'
import { InvalidOptionsError } from '../../lib/errors.js'
import { checkArgument, checkOptions, defaultsOf, list, option, shapeOf, strictObject } from '../../lib/options/schema.js'
import { flag, limitFrom, time } from '../../lib/options/values.js'
import { refusal, thrown } from './refusal.js'

const table = { size: option(limitFrom(1), 7), wait: option(time, Infinity), loud: option(flag, false) }
const inner = strictObject<{ size: number; wait: number; loud: boolean }>(shapeOf(table))
const outer = strictObject<{ one: object; many: object[] }>({ one: inner, many: list('a list of them', inner) })

t.test('checked options have the members that were given, and undefined is not given', async (t) => {
  t.strictSame({ ...checkOptions(inner, { size: 3, wait: undefined }) }, { size: 3 })
  t.strictSame({ ...checkOptions(inner, { wait: 2 ** 40 }) }, { wait: Infinity })
  t.strictSame(defaultsOf(table), { size: 7, wait: Infinity, loud: false })
  t.ok(Object.isFrozen(defaultsOf(table)))
})

t.test('every mistake is reported at once, each by its own path', async (t) => {
  t.strictSame(
    refusal(() => checkOptions(outer, { one: { size: 0, lout: true, x: 1, y: 2 }, many: [{}, { wait: 'long' }, 5], less: [] })),
    {
      less: 'unknown option; expected one of one, many',
      'one.lout': 'unknown option; did you mean `loud`?',
      'one.x': 'unknown option; expected one of size, wait, loud',
      'one.y': 'unknown option; expected one of size, wait, loud',
      'one.size': 'expected a whole number, 1 or more, or Infinity, got 0',
      'many.1.wait': "expected milliseconds, more than 0, or Infinity for no limit, got 'long'",
      'many.2': 'expected an object of options, got 5',
    },
  )
})

t.test('paths are lists of names and indices, behind the prefix of the call', async (t) => {
  const error = thrown(() => checkOptions(outer, { many: [{ size: 0 }] }, ['client', 3])) as InvalidOptionsError
  t.type(error, InvalidOptionsError)
  t.strictSame(error.issues[0]?.path, ['client', 3, 'many', 0, 'size'])
  t.equal(error.message.includes('client.3.many.0.size: expected a whole number'), true)
})

t.test('an unknown key is refused, also if its value is undefined, or its name __proto__', async (t) => {
  t.match(
    refusal(() => checkOptions(inner, { x: undefined })),
    { x: /^unknown option/ },
  )
  t.match(
    refusal(() => checkOptions(inner, JSON.parse('{"__proto__": 1}'))),
    { ['__proto__']: /^unknown option/ },
  )
})

t.test('own members are options, also of an instance and of a module namespace; inherited ones are not', async (t) => {
  const namespace: string = 'data:text/javascript,export const size = 3'
  class Configuration {
    size = 3
    get loud(): boolean {
      return true
    }
  }
  t.strictSame({ ...checkOptions(inner, new Configuration()) }, { size: 3 })
  t.strictSame({ ...checkOptions(inner, Object.create({ size: 3, x: 1 })) }, {})
  t.strictSame({ ...checkOptions(inner, Object.assign(Object.create(null), { size: 3 })) }, { size: 3 })
  t.strictSame({ ...checkOptions(inner, new Proxy({ size: 3 }, {})) }, { size: 3 })
  t.strictSame({ ...checkOptions(inner, await import(namespace)) }, { size: 3 })
})

t.test('a value that is no object of options is refused', async (t) => {
  for (const options of [null, undefined, 5, 'x', Symbol('x'), () => 1, [], new Map(), new Date(), Promise.resolve({}), new URL('a:b')]) {
    t.match(
      refusal(() => checkOptions(inner, options)),
      { '': /^expected an object of options, got / },
    )
    t.throws(() => checkArgument(inner, options), TypeError)
  }
})

t.test('a list that changes while it is read is read once', async (t) => {
  let asked = 0
  const shrinking = new Proxy([{}], { get: (target, name) => (name === 'length' && asked++ > 0 ? 0 : Reflect.get(target, name)) })
  t.equal(Array.isArray(shrinking), true)
  const many = (): object[] => (checkOptions(outer, { many: shrinking }) as { many: object[] }).many.map((one) => ({ ...one }))
  t.strictSame(many(), [{}])
  t.match(refusal(many), { many: /^expected a list of them, got an empty one/ })
})

t.test('a value that is no list, and an empty list, are refused', async (t) => {
  for (const many of [[], {}, 'ab', null, new Set([{}])]) {
    t.match(
      refusal(() => checkOptions(outer, { many })),
      { many: /^expected a list of them, got / },
    )
  }
})

t.test('a getter that throws is an issue at its path, whose cause is what it threw', async (t) => {
  const mine = new Error('mine')
  const throwing = (): never => {
    throw mine
  }
  const cases: [string, object][] = [
    ['one', Object.defineProperty({}, 'one', { get: throwing, enumerable: true })],
    ['one.size', { one: Object.defineProperty({}, 'size', { get: throwing, enumerable: true }) }],
    ['many.1.size', { many: [{}, Object.defineProperty({}, 'size', { get: throwing, enumerable: true })] }],
    ['many', { many: Object.defineProperty([1], 0, { get: throwing, enumerable: true }) }],
    ['', new Proxy({}, { ownKeys: throwing })],
  ]
  for (const [path, options] of cases) {
    t.strictSame(
      refusal(() => checkOptions(outer, options)),
      { [path]: 'expected something that can be read, got an exception' },
    )
    t.equal((thrown(() => checkOptions(outer, options)) as Error).cause, mine)
    t.match(
      thrown(() => checkArgument(outer, options)),
      { name: 'TypeError', cause: mine },
    )
  }
})

t.test('a getter is called once', async (t) => {
  let asked = 0
  const options = {
    get size(): unknown {
      return asked++ === 0 ? 3 : 'changed'
    },
  }
  t.strictSame({ ...checkOptions(inner, options) }, { size: 3 })
  t.equal(asked, 1)
})

t.test('contradictions are reported together with unknown keys and wrong values', async (t) => {
  const schema = strictObject<{ size: number; loud: boolean }>(
    { size: limitFrom(1), loud: flag },
    { contradictions: (given) => ('size' in given && 'loud' in given ? [{ path: ['loud'], message: 'too much' }] : []) },
  )
  t.strictSame(Object.keys(refusal(() => checkOptions(schema, { size: 0, loud: true, x: 1 }))).sort(), ['loud', 'size', 'x'])
  t.strictSame(
    refusal(() => checkOptions(schema, { size: 1, loud: true })),
    { loud: 'too much' },
  )
  t.strictSame({ ...checkOptions(schema, { size: 1, loud: undefined }) }, { size: 1 })
})

t.test('an argument of a wrong type is a TypeError, an impossible one a RangeError', async (t) => {
  t.strictSame({ ...checkArgument(inner, { size: 1 }) }, { size: 1 })
  for (const wrong of [{ size: '1' }, { size: 1n }, { loud: 1 }, { x: 1 }, { size: 0, loud: 1 }]) {
    t.equal((thrown(() => checkArgument(inner, wrong)) as Error).constructor, TypeError)
  }
  for (const impossible of [{ size: 0 }, { size: 1.5 }, { wait: 0 }, { size: -1, wait: Number.NaN }]) {
    t.equal((thrown(() => checkArgument(inner, impossible)) as Error).constructor, RangeError)
  }
  const error = thrown(() => checkArgument(inner, { size: 0, wait: -1 })) as Error
  t.equal(
    error.message,
    'size: expected a whole number, 1 or more, or Infinity, got 0; wait: expected milliseconds, more than 0, or Infinity for no limit, got -1',
  )
  t.notOk('cause' in error)
})

t.test("a program's own configuration of zod changes no message", async (t) => {
  z.config({ customError: () => 'theirs' })
  t.teardown(() => z.config({ customError: undefined }))
  t.strictSame(
    refusal(() => checkOptions(inner, { size: 0 })),
    { size: 'expected a whole number, 1 or more, or Infinity, got 0' },
  )
})
