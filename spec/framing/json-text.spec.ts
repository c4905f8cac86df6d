// JSON as text: members that set a prototype, and what is not written.

import t from 'tap'
import * as z from 'zod'
import { framed, json, lines } from '../../lib/framing/index.js'
import { FrameError } from '../../lib/index.js'
import { wired } from '../connection/reading/support.js'
import { rejection } from '../support/wait.js'
import { wireOf } from './support.js'

t.test('a member __proto__ is no way in: it is dropped at any depth, also with escapes', async (t) => {
  const texts = [
    '{"__proto__":{"admin":true},"a":1}',
    '{"\\u005f_proto__":{"admin":true},"a":1}',
    '[{"b":{"__proto__":null,"a":1}}]',
    '"__proto__"',
    '{"a":"\\u0041"}',
  ]
  const merge = (target: Record<string, unknown>, source: object): object => {
    for (const [name, value] of Object.entries(source)) {
      target[name] = typeof value === 'object' && value !== null ? merge((target[name] ?? {}) as Record<string, unknown>, value) : value
    }
    return target
  }
  for (const text of texts) {
    const { connection, push } = wired()
    push(`${text}\n`)
    const value = await framed(connection, json(lines())).read()
    t.notOk(/__proto__/.test(JSON.stringify(value)) && text !== '"__proto__"', text)
    if (typeof value === 'object') merge({}, value as object)
    t.equal((Object.assign({}, value) as { admin?: boolean }).admin, undefined)
    t.equal(({} as { admin?: boolean }).admin, undefined)
  }
  const { connection, push } = wired()
  push(`${texts[0]}\n`)
  t.strictSame(await framed(connection, json(lines(), z.strictObject({ a: z.number() }))).read(), { a: 1 })
  const deep = `${'['.repeat(50_000)}{"__proto__":1}${']'.repeat(50_000)}`
  push(`${deep}\n`)
  t.type(await framed(connection, json(lines())).read(), Array)
})

t.test('a message that JSON has no form for, or that would not read back, is refused', async (t) => {
  const cycle: { self?: unknown } = {}
  cycle.self = cycle
  const own = Object.defineProperty({}, '__proto__', { value: 1, enumerable: true })
  const failing = { toJSON: () => { throw new Error('mine') } } // biome-ignore format: short
  const messages = [undefined, () => {}, Symbol('s'), 1n, { a: [1n] }, cycle, Number.NaN, Number.POSITIVE_INFINITY, { a: { b: -Infinity } }, [new Number(Number.NaN)], { a: new Number(Infinity) }, [undefined], [() => {}], [Symbol('s')], { toJSON: () => undefined }, failing, own] // biome-ignore format: short
  for (const [at, message] of messages.entries()) {
    const { connection } = wired()
    const error = await rejection(framed(connection, json(lines())).write(message))
    t.ok(error instanceof FrameError, `message ${at}: ${error}`)
    t.match((error as Error).message, /it was not sent$/)
    t.equal(connection.queued + connection.bytesWritten, 0)
  }
  t.match(await rejection(framed(wired().connection, json(lines())).write([0, Number.NaN])), {
    cause: { message: "NaN at '1' would be written as null" },
  })
})

t.test('what JSON.stringify leaves out, or toJSON says, is written so', async (t) => {
  const codec = json(lines())
  t.equal(codec.encode({ a: undefined, b: () => {}, c: null, d: [null] }), '{"c":null,"d":[null]}\n')
  t.equal(codec.encode(new Date(0)), '"1970-01-01T00:00:00.000Z"\n')
  t.equal(codec.encode({ n: -0, s: '\ud800 __proto__ "null"' }), '{"n":0,"s":"\\ud800 __proto__ \\"null\\""}\n')
})

t.test('a name that ends like __proto__ is written and read back, and the name itself is refused at any depth', async (t) => {
  const codec = json(lines())
  for (const message of [{ 'a"__proto__': 1 }, [{ '"__proto__': { b: '"__proto__":' } }], { __proto__x: 1 }]) {
    const { connection, push } = wired()
    push(wireOf(codec.encode(message)))
    t.strictSame(await framed(connection, codec).read(), message)
  }
  const own = Object.defineProperty({}, '__proto__', { value: 1, enumerable: true })
  for (const message of [[{ 'a"__proto__': 1 }, { a: own }], { toJSON: () => own }])
    t.throws(() => codec.encode(message), { code: 'ERR_LINNET_FRAME', message: /`__proto__`/ })
})
