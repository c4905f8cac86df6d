// Rules of read limits: they are exact, they reject as soon as a read can no longer succeed, they do not depend on packets, and
// they leave the connection usable.

import type { Connection } from '../../connection/connection.js'
import { EndOfStreamError, LimitExceededError } from '../../errors.js'
import { begin, bytes, equal, expect, rejects, stays, throws } from './expect.js'
import { cuts, type Rules, send } from './speak.js'
import { until } from './time.js'

/** Reads that `abcd` does not satisfy and that buffer at most `maxBytes`. */
const gathering: readonly (readonly [string, (b: Connection, maxBytes: number) => Promise<unknown>])[] = [
  ['readUntil', (b, maxBytes) => b.readUntil('\r\n', { maxBytes })],
  ['readLine', (b, maxBytes) => b.readLine({ maxBytes })],
  ['readExactly', (b, maxBytes) => b.readExactly(9, { maxBytes })],
  ['readToEnd', (b, maxBytes) => b.readToEnd({ maxBytes })],
  ['readUntilMatch', (b, maxBytes) => b.readUntilMatch(/;;/, { maxBytes })],
  ['peek', (b, maxBytes) => b.peek(9, { maxBytes })],
  ['lines', (b, maxBytes) => b.lines({ maxBytes }).next()],
  ['readMessage', (b, maxBytes) => b.readMessage(async (reader) => [await reader.readExactly(2), await reader.readLine()], { maxBytes })],
]

export const limits: Rules = {
  async 'a match that ends at the limit succeeds, and one byte less fails, at every cut'(a, b) {
    for (const [head, tail] of cuts('abc\r\n')) {
      const exact = begin(b.readUntil('\r\n', { maxBytes: 5 }))
      await send(a, b, head, tail)
      bytes(await exact, 'abc\r\n', `readUntil of five bytes with maxBytes 5, cut after ${head.length}`)
      const short = begin(b.readUntil('\r\n', { maxBytes: 4 }))
      await send(a, b, head, tail)
      await rejects(short, LimitExceededError, `readUntil of five bytes with maxBytes 4, cut after ${head.length}`)
      bytes(await b.readUntil('\r\n', { maxBytes: 5 }), 'abc\r\n', 'the same read with maxBytes 5 afterwards')
    }
    await send(a, b, 'abc\r\n')
    await rejects(b.readLine({ maxBytes: 4 }), LimitExceededError, 'readLine of five bytes with maxBytes 4')
    equal(await b.readLine({ maxBytes: 5 }), 'abc', 'readLine of five bytes with maxBytes 5')
    await send(a, b, 'abc\r\n')
    throws(() => b.tryReadUntil('\n', { maxBytes: 4 }), LimitExceededError, 'tryReadUntil of five bytes with maxBytes 4')
    bytes(b.tryReadUntil('\n', { maxBytes: 5 }), 'abc\r\n', 'tryReadUntil of five bytes with maxBytes 5')
    await send(a, b, 'xy;')
    await rejects(b.readUntilMatch(/;/, { maxBytes: 2 }), LimitExceededError, 'readUntilMatch of three bytes with maxBytes 2')
    bytes(await b.readUntilMatch(/;/, { maxBytes: 3 }), 'xy;', 'readUntilMatch of three bytes with maxBytes 3')
  },

  async 'a read fails at the byte after which it can no longer succeed, and not before'(a, b) {
    const read = begin(b.readUntil('\r\n', { maxBytes: 5 }))
    await send(a, b, 'abc')
    await stays(read, 'readUntil with maxBytes 5 after three bytes and a delimiter of two to come')
    await send(a, b, 'd')
    await rejects(read, LimitExceededError, 'that read after a fourth byte that begins no delimiter')
    bytes(await b.readExactly(4), 'abcd', 'its bytes')
    const half = begin(b.readUntil('\r\n', { maxBytes: 5 }))
    await send(a, b, 'abc\r')
    await stays(half, 'readUntil with maxBytes 5 after three bytes and half its delimiter')
    await send(a, b, 'x')
    await rejects(half, LimitExceededError, 'that read after a byte that is not the other half')
    bytes(await b.readExactly(5), 'abc\rx', 'its bytes')
    const all = begin(b.readToEnd({ maxBytes: 3 }))
    await send(a, b, 'abc')
    await stays(all, 'readToEnd with maxBytes 3 after three bytes')
    await send(a, b, 'd')
    await rejects(all, LimitExceededError, 'readToEnd with maxBytes 3 after four bytes')
    bytes(await b.readExactly(4), 'abcd', 'its bytes')
  },

  async 'a number of bytes above the limit is refused at once'(_, b) {
    await rejects(b.readExactly(10, { maxBytes: 9 }), LimitExceededError, 'readExactly(10, { maxBytes: 9 })')
    await rejects(b.peek(10, { maxBytes: 9 }), LimitExceededError, 'peek(10, { maxBytes: 9 })')
    await rejects(b.skip(10, { maxBytes: 9 }), LimitExceededError, 'skip(10, { maxBytes: 9 })')
  },

  async 'a read that exceeds its limit consumes nothing'(a, b) {
    for (const [name, read] of gathering) {
      await send(a, b, 'abcd')
      await rejects(read(b, 3), LimitExceededError, `${name} of more than three bytes with maxBytes 3`)
      bytes(await b.readExactly(4), 'abcd', `the bytes after the failed ${name}`)
      const pending = begin(read(b, 3))
      begin(a.write('abcd'))
      await rejects(pending, LimitExceededError, `${name} of more than three bytes with maxBytes 3, pending as they come`)
      bytes(await b.readExactly(4), 'abcd', `the bytes after the failed ${name} that had waited`)
    }
  },

  async 'a limit never changes which match wins'(a, b) {
    const ends = ['\n', '\n\n']
    await send(a, b, 'ab\n\n')
    await rejects(b.readUntil(ends, { maxBytes: 3 }), LimitExceededError, 'the longer match, one byte over the limit')
    bytes(await b.readUntil(ends, { maxBytes: 4 }), 'ab\n\n', 'the longer match, within the limit')
    await send(a, b, 'ab\nc')
    bytes(await b.readUntil(ends, { maxBytes: 3 }), 'ab\n', 'the shorter match where the longer one is none')
  },

  async 'the limit is judged before the end of the stream'(a, b) {
    begin(a.end('abcd'))
    await until(() => b.peerEnded)
    await rejects(b.readUntil('\n', { maxBytes: 4 }), LimitExceededError, 'readUntil with maxBytes 4 of four bytes and the end')
    await rejects(b.readUntil('\n', { maxBytes: 5 }), EndOfStreamError, 'readUntil with maxBytes 5 of four bytes and the end')
    await rejects(b.readToEnd({ maxBytes: 3 }), LimitExceededError, 'readToEnd with maxBytes 3 of four bytes and the end')
    await rejects(b.lines({ maxBytes: 4 }).next(), LimitExceededError, 'lines with maxBytes 4 of four bytes and the end')
    equal((await b.lines({ maxBytes: 5 }).next()).value, 'abcd', 'lines with maxBytes 5 of four bytes and the end')
  },

  async 'maxBufferSize is the limit of a read that has none, and maxBytes may exceed it'(a, b) {
    const before = b.limits.maxBufferSize
    b.setLimits({ maxBufferSize: 8 })
    equal(b.limits.maxBufferSize, 8, 'limits.maxBufferSize after setLimits')
    await send(a, b, '0123456\n012345678\n')
    bytes(await b.readUntil('\n'), '0123456\n', 'readUntil of eight bytes with a maxBufferSize of 8')
    const error = await rejects(b.readUntil('\n'), LimitExceededError, 'readUntil of ten bytes with a maxBufferSize of 8')
    equal([error.limit, error.option], [8, 'maxBufferSize'], 'limit and option of its error')
    await rejects(b.readExactly(9), LimitExceededError, 'readExactly(9) with a maxBufferSize of 8')
    equal(await b.readInto(new Uint8Array(9)), 9, 'readInto a target of nine bytes, which is its limit')
    bytes(await b.readUntil('\n'), '\n', 'the rest of that record')
    await send(a, b, '012345678\n')
    bytes(await b.readUntil('\n', { maxBytes: 10 }), '012345678\n', 'readUntil of ten bytes with maxBytes 10')
    b.setLimits({ maxBufferSize: before })
    await send(a, b, '0123456789')
    bytes(await b.readExactly(10), '0123456789', 'readExactly(10) with the limit raised again')
  },

  async 'a limit leaves the connection usable, and its error names the option to raise'(a, b) {
    await send(a, b, 'a long line\nnext\n')
    const error = await rejects(b.readUntil('\n', { maxBytes: 4 }), LimitExceededError, 'readUntil of twelve bytes with maxBytes 4')
    equal([error.limit, error.option], [4, 'maxBytes'], 'limit and option of its error')
    expect(error.size > 4, `size of its error: it should be more than 4, not ${error.size}`)
    equal([b.ended, b.peerEnded, b.signal.aborted], [false, false, false], 'ended, peerEnded and signal.aborted after it')
    equal(await b.skipUntil('\n'), 12, 'skipUntil, to get back in step')
    equal(await b.readLine(), 'next', 'readLine behind it')
    await b.write('fine\n')
    equal(await a.readLine(), 'fine', 'a write after it')
  },

  async 'a skipUntil that exceeds its limit leaves what may begin the delimiter'(a, b) {
    await send(a, b, 'abc\r\n')
    equal(await b.skipUntil('\r\n', { maxBytes: 5 }), 5, 'skipUntil of five bytes with maxBytes 5')
    await send(a, b, 'abcdef\r')
    await rejects(b.skipUntil('\r\n', { maxBytes: 4 }), LimitExceededError, 'skipUntil of more than seven bytes with maxBytes 4')
    const again = begin(b.skipUntil('\r\n'))
    await send(a, b, '\nok\n')
    await again
    equal(await b.readLine(), 'ok', 'readLine after skipUntil again')
  },

  async 'a limit smaller than the delimiter is a RangeError'(_, b) {
    await rejects(b.readUntil('abc', { maxBytes: 2 }), RangeError, "readUntil('abc', { maxBytes: 2 })")
    await rejects(b.readUntil(['abc', 'wxyz'], { maxBytes: 2 }), RangeError, 'readUntil of two delimiters with maxBytes 2')
    await rejects(b.readLine({ delimiter: '\r\n', maxBytes: 1 }), RangeError, "readLine({ delimiter: '\\r\\n', maxBytes: 1 })")
    await rejects(b.skipUntil('ab', { maxBytes: 1 }), RangeError, "skipUntil('ab', { maxBytes: 1 })")
  },
}
