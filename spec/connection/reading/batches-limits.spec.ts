// Limits of batches: they hold for each message, and what does not fit is the matter of the next batch. In a message a batch
// ends where the room of the message does.

import fc from 'fast-check'
import t from 'tap'
import type { Connection, Reader } from '../../../lib/index.js'
import { everywhere } from '../../support/fixture.js'
import { isPending, rejection, turn, turns, within } from '../../support/wait.js'
import { shown, unread, wired } from './support.js'

type Make = (reader: Connection | Reader, options: { maxBytes?: number; overflow?: 'skip' | 'error' }) => AsyncIterator<unknown>
const makers: Record<string, { make: Make; end: string }> = {
  lineBatches: { make: (reader, options) => reader.lineBatches(options), end: '' },
  'lineBatches of a delimiter': { make: (reader, options) => reader.lineBatches({ ...options, delimiter: '\n' }), end: '' },
  batches: { make: (reader, options) => reader.batches('\n', options), end: '\n' },
  'batches of text': { make: (reader, options) => reader.batches('\n', { ...options, encoding: 'utf8' }), end: '\n' },
  'batches of several': { make: (reader, options) => reader.batches(['\n', ';;'], options), end: '\n' },
}

for (const [name, { make, end }] of Object.entries(makers)) {
  const batch = (...messages: string[]): string => `[${messages.map((each) => each + end).join('|')}]`

  t.test(`${name}: the messages in front of one over the limit are a batch, and the next batch fails and takes nothing`, async (t) => {
    for (const waits of [false, true]) {
      const { connection, push } = wired()
      const batches = make(connection, { maxBytes: 4 })
      const first = waits ? batches.next() : undefined
      push('abc\nde\nfour\ng\n')
      t.equal(shown(await (first ?? batches.next())), batch('abc', 'de'))
      t.match(await rejection(batches.next()), { code: 'ERR_LINNET_LIMIT', limit: 4, size: 5, option: 'maxBytes' })
      t.same(await batches.next(), { value: undefined, done: true })
      t.equal(unread(connection), 'four\ng\n')
      t.match(await rejection(make(connection, { maxBytes: 4, overflow: 'error' }).next()), { code: 'ERR_LINNET_LIMIT' }, 'every time')
      t.equal(await connection.readLine(), 'four')
      t.equal(shown(await make(connection, { maxBytes: 4 }).next()), batch('g'))
    }
  })

  t.test(`${name}: a message that can no longer end within the limit fails at once`, async (t) => {
    for (const pieces of [['abcd'], ['a', 'bcd'], ['ab\nabcd']]) {
      const { connection, push } = wired({ maxBufferSize: 4 })
      const batches = make(connection, {})
      let next = batches.next()
      const failure = pieces[0] === 'ab\nabcd' ? undefined : rejection(next)
      for (const piece of pieces) push(piece)
      if (failure === undefined) {
        t.equal(shown(await next), batch('ab'))
        next = batches.next()
      }
      t.match(await (failure ?? rejection(next)), { code: 'ERR_LINNET_LIMIT', limit: 4, size: 4, option: 'maxBufferSize' })
      t.equal(unread(connection), 'abcd')
    }
  })

  t.test(`${name}: with overflow 'skip' the next batch begins behind a message over the limit`, async (t) => {
    for (const waits of [false, true]) {
      const { connection, push } = wired()
      const batches = make(connection, { maxBytes: 4, overflow: 'skip' })
      const first = waits ? batches.next() : undefined
      push('abc\nde\nfour\ng\nover-lo')
      t.equal(shown(await (first ?? batches.next())), batch('abc', 'de'))
      t.equal(shown(await batches.next()), batch('g'))
      const next = batches.next()
      t.ok(await isPending(next))
      t.equal(connection.buffered, 0, 'it is not gathered')
      push('ng')
      push('\nab\ncd\nover-long again\n\n')
      t.equal(shown(await next), batch('ab', 'cd'))
      t.equal(shown(await batches.next()), batch(''))
    }
  })

  t.test(`${name}: a loop that failed in a skipped message is continued by the next one`, async (t) => {
    const { connection, push, clock } = wired({ idleTimeout: 10, readTimeout: 10 })
    const options = { maxBytes: 4, overflow: 'skip' } as const
    const failure = rejection(make(connection, options).next())
    push('over-lo')
    await clock.pass(10)
    t.match(await failure, { code: 'ERR_LINNET_TIMEOUT' })
    const next = make(connection, options).next()
    push('ng\nok\n')
    t.equal(shown(await next), batch('ok'), 'the tail is no message')
  })

  t.test(`${name}: an end or a loss in a skipped message ends the loop`, async (t) => {
    const ended = wired()
    const batches = make(ended.connection, { maxBytes: 4, overflow: 'skip' })
    ended.push('a\nover-long')
    ended.end()
    t.equal(shown(await batches.next()), batch('a'))
    t.same(await batches.next(), { value: undefined, done: true })
    t.equal(ended.connection.buffered, 0)
    const lost = wired()
    const failure = rejection(make(lost.connection, { maxBytes: 4, overflow: 'skip' }).next())
    lost.push('over-long')
    lost.lose()
    t.match(await failure, { code: 'ECONNRESET' })
  })

  t.test(`${name}: in a message a batch takes everything that has arrived, and ends where the room does`, async (t) => {
    for (const [maxBytes, own] of [
      [9, undefined],
      [9, 5],
      [undefined, undefined],
    ] as const) {
      const { connection, push } = wired({ maxBufferSize: 9 })
      push('ab\ncd\nef\ngh\nij\n')
      let first: unknown
      const failure = await rejection(
        connection.readMessage(
          async (reader) => {
            const batches = make(reader, own === undefined ? {} : { maxBytes: own })
            first = shown(await batches.next())
            await batches.next()
          },
          maxBytes === undefined ? {} : { maxBytes },
        ),
      )
      t.equal(first, batch('ab', 'cd', 'ef'))
      t.match(failure, { code: 'ERR_LINNET_LIMIT', limit: 9, option: maxBytes === undefined ? 'maxBufferSize' : 'maxBytes' })
      t.equal(unread(connection), 'ab\ncd\nef\ngh\nij\n', 'a failed message is unread again')
    }
    const { connection, push } = wired()
    const message = connection.readMessage(async (reader) => {
      const batches = make(reader, {})
      return [shown(await batches.next()), shown(await batches.next())]
    })
    push('a\nb\nc')
    await turn()
    push('\nd')
    t.same(await message, [batch('a', 'b'), batch('c')])
    t.equal(unread(connection), 'd')
  })

  t.test(`${name}: in a message what a batch skips counts`, async (t) => {
    const { connection, push } = wired({ maxBufferSize: 100 })
    push('over-long\nabc\nabc\n')
    const message = connection.readMessage(async (reader) => shown(await make(reader, { maxBytes: 4, overflow: 'skip' }).next()), {
      maxBytes: 17,
    })
    t.equal(await message, batch('abc'))
    t.equal(unread(connection), 'abc\n')
  })
}

t.test('in a message what lines() skips counts', async (t) => {
  for (const maxBytes of [13, 14]) {
    const { connection, push } = wired({ maxBufferSize: 100 })
    push('over-long\nabc\n')
    const options = { maxBytes: 4, overflow: 'skip' } as const
    const message = connection.readMessage(async (reader) => (await reader.lines(options).next()).value, { maxBytes })
    if (maxBytes === 14) t.equal(await message, 'abc')
    else t.match(await rejection(message), { code: 'ERR_LINNET_LIMIT', limit: 13 })
  }
})

t.test('an unterminated last line counts as if it had its shortest end', async (t) => {
  for (const [maxBytes, fits] of [
    [5, true],
    [4, false],
  ] as const) {
    const { connection, push, end } = wired()
    push('a\nabcd')
    end()
    const batches = connection.lineBatches({ maxBytes })
    if (fits) t.equal(shown(await batches.next()), '[a|abcd]')
    else {
      t.equal(shown(await batches.next()), '[a]')
      t.match(await rejection(batches.next()), { code: 'ERR_LINNET_LIMIT', size: 4 })
      t.equal(unread(connection), 'abcd')
    }
  }
})

t.test('a message that cannot be decoded is the failure of the next batch', async (t) => {
  const { connection, carrier } = wired()
  for (const piece of ['ab\nc', 'd\n']) carrier.sink.data(Buffer.from(piece))
  const thrown = new Error('Cannot create a string longer than 0x1fffffe8 characters')
  const original = Buffer.prototype.toString
  Buffer.prototype.toString = function (this: Buffer, encoding?: BufferEncoding, from?: number, to?: number) {
    if (original.call(this, 'latin1', from, to).startsWith('cd')) throw thrown
    return original.call(this, encoding, from, to)
  }
  const batches = connection.lineBatches()
  let error: unknown
  try {
    t.equal(shown(await batches.next()), '[ab]')
    error = await rejection(batches.next())
  } finally {
    Buffer.prototype.toString = original
  }
  t.equal(error, thrown)
  t.equal(await connection.readLine(), 'cd')
})

t.test('a chunk that cannot be decoded fails the batch that waits, and takes nothing', async (t) => {
  const { connection, carrier } = wired()
  const thrown = new Error('Cannot create a string longer than 0x1fffffe8 characters')
  const original = Buffer.prototype.toString
  const failure = rejection(connection.lineBatches().next())
  Buffer.prototype.toString = () => {
    throw thrown
  }
  try {
    carrier.sink.data(Buffer.from('ab\ncd\n'))
  } finally {
    Buffer.prototype.toString = original
  }
  t.equal(await failure, thrown)
  t.equal(unread(connection), 'ab\ncd\n')
})

everywhere(t, 'messages over the limit are skipped whole, and all others arrive', async (t, connect) => {
  const { a, b } = await connect({ b: { maxBufferSize: 10, readHighWaterMark: 1000 } })
  const sent = (async () => {
    for (let n = 0; n < 20; n++) await a.write(`line ${n}\n${'x'.repeat(n * 1000)}\r\n`)
    await a.end('y'.repeat(100))
  })()
  const got: string[] = []
  for await (const lines of b.lineBatches({ overflow: 'skip' })) got.push(...lines.filter((line) => line !== ''))
  await within(sent)
  t.same(
    got,
    Array.from({ length: 20 }, (_, n) => `line ${n}`),
  )
  t.equal(b.buffered, 0)
})

t.test('whatever is cut, a loop that skips gives what lines() gives', async (t) => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '\r', '\n', '\n'), maxLength: 60 })
  const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 8, maxLength: 8 })
  const delimiters = fc.constantFrom(undefined, '\r\n', 'ab', ['\r\n', '\n'])
  await fc.assert(
    fc.asyncProperty(text, cuts, fc.integer({ min: 2, max: 8 }), delimiters, async (text, cuts, maxBytes, delimiter) => {
      const options = { maxBytes, delimiter, overflow: 'skip' } as const
      const results: string[][] = []
      for (const read of [
        async (connection: Connection) => {
          const all: string[] = []
          for await (const line of connection.lines(options)) all.push(line)
          return all
        },
        async (connection: Connection) => {
          const all: string[] = []
          for await (const lines of connection.lineBatches(options)) all.push(...lines)
          return all
        },
      ]) {
        const { connection, push, end } = wired()
        const reading = read(connection)
        for (let at = 0, n = 0; at < text.length; n++) {
          const size = cuts[n % 8] as number
          push(text.slice(at, at + size))
          at += size
          if (n % 3 === 0) await turns(1)
        }
        end()
        results.push(await within(reading))
      }
      const [lines, batches] = results.map((each) => JSON.stringify(each))
      if (lines !== batches) throw new Error(`${batches} instead of ${lines}`)
    }),
    { numRuns: 1000 },
  )
  t.pass()
})
