// Codecs of a program: reading a frame keeps the rules of `readMessage`.

import t from 'tap'
import { type Codec, framed } from '../../lib/framing/index.js'
import { unread, wired } from '../connection/reading/support.js'
import { rejection } from '../support/wait.js'
import { encode, settled, sized, textOf } from './support.js'

t.test('an error of its own leaves consumed what it has read, a failed read nothing', async (t) => {
  const mine = new Error('mine')
  const { connection, push } = wired()
  const failing: Codec<string> = {
    async read(reader) {
      await reader.readExactly(1)
      throw mine
    },
    encode,
  }
  push('abc')
  t.equal(await rejection(framed(connection, failing).read()), mine)
  t.equal(unread(connection), 'bc')
  const iterator = framed(connection, failing)[Symbol.asyncIterator]()
  t.equal(await rejection(iterator.next()), mine)
  t.strictSame(await iterator.next(), { value: undefined, done: true })
  t.equal(unread(connection), 'c')
  const controller = new AbortController()
  const cancelled = rejection(framed(connection, sized).read({ signal: controller.signal }))
  await settled()
  controller.abort('enough')
  t.equal(await cancelled, 'enough')
  t.equal(unread(connection), 'c')
})

t.test('no codec makes a message of nothing at the end of the stream', async (t) => {
  const codecs: Record<string, Codec<unknown, unknown>['read']> = {
    'that reads to the end': (reader) => reader.readToEnd('latin1'),
    'that reads what there is': (reader) => reader.read('latin1'),
    'that has a sentinel': (reader) => reader.readLine().catch(() => 'none'),
    'that has an error of its own': (reader) =>
      reader.readLine().catch(() => {
        throw new Error('gone')
      }),
  }
  for (const [name, read] of Object.entries(codecs)) {
    const { connection, push, end } = wired()
    const messages = framed(connection, { read, encode })
    push('ab\n')
    end()
    const found: unknown[] = []
    for await (const message of messages) found.push(textOf(message).trim())
    t.strictSame(found, ['ab'], name)
    const error = await rejection(messages.read())
    if (name.endsWith('of its own')) t.match(error, { message: 'gone' })
    else t.match(error, { code: 'ERR_LINNET_END_OF_STREAM', partial: Buffer.alloc(0) })
  }
})

t.test('an encoder that throws sends nothing, and one that returns what cannot be written is a TypeError', async (t) => {
  const { connection } = wired()
  const mine = new Error('mine')
  const throwing = framed(connection, {
    ...sized,
    encode: () => {
      throw mine
    },
  })
  t.equal(await rejection(throwing.write('x')), mine)
  for (const data of [undefined, 5, Promise.resolve('x'), [5]]) {
    const messages = framed(connection, { ...sized, encode: () => data as never })
    t.match(await rejection(messages.write('x')), { name: 'TypeError' })
  }
  await framed(connection, { ...sized, encode: () => ['a', Buffer.from('b'), 'c'] }).write('x')
  t.equal(connection.queued + connection.bytesWritten, 3)
})
