// The end of the stream, and its loss: no codec of a program makes a message of nothing.

import t from 'tap'
import { type Codec, framed, json } from '../../lib/framing/index.js'
import { FrameError } from '../../lib/index.js'
import { wired } from '../connection/reading/support.js'
import { rejection } from '../support/wait.js'
import { encode, settled } from './support.js'

/** Codecs that make something of the end or the loss of the stream. */
const sentinels: Record<string, Codec<string>> = {
  'a sentinel': { read: (reader) => reader.readLine().catch(() => ''), encode },
  'an error of its frames': {
    read: (reader) =>
      reader.readLine().catch(() => {
        throw new FrameError()
      }),
    encode,
  },
}

for (const [name, codec] of Object.entries(sentinels)) {
  for (const outer of [codec, json(codec)] as Codec<unknown>[]) {
    t.test(`${name}${outer === codec ? '' : ', as JSON'}: a clean end is an EndOfStreamError, and a loop ends`, async (t) => {
      const { connection, push, end } = wired()
      const messages = framed(connection, outer)
      push('1\n')
      t.equal(String(await messages.read()), '1')
      const reading = rejection(messages.read())
      await settled()
      end()
      for (const error of [await reading, await rejection(messages.read())])
        t.match(error, { code: 'ERR_LINNET_END_OF_STREAM', partial: Buffer.alloc(0) })
      t.strictSame(await messages[Symbol.asyncIterator]().next(), { value: undefined, done: true })
    })

    t.test(`${name}${outer === codec ? '' : ', as JSON'}: a loss is its error, and no loop goes on without end`, async (t) => {
      const { connection, lose } = wired()
      const messages = framed(connection, outer)
      const iterator = messages[Symbol.asyncIterator]()
      const waiting = rejection(iterator.next())
      await settled()
      lose()
      t.match(await waiting, { code: 'ECONNRESET' })
      t.strictSame(await iterator.next(), { value: undefined, done: true })
      t.match(await rejection(messages.read()), { code: 'ECONNRESET' })
      t.match(await rejection(messages[Symbol.asyncIterator]().next()), { code: 'ECONNRESET' })
    })
  }
}

t.test('a loss does not hide an error that a codec of a program has of its own', async (t) => {
  const mine = new Error('mine')
  const failing: Codec<string> = {
    read: (reader) =>
      reader.readLine().catch(() => {
        throw mine
      }),
    encode,
  }
  const { connection, lose } = wired()
  lose()
  t.equal(await rejection(framed(connection, failing).read()), mine)
  t.equal(await rejection(framed(connection, failing)[Symbol.asyncIterator]().next()), mine)
})
