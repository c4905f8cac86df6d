// readExactly, readInto, peek, skip and skipUntil: counts that must hold to the byte.

import t from 'tap'
import { EndOfStreamError } from '../../../lib/index.js'
import { everywhere } from '../../support/fixture.js'
import { cuts, isPending, pattern, rejection, turns, until, within } from '../../support/wait.js'
import { unread, wired } from './support.js'

everywhere(t, 'readExactly resolves with n bytes', async (t, connect) => {
  const { a, b } = await connect()
  const read = b.readExactly(5, 'latin1')
  await a.write('abc')
  t.ok(await isPending(read))
  await a.write('defgh')
  t.equal(await within(read), 'abcde')
  t.equal(String(await b.readExactly(3)), 'fgh')
})

t.test('readExactly(0) resolves at once', async (t) => {
  const { connection, end } = wired()
  t.same(await connection.readExactly(0), Buffer.alloc(0))
  t.equal(await connection.readExactly(0, 'utf8'), '')
  end()
  t.equal((await connection.readExactly(0)).length, 0, 'also behind the end')
  const lost = wired()
  lost.lose()
  t.equal((await lost.connection.peek(0)).length, 0)
  t.equal(await lost.connection.skip(0), 0)
})

everywhere(t, 'a megabyte read in pieces of every size is what was sent', async (t, connect) => {
  const { a, b } = await connect()
  const data = pattern(1024 * 1024)
  const sent = a.write(data)
  const got: Buffer[] = []
  for (let left = data.length, n = 1; left > 0; n = (n * 7 + 13) % 5003) {
    const size = Math.min(left, n + 1)
    if (n % 3 === 0) got.push(await within(b.readExactly(size)))
    else {
      const target = Buffer.alloc(size)
      const count = await within(b.readInto(target, { partial: n % 3 === 1 }))
      t.ok(count >= 1 && count <= size)
      got.push(target.subarray(0, count))
    }
    left -= (got.at(-1) as Buffer).length
  }
  await sent
  t.equal(Buffer.compare(Buffer.concat(got), data), 0)
})

t.test('readInto fills exactly its window, all at once', async (t) => {
  const memory = new ArrayBuffer(16)
  const bytes = Buffer.from(memory).fill('.')
  const windows = [
    Buffer.from(memory, 4, 8),
    new Uint8Array(memory, 4, 8),
    new DataView(memory, 4, 8),
    new Uint16Array(memory, 4, 4),
    new Float64Array(memory, 8, 1),
  ]
  for (const window of windows) {
    bytes.fill('.')
    const { connection, push } = wired()
    const read = connection.readInto(window)
    push('abcd')
    t.equal(bytes.toString(), '.'.repeat(16), 'nothing while it waits')
    push('efghij')
    t.equal(await read, 8)
    t.equal(bytes.toString().trim().length, 16)
    t.equal(Buffer.from(window.buffer, window.byteOffset, window.byteLength).toString(), 'abcdefgh')
    t.equal(bytes.toString().replaceAll('.', ''), 'abcdefgh', 'and nothing beside it')
    t.equal(unread(connection), 'ij')
  }
})

t.test('readInto that fails leaves the target unchanged', async (t) => {
  const { connection, push, end } = wired()
  const target = Buffer.alloc(4, '.')
  const read = connection.readInto(target)
  push('abc')
  end()
  t.match(await rejection(read), { code: 'ERR_LINNET_END_OF_STREAM', partial: Buffer.from('abc') })
  t.equal(target.toString(), '....')
  t.equal(await connection.readInto(target, { partial: true }), 3)
  t.equal(target.toString(), 'abc.')
})

t.test('readInto with partial resolves with at least one byte', async (t) => {
  const { connection, push, end } = wired()
  const target = Buffer.alloc(4, '.')
  const read = connection.readInto(target, { partial: true })
  t.ok(await isPending(read))
  push('a')
  t.equal(await read, 1)
  push('bcdefg')
  t.equal(await connection.readInto(target, { partial: true }), 4)
  t.equal(target.toString(), 'bcde')
  t.equal(await connection.readInto(target, { partial: true, maxBytes: 1 }), 1)
  t.equal(await connection.readInto(target, { partial: true }), 1)
  end()
  t.match(await rejection(connection.readInto(target, { partial: true })), { code: 'ERR_LINNET_END_OF_STREAM' })
})

t.test('readInto with an empty target resolves at once and takes nothing', async (t) => {
  const { connection, push } = wired()
  t.equal(await connection.readInto(new Uint8Array(0)), 0)
  push('a')
  t.equal(await connection.readInto(new DataView(new ArrayBuffer(0)), { partial: true }), 0)
  t.equal(unread(connection), 'a')
})

everywhere(t, 'peek leaves its bytes unread', async (t, connect) => {
  const { a, b } = await connect()
  const peek = b.peek(4)
  await a.write('ab')
  t.ok(await isPending(peek))
  await a.write('cdef')
  t.equal(String(await within(peek)), 'abcd')
  t.equal(await b.peek(2, 'latin1'), 'ab')
  t.equal(await b.peek(3, { encoding: 'hex' }), '616263')
  t.equal(String(await within(b.peek(6))), 'abcdef')
  t.equal(b.buffered, 6)
  t.equal(String(await b.readExactly(6)), 'abcdef')
})

everywhere(t, 'skip drops n bytes as they arrive', async (t, connect) => {
  const { a, b } = await connect()
  const skip = b.skip(5)
  await a.write('abc')
  await until(() => b.bytesRead === 3)
  t.ok(await isPending(skip))
  t.equal(b.buffered, 0)
  await a.write('defgh')
  t.equal(await within(skip), 5)
  t.equal(String(await b.readExactly(3)), 'fgh')
  t.equal(await b.skip(0), 0)
})

t.test('the bytes that a failed skip dropped are gone, and their number is known', async (t) => {
  const { connection, push } = wired()
  const controller = new AbortController()
  push('ab')
  const before = connection.bytesRead - connection.buffered
  const skip = connection.skip(10, { signal: controller.signal })
  push('cde')
  controller.abort('no more')
  t.equal(await rejection(skip), 'no more')
  t.equal(connection.bytesRead - connection.buffered - before, 5)
  push('f')
  t.equal(unread(connection), 'f')
})

t.test('skip past the end drops what arrived and rejects', async (t) => {
  const { connection, push, end } = wired()
  const skip = connection.skip(5)
  push('abc')
  end()
  const error = await rejection(skip)
  t.ok(error instanceof EndOfStreamError)
  t.match(error, { partial: Buffer.alloc(0) })
  t.equal(await connection.read(), null)
})

t.test('skipUntil stops after the delimiter, wherever it is cut', async (t) => {
  for (const delimiter of ['\n', '\r\n', ['\n\n', '\r\n\r\n']] as const) {
    const end = typeof delimiter === 'string' ? delimiter : '\r\n\r\n'
    const message = `ab\rc\r${end}`
    for (const [head, tail] of cuts(`${message}next`)) {
      const { connection, push } = wired()
      const skip = connection.skipUntil(delimiter)
      push(head)
      t.ok(connection.buffered < 4, 'it gathers nothing but what may begin a delimiter')
      push(tail)
      t.equal(await skip, message.length)
      t.equal(unread(connection), 'next')
    }
  }
})

t.test('skipUntil after a failed one finds a delimiter that had begun', async (t) => {
  const { connection, push, clock } = wired()
  const failure = rejection(connection.skipUntil('\r\n', { timeout: 5 }))
  push('abc\r')
  await clock.pass(5)
  t.match(await failure, { code: 'ERR_LINNET_TIMEOUT' })
  t.equal(unread(connection), '\r')
  const next = connection.skipUntil('\r\n')
  push('\nrest')
  t.equal(await next, 2)
  t.equal(unread(connection), 'rest')
})

everywhere(t, 'after an over-long message skipUntil finds the next message', async (t, connect) => {
  const { a, b } = await connect({ b: { maxBufferSize: 100 } })
  const read = b.readUntil('\n')
  const sent = a.write(`${'x'.repeat(300_000)}\nnext\n`)
  t.match(await rejection(within(read)), { code: 'ERR_LINNET_LIMIT' })
  t.equal(await within(b.skipUntil('\n')), 300_001)
  await sent
  t.equal(await within(b.readLine()), 'next')
  await turns()
  t.equal(b.buffered, 0)
})
