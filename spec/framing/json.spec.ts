// JSON in frames: values, wrong content, and what a schema makes of them, over each kind of codec.

import t from 'tap'
import { framed, json, lengthPrefixed, lines, type StandardSchemaV1 } from '../../lib/framing/index.js'
import { FrameError } from '../../lib/index.js'
import { unread, wired } from '../connection/reading/support.js'
import { rejection, turns, within } from '../support/wait.js'
import { counting, frames, Later, net, Order } from './json-support.js'
import { settled, wireOf, wrongJson } from './support.js'

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
