// Rule 8, lines and chunks: between two items an iterator holds nothing, a failure ends it with its bytes unread, and a
// new loop goes on from there.

import t from 'tap'
import { ConcurrentReadError, EndOfStreamError } from '../../../lib/index.js'
import { everywhere } from '../../support/fixture.js'
import { isPending, pattern, rejection, turns, within } from '../../support/wait.js'
import { shown, unread, wired } from './support.js'

async function collect(items: AsyncIterable<unknown>, into: unknown[] = []): Promise<unknown[]> {
  for await (const item of items) into.push(shown(item))
  return into
}

everywhere(t, 'lines yields the lines of readLine, and the last one', async (t, connect) => {
  const { a, b } = await connect()
  const lines = collect(b.lines())
  for (const piece of ['one\ntw', 'o\r', '\n\nthree\r\r\n', 'last']) {
    await a.write(piece)
    await turns(2)
  }
  await a.end()
  t.same(await within(lines), ['one', 'two', '', 'three\r', 'last'])
  t.same(await within(collect(b.lines())), [], 'and a new loop ends at once')
})

t.test('lines yields no line after the last one, and does not change that', async (t) => {
  for (const [text, lines] of [
    ['', []],
    ['\n', ['']],
    ['a\n', ['a']],
    ['a', ['a']],
    ['a\r', ['a\r']],
    ['\xe2\x82\xac\n\xe2', ['€', '\ufffd']],
  ] as const) {
    const { connection, push, end } = wired()
    push(text)
    end()
    t.same(await collect(connection.lines()), lines, JSON.stringify(text))
  }
  const { connection, push, end } = wired()
  push('a;b\r\nc;;\xe9')
  end()
  t.same(await collect(connection.lines({ delimiter: [';', '\r\n'], encoding: 'latin1' })), ['a', 'b', 'c', '', 'é'])
})

t.test('buffered lines are yielded as others are, and not after an abort', async (t) => {
  const { connection, push } = wired()
  push('ab\ncd\r\n\nef\n'.repeat(2))
  const hex = connection.lines('hex')
  t.same([await hex.next(), await hex.next(), await hex.next(), await hex.next()].map(shown), ['6162', '6364', '', '6566'])
  const controller = new AbortController()
  const lines = connection.lines({ signal: controller.signal })
  t.equal(shown(await lines.next()), 'ab')
  t.equal(shown(await lines.next()), 'cd')
  controller.abort('enough')
  t.equal(await rejection(lines.next()), 'enough')
  t.equal(unread(connection), '\nef\n')
  const later = connection.lines()
  t.equal(shown(await later.next()), '')
  connection.abort()
  t.match(await rejection(later.next()), { code: 'ERR_LINNET_CLOSED' })
})

t.test('a loss does not end the last line', async (t) => {
  const { connection, push, lose } = wired()
  const got: unknown[] = []
  const lines = collect(connection.lines(), got)
  push('one\ntwo')
  lose()
  t.match(await rejection(lines), { code: 'ECONNRESET' })
  t.same(got, ['one'])
  t.equal(unread(connection), 'two')
})

everywhere(t, 'chunks loses no byte and yields no empty piece', async (t, connect) => {
  const { a, b } = await connect({ b: { readHighWaterMark: 1000 } })
  const data = pattern(500_000)
  const sent = a.end(data)
  const got: Buffer[] = []
  for await (const chunk of b) {
    if (chunk.length === 0) t.fail('an empty one')
    got.push(Buffer.from(chunk))
  }
  await sent
  t.equal(Buffer.compare(Buffer.concat(got), data), 0)
  t.same(await within(collect(b)), [])
})

t.test('chunks(n) yields n bytes, and rejects at an earlier end', async (t) => {
  const { connection, push, end } = wired()
  const chunks = collect(connection.chunks(5))
  push('ab')
  await turns(1)
  push('cdefg')
  t.same(await within(chunks), ['ab', 'cde'])
  t.same(await collect(connection.chunks(0)), [])
  t.equal(unread(connection), 'fg')
  const got: unknown[] = []
  const short = collect(connection.chunks(4), got)
  await turns(1)
  end()
  const error = await rejection(short)
  t.ok(error instanceof EndOfStreamError)
  t.equal((error as EndOfStreamError).partial.length, 0, 'the pieces before were given')
  t.same(got, ['fg'])
})

t.test('chunks(n) yields n bytes in all to calls of next() in one turn', async (t) => {
  const { connection, push } = wired()
  push('abcdefgh')
  const chunks = connection.chunks(5, { maxBytes: 3 })
  const items = await Promise.all([chunks.next(), chunks.next(), chunks.next()])
  t.same(items.map(shown), ['abc', 'de', null])
  t.equal(unread(connection), 'fgh')
})

everywhere(t, 'the body of a loop may read, and the loop continues after it', async (t, connect) => {
  const { a, b } = await connect()
  await a.write('5\nhello2\nok;tail\n3\n')
  const got: unknown[] = []
  for await (const line of b.lines()) {
    got.push(await within(b.readExactly(Number(line), 'latin1')))
    if (got.length === 2) got.push(await within(b.readUntil(';', 'latin1')), await within(b.readMessage((reader) => reader.readLine())))
    if (got.length === 4) void a.write('abc\n')
    if (got.length === 5) break
  }
  t.same(got, ['hello', 'ok', ';', 'tail', 'abc'])
  t.equal(await within(b.readLine()), '', 'break leaves the connection open')
  const next = b.readLine()
  await a.write('more\n')
  t.equal(await within(next), 'more')
})

t.test('a failed read ends the iteration and consumes nothing', async (t) => {
  const controller = new AbortController()
  const { connection, push, clock } = wired({ maxBufferSize: 8 })
  const lines = connection.lines({ signal: controller.signal })
  push('one\ntw')
  t.equal(shown(await lines.next()), 'one')
  const failure = rejection(lines.next())
  controller.abort('enough')
  t.equal(await failure, 'enough')
  t.same(await lines.next(), { value: undefined, done: true })
  const timed = rejection(connection.lines({ timeout: 5 }).next())
  await clock.pass(5)
  t.match(await timed, { code: 'ERR_LINNET_TIMEOUT', operation: 'lines()', kind: 'call' })
  push('o\nover-long line\nx\n')
  const got: unknown[] = []
  t.match(await rejection(collect(connection.lines(), got)), { code: 'ERR_LINNET_LIMIT' })
  t.same(got, ['two'])
  t.match(await rejection(collect(connection.lines({ overflow: 'error' }), got)), { code: 'ERR_LINNET_LIMIT' }, 'every time')
  t.equal(await connection.skipUntil('\n'), 15)
  t.equal(shown(await connection.lines().next()), 'x')
})

t.test('a time limit holds for each item', async (t) => {
  const { connection, push, clock } = wired()
  const lines = connection.lines({ timeout: 10 })
  for (const line of ['a', 'b', 'c']) {
    const next = lines.next()
    await clock.pass(9)
    push(`${line}\n`)
    t.equal(shown(await next), line)
  }
  await clock.pass(100)
  push('d\n')
  t.equal(shown(await lines.next()), 'd', 'and the body takes none of it')
})

t.test('of two iterators asked at once one reads, and the refused one may be asked again', async (t) => {
  const { connection, push } = wired()
  const [one, other] = [connection.lines(), connection.lines()]
  const first = one.next()
  t.ok((await rejection(other.next())) instanceof ConcurrentReadError)
  t.ok((await rejection(one.next())) instanceof ConcurrentReadError, 'also one that is asked twice')
  push('a\nb\nc\n')
  t.equal(shown(await first), 'a')
  t.equal(shown(await other.next()), 'b', 'it may be asked again')
  t.equal(shown(await one.next()), 'c')
  const read = connection.readLine()
  t.ok((await rejection(other.next())) instanceof ConcurrentReadError)
  t.ok((await rejection(connection.chunks(4).next())) instanceof ConcurrentReadError)
  push('d\ne\n')
  t.equal(await read, 'd')
  t.equal(shown(await other.next()), 'e')
})

t.test('wrong options reject the first next() only', async (t) => {
  const { connection, push } = wired()
  push('a\n')
  const lines = connection.lines({ maxBytes: 0 })
  const chunks = connection.chunks(-1)
  t.ok((await rejection(lines.next())) instanceof RangeError)
  t.ok((await rejection(chunks.next())) instanceof RangeError)
  t.same(await lines.next(), { value: undefined, done: true })
  t.same(await chunks.next(), { value: undefined, done: true })
  t.equal(await connection.readLine(), 'a')
})

t.test('an iterator that was left yields nothing more', async (t) => {
  const { connection, push } = wired()
  push('a\nb\nc\n')
  const lines = connection.lines()
  t.equal(lines[Symbol.asyncIterator](), lines)
  t.equal(shown(await lines.next()), 'a')
  t.same(await lines.return?.(), { value: undefined, done: true })
  t.same(await lines.next(), { value: undefined, done: true })
  const own = new Error('of the body')
  t.equal(
    await rejection(
      (async () => {
        for await (const chunk of connection.chunks(2)) throw Object.assign(own, { chunk })
      })(),
    ),
    own,
  )
  t.equal(unread(connection), 'c\n')
  t.notOk(connection.ended)
})

t.test('an iterator whose read was cancelled takes no bytes, and the connection stays usable', async (t) => {
  const { connection, push } = wired()
  const controller = new AbortController()
  const got: unknown[] = []
  const failure = rejection(collect(connection.chunks(undefined, { signal: controller.signal }), got))
  push('ab')
  await turns(1)
  controller.abort('enough')
  push('cd')
  t.equal(await failure, 'enough')
  t.same(got, ['ab'])
  t.equal(unread(connection), 'cd')
  const rest = connection.chunks(3)
  t.equal(shown(await rest.next()), 'cd')
  const last = rest.next()
  t.ok(await isPending(last))
  push('ef')
  t.equal(shown(await last), 'e')
  t.same(await rest.next(), { value: undefined, done: true })
})

t.test('chunks yields large pieces as they arrived, and small ones joined', async (t) => {
  const { push, end, connection } = wired()
  const large = [20_000, 30_000, 40_000].map((size) => pattern(size))
  for (const piece of large) push(piece)
  for (const text of ['a', 'b', 'c']) push(text)
  end()
  const chunks = connection.chunks()
  for (const piece of large) t.same((await chunks.next()).value, piece)
  t.same((await chunks.next()).value, Buffer.from('abc'))
  t.equal((await chunks.next()).done, true)
})
