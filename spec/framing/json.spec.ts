// JSON: values and schemas, what is wrong content, and what is not written.

import t from 'tap'
import * as z from 'zod'
import { type Codec, framed, json, lengthPrefixed, lines, netstring, type StandardSchemaV1 } from '../../lib/framing/index.js'
import { FrameError } from '../../lib/index.js'
import { unread, wired } from '../connection/reading/support.js'
import { rejection, turns, within } from '../support/wait.js'
import { settled, wireOf, wrongJson } from './support.js'

/** A frame of text. */
const net = (text: string): string => `${Buffer.byteLength(text)}:${Buffer.from(text).toString('latin1')},`

/** The codec whose frames are taken one by one: of the library, and of a program with and without `tryRead`. */
const { read, encode, tryRead } = netstring()
const frames: Record<string, Codec<string | Uint8Array, string>> = {
  'of the library': netstring(),
  'of a program': { read: (reader) => read(reader), encode },
  'of a program, with tryRead': { read: (reader) => read(reader), encode, tryRead: (reader) => tryRead?.(reader) },
  'of a program, of plain bytes': { read: async (reader) => new Uint8Array(await read(reader)), encode },
}

const Order = z.object({ item: z.string(), count: z.coerce.number().min(1).default(1) })
const Later = Order.refine(async ({ item }) => (await Promise.resolve(item)) !== 'bomb', { path: ['item'], message: 'is refused' })

/** A schema that counts, and is asynchronous where `later` says so. */
function counting(later: (value: unknown) => boolean = () => false): StandardSchemaV1<unknown, unknown> & { seen: unknown[] } {
  const seen: unknown[] = []
  const validate = (value: unknown) => {
    seen.push(value)
    const result = value === 'wrong' ? { issues: [{ message: 'is wrong' }] } : { value: value === 'nothing' ? undefined : value }
    return later(value) ? Promise.resolve(result) : result
  }
  return { seen, '~standard': { version: 1, vendor: 'test', validate } }
}

for (const [name, codec] of Object.entries(frames)) {
  t.test(`over a codec ${name}: values are read and written`, async (t) => {
    for (const text of ['{"a":[1,"grüß",null]}', '"text"', '0', 'null', 'false', ' [ ] ', '"\\ud800"']) {
      for (const buffered of [true, false]) {
        const { connection, push } = wired()
        const messages = framed(connection, json(codec))
        if (buffered) push(net(text))
        const reading = messages.read()
        if (!buffered) push(net(text))
        t.strictSame(await reading, JSON.parse(text), text)
        await messages.write(JSON.parse(text))
      }
    }
    t.equal(wireOf(json(codec).encode({ b: [2] })), net('{"b":[2]}'))
  })

  t.test(`over a codec ${name}: wrong content is a FrameError and is taken, whether it was buffered or not`, async (t) => {
    for (const schema of [undefined, Order, Later, counting()]) {
      for (const text of [...wrongJson, ...(schema === Order || schema === Later ? ['5', '{}', '{"item":1}'] : [])]) {
        for (const buffered of [true, false]) {
          const { connection, push } = wired()
          const messages = framed(connection, schema === undefined ? json(codec) : json(codec, schema))
          const good = '{"item":"tea","count":1}'
          push(net(good))
          t.strictSame(await messages.read(), JSON.parse(good))
          if (buffered) push(net(text) + net(good))
          const failing = rejection(messages.read())
          await settled()
          if (!buffered) push(net(text) + net(good))
          const error = (await failing) as FrameError
          t.ok(error instanceof FrameError, `${text}: ${error}`)
          t.equal(String(error.frame), text)
          t.match(error.message, /it is taken, and the next frame can be read$/)
          t.equal(unread(connection), net(good), 'it is taken, and no more')
          t.strictSame(await messages.read(), JSON.parse(good))
          push(net(text))
          t.match(await rejection(messages[Symbol.asyncIterator]().next()), { code: 'ERR_LINNET_FRAME' })
          t.equal(unread(connection), '')
        }
      }
    }
  })

  t.test(`over a codec ${name}: a schema checks and transforms, synchronously or not`, async (t) => {
    for (const schema of [Order, Later]) {
      const { connection, push } = wired()
      const messages = framed(connection, json(codec, schema))
      const values: unknown[] = []
      push(net('{"item":"tea"}') + net('{"item":"cake","count":"3","more":1}') + net('{"item":"tea","count":2}'))
      for (let n = 0; n < 2; n++) values.push(await messages.read())
      for await (const value of messages) {
        values.push(value)
        break
      }
      t.strictSame(values, [{ item: 'tea', count: 1 }, { item: 'cake', count: 3 }, { item: 'tea', count: 2 }]) // biome-ignore format: a table
      push(net('{"item":[],"count":0}'))
      const error = (await rejection(messages.read())) as FrameError
      t.strictSame(
        error.issues.map(({ path }) => path),
        [['item'], ['count']],
      )
      t.match(error.message, /^the frame does not fit its schema: item: .*; count: /)
    }
    const { connection, push } = wired()
    const messages = framed(connection, json(codec, Later))
    push(net('{"item":"bomb"}'))
    t.match(await rejection(messages.read()), { issues: [{ path: ['item'], message: 'is refused' }] })
    t.equal(unread(connection), '')
  })

  t.test(`over a codec ${name}: while a schema takes its time the frame is being read, and may be unread again`, async (t) => {
    const { connection, push } = wired()
    let decide = (): void => {}
    const slow: StandardSchemaV1 = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value) =>
          new Promise((resolve) => {
            decide = () => resolve({ value })
          }),
      },
    }
    const messages = framed(connection, json(codec, slow))
    push(net('1') + net('2'))
    const controller = new AbortController()
    const cancelled = rejection(messages.read({ signal: controller.signal }))
    await turns(1)
    t.match(await rejection(messages.read()), { code: 'ERR_LINNET_CONCURRENT_READ' })
    t.match(await rejection(connection.readLine()), { code: 'ERR_LINNET_CONCURRENT_READ' })
    controller.abort('enough')
    t.equal(await cancelled, 'enough')
    t.equal(unread(connection), net('1') + net('2'))
    const iterator = messages[Symbol.asyncIterator]()
    const left = iterator.next()
    await turns(1)
    await iterator.return?.()
    t.strictSame(await left, { value: undefined, done: true })
    t.equal(unread(connection), net('1') + net('2'))
    const reading = messages.read()
    await turns(1)
    decide()
    t.equal(await within(reading), 1)
    t.equal(unread(connection), net('2'))
  })

  t.test(`over a codec ${name}: a schema that is asynchronous now and then, and one that returns undefined, lose nothing`, async (t) => {
    const schema = counting((value) => value === 'later')
    const { connection, push } = wired()
    const messages = framed(connection, json(codec, schema))
    const expected = [1, 2, 'later', 3, undefined, 4, 'later', 'later', undefined, 5]
    push(expected.map((value) => net(value === undefined ? '"nothing"' : JSON.stringify(value))).join(''))
    for (const value of expected.slice(0, 5)) t.equal(await messages.read(), value)
    const iterator = messages[Symbol.asyncIterator]()
    for (const value of expected.slice(5)) t.strictSame(await iterator.next(), { value, done: false })
    t.equal(unread(connection), '')
  })

  t.test(`over a codec ${name}: an error that a schema throws is the program's, and its frame is taken`, async (t) => {
    const mine = new Error('mine')
    const schema = counting()
    const { validate } = schema['~standard']
    let throws = false
    const wild: StandardSchemaV1 = { '~standard': { ...schema['~standard'], validate: (value) => { if (throws) throw mine; return validate(value) } } } // biome-ignore format: short
    const { connection, push } = wired()
    const messages = framed(connection, json(codec, wild))
    push(net('1') + net('2') + net('3') + net('4'))
    t.equal(await messages.read(), 1)
    throws = true
    t.equal(await rejection(messages.read()), mine)
    t.equal(await rejection(messages[Symbol.asyncIterator]().next()), mine)
    throws = false
    t.equal(await messages.read(), 4)
  })
}

t.test('wrong content that an asynchronous answer shows is one failure', async (t) => {
  const schema = counting((value) => value === 'wrong')
  const { connection, push } = wired()
  const messages = framed(connection, json(netstring(), schema))
  push(net('1') + net('"wrong"') + net('2'))
  t.equal(await messages.read(), 1)
  t.match(await rejection(messages.read()), { code: 'ERR_LINNET_FRAME', issues: [{ message: 'is wrong' }] })
  t.equal(await messages.read(), 2)
  await turns()
})

t.test('a synchronous schema is asked once about each frame that fits', async (t) => {
  const schema = counting()
  const { connection, push } = wired()
  const messages = framed(connection, json(netstring(), schema))
  push(net('1') + net('2'))
  t.equal(await messages.read(), 1)
  t.equal(await messages.read(), 2)
  const waiting = messages.read()
  push(net('3'))
  t.equal(await waiting, 3)
  t.strictSame(schema.seen, [1, 2, 3])
})

t.test('JSON in JSON is read and written, with a schema at each level or at one', async (t) => {
  const inner = {
    plain: json(lines(), z.string()),
    later: json(
      lines(),
      z.string().refine(async () => true),
    ),
  }
  for (const [name, codec] of Object.entries(inner)) {
    for (const schema of [undefined, counting((value) => value === 'later')]) {
      const outer = schema === undefined ? json(codec) : json(codec, schema)
      const { connection, push } = wired()
      const messages = framed(connection, outer)
      const values = [1, 'later', 'nothing', [2], 'later', 'nothing', 3]
      push(values.map((value) => wireOf(outer.encode(value))).join(''))
      for (const value of values) t.strictSame(await messages.read(), value === 'nothing' && schema !== undefined ? undefined : value, name)
      const waiting = messages.read()
      push(wireOf(outer.encode('last')))
      t.equal(await waiting, 'last')
      push('"{"\n"5"\n')
      t.match(await rejection(messages.read()), { code: 'ERR_LINNET_FRAME' })
      t.equal(await messages.read(), 5, 'wrong content is taken at each level')
    }
  }
})

t.test('paths of issues are strings and numbers, whatever a schema has', async (t) => {
  const issues = [{ message: 'a', path: ['list', 0, Symbol('s')] }, { message: 'b', path: [{ key: 'list' }, { key: 1 }] }, { message: 'c' }]
  const schema: StandardSchemaV1 = { '~standard': { version: 1, vendor: 'test', validate: () => ({ issues }) } }
  const { connection, push } = wired()
  push('1\n')
  const error = await rejection(framed(connection, json(lines(), schema)).read())
  t.match(error, {
    message: /: list\.0\.Symbol\(s\): a; list\.1: b; c;/,
    issues: [
      { path: ['list', 0, 'Symbol(s)'], message: 'a' },
      { path: ['list', 1], message: 'b' },
      { path: [], message: 'c' },
    ],
  })
})

t.test('an error message lists the first issues, however many and however long they are', async (t) => {
  const { connection, push } = wired()
  const text = JSON.stringify(Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`${n} ${'x'.repeat(1000)}`, 'wrong'])))
  push(`${text}\n`)
  const error = (await rejection(framed(connection, json(lines(), z.record(z.string(), z.number()))).read())) as FrameError
  t.equal(error.issues.length, 100)
  t.match(error.message, /^the frame does not fit its schema: 0 x{100,}…; .*…; and 95 more; it is taken/)
  t.ok(error.message.length < 1000)
  t.equal(String(error.frame), text)
})

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
  const messages = [undefined, () => {}, Symbol('s'), 1n, { a: [1n] }, cycle, Number.NaN, Number.POSITIVE_INFINITY, { a: { b: -Infinity } }, [undefined], [() => {}], [Symbol('s')], { toJSON: () => undefined }, failing, own] // biome-ignore format: short
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

t.test('limits, broken frames and refusals are those of the frames', async (t) => {
  const { connection, push } = wired()
  const messages = framed(connection, json(lengthPrefixed({ bytes: 1, adjust: -1, maxBytes: 5 })))
  push('\0')
  t.match(await rejection(messages.read()), { code: 'ERR_LINNET_FRAME', message: /still unread/ })
  t.equal(unread(connection), '\0')
  await connection.skip(1)
  push('\x07')
  t.match(await rejection(messages.read()), { code: 'ERR_LINNET_LIMIT', limit: 5, size: 6 })
  t.match(await rejection(messages.write('12345')), { code: 'ERR_LINNET_LIMIT', limit: 5, size: 7 })
  t.match(await rejection(framed(connection, json(lines())).read({ maxBytes: 1 })), { code: 'ERR_LINNET_LIMIT' })
})

t.test('the limit of a frame is the same where it is read as a message', async (t) => {
  for (const schema of [undefined, counting(), counting(() => true)]) {
    for (const codec of Object.values(frames)) {
      for (const [size, fits] of [
        [98, true],
        [99, false],
      ] as const) {
        // biome-ignore format: a table
        const { connection, push } = wired({ maxBufferSize: 100 })
        const messages = framed(connection, schema === undefined ? json(codec) : json(codec, schema))
        const reading = messages.read().catch((error: unknown) => error)
        push(net(JSON.stringify('x'.repeat(size))))
        if (fits) t.equal(await reading, 'x'.repeat(size))
        else t.match(await reading, { code: 'ERR_LINNET_LIMIT', limit: 100, size: 101, option: 'maxBufferSize' })
      }
    }
  }
})

t.test('what is no codec of text or bytes, or no schema, is a TypeError', async (t) => {
  for (const codec of [undefined, null, 5, {}, { read: () => {} }, lines]) t.throws(() => json(codec as never), { name: 'TypeError' })
  const schemas = [
    null,
    5,
    'x',
    {},
    z.object,
    { '~standard': null },
    { '~standard': { version: 2, validate: () => {} } },
    { '~standard': { version: 1 } },
  ]
  for (const schema of schemas) t.throws(() => json(lines(), schema as never), { name: 'TypeError', message: /^schema must be a schema/ })
  t.doesNotThrow(
    () =>
      json(
        lines(),
        Object.assign(() => {}, counting()),
      ),
    'a schema may be a function',
  )
  const { connection, push } = wired()
  const wrong = json({ read: async (reader: { readLine(): Promise<string> }) => Number(await reader.readLine()), encode: String } as never)
  push('5\n')
  t.match(await rejection(framed(connection, wrong).read()), {
    name: 'TypeError',
    message: /needs a codec that reads text or bytes, not a number/,
  })
})
