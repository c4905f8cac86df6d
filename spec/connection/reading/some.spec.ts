// read and readToEnd: the bytes received so far, and all bytes up to the end; and text that is cut inside of a character.

import fc from 'fast-check'
import t from 'tap'
import { everywhere } from '../../support/fixture.js'
import { isPending, nextPass, pattern, rejection, within } from '../../support/wait.js'
import { unread, wired } from './support.js'

everywhere(t, 'read resolves at once with the bytes received so far', async (t, connect) => {
  const { a, b } = await connect()
  const read = b.read()
  t.ok(await isPending(read))
  await a.write('abcdef')
  t.equal(String(await within(read)), 'abcdef')
  await a.write('gh')
  await a.end()
  t.equal(String(await within(b.read())), 'gh')
  t.equal(await within(b.read()), null)
  t.equal(await b.read('utf8'), null, 'every time')
})

t.test('read resolves with all received bytes, in however many pieces, up to maxBytes', async (t) => {
  const { connection, push } = wired({ maxBufferSize: 4 })
  push('ab')
  push('cd')
  push('efg')
  t.equal(await connection.read({ maxBytes: 2, encoding: 'latin1' }), 'ab')
  t.equal(await connection.read('latin1'), 'cdef', 'by default not more than maxBufferSize')
  t.equal(await connection.read({ maxBytes: 100, encoding: 'latin1' }), 'g')
})

t.test('no character is cut, and no whole one is held back', async (t) => {
  for (const [bytes, encoding, text, left] of [
    ['a\xe2\x82', 'utf8', 'a', '\xe2\x82'],
    ['a\xf0\x9f\x98', 'utf-8', 'a', '\xf0\x9f\x98'],
    ['a\xff\xfe', 'utf8', 'a\ufffd\ufffd', ''],
    ['a\xe2\x82', 'latin1', 'a\xe2\x82', ''],
    ['a\xe2\x82', 'hex', '61e282', ''],
    ['a\0b', 'utf16le', 'a', 'b'],
    ['a\0\x3d\xd8\x00', 'ucs2', 'a', '\x3d\xd8\x00'],
    ['abcd', 'base64', 'YWJj', 'd'],
    ['abcdef', 'base64', 'YWJjZGVm', ''],
    ['\xff\xfe\xfdab', 'base64url', '__79', 'ab'],
  ] as const) {
    const { connection, push } = wired()
    push(bytes)
    t.equal(await connection.read(encoding), text, `${encoding} ${JSON.stringify(bytes)}`)
    t.equal(unread(connection), left)
  }
})

t.test('a character whose rest arrives later is read once', async (t) => {
  const { connection, push } = wired()
  push('\xe2')
  const read = connection.read('utf8')
  t.ok(await isPending(read))
  push('\x82')
  t.ok(await isPending(read))
  push('\xac!')
  t.equal(await read, '€!')
})

t.test('an incomplete character at the end of the stream, or before a loss, is read', async (t) => {
  for (const over of ['end', 'lose'] as const) {
    const wire = wired()
    const read = wire.connection.read('utf8')
    wire.push('\xe2\x82')
    t.ok(await isPending(read))
    wire[over]()
    t.equal(await read, '\ufffd')
    t.equal(wire.connection.buffered, 0)
    if (over === 'end') t.equal(await wire.connection.read('utf8'), null)
    else t.match(await rejection(wire.connection.read('utf8')), { code: 'ECONNRESET' })
  }
})

t.test('a character that maxBytes cannot hold is a LimitExceededError', async (t) => {
  const { connection, push, end } = wired()
  const read = connection.read({ encoding: 'utf8', maxBytes: 2 })
  push('\xe2')
  t.ok(await isPending(read), 'it may still turn out to be none')
  push('\x82')
  t.match(await rejection(read), { code: 'ERR_LINNET_LIMIT', limit: 2, option: 'maxBytes' })
  push('\xac')
  t.match(await rejection(connection.read({ encoding: 'utf8', maxBytes: 1 })), { code: 'ERR_LINNET_LIMIT', limit: 1 })
  end()
  t.match(await rejection(connection.read({ encoding: 'utf8', maxBytes: 2 })), { code: 'ERR_LINNET_LIMIT' }, 'also before the end')
  t.equal(await connection.read({ encoding: 'utf8', maxBytes: 3 }), '€', 'and it is unread')
})

t.test('text is the same wherever it is cut, cancelled or limited', async (t) => {
  const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 })
  const encoding = fc.constantFrom<BufferEncoding>('utf8', 'utf16le')
  const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 4, maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(text, encoding, sizes, fc.integer({ min: 4, max: 9 }), async (text, encoding, sizes, maxBytes) => {
      const { connection, push, end } = wired()
      const bytes = Buffer.from(text, encoding)
      let got = ''
      let turns = 0
      const collect = async (): Promise<void> => {
        for (;;) {
          const controller = new AbortController()
          const read = connection.read({ encoding, maxBytes, signal: controller.signal })
          if (turns++ % 2 === 1) controller.abort('cut')
          const piece = await read.catch((error) => error as string)
          if (piece === null) return
          if (piece === 'cut') continue
          if (Buffer.byteLength(piece, encoding) > maxBytes) throw new Error(`${piece} is too long`)
          got += piece
        }
      }
      const collected = collect()
      for (let at = 0, n = 0; at < bytes.length; n++) {
        const size = sizes[n % sizes.length] as number
        push(bytes.subarray(at, at + size))
        at += size
        await nextPass()
      }
      end()
      await collected
      if (got !== text) throw new Error(`${JSON.stringify(got)} instead of ${JSON.stringify(text)}`)
    }),
    { numRuns: 1000 },
  )
  t.pass()
})

everywhere(t, 'readToEnd resolves with everything, at the end', async (t, connect) => {
  const { a, b } = await connect()
  const data = pattern(500_000)
  const read = b.readToEnd()
  const sent = a.write(data)
  t.ok(await isPending(read))
  await a.end()
  t.equal(Buffer.compare(await within(read), data), 0)
  await sent
  t.same(await b.readToEnd(), Buffer.alloc(0), 'and nothing the next time')
  t.equal(await b.readToEnd('utf8'), '')
})

t.test('readToEnd misses nothing when it starts after the end, or in the middle', async (t) => {
  const { connection, push, end } = wired()
  push('abcdef')
  t.equal(await connection.readExactly(2, 'latin1'), 'ab')
  end()
  t.equal(await connection.readToEnd({ encoding: 'latin1' }), 'cdef')
})

everywhere(t, 'pieces of text add up to the whole text, by read and by chunks, whatever the encoding', async (t, connect) => {
  const bytes = pattern(1001)
  for (const encoding of ['base64', 'base64url', 'hex', 'latin1', 'utf16le', 'utf8'] as const) {
    for (const maxBytes of [4, 7, 1000]) {
      const { a, b } = await connect()
      void a.end(bytes)
      let text = ''
      for (let piece = await b.read({ encoding, maxBytes }); piece !== null; piece = await b.read({ encoding, maxBytes })) text += piece
      t.equal(text, bytes.toString(encoding), `${encoding} in pieces of ${maxBytes}`)
    }
    const { a, b } = await connect()
    void a.end(Buffer.concat([bytes, bytes]))
    let first = ''
    for await (const piece of b.chunks(1001, { encoding, maxBytes: 5 })) first += piece
    let rest = ''
    for await (const piece of b.chunks(undefined, encoding)) rest += piece
    t.same([first, rest], [bytes.toString(encoding), bytes.toString(encoding)], encoding)
  }
})

t.test('a base64 group that maxBytes cannot hold is a LimitExceededError, and an incomplete one is waited for', async (t) => {
  const { connection, push, end } = wired()
  const read = connection.read('base64')
  push('a')
  push('b')
  t.ok(await isPending(read))
  push('cd')
  t.equal(await read, 'YWJj')
  await t.rejects(connection.read({ encoding: 'base64', maxBytes: 1 }), { code: 'ERR_LINNET_LIMIT', limit: 1 })
  await t.rejects(connection.chunks(9, { encoding: 'base64', maxBytes: 1 }).next(), { code: 'ERR_LINNET_LIMIT', limit: 1 })
  const chunk = connection.chunks(9, 'base64').next()
  t.ok(await isPending(chunk))
  end()
  await t.rejects(chunk, { code: 'ERR_LINNET_END_OF_STREAM' })
  t.equal(await connection.read('base64'), 'ZA==', 'at the end what is left is given')
})
