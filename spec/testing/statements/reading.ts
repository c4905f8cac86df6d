// Statements about reading: what each read resolves with, what a failed one leaves unread, and which arguments are refused.

import { until } from '../../support/wait.js'
import { outcome, type Statement, tells } from './world.js'

const lines = 'first\r\nsecond\nthird\n'

export const reading: readonly Statement[] = [
  tells('readLine removes the line end', ['first', 'second', 'third'], async ({ client, connection }) => {
    await client.write(lines)
    return [await connection.readLine(), await connection.readLine(), await connection.readLine()]
  }),
  tells('with a delimiter readLine ends at nothing else', 'a\nb', async ({ client, connection }) => {
    await client.write('a\nb\r\n')
    return connection.readLine({ delimiter: '\r\n' })
  }),
  tells('readUntil resolves with the delimiter included', ['key=', 'value;'], async ({ client, connection }) => {
    await client.write('key=value;')
    return [await connection.readUntil('=', 'utf8'), await connection.readUntil(';', 'utf8')]
  }),
  tells('of several delimiters the match that starts first wins, then the longest', ['xabc', 'b'], async ({ client, connection }) => {
    await client.write('xabcb!')
    const delimiters = ['b', 'ab', 'abc']
    return [await connection.readUntil(delimiters, 'utf8'), await connection.readUntil(delimiters, 'utf8')]
  }),
  tells('readExactly resolves with n bytes, and leaves the rest unread', ['1234', '56'], async ({ client, connection }) => {
    await client.end('123456')
    return [await connection.readExactly(4, 'utf8'), await connection.readToEnd('utf8')]
  }),
  tells('readExactly(0) resolves with nothing', '', async ({ connection }) => connection.readExactly(0, 'utf8')),
  tells('readInto fills its target', [4, 'abcd'], async ({ client, connection }) => {
    await client.write('abcdef')
    const target = new Uint8Array(4)
    return [await connection.readInto(target), Buffer.from(target).toString()]
  }),
  tells('readInto with partial resolves with the bytes received so far', [2, 'ab'], async ({ client, connection }) => {
    await client.write('ab')
    await until(() => connection.buffered === 2)
    const target = Buffer.alloc(4)
    return [await connection.readInto(target, { partial: true }), target.toString('utf8', 0, 2)]
  }),
  tells(
    'read resolves with the bytes received so far, and with null at the end',
    ['all of it', null, null],
    async ({ client, connection }) => {
      await client.end('all of it')
      await until(() => connection.buffered === 9)
      return [await connection.read('utf8'), await connection.read(), await connection.read()]
    },
  ),
  tells('read resolves with at most maxBytes', ['abc', 'd'], async ({ client, connection }) => {
    await client.end('abcd')
    await until(() => connection.buffered === 4)
    return [await connection.read({ maxBytes: 3, encoding: 'utf8' }), await connection.read('utf8')]
  }),
  tells('readToEnd resolves with everything up to the end', 'question', async ({ client, connection }) => {
    await client.end('question')
    return connection.readToEnd('utf8')
  }),
  tells(
    'a read that the end cuts short has the unread bytes in partial, and consumes nothing',
    ["EndOfStreamError ERR_LINNET_END_OF_STREAM after 'half'", 'half'],
    async ({ client, connection }) => {
      await client.end('half')
      return [await outcome(connection.readLine()), await connection.readToEnd('utf8')]
    },
  ),
  tells(
    'a second read is refused, and the first goes on',
    ['ConcurrentReadError ERR_LINNET_CONCURRENT_READ', 'line'],
    async ({ client, connection }) => {
      const first = connection.readLine()
      const second = await outcome(connection.read())
      await client.write('line\n')
      return [second, await first]
    },
  ),
  tells('an aborted read rejects with its reason, and loses nothing', ['Error', 'ab\n'], async ({ client, connection }) => {
    const stop = new AbortController()
    const read = outcome(connection.readUntil('\n', { signal: stop.signal }))
    await client.write('a')
    await until(() => connection.buffered === 1)
    stop.abort(new Error('enough'))
    await client.write('b\n')
    return [await read, await connection.readUntil('\n', 'utf8')]
  }),
  tells('peeked bytes stay unread', ['ab', 'abc'], async ({ client, connection }) => {
    await client.write('abc')
    return [await connection.peek(2, 'utf8'), await connection.readExactly(3, 'utf8')]
  }),
  tells('skip and skipUntil resolve with the number of dropped bytes', [2, 4, 'rest'], async ({ client, connection }) => {
    await client.write('12345\nrest\n')
    return [await connection.skip(2), await connection.skipUntil('\n'), await connection.readLine()]
  }),
  tells(
    'a try read returns a buffered message, and undefined if a read would wait',
    [undefined, 'line', undefined],
    async ({ client, connection }) => {
      const before = connection.tryReadLine()
      await client.write('line\nhal')
      await until(() => connection.buffered === 8)
      return [before, connection.tryReadLine(), connection.tryReadLine()]
    },
  ),
  tells('lines yields each line, also a last one without a line end', ['a', 'b', 'c'], async ({ client, connection }) => {
    await client.end('a\nb\r\nc')
    return gathered(connection.lines())
  }),
  tells('lines with overflow: skip drops an over-long line', ['short', 'last'], async ({ client, connection }) => {
    await client.end('short\nmuch too long\nlast\n')
    return gathered(connection.lines({ maxBytes: 6, overflow: 'skip' }))
  }),
  tells('a loop that is left holds no bytes, and another read continues', ['a', 'b'], async ({ client, connection }) => {
    await client.end('a\nb\n')
    for await (const line of connection.lines()) return [line, await connection.readLine()]
    return 'no line'
  }),
  tells('chunks(n) yields exactly n bytes', ['12345', '6'], async ({ client, connection }) => {
    await client.end('123456')
    const chunks = await gathered(connection.chunks(5, { encoding: 'utf8' }))
    return [chunks.join(''), await connection.readToEnd('utf8')]
  }),
  tells('a connection is an async iterable of its bytes', 'everything', async ({ client, connection }) => {
    await client.end('everything')
    return Buffer.concat(await gathered(connection)).toString()
  }),
  tells('readMessage resolves with the result of several reads', ['12345', 'next'], async ({ client, connection }) => {
    await client.write('5\n12345next\n')
    const body = await connection.readMessage(async (reader) => reader.readExactly(Number(await reader.readLine()), 'utf8'))
    return [body, await connection.readLine()]
  }),
  tells(
    'the bytes of a failed message are unread again',
    ["EndOfStreamError ERR_LINNET_END_OF_STREAM after '5\n123'", '5\n123'],
    async ({ client, connection }) => {
      await client.end('5\n123')
      const message = connection.readMessage(async (reader) => reader.readExactly(Number(await reader.readLine())))
      return [await outcome(message), await connection.readToEnd('utf8')]
    },
  ),
  tells('a regular expression ends at its first match', 'HELLO 200', async ({ client, connection }) => {
    await client.write('HELLO 200 more')
    await until(() => connection.buffered === 14)
    return String(await connection.readUntilMatch(/\d{3}/))
  }),
  tells(
    'a limit counts the delimiter, and is exact',
    ['abc\n', 'LimitExceededError ERR_LINNET_LIMIT', 'abcd\n'],
    async ({ client, connection }) => {
      await client.write('abc\nabcd\n')
      const options = { maxBytes: 4, encoding: 'utf8' } as const
      return [
        await connection.readUntil('\n', options),
        await outcome(connection.readUntil('\n', options)),
        await connection.readUntil('\n', 'utf8'),
      ]
    },
  ),
  tells(
    'maxBufferSize is the limit of a read that has none',
    ['LimitExceededError ERR_LINNET_LIMIT', 'LimitExceededError ERR_LINNET_LIMIT'],
    async ({ client, connection }) => {
      await client.write('123456789')
      return [await outcome(connection.readLine()), await outcome(connection.readExactly(9))]
    },
    { server: { maxBufferSize: 8 } },
  ),
  tells(
    'wrong arguments are a TypeError, impossible ones a RangeError, and nothing is read',
    ['TypeError', 'RangeError', 'RangeError', 'TypeError', 'RangeError', 'line'],
    async ({ client, connection }) => {
      await client.write('line\n')
      return [
        await outcome(connection.readUntil(5 as never)),
        await outcome(connection.readUntil('')),
        await outcome(connection.readExactly(-1)),
        await outcome(connection.readLine({ timeuot: 5 } as never)),
        await outcome(connection.read('utf9' as never)),
        await connection.readLine(),
      ]
    },
  ),
]

async function gathered<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
