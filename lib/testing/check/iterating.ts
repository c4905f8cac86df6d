// Rules of the iterators `lines` and `chunks`. An iterator holds neither bytes nor the read lock between two items, and an
// iterator that fails leaves its bytes unread.

import { ConcurrentReadError, EndOfStreamError, LimitExceededError } from '../../errors.js'
import { begin, bytes, equal, expect, rejects, stays } from './expect.js'
import { cuts, type Rules, send } from './speak.js'

/** Resolves with the remaining items. */
async function rest<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

const ended = { value: undefined, done: true }

export const iterating: Rules = {
  async 'lines yields each line, and at the end one that has no line end'(a, b) {
    const lines = begin(rest(b.lines()))
    await send(a, b, 'one\ntw', 'o\r\n\nthr', 'ee')
    await stays(lines, 'the loop over lines() before the end')
    begin(a.end())
    equal(await lines, ['one', 'two', '', 'three'], 'lines()')
    equal(await rest(b.lines()), [], 'lines() at the end of the stream')
  },

  async 'lines takes a delimiter and an encoding'(a, b) {
    begin(a.end(Buffer.from('one\r\0tw\né\0\0', 'latin1')))
    equal(await rest(b.lines({ delimiter: '\0', encoding: 'latin1' })), ['one\r', 'tw\né', ''], 'lines that end in \\0')
  },

  async 'an over-long line ends the iteration and stays unread'(a, b) {
    begin(a.write('ok\nmuch too long\nnext\n'))
    const lines = b.lines({ maxBytes: 6 })
    equal(await lines.next(), { value: 'ok', done: false }, 'the line before it')
    await rejects(lines.next(), LimitExceededError, 'the over-long line')
    equal(await lines.next(), ended, 'the iterator after it failed')
    begin(a.end())
    equal(await rest(b.lines({ maxBytes: 14 })), ['much too long', 'next'], 'a new loop with a larger limit')
  },

  async "with overflow: 'skip' an over-long line is dropped whole and the next one comes"(a, b) {
    const long = 'y'.repeat(200)
    for (const [head, tail] of cuts('a much too long line\n')) {
      const lines = b.lines({ maxBytes: 6, overflow: 'skip' })
      const next = begin(lines.next())
      await send(a, b, head, tail, 'next\n')
      equal(await next, { value: 'next', done: false }, `the line behind an over-long one, cut after ${head.length}`)
    }
    const lines = begin(rest(b.lines({ maxBytes: 6, overflow: 'skip' })))
    await send(a, b, 'first\n', long, long, 'y\nlast\n', long)
    begin(a.end())
    equal(await lines, ['first', 'last'], 'the lines between over-long ones, the last without an end')
  },

  async 'chunks and the connection itself yield every byte until the end of the stream'(a, b) {
    await send(a, b, 'abcdef')
    const loop = begin(rest(b.chunks(undefined, { maxBytes: 4 })))
    await stays(loop, 'the loop over chunks() before the end')
    await send(a, b, 'g')
    begin(a.end())
    const pieces = await loop
    bytes(Buffer.concat(pieces), 'abcdefg', 'chunks()')
    for (const { length } of pieces) expect(length >= 1 && length <= 4, `chunks with maxBytes 4 yielded a piece of ${length} bytes`)
    equal(await rest(b), [], 'a loop over the connection at the end of the stream')
  },

  async 'chunks(n) yields exactly n bytes, and an earlier end is an EndOfStreamError'(a, b) {
    await send(a, b, 'abcdef')
    bytes(Buffer.concat(await rest(b.chunks(4))), 'abcd', 'chunks(4) of abcdef')
    equal(await rest(b.chunks(0)), [], 'chunks(0)')
    const chunks = b.chunks(3)
    equal((await chunks.next()).value?.toString(), 'ef', 'the first piece of chunks(3)')
    begin(a.end())
    await rejects(chunks.next(), EndOfStreamError, 'chunks(3) of two bytes')
    equal(await chunks.next(), ended, 'the iterator after it failed')
  },

  async 'between two items an iterator holds nothing, and leaving the loop leaves the connection open'(a, b) {
    await send(a, b, '3\nabctwo\nthree\n')
    const seen: string[] = []
    for await (const line of b.lines()) {
      if (line === '3') seen.push(await b.readExactly(3, 'latin1'))
      else seen.push(line)
      if (line === 'two') break
    }
    equal(seen, ['abc', 'two'], 'lines, and bytes read between them')
    for await (const chunk of b) {
      bytes(chunk, 'three\n', 'a loop over the connection after it')
      break
    }
    const read = begin(b.readLine())
    begin(a.write('four\n'))
    equal(await read, 'four', 'readLine after both loops')
    await b.write('five\n')
    equal(await a.readLine(), 'five', 'a write after both loops')
  },

  async 'of two concurrent next calls the second rejects, and may be repeated'(a, b) {
    const [one, other] = [b.lines(), b.lines()]
    const first = begin(one.next())
    await rejects(other.next(), ConcurrentReadError, 'a second iterator, asked while the first waits')
    await rejects(one.next(), ConcurrentReadError, 'the same iterator, asked again while it waits')
    await send(a, b, 'one\ntwo\nthree\n')
    equal((await first).value, 'one', 'the first')
    equal((await other.next()).value, 'two', 'the refused one, asked again')
    equal((await one.next()).value, 'three', 'the first, asked again')
  },

  async 'wrong options of an iterator reject its first next, and no byte is consumed'(a, b) {
    await send(a, b, 'abc\n')
    const wrong = [
      () => b.lines({ overflow: 'drop' as 'skip' }),
      () => b.lines({ delimiter: '' }),
      () => b.lines({ maxBytes: 0 }),
      () => b.chunks(-1),
      () => b.chunks(undefined, { timeout: 0 }),
    ]
    for (const make of wrong) await rejects(make().next(), RangeError, String(make))
    await rejects(b.lines({ delimiter: 5 as never }).next(), TypeError, 'lines({ delimiter: 5 })')
    await rejects(b.chunks('4' as never).next(), TypeError, "chunks('4')")
    bytes(await b.readExactly(4), 'abc\n', 'the bytes after all that')
  },
}
