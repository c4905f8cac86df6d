// Schemas: synchronous and asynchronous ones, what they report, and what is no schema.

import t from 'tap'
import * as z from 'zod'
import { framed, json, lines, netstring, type StandardSchemaV1 } from '../../lib/framing/index.js'
import type { FrameError } from '../../lib/index.js'
import { unread, wired } from '../connection/reading/support.js'
import { rejection, turns } from '../support/wait.js'
import { counting, frames, net } from './json-support.js'
import { wireOf } from './support.js'

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

t.test('while a schema decides, also at once, every other read is a ConcurrentReadError', async (t) => {
  for (const codec of Object.values(frames)) {
    const { connection, push } = wired()
    const refused: Promise<unknown>[] = []
    const schema = counting()
    const { validate } = schema['~standard']
    const reading: StandardSchemaV1 = {
      '~standard': {
        ...schema['~standard'],
        validate(value) {
          refused.push(rejection(messages.read()), rejection(connection.readLine()), rejection(messages[Symbol.asyncIterator]().next()))
          return validate(value)
        },
      },
    }
    const messages = framed(connection, json(codec, reading))
    push([1, 2, 3].map((value) => net(`${value}`)).join(''))
    for (const value of [1, 2, 3]) t.equal(await messages.read(), value)
    t.ok(refused.length >= 9)
    for (const error of await Promise.all(refused)) t.match(error, { code: 'ERR_LINNET_CONCURRENT_READ', message: /^framed\.read\(\)/ })
    t.equal(unread(connection), '')
  }
})

t.test('a schema that aborts the connection fails the read with that, whatever it returns', async (t) => {
  for (const codec of Object.values(frames)) {
    const { connection, push } = wired()
    const schema: StandardSchemaV1 = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate(value) {
          if (value === 2) connection.abort('enough')
          return { value }
        },
      },
    }
    const messages = framed(connection, json(codec, schema))
    push(net('1') + net('2') + net('3'))
    t.equal(await messages.read(), 1)
    t.match(await rejection(messages.read()), { code: 'ERR_LINNET_CLOSED', cause: 'enough' })
    t.match(await rejection(messages.read()), { code: 'ERR_LINNET_CLOSED', cause: 'enough' })
  }
})
