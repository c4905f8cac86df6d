// Codecs of the library in the hands of a program: copied, composed, and called with a reader.

import t from 'tap'
import {
  type Codec,
  contentLength,
  delimited,
  framed,
  json,
  lengthPrefixed,
  lines,
  netstring,
  varintPrefixed,
} from '../../lib/framing/index.js'
import type { Reader } from '../../lib/index.js'
import { unread, wired } from '../connection/reading/support.js'
import { rejection } from '../support/wait.js'
import { encode, settled, textOf } from './support.js'

t.test('a copy of a codec of the library is one, and one with another function is a program codec', async (t) => {
  const { connection, push } = wired()
  push('1:a,1:b,1:c,')
  const original = netstring()
  t.equal(String(await framed(connection, { ...original }).read()), 'a')
  const upper = { ...original, read: async (reader: Reader) => String(await original.read(reader)).toUpperCase(), tryRead: undefined }
  t.equal(await framed(connection, upper as unknown as Codec<string>).read(), 'B')
  const tries = { ...original, tryRead: (reader: Reader) => Buffer.from(`${original.tryRead?.(reader)}!`) }
  t.equal(String(await framed(connection, tries).read()), 'c!')
})

t.test('codecs of the library are used by those of a program, with read and with tryRead', async (t) => {
  const [header, body] = [lines({ maxBytes: 10 }), lengthPrefixed({ bytes: 1 })]
  const codec: Codec<string> = {
    async read(reader) {
      return `${await header.read(reader)}=${await body.read(reader)}`
    },
    tryRead(reader) {
      const name = header.tryRead?.(reader)
      const value = name === undefined ? undefined : body.tryRead?.(reader)
      return value === undefined ? undefined : `${name}=${value}`
    },
    encode,
  }
  const { connection, push } = wired()
  const messages = framed(connection, codec)
  push('a\n\x01b')
  t.equal(await messages.read(), 'a=b')
  push('c\n')
  const waiting = messages.read()
  await settled()
  push('\x02d')
  await settled()
  push('d')
  t.equal(await waiting, 'c=dd')
  push('too long a name\n')
  t.match(await rejection(messages.read()), { code: 'ERR_LINNET_LIMIT', limit: 10 })
  t.equal(unread(connection), 'too long a name\n')
  await connection.skipUntil('\n')
  push('e\n')
  t.equal(codec.tryRead?.(connection), undefined)
  t.equal(unread(connection), '', 'a program calls its own tryRead on a connection at its own risk')
})

t.test('tryRead of a codec of the library takes a frame that is there, of a connection or of a message', async (t) => {
  const { connection, push } = wired({ maxBufferSize: 100 })
  const [codec, values] = [netstring(), json(netstring())]
  t.equal(codec.tryRead?.(connection), undefined)
  push('1:a,3:b')
  t.equal(String(codec.tryRead?.(connection)), 'a')
  t.equal(codec.tryRead?.(connection), undefined)
  t.equal(values.tryRead?.(connection), undefined)
  t.equal(unread(connection), '3:b')
  push('bb,1:7,1:x,4:null,')
  t.equal(String(codec.tryRead?.(connection)), 'bbb')
  t.equal(values.tryRead?.(connection), 7)
  t.equal(values.tryRead?.(connection), undefined, 'wrong content is for read, which takes it')
  t.equal(unread(connection), '1:x,4:null,')
  t.match(await rejection(values.read(connection)), { code: 'ERR_LINNET_FRAME' })
  const found = await connection.readMessage((reader) => {
    const first = codec.tryRead?.(reader)
    return [String(first), values.tryRead?.(reader)]
  })
  t.strictSame(found, ['null', undefined])
  push('1:x,1:8,')
  const second = await connection.readMessage(async (reader) => {
    const wrong = values.tryRead?.(reader)
    return [wrong, String(await codec.read(reader)), values.tryRead?.(reader)]
  })
  t.strictSame(second, [undefined, 'x', 8], 'in a message too nothing of it is taken')
  push('101:')
  t.throws(() => codec.tryRead?.(connection), { code: 'ERR_LINNET_LIMIT', limit: 100, size: 101 })
  t.throws(() => values.tryRead?.(connection), { code: 'ERR_LINNET_LIMIT' })
  t.equal(unread(connection), '101:')
  const line = connection.readLine()
  t.throws(() => codec.tryRead?.(connection), { code: 'ERR_LINNET_CONCURRENT_READ' })
  t.throws(() => values.tryRead?.(connection), { code: 'ERR_LINNET_CONCURRENT_READ' })
  push('\n')
  await line
})

t.test('a program that polls by tryRead gets a frame beyond readHighWaterMark', async (t) => {
  const { connection, carrier, push } = wired({ readHighWaterMark: 10, maxBufferSize: 100 })
  for (const [codec, wire] of [
    [netstring(), `100:${'x'.repeat(100)},`],
    [lines(), `${'x'.repeat(99)}\n`],
  ] as const) {
    // biome-ignore format: a table
    t.equal(codec.tryRead?.(connection), undefined)
    let pushed = 0
    for (let polls = 0; polls < 300 && pushed < wire.length; polls++) {
      if (!carrier.paused) push(wire[pushed++] ?? '')
      if (codec.tryRead?.(connection) !== undefined) break
    }
    t.equal(pushed, wire.length)
    t.equal(connection.buffered, 0)
  }
})

t.test('a program that polls by tryRead gets a frame whose header is longer than the limit of its body', async (t) => {
  const header = 'Content-Length: 1\r\n\r\n'
  const polled: [Codec<Buffer, never>, string][] = [
    [contentLength({ maxBytes: 1 }), `${header}a`],
    [lengthPrefixed({ bytes: 8, maxBytes: 1 }), '\0\0\0\0\0\0\0\x01a'],
    [varintPrefixed({ maxBytes: 1 }), '\x81\x80\x80\0a'],
    [netstring({ maxBytes: 1 }), '1:a,'],
    [delimited('--=', { maxBytes: 4 }), 'a--='],
  ]
  for (const [codec, wire] of polled) {
    const { connection, carrier, push } = wired({ readHighWaterMark: 1 })
    let pushed = 0
    let found: Buffer | undefined
    for (let polls = 0; polls < 100 && found === undefined; polls++) {
      if (!carrier.paused) push(wire[pushed++] ?? '')
      found = codec.tryRead?.(connection)
      await settled()
    }
    t.equal(textOf(found), 'a', wire)
    t.equal(connection.buffered, 0)
  }
})

t.test('a reader that is none of the library is a TypeError', async (t) => {
  for (const reader of [undefined, {}, 'x']) {
    t.match(await rejection(lines().read(reader as never)), { name: 'TypeError', message: /^reader must be a connection/ })
    t.throws(() => lines().tryRead?.(reader as never), { name: 'TypeError' })
    t.throws(() => json(lines()).tryRead?.(reader as never), { name: 'TypeError' })
  }
})

t.test('a codec whose frames are read outside of framed is a read like others', async (t) => {
  const { connection, push, end } = wired()
  const reading = netstring().read(connection)
  push('2:ab,')
  t.equal(String(await reading), 'ab')
  const message = connection.readMessage(async (reader) => {
    const first = await netstring().read(reader)
    const second = await json(netstring()).read(reader)
    return [String(first), second]
  })
  push('1:a,1:')
  await settled()
  push('1,')
  t.strictSame(await message, ['a', 1])
  push('1:a,1:')
  end()
  const failed = connection.readMessage(async (reader) => [await netstring().read(reader), await netstring().read(reader)])
  t.match(await rejection(failed), { code: 'ERR_LINNET_END_OF_STREAM', partial: Buffer.from('1:a,1:') })
  t.equal(unread(connection), '1:a,1:')
})
