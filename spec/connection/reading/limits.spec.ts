// Rule 2: limits are exact, whatever the packets; and what a limit refused is unread, on a connection that goes on.

import t from 'tap'
import { LimitExceededError } from '../../../lib/index.js'
import { same } from '../../bytes/support.js'
import { CHUNK } from '../../support/chunk.js'
import { everywhere, memory } from '../../support/fixture.js'
import { isPending, rejection, turns, within } from '../../support/wait.js'
import { connectionKinds } from './kinds.js'
import { shown, unread, type Wired, wired } from './support.js'

type Start = (connection: Wired['connection'], maxBytes: number) => Promise<unknown>
const messages: [name: string, text: string, result: unknown, start: Start][] = [
  ['readUntil a byte', 'abcd\n', 'abcd\n', (connection, maxBytes) => connection.readUntil('\n', { maxBytes })],
  [
    "readUntil with the connection's limit",
    'abcd\n',
    'abcd\n',
    (connection, maxBytes) => {
      connection.setLimits({ maxBufferSize: maxBytes })
      return connection.readUntil('\n')
    },
  ],
  ['readUntil two bytes', 'ab\rc\r\n', 'ab\rc\r\n', (connection, maxBytes) => connection.readUntil('\r\n', { maxBytes })],
  ['readUntil of several', 'ab;c\r\n', 'ab;c\r\n', (connection, maxBytes) => connection.readUntil([';;;', '\r\n', '\n'], { maxBytes })],
  ['readUntil of one in another', 'a;b;;;', 'a;b;;;', (connection, maxBytes) => connection.readUntil([';;;', ';;;x'], { maxBytes })],
  ['readLine', 'abc\r\n', 'abc', (connection, maxBytes) => connection.readLine({ maxBytes })],
  ['readLine with a delimiter', 'a\nb\r\n', 'a\nb', (connection, maxBytes) => connection.readLine({ maxBytes, delimiter: '\r\n' })],
  ['lines', 'abc\r\n', 'abc', (connection, maxBytes) => connection.lines({ maxBytes }).next()],
  ['skipUntil', 'ab\rc\r\n', 6, (connection, maxBytes) => connection.skipUntil('\r\n', { maxBytes })],
  ['readUntilMatch', 'abc;', 'abc;', (connection, maxBytes) => connection.readUntilMatch(/;/, { maxBytes })],
]

for (const [name, text, result, start] of messages) {
  t.test(`${name}: a limit is exact at every cut`, async (t) => {
    const whole = `${text}X`
    for (let first = 0; first <= whole.length; first++) {
      for (let second = first; second <= whole.length; second++) {
        const pieces = [whole.slice(0, first), whole.slice(first, second), whole.slice(second)]
        for (const buffered of [0, 1, 2, 3]) {
          for (const maxBytes of [text.length, text.length - 1]) {
            const { connection, push } = wired()
            for (const piece of pieces.slice(0, buffered)) push(piece)
            const read = start(connection, maxBytes).then(shown, (error) => error)
            for (const piece of pieces.slice(buffered)) push(piece)
            const got = await read
            const where = `${JSON.stringify(pieces)}, ${buffered} of them buffered, limit ${maxBytes}`
            if (maxBytes === text.length) same(where, got, result)
            else if (!(got instanceof LimitExceededError)) t.fail(`${where}: ${String(got)}`)
            else if (name !== 'skipUntil') same(where, unread(connection), whole)
          }
        }
      }
    }
    t.pass()
  })

  t.test(`${name}: a read fails as soon as it can no longer succeed`, async (t) => {
    // Bytes that belong to no delimiter: the read fails with the byte that leaves no room for its (shortest) end.
    const end =
      name.includes('two bytes') || name === 'skipUntil' || name.includes('with a delimiter') ? 2 : name.includes('one in') ? 3 : 1
    const room = name === 'readUntilMatch' ? 6 : 6 - end
    const { connection, push } = wired()
    const read = start(connection, 6)
    for (let n = 0; n < (name === 'readUntilMatch' ? room - 1 : room); n++) push('a')
    t.ok(await isPending(read), 'it may still succeed')
    push('a')
    t.match(await rejection(read), { code: 'ERR_LINNET_LIMIT' }, 'it cannot')
  })
}

t.test('a delimiter that begins at the limit is waited for only if it fits', async (t) => {
  const { connection, push } = wired()
  const fits = connection.readUntil('\r\n', { maxBytes: 5, encoding: 'latin1' })
  push('abc\r')
  t.ok(await isPending(fits))
  push('\n')
  t.equal(await fits, 'abc\r\n')
  const not = connection.readUntil('\r\n', { maxBytes: 5 })
  push('abc\r')
  t.ok(await isPending(not))
  push('x')
  t.match(await rejection(not), { code: 'ERR_LINNET_LIMIT', limit: 5, size: 5 })
  t.equal(unread(connection), 'abc\rx')
})

t.test('a limit does not change which match wins', async (t) => {
  for (const [text, delimiters, maxBytes, message] of [
    ['ab;;c', [';', ';;'], 3, undefined],
    ['ab;;c', [';', ';;'], 4, 'ab;;'],
    ['ab;xc', [';', ';;'], 3, 'ab;'],
    ['abcdX', ['ab', 'abcd'], 2, undefined],
    ['abcX', ['ab', 'abcd'], 2, 'ab'],
    ['abcdeX', ['abcde', 'c'], 3, undefined],
  ] as const) {
    for (const bytewise of [false, true]) {
      const { connection, push } = wired()
      const read = connection.readUntil(delimiters, { maxBytes, encoding: 'latin1' }).catch((error) => error)
      if (bytewise) for (const byte of text) push(byte)
      else push(text)
      const got = await within(read)
      if (message === undefined) t.ok(got instanceof LimitExceededError, `${text}: ${String(got)}`)
      else t.equal(got, message)
    }
  }
})

t.test('a limit comes before an end of stream, and an unterminated line counts with a line end', async (t) => {
  const cases: [text: string, maxBytes: number, delimiter: string | readonly string[] | undefined, yields: string | undefined][] = [
    ['abcd', 5, undefined, 'abcd'],
    ['abcd', 4, undefined, undefined],
    ['abc', 5, '\r\n', 'abc'],
    ['abc', 4, '\r\n', undefined],
    ['abc\r', 5, '\r\n', undefined],
    ['abc\r', 6, '\r\n', 'abc\r'],
    ['abc', 4, ['\r\n', '\n'], 'abc'],
    ['abc', 3, ['\r\n', '\n'], undefined],
  ]
  for (const [text, maxBytes, delimiter, yields] of cases) {
    const { connection, push, end } = wired()
    push(text)
    end()
    const got = await connection
      .lines({ maxBytes, delimiter })
      .next()
      .catch((error) => error)
    if (yields === undefined) t.ok(got instanceof LimitExceededError, `${JSON.stringify(text)} in ${maxBytes}: ${String(got)}`)
    else t.equal(shown(got), yields)
  }
  const { connection, push, end } = wired()
  push('abcd')
  end()
  t.match(await rejection(connection.readToEnd({ maxBytes: 3 })), { code: 'ERR_LINNET_LIMIT', limit: 3, size: 4 })
  t.match(await rejection(connection.readExactly(5, { maxBytes: 4 })), { code: 'ERR_LINNET_LIMIT' })
  t.match(await rejection(connection.readUntil('\n', { maxBytes: 4 })), { code: 'ERR_LINNET_LIMIT' })
  t.match(await rejection(connection.readUntil('\n', { maxBytes: 5 })), { code: 'ERR_LINNET_END_OF_STREAM' })
  t.equal((await connection.readToEnd({ maxBytes: 4 })).length, 4)
})

t.test('a count above the limit fails at once', async (t) => {
  const { connection, push } = wired({ maxBufferSize: 4 })
  const starts = [
    () => connection.readExactly(5),
    () => connection.readExactly(3, { maxBytes: 2 }),
    () => connection.peek(5),
    () => connection.peek(3, { maxBytes: 2 }),
    () => connection.skip(3, { maxBytes: 2 }),
    () => connection.readInto(Buffer.alloc(3), { maxBytes: 2 }),
  ]
  for (const start of starts) t.match(await rejection(within<unknown>(start())), { code: 'ERR_LINNET_LIMIT' })
  t.throws(() => connection.tryReadExactly(5), { code: 'ERR_LINNET_LIMIT', limit: 4, size: 5, option: 'maxBufferSize' })
  push('abcdefgh')
  t.equal(await connection.readExactly(4, 'latin1'), 'abcd')
  t.equal(await connection.skip(2, { maxBytes: 2 }), 2)
  t.equal(await connection.readInto(Buffer.alloc(2), { maxBytes: 2 }), 2)
})

t.test('skip, skipUntil and readInto have no default limit of the connection', async (t) => {
  const { connection, push } = wired({ maxBufferSize: 4 })
  const target = Buffer.alloc(10)
  push('0123456789')
  t.equal(await connection.readInto(target), 10, 'its target is its limit')
  t.equal(target.toString(), '0123456789')
  const skip = connection.skip(20)
  push('x'.repeat(20))
  t.equal(await skip, 20)
  const line = connection.skipUntil('\n')
  push(`${'x'.repeat(20)}\n`)
  t.equal(await line, 21)
})

t.test('maxBytes may exceed maxBufferSize, and be Infinity', async (t) => {
  const { connection, push } = wired({ maxBufferSize: 4, readHighWaterMark: 4 })
  push('abcdefgh\nabcdefgh\n')
  t.match(await rejection(connection.readLine()), { code: 'ERR_LINNET_LIMIT', limit: 4, option: 'maxBufferSize' })
  t.equal(await connection.readLine({ maxBytes: 9 }), 'abcdefgh')
  t.equal(await connection.readLine({ maxBytes: Number.POSITIVE_INFINITY }), 'abcdefgh')
})

t.test('a limit below the shortest delimiter is a RangeError, one below the longest is not', async (t) => {
  const { connection, push } = wired({ maxBufferSize: 3 })
  for (const start of [
    () => connection.readUntil('abcd'),
    () => connection.readUntil('\r\n', { maxBytes: 1 }),
    () => connection.readUntil(['\r\n', ';;;'], { maxBytes: 1 }),
    () => connection.readLine({ delimiter: '\r\n', maxBytes: 1 }),
    () => connection.lines({ delimiter: '\r\n', maxBytes: 1 }).next(),
    () => connection.skipUntil('\r\n', { maxBytes: 1 }),
  ])
    t.ok((await rejection(start())) instanceof RangeError)
  t.throws(() => connection.tryReadUntil('abcd'), RangeError)
  t.throws(() => connection.tryReadLine({ delimiter: '\r\n', maxBytes: 1 }), RangeError)
  push('a;')
  t.equal(await connection.readUntil(['abcdefgh', ';'], 'latin1'), 'a;')
  push('xxxx')
  const skip = connection.skipUntil('abcd')
  push('abcd')
  t.equal(await skip, 8, 'which has no limit unless it is given one')
})

t.test('an error says what was too large, and which option to raise', async (t) => {
  const { connection, push } = wired({ maxBufferSize: 4 })
  push('abcdefgh')
  const error = (await rejection(connection.readUntil('\n', { maxBytes: 5 }))) as LimitExceededError
  t.match(error, { name: 'LimitExceededError', code: 'ERR_LINNET_LIMIT', limit: 5, size: 8, option: 'maxBytes' })
  t.match(error.message, /8.*5.*maxBytes/)
  t.match(await rejection(connection.readUntil('\n')), { limit: 4, size: 8, option: 'maxBufferSize' })
  t.match(await rejection(connection.readExactly(6)), { limit: 4, size: 6, option: 'maxBufferSize' })
  t.match(await rejection(connection.readToEnd()), { limit: 4, size: 8 })
})

t.test('a read that fails at its limit consumes nothing, and the connection stays usable', async (t) => {
  for (const { name, start, drops } of connectionKinds) {
    if (['chunks', 'chunks of a number', 'read', 'readExactly', 'readInto', 'peek'].includes(name)) continue
    const { connection, push } = wired()
    const read = rejection(start(connection, { maxBytes: 3 }))
    push('abcdefgh')
    t.match(await read, { code: 'ERR_LINNET_LIMIT' }, name)
    t.notOk(connection.ended)
    t.notOk(connection.signal.aborted)
    push('\n')
    if (drops) t.ok(unread(connection).endsWith('defgh\n'), 'what it may drop is not beyond the limit')
    else t.equal(await connection.readLine({ maxBytes: 9 }), 'abcdefgh')
  }
})

t.test('for read and chunks a limit caps a piece, for lines each line', async (t) => {
  const { connection, push, end } = wired({ maxBufferSize: 3 })
  push('abcdefghi\njk\n')
  t.equal(await connection.read({ encoding: 'latin1', maxBytes: 2 }), 'ab')
  const pieces: unknown[] = []
  for await (const piece of connection.chunks(5)) pieces.push(String(piece))
  for await (const piece of connection.chunks(2, { maxBytes: 1 })) pieces.push(String(piece))
  t.same(pieces, ['cde', 'fg', 'h', 'i'])
  push('lm\nno')
  end()
  const lines: string[] = []
  for await (const line of connection.lines({ maxBytes: 3 })) lines.push(line)
  t.same(lines, ['', 'jk', 'lm', 'no'], 'each line by itself')
})

t.test('limits that are set do not change the pending read', async (t) => {
  const { connection, push } = wired({ maxBufferSize: 4 })
  const read = connection.readLine()
  connection.setLimits({ maxBufferSize: 100 })
  push('abcdefgh')
  t.match(await rejection(read), { limit: 4 }, 'they do from the next call on')
  push('\n')
  t.equal(await connection.readLine(), 'abcdefgh')
})

everywhere(t, 'a stream without a delimiter fails at the limit', async (t, connect) => {
  const { a, b } = await connect({ b: { maxBufferSize: 100_000 } })
  const sent = a.write(Buffer.alloc(8 * 1024 * 1024, 'x'))
  sent.catch(() => {})
  t.match(await rejection(within(b.readUntil('\n'))), { limit: 100_000, option: 'maxBufferSize' })
  await turns(20)
  t.ok(b.buffered <= 100_000 + 2 * CHUNK, `${b.buffered} bytes are buffered`)
  t.equal((await b.readExactly(1000)).length, 1000)
})

t.test('the stack of a read that fails at once shows its caller', async (t) => {
  const { b } = memory(t)
  t.match(((await rejection(b.readExactly(100_000_000))) as Error).stack, /limits\.spec/)
  t.match(((await rejection(b.readExactly(9, { maxBytes: 1 }))) as Error).stack, /limits\.spec/)
})
