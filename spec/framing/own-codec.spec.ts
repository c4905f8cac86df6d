// Codecs of a program: reading a frame keeps the rules of `readMessage`, and `tryRead` is safe whatever it does.

import t from 'tap'
import { type Codec, framed, json, lengthPrefixed, lines, netstring } from '../../lib/framing/index.js'
import type { Reader } from '../../lib/index.js'
import { unread, wired } from '../connection/reading/support.js'
import { rejection, turn } from '../support/wait.js'
import { settled, textOf } from './support.js'

const encode = (message: unknown): string => String(message)

/** A number of bytes on a line, and these. */
const sized: Codec<string> = {
  async read(reader) {
    return reader.readExactly(Number(await reader.readLine()), 'latin1')
  },
  encode,
}

/** The same, and what `tryRead` was asked. */
function tried(): Codec<string> & { calls: number } {
  return {
    ...sized,
    calls: 0,
    tryRead(reader: Reader) {
      this.calls++
      const size = reader.tryReadLine()
      return size === undefined ? undefined : reader.tryReadExactly(Number(size), 'latin1')
    },
  } as Codec<string> & { calls: number }
}

t.test('tryRead is called for what is buffered, and read for what is not', async (t) => {
  const { connection, push } = wired()
  let reads = 0
  const codec = tried()
  const counted = Object.assign(codec, {
    read: (reader: Reader) => {
      reads++
      return sized.read(reader)
    },
  })
  const messages = framed(connection, counted)
  push('3\nabc2\nde')
  t.equal(await messages.read(), 'abc')
  t.strictSame(await messages[Symbol.asyncIterator]().next(), { value: 'de', done: false })
  t.strictSame([codec.calls, reads], [2, 0])
  const waiting = messages.read()
  t.strictSame([codec.calls, reads], [2, 1], 'it is not called where nothing is buffered')
  push('1\nx4\nwh')
  t.equal(await waiting, 'x')
  const begun = messages.read()
  t.strictSame([codec.calls, reads], [3, 2], 'after undefined, read has all of the bytes')
  push('at')
  t.equal(await begun, 'what')
})

t.test('after undefined or a throw of tryRead nothing is taken, whatever it has read', async (t) => {
  const mine = new Error('mine')
  const ways: Record<string, (reader: Reader) => unknown> = {
    undefined: (reader) => void reader.tryReadExactly(2),
    'a throw': (reader) => {
      reader.tryReadLine()
      throw mine
    },
    'a failed read': (reader) => reader.tryReadLine({ maxBytes: 1 }),
    'a Promise': async (reader) => reader.readExactly(2),
    'a read that waits': (reader) => void reader.readExactly(100).catch(() => {}),
  }
  for (const [name, way] of Object.entries(ways)) {
    const { connection, push } = wired()
    push('3\nabc')
    const codec = { read: (reader: Reader) => sized.read(reader), encode, tryRead: way as () => string }
    const outcome = await framed(connection, codec)
      .read()
      .catch((error: unknown) => error)
    if (name === 'undefined' || name === 'a read that waits') t.equal(outcome, 'abc', name)
    else {
      t.equal(unread(connection), '3\nabc', name)
      t.ok(name === 'a throw' ? outcome === mine : outcome instanceof Error, name)
      if (name === 'a Promise') t.match(outcome, { name: 'TypeError', message: /cannot be async/ })
    }
    await turn()
    t.equal(connection.waiting, undefined)
  }
})

t.test('a tryRead that aborts the connection fails the read with the reason', async (t) => {
  for (const returns of ['x', undefined, 'throws']) {
    const { connection, push } = wired()
    push('3\nabc')
    const codec: Codec<string> = {
      ...sized,
      tryRead() {
        connection.abort('enough')
        if (returns === 'throws') throw new Error('mine')
        return returns
      },
    }
    const error = await rejection(framed(connection, codec).read())
    t.match(error, returns === 'throws' ? { message: 'mine' } : { code: 'ERR_LINNET_CLOSED', cause: 'enough' })
    t.match(await rejection(connection.readLine()), { code: 'ERR_LINNET_CLOSED' })
  }
})

t.test('the reader of tryRead is of no use later', async (t) => {
  const { connection, push } = wired()
  let kept: Reader | undefined
  push('1\na1\nb')
  const codec: Codec<string> = {
    ...sized,
    tryRead(reader) {
      kept = reader
      return reader.tryReadLine() && reader.tryReadExactly(1, 'latin1')
    },
  }
  t.equal(await framed(connection, codec).read(), 'a')
  t.match(await rejection(kept!.readLine()), { name: 'TypeError' })
  t.throws(() => kept!.tryReadLine(), { name: 'TypeError' })
  t.equal(unread(connection), '1\nb')
})

t.test('other reads during tryRead are ConcurrentReadErrors', async (t) => {
  const { connection, push } = wired()
  push('1\na')
  const refused: unknown[] = []
  const codec: Codec<string> = {
    ...sized,
    tryRead(reader) {
      connection.readLine().catch((error) => refused.push(error.code))
      return reader.tryReadLine() && reader.tryReadExactly(1, 'latin1')
    },
  }
  t.equal(await framed(connection, codec).read(), 'a')
  t.strictSame(refused, ['ERR_LINNET_CONCURRENT_READ'])
})

t.test('limits of a message hold for tryRead as for read', async (t) => {
  for (const codec of [sized, tried()]) {
    const { connection, push } = wired({ maxBufferSize: 20 })
    push(`30\n${'x'.repeat(30)}`)
    t.match(await rejection(framed(connection, codec).read()), { code: 'ERR_LINNET_LIMIT', option: 'maxBufferSize' })
    t.match(await rejection(framed(connection, codec).read({ maxBytes: 32 })), { code: 'ERR_LINNET_LIMIT', limit: 32 })
    t.equal(connection.buffered, 33)
    t.equal(await framed(connection, codec).read({ maxBytes: 33 }), 'x'.repeat(30))
  }
})

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
