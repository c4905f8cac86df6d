// How much a message may gather: its own maxBytes for the whole, or else each read its own, and the others together what
// the connection allows.

import t from 'tap'
import { LimitExceededError, type Reader, type ReadOptions } from '../../../lib/index.js'
import { same } from '../../bytes/support.js'
import { rejection, turns, within } from '../../support/wait.js'
import { unread, wired } from './support.js'

type Read = (reader: Reader) => Promise<unknown>
const two: Read = async (reader) => [await reader.readLine(), await reader.readLine()]

t.test('the limit of a message is exact at every cut', async (t) => {
  const text = 'ab\r\ncd\n'
  for (let at = 0; at <= text.length; at++) {
    for (const maxBytes of [6, 7]) {
      for (const wait of [0, 1]) {
        const { connection, push } = wired()
        const message = connection.readMessage(two, { maxBytes }).catch((error) => error)
        push(text.slice(0, at))
        await turns(wait)
        push(`${text.slice(at)}X`)
        const got = await message
        const where = `cut at ${at}, limit ${maxBytes}`
        if (maxBytes === 7) same(where, String(got), 'ab,cd')
        else if (!(got instanceof LimitExceededError)) t.fail(`${where}: ${String(got)}`)
        same(where, unread(connection), maxBytes === 7 ? 'X' : 'ab\r\ncd\nX')
      }
    }
  }
  t.pass()
})

t.test('a limit error in a message counts the whole message', async (t) => {
  const { connection, push } = wired({ maxBufferSize: 8 })
  push('ab\ncdefghi')
  const errorOf = (read: Read, options?: ReadOptions): Promise<unknown> => rejection(connection.readMessage(read, options))
  t.match(await errorOf(two, { maxBytes: 6 }), { limit: 6, size: 10, option: 'maxBytes' })
  t.match(await errorOf(two), { limit: 8, size: 10, option: 'maxBufferSize' })
  const exactly =
    (n: number, options?: ReadOptions): Read =>
    async (reader) => [await reader.readLine(), await reader.readExactly(n, options)]
  t.match(await errorOf(exactly(4), { maxBytes: 6 }), { limit: 6, size: 7, option: 'maxBytes' })
  t.match(await errorOf(exactly(6)), { limit: 8, size: 9, option: 'maxBufferSize' })
  t.match(await errorOf(exactly(3, { maxBytes: 2 })), { limit: 2, size: 3, option: 'maxBytes' }, 'its own')
  t.match(await errorOf(exactly(3, { maxBytes: 2 }), { maxBytes: 9 }), { limit: 2, size: 3 }, 'the smaller of both')
  t.match(await errorOf(exactly(5, { maxBytes: 90 }), { maxBytes: 7 }), { limit: 7, size: 8 }, 'the smaller of both')
  t.equal(unread(connection), 'ab\ncdefghi')
})

t.test('the limit of one read does not raise that of the message', async (t) => {
  const reads: [name: string, read: Read, fits: number][] = [
    ['exact reads', async (reader) => [await reader.readExactly(3), await reader.readExactly(3)], 6],
    ['a larger limit in one', async (reader) => [await reader.readLine(), await reader.readLine({ maxBytes: 1000 })], 6],
    ['a target', async (reader) => [await reader.readLine(), await reader.readInto(Buffer.alloc(3))], 6],
    ['what is skipped', async (reader) => [await reader.skip(3), await reader.skipUntil('\n')], 6],
    ['what is skipped in loops', async (reader) => [await reader.readLine(), await reader.lines({ overflow: 'skip' }).next()], 6],
    ['a try read', async (reader) => [await reader.readLine(), reader.tryReadExactly(3)], 6],
    ['what is peeked at', async (reader) => [await reader.readLine(), await reader.peek(3), await reader.peek(3)], 6],
    ['a match', async (reader) => [await reader.readLine(), await reader.readUntilMatch(/\n/)], 6],
  ]
  for (const [name, read, fits] of reads) {
    for (const maxBytes of [fits, fits - 1]) {
      const { connection, push } = wired()
      push('ab\ncd\nef')
      const got = await connection.readMessage(read, { maxBytes }).catch((error) => error)
      if (maxBytes === fits) t.ok(Array.isArray(got), `${name}: ${String(got)}`)
      else t.match(got, { code: 'ERR_LINNET_LIMIT', limit: maxBytes }, name)
      if (maxBytes < fits) t.equal(unread(connection), 'ab\ncd\nef', name)
    }
  }
})

t.test('a message at its limit does not wait for more bytes', async (t) => {
  const starts: Record<string, Read> = {
    readLine: (reader) => reader.readLine(),
    readUntil: (reader) => reader.readUntil(';'),
    readExactly: (reader) => reader.readExactly(1),
    peek: (reader) => reader.peek(1),
    skip: (reader) => reader.skip(1),
    skipUntil: (reader) => reader.skipUntil(';'),
    readInto: (reader) => reader.readInto(Buffer.alloc(4)),
    'readInto, partial': (reader) => reader.readInto(Buffer.alloc(4), { partial: true }),
    readUntilMatch: (reader) => reader.readUntilMatch(/;/),
  }
  for (const [name, start] of Object.entries(starts)) {
    for (const options of [{ maxBytes: 4 }, {}]) {
      const { connection, push } = wired({ maxBufferSize: 4 })
      // A target has its own limit, where the message has none.
      if (name.startsWith('readInto') && options.maxBytes === undefined) continue
      push('abcd')
      const message = connection.readMessage(async (reader) => {
        await reader.readExactly(4)
        await start(reader)
      }, options)
      t.match(await rejection(within(message)), { code: 'ERR_LINNET_LIMIT', limit: 4 }, name)
      t.equal(unread(connection), 'abcd')
    }
  }
})

t.test('a message at its limit can read the end of the stream', async (t) => {
  const reads: Record<string, Read> = {
    read: (reader) => reader.read(),
    readToEnd: (reader) => reader.readToEnd('latin1'),
    chunks: async (reader) => (await reader.chunks().next()).done,
    lines: async (reader) => (await reader.lines().next()).done,
    readExactly: (reader) => reader.readExactly(0, 'latin1'),
  }
  for (const [name, read] of Object.entries(reads)) {
    const { connection, push, end } = wired()
    push('abcd')
    const message = connection.readMessage(
      async (reader) => {
        await reader.readExactly(4)
        return read(reader)
      },
      { maxBytes: 4 },
    )
    await turns(2)
    end()
    t.ok([null, '', true].includes((await message) as null), name)
  }
})

t.test('reads without a limit of their own share maxBufferSize', async (t) => {
  const { connection, push } = wired({ maxBufferSize: 6 })
  push('ab\ncd\nlong line\nef\n')
  t.same(await connection.readMessage(two), ['ab', 'cd'], 'all of it')
  const mixed: Read = async (reader) => [await reader.readLine({ maxBytes: 100 }), await reader.readLine()]
  t.same(await connection.readMessage(mixed), ['long line', 'ef'], 'one that has its own takes nothing of it')
  push('ab\ncd\ne')
  const three: Read = async (reader) => [...((await two(reader)) as string[]), await reader.readExactly(1)]
  t.match(await rejection(connection.readMessage(three)), { limit: 6, size: 7, option: 'maxBufferSize' })
  t.equal(unread(connection), 'ab\ncd\ne')
  const peeks: Read = async (reader) => [await reader.peek(6), await reader.peek(6), await reader.readExactly(6, 'latin1')]
  t.equal(((await connection.readMessage(peeks)) as unknown[])[2], 'ab\ncd\n', 'to peek takes nothing of it')
})

t.test('limits that are set meanwhile do not change the message', async (t) => {
  const { connection, push } = wired({ maxBufferSize: 4 })
  const message = connection.readMessage(two)
  connection.setLimits({ maxBufferSize: 100 })
  push('ab\ncdef\n')
  t.match(await rejection(message), { limit: 4 })
  t.same(await connection.readMessage(two), ['ab', 'cdef'])
})

t.test('a message gathers at most maxBufferSize more than the largest limit of its reads', async (t) => {
  const { connection, push } = wired({ maxBufferSize: 10 })
  push('abcd\n'.repeat(100))
  let taken = 0
  const endless: Read = async (reader) => {
    for (taken = 0; ; taken += 5) await reader.readLine({ maxBytes: 8 })
  }
  t.match(await rejection(connection.readMessage(endless)), { code: 'ERR_LINNET_LIMIT', limit: 18, size: 20, option: 'maxBufferSize' })
  t.equal(taken, 15)
  t.equal(connection.buffered, 500, 'all of it is unread again')
  const growing: Read = async (reader) => {
    for (const maxBytes of [8, 30]) for (let n = 0; n < 3; n++) await reader.readLine({ maxBytes })
    return 'six lines'
  }
  t.equal(await connection.readMessage(growing), 'six lines', 'the largest one counts, from when it is named')
  const mixed: Read = async (reader) => {
    for (let n = 0; n < 3; n++) await reader.readLine({ maxBytes: 8 })
    return reader.readLine()
  }
  t.match(await rejection(connection.readMessage(mixed)), { limit: 18, size: 20, option: 'maxBufferSize' }, 'also for one that names none')
  const unlimited: Read = async (reader) => {
    for (let n = 0; n < 50; n++) await reader.readUntil('\n', { maxBytes: Number.POSITIVE_INFINITY })
    return 'fifty'
  }
  t.equal(await connection.readMessage(unlimited), 'fifty', 'Infinity is named by the program')
})

t.test('the limit of a message holds for every kind of read in it, also for iterators and skips', async (t) => {
  const own = { maxBytes: 8 }
  const kinds: Record<string, Read> = {
    readUntil: (reader) => reader.readUntil('\n', own),
    readExactly: (reader) => reader.readExactly(5, own),
    readInto: (reader) => reader.readInto(Buffer.alloc(5)),
    'readInto, partial': (reader) => reader.readInto(Buffer.alloc(5), { partial: true }),
    read: (reader) => reader.read({ maxBytes: 5 }),
    readUntilMatch: (reader) => reader.readUntilMatch(/\n/, own),
    skip: (reader) => reader.skip(5, own),
    skipUntil: (reader) => reader.skipUntil('\n', own),
    lines: (reader) => reader.lines(own).next(),
    'lines that skip': (reader) => reader.lines({ maxBytes: 3, overflow: 'skip' }).next(),
    chunks: (reader) => reader.chunks(5, own).next(),
    'chunks to the end': (reader) => reader.chunks(undefined, { maxBytes: 5 }).next(),
    tryReadUntil: async (reader) => reader.tryReadUntil('\n', own),
  }
  for (const [name, read] of Object.entries(kinds)) {
    const { connection, push } = wired({ maxBufferSize: 10 })
    push('abcd\n'.repeat(100))
    const endless = connection.readMessage(async (reader) => {
      for (let n = 0; n < 100; n++) await read(reader)
    })
    t.match(await rejection(within(endless)), { code: 'ERR_LINNET_LIMIT', option: 'maxBufferSize' }, name)
    t.equal(connection.buffered, 500, name)
  }
})
