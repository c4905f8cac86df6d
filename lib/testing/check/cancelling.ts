// Rules of reads that fail: they consume nothing, the next read may begin immediately, and there is one read at a time.

import { getEventListeners } from 'node:events'
import type { Connection } from '../../connection/connection.js'
import type { ReadOptions } from '../../connection/reading/read-options.js'
import { ConcurrentReadError, EndOfStreamError, TimeoutError } from '../../errors.js'
import { begin, bytes, equal, expect, rejects, rejectsWith, stays, throws } from './expect.js'
import { type Rules, send } from './speak.js'
import { turns } from './time.js'

type Kind = readonly [name: string, read: (b: Connection, options?: ReadOptions) => Promise<unknown>]

/** Reads that wait while only `abcd` has arrived. */
const waiting: readonly Kind[] = [
  ['readUntil', (b, options) => b.readUntil('\r\n', options)],
  ['readLine', (b, options) => b.readLine(options)],
  ['readExactly', (b, options) => b.readExactly(9, options)],
  ['readInto', (b, options) => b.readInto(new Uint8Array(9), options)],
  ['readUntilMatch', (b, options) => b.readUntilMatch(/;;/, options)],
  ['peek', (b, options) => b.peek(9, options)],
  ['readMessage', (b, options) => b.readMessage(async (reader) => [await reader.readExactly(2), await reader.readLine()], options)],
  ['readToEnd', (b, options) => b.readToEnd(options)],
  ['lines', (b, options) => b.lines(options).next()],
]

/** Reads that one byte satisfies, or that consume as bytes arrive. */
const others: readonly Kind[] = [
  ['read', (b, options) => b.read(options)],
  ['readInto with partial', (b, options) => b.readInto(new Uint8Array(9), { ...options, partial: true })],
  ['skip', (b, options) => b.skip(9, options)],
  ['skipUntil', (b, options) => b.skipUntil(';', options)],
  ['chunks', (b, options) => b.chunks(undefined, options).next()],
]

const tries: readonly (readonly [string, (b: Connection) => unknown])[] = [
  ['tryReadUntil', (b) => b.tryReadUntil('\n')],
  ['tryReadLine', (b) => b.tryReadLine()],
  ['tryReadExactly', (b) => b.tryReadExactly(1)],
  ['toDuplex', (b) => b.toDuplex()],
  ['toWeb', (b) => b.toWeb()],
]

const reason = new Error('aborted by the check')

export const cancelling: Rules = {
  async 'a read that is aborted rejects with the reason and consumes nothing'(a, b) {
    for (const [name, read] of waiting) {
      const controller = new AbortController()
      await send(a, b, 'ab')
      const pending = begin(read(b, { signal: controller.signal }))
      await send(a, b, 'cd')
      await stays(pending, `${name} before it is aborted`)
      controller.abort(reason)
      await rejectsWith(pending, reason, `${name} that is aborted`)
      bytes(await b.readExactly(4), 'abcd', `the bytes after the aborted ${name}`)
    }
    for (const [name, read] of others) {
      const controller = new AbortController()
      const pending = begin(read(b, { signal: controller.signal }))
      await stays(pending, `${name} with nothing there`)
      controller.abort()
      await rejectsWith(pending, controller.signal.reason, `${name} that is aborted`)
      await send(a, b, 'abcd')
      bytes(await b.readExactly(4), 'abcd', `the bytes that came after the aborted ${name}`)
    }
  },

  async 'a read that is out of time is a TimeoutError and consumes nothing'(a, b) {
    for (const [name, read] of waiting) {
      await send(a, b, 'ab')
      const pending = begin(read(b, { timeout: 8 }))
      begin(a.write('cd'))
      const error = await rejects(pending, TimeoutError, `${name} with a timeout of 8`)
      equal([error.kind, error.timeout], ['call', 8], `kind and timeout of the error of ${name}`)
      bytes(await b.readExactly(4), 'abcd', `the bytes after ${name} was out of time`)
    }
  },

  async 'a read that the end of the stream cuts short rejects with the bytes that had arrived and consumes nothing'(a, b) {
    const [first, ...more] = waiting.filter(([name]) => name !== 'readToEnd' && name !== 'lines') as [Kind, ...Kind[]]
    const pending = begin(first[1](b))
    await send(a, b, 'ab', 'cd')
    begin(a.end())
    const early = await rejects(pending, EndOfStreamError, `${first[0]}, pending as the end comes`)
    bytes(early.partial, 'abcd', 'its partial')
    for (const [name, read] of more) {
      const error = await rejects(read(b), EndOfStreamError, `${name} of more bytes than come before the end`)
      bytes(error.partial, 'abcd', `partial of the error of ${name}`)
    }
    bytes(await b.readExactly(4), 'abcd', 'a shorter read after all of them')
    bytes((await rejects(b.readExactly(1), EndOfStreamError, 'readExactly(1) of nothing')).partial, '', 'its partial')
  },

  async 'a failed skip leaves the bytes that it did not drop'(a, b) {
    const controller = new AbortController()
    const skip = begin(b.skip(9, { signal: controller.signal }))
    await send(a, b, 'abcd')
    const dropped = b.bytesRead - b.buffered
    controller.abort(reason)
    await rejectsWith(skip, reason, 'skip(9) that is aborted after four bytes')
    equal(b.bytesRead - b.buffered, dropped, 'bytesRead − buffered after it')
    await send(a, b, 'efgh')
    bytes(await b.readExactly(8 - dropped), 'abcdefgh'.slice(dropped), 'the bytes that come after it')
    const until = begin(b.skipUntil('\r\n', { timeout: 8 }))
    await send(a, b, 'abc\r')
    await rejects(until, TimeoutError, 'skipUntil that is out of time after half its delimiter')
    const again = begin(b.skipUntil('\r\n'))
    await send(a, b, '\nok\n')
    await again
    equal(await b.readLine(), 'ok', 'readLine after skipUntil again')
  },

  async 'after an abort the next read may be made in the same turn'(a, b) {
    for (const [name, read] of waiting) {
      const controller = new AbortController()
      const pending = begin(read(b, { signal: controller.signal }))
      await send(a, b, 'abcd')
      controller.abort(reason)
      const next = begin(b.readExactly(6))
      await rejectsWith(pending, reason, `${name} that is aborted`)
      await send(a, b, 'ef')
      bytes(await next, 'abcdef', `readExactly(6), made as ${name} was aborted`)
    }
  },

  async 'a signal that is already aborted comes before buffered bytes'(a, b) {
    await send(a, b, 'abcd')
    const signal = AbortSignal.abort(reason)
    for (const [name, read] of [...waiting, ...others]) await rejectsWith(read(b, { signal }), reason, `${name} with an aborted signal`)
    bytes(await b.readExactly(4), 'abcd', 'the bytes after all that')
  },

  async 'an abort after a read is settled changes nothing, and leaves no listener'(a, b) {
    const controller = new AbortController()
    const { signal } = controller
    const read = begin(b.readUntil('\n', { signal }))
    await send(a, b, 'one\ntwo\n')
    bytes(await read, 'one\n', 'the read')
    await rejects(b.readExactly(9, { signal, timeout: 5 }), TimeoutError, 'a read that is out of time')
    equal(getEventListeners(signal, 'abort').length, 0, 'the listeners that settled reads have left on their signal')
    controller.abort()
    await turns()
    bytes(await b.readUntil('\n'), 'two\n', 'the next read')
    equal([b.ended, b.signal.aborted], [false, false], 'ended and signal.aborted of the connection')
  },

  async 'there is one read at a time: a second one is a ConcurrentReadError, and the first is untouched'(a, b) {
    const first = begin(b.readUntil('\r\n'))
    await send(a, b, 'ab')
    for (const [name, read] of [...waiting, ...others]) await rejects(read(b), ConcurrentReadError, `${name} while readUntil waits`)
    for (const [name, attempt] of tries) throws(() => attempt(b), ConcurrentReadError, `${name} while readUntil waits`)
    await stays(first, 'the first read')
    await send(a, b, 'c\r\nd')
    bytes(await first, 'abc\r\n', 'the first read')
    bytes(await b.readExactly(1), 'd', 'the next read')
  },

  async 'the next read may begin as soon as a read is settled'(a, b) {
    const all: string[] = []
    const readAll = async (): Promise<void> => {
      while (all.length < 20) all.push(await b.readLine())
    }
    const reading = begin(readAll())
    for (let n = 0; n < 20; n += 2) await send(a, b, `${n}\n${n + 1}`, '\n')
    await reading
    equal(all.join(), Array.from({ length: 20 }, (_, n) => n).join(), 'twenty lines, read one after the other')
  },

  async 'a pending read does not block a write'(a, b) {
    const read = begin(b.readLine())
    await b.write('question\n')
    equal(await a.readLine(), 'question', 'what was written')
    await a.write('answer\n')
    equal(await read, 'answer', 'the read')
    expect(b.waiting === undefined, 'waiting is not undefined although nothing waits')
  },
}
