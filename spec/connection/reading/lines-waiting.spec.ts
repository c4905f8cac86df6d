// A line that waits with nothing unread, as `readLine()` and as an item of `lines()`: the chunk that comes next nearly always has
// it whole. Whatever comes instead, the line is the same as that of a read which waits with options.

import fc from 'fast-check'
import t from 'tap'
import { ConcurrentReadError, type Connection, EndOfStreamError, LimitExceededError } from '../../../lib/index.js'
import { isPending, rejection } from '../../support/wait.js'
import { unread, wired } from './support.js'

type Reads = (connection: Connection) => () => Promise<string | undefined>

const forms: { readonly [form: string]: Reads } = {
  'readLine()': (connection) => () => connection.readLine(),
  'lines()': (connection) => itemsOf(connection.lines()),
}

function itemsOf(lines: AsyncIterator<string>): () => Promise<string | undefined> {
  return async () => (await lines.next()).value
}

for (const [form, reads] of Object.entries(forms)) {
  t.test(`${form} that waits is satisfied by the first chunk with a whole line, and leaves what is behind it`, async (t) => {
    const cases = [
      [['one\n'], 'one', ''],
      [['one\r\n'], 'one', ''],
      [['\n'], '', ''],
      [['\r\n'], '', ''],
      [['Grüße\n'], 'Grüße', ''],
      [['one\ntwo\nthree'], 'one', 'two\nthree'],
      [['Grüße\r\ntwo'], 'Grüße', 'two'],
      [['o', 'n', 'e\r', '\ntwo'], 'one', 'two'],
    ] as const
    for (const [pieces, expected, rest] of cases) {
      const { connection, push } = wired()
      const read = reads(connection)
      for (const round of ['first', 'second']) {
        const line = read()
        t.ok(await isPending(line))
        for (const piece of pieces) push(Buffer.from(piece))
        t.equal(await line, expected, `${round}: ${JSON.stringify(pieces)}`)
        t.equal(unread(connection), rest)
        if (rest !== '') await connection.skip(connection.buffered)
      }
    }
  })

  t.test(`${form} that waits refuses a line over the limit in the first chunk, and leaves it unread`, async (t) => {
    const { connection, push } = wired({ maxBufferSize: 4 })
    const read = reads(connection)
    const fits = read()
    push('abc\n')
    t.equal(await fits, 'abc')
    const line = rejection(read())
    push('abcd\n')
    t.match(await line, LimitExceededError)
    t.equal(unread(connection), 'abcd\n')
  })

  t.test(`${form} that waits is named in the error of a second read`, async (t) => {
    const { connection, push } = wired()
    const line = reads(connection)()
    const error = await rejection(connection.readLine())
    t.match(error, ConcurrentReadError)
    t.match((error as Error).message, form)
    push('one\n')
    t.equal(await line, 'one')
  })

  t.test(`${form} reads the same lines from any chunks, waiting or not`, async (t) => {
    const text = fc.array(fc.constantFrom('a', 'é', '\r', '\n', '\r\n', 'line\n'), { maxLength: 12 }).map((parts) => parts.join(''))
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.nat(20), { maxLength: 6 }), async (text, cuts) => {
        const bytes = Buffer.from(`${text}\n`)
        const expected = bytes.toString().split('\n').slice(0, -1)
        const places = [...new Set([0, ...cuts.filter((cut) => cut < bytes.length), bytes.length])].sort((a, b) => a - b)
        const { connection, push } = wired()
        const read = reads(connection)
        const found = (async () => {
          const lines: (string | undefined)[] = []
          while (lines.length < expected.length) lines.push(await read())
          return lines
        })()
        for (const [index, place] of places.slice(1).entries()) push(bytes.subarray(places[index], place))
        t.strictSame(
          await found,
          expected.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line)),
        )
        connection.abort()
      }),
      { numRuns: 60 },
    )
  })
}

t.test('an end of the stream ends lines() that waits, and fails readLine()', async (t) => {
  const iterated = wired()
  const lines = iterated.connection.lines()
  const next = lines.next()
  iterated.end()
  t.strictSame(await next, { value: undefined, done: true })
  const single = wired()
  const line = rejection(single.connection.readLine())
  single.end()
  t.match(await line, EndOfStreamError)
})

t.test('lines() that waits with its own limit, time limit, signal or encoding reads the same lines', async (t) => {
  const { signal } = new AbortController()
  for (const options of [
    { maxBytes: 5 },
    { timeout: 1000 },
    { signal },
    { idle: false },
    { encoding: 'utf8' },
    { encoding: 'latin1' },
  ] as const) {
    const { connection, push } = wired()
    const read = itemsOf(connection.lines(options))
    for (const sent of ['ab\r\n', 'c\n']) {
      const line = read()
      push(sent)
      t.equal(await line, sent.trim(), JSON.stringify(Object.keys(options)))
    }
  }
})

t.test('lines() drops a line over the limit while it waits, and goes on behind it', async (t) => {
  const { connection, push } = wired()
  const read = itemsOf(connection.lines({ maxBytes: 4, overflow: 'skip' }))
  const line = read()
  push('too long')
  push(' to fit\nok\n')
  t.equal(await line, 'ok')
  const second = read()
  push('abc\nd')
  t.equal(await second, 'abc', 'a line that fits is read at once')
  // The rest of a line that began over the limit is still to be dropped when the next wait starts.
  const cancelled = connection.lines({ maxBytes: 4, overflow: 'skip' })
  const third = cancelled.next()
  push('efghij')
  t.ok(await isPending(third))
  await cancelled.return?.()
  const fourth = read()
  push('kl\nend\n')
  t.equal(await fourth, 'end')
})

t.test('return() cancels lines() that waits, and the next read gets the bytes', async (t) => {
  const { connection, push } = wired()
  const lines = connection.lines()
  const next = lines.next()
  await lines.return?.()
  t.strictSame(await next, { value: undefined, done: true })
  const line = connection.readLine()
  push('one\n')
  t.equal(await line, 'one')
})
