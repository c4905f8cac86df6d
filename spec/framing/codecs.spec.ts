// What is particular to each codec of bytes: the form of its frames, and what it refuses to write.

import t from 'tap'
import { type Codec, contentLength, delimited, framed, lengthPrefixed, lines, netstring, varintPrefixed } from '../../lib/framing/index.js'
import type { FrameError, LimitExceededError } from '../../lib/index.js'
import { unread, wired } from '../connection/reading/support.js'
import { memory } from '../support/fixture.js'
import { pattern, rejection, within } from '../support/wait.js'
import { lengthOf, outcomeOf, settled, textOf, wireOf } from './support.js'

type Data = string | NodeJS.ArrayBufferView

async function read(codec: Codec<unknown, never>, bytes: string, options = {}): Promise<unknown> {
  const { connection, push } = wired(options)
  push(bytes)
  return framed(connection, codec).read()
}

t.test('lines: a line ends with \\n or \\r\\n, is UTF-8, and may be empty', async (t) => {
  const outcome = await outcomeOf(lines() as never, ['a\r\nb\n\n\r\nc\rd\ngr\xc3\xbc\xc3\x9f\nlast'])
  t.strictSame(outcome.messages, ['a', 'b', '', '', 'c\rd', 'gr\xc3\xbc\xc3\x9f'])
  t.equal(outcome.unread, 'last', 'the last one needs its end too')
  t.equal(wireOf(lines().encode('grüß')), 'gr\xc3\xbc\xc3\x9f\n')
})

t.test('lines: what would not read back is refused', async (t) => {
  for (const text of ['a\nb', '\n', 'a\r\n', 'a\r', '\r', 'a\ud800', '\udc00b']) {
    t.throws(() => lines().encode(text), { code: 'ERR_LINNET_FRAME', message: /it was not sent$/ }, JSON.stringify(text))
  }
  for (const message of [undefined, 5, Buffer.from('x'), {}, null])
    t.throws(() => lines().encode(message as never), { name: 'TypeError', message: /^message must be a string/ })
  for (const text of ['', 'a\rb', '\ufeff', '😀', '\0']) t.equal(await read(lines(), wireOf(lines().encode(text))), text)
  t.throws(() => lines({ maxBytes: 4 }).encode('üü'), { code: 'ERR_LINNET_LIMIT', limit: 4, size: 5 }, 'bytes count, not characters')
})

t.test('delimited: what would not read back is refused, also where the end of a message makes the delimiter begin earlier', async (t) => {
  const refused: [string | Buffer, Data][] = [
    ['\0', 'a\0b'],
    ['\0', Buffer.from([0])],
    ['aa', 'xa'],
    ['aa', 'a'],
    ['aba', 'xab'],
    ['--=', 'x--=y'],
    ['ü', Buffer.from([0xc3, 0xbc])],
    [Buffer.from([0xbc, 0xc3]), 'üü'],
    ['\0', 'a\ud800'],
  ]
  for (const [delimiter, message] of refused)
    t.throws(() => delimited(delimiter).encode(message), { code: 'ERR_LINNET_FRAME', message: /it was not sent$/ }, String(message))
  const fine: [string, string][] = [
    ['aba', 'xb'],
    ['--=', '-'],
    ['--=', 'x--'],
    ['aab', 'a'],
    ['aab', 'aa'],
    ['\r\n', 'a\rb\n'],
    ['\r\n', '\r'],
  ]
  for (const [delimiter, message] of fine)
    t.equal(textOf(await read(delimited(delimiter), wireOf(delimited(delimiter).encode(message)))), message)
})

t.test('delimited: its memory may change afterwards', async (t) => {
  const delimiter = Buffer.from('ab')
  const codec = delimited(delimiter)
  delimiter.fill('x')
  t.equal(wireOf(codec.encode('1')), '1ab')
  t.equal(textOf(await read(codec, '1ab')), '1')
})

t.test('lengthPrefixed: a length of any size is judged before its body is gathered, however large', async (t) => {
  const lengths: [1 | 2 | 3 | 4 | 8, string, number][] = [
    [4, '\xff\xff\xff\xff', 2 ** 32 - 1],
    [8, '\xff\xff\xff\xff\xff\xff\xff\xff', 2 ** 64],
    [8, '\0\x20\0\0\0\0\0\0', 2 ** 53],
    [8, '\0\x1f\xff\xff\xff\xff\xff\xff', 2 ** 53 - 1],
    [8, '\x80\0\0\0\0\0\0\0', 2 ** 63],
  ]
  for (const [bytes, length, size] of lengths) {
    for (const endian of ['big', 'little'] as const) {
      const wire = endian === 'big' ? length : [...length].reverse().join('')
      t.match(await rejection(read(lengthPrefixed({ bytes, endian }), wire)), {
        code: 'ERR_LINNET_LIMIT',
        limit: 2 ** 20,
        size,
        option: 'maxBufferSize',
      })
      const unlimited = rejection(read(lengthPrefixed({ bytes, endian, maxBytes: Number.POSITIVE_INFINITY }), wire))
      if (size > Number.MAX_SAFE_INTEGER) t.match(await unlimited, { code: 'ERR_LINNET_LIMIT', limit: Number.MAX_SAFE_INTEGER })
    }
  }
})

t.test('lengthPrefixed: adjust is added to what is read and taken off what is written', async (t) => {
  const itself = lengthPrefixed({ bytes: 2, adjust: -2 })
  t.equal(wireOf(itself.encode('abc')), '\0\x05abc')
  t.equal(wireOf(itself.encode('')), '\0\x02')
  t.equal(textOf(await read(itself, '\0\x05abc')), 'abc')
  t.match(await rejection(read(itself, '\0\x01')), { code: 'ERR_LINNET_FRAME', message: /less than none/, frame: Buffer.from([0, 1]) })
  const more = lengthPrefixed({ bytes: 1, adjust: 4 })
  t.equal(wireOf(more.encode('abcdef')), '\x02abcdef')
  t.equal(textOf(await read(more, '\0abcd')), 'abcd')
  t.throws(() => more.encode('abc'), { code: 'ERR_LINNET_FRAME' })
  t.throws(() => more.encode('x'.repeat(260)), { code: 'ERR_LINNET_LIMIT', limit: 259, size: 260, option: 'bytes' })
  t.equal(wireOf(more.encode('x'.repeat(259))).length, 260)
})

t.test('lengthPrefixed: a message beyond what the length can say is refused before anything is sent', async (t) => {
  for (const [bytes, most] of [
    [1, 255],
    [2, 65_535],
    [3, 2 ** 24 - 1],
  ] as const) {
    // biome-ignore format: a table
    const codec = lengthPrefixed({ bytes })
    t.equal((codec.encode(Buffer.alloc(most)) as Buffer[]).length > 0, true)
    t.throws(() => codec.encode(Buffer.alloc(most + 1)), { code: 'ERR_LINNET_LIMIT', limit: most, size: most + 1, option: 'bytes' })
  }
})

t.test('varintPrefixed: lengths of each size, over-long ones too, and none of more than ten bytes', async (t) => {
  const codec = varintPrefixed()
  for (const size of [0, 1, 127, 128, 300, 16_383, 16_384, 100_000]) {
    const wire = wireOf(codec.encode(Buffer.alloc(size)))
    t.equal(wire.length, size + (size < 128 ? 1 : size < 16_384 ? 2 : 3), 'no byte more than needed')
    t.equal(((await read(codec, wire)) as Buffer).length, size)
  }
  t.equal(textOf(await read(codec, '\x81\0a')), 'a')
  t.equal(textOf(await read(codec, '\x82\x80\x80\x80\x80\x80\x80\x80\x80\0ab')), 'ab')
  t.match(await rejection(read(codec, `${'\x80'.repeat(10)}\0`)), { code: 'ERR_LINNET_FRAME', message: /at most 10 bytes/ })
  t.match(await rejection(read(codec, `${'\xff'.repeat(9)}\x01`)), { code: 'ERR_LINNET_LIMIT', size: 2 ** 64 })
  t.match(await rejection(read(codec, '\xff\xff\xff\xff\xff\xff\xff\x0f')), { code: 'ERR_LINNET_LIMIT', size: 2 ** 53 - 1 })
})

t.test('netstring: the length is as large as its digits say', async (t) => {
  const codec = netstring()
  t.equal(wireOf(codec.encode('hello world!')), '12:hello world!,')
  t.equal(wireOf(codec.encode('')), '0:,')
  t.equal(wireOf(codec.encode('ü')), '2:\xc3\xbc,')
  t.match(await rejection(read(codec, '2000000:')), { code: 'ERR_LINNET_LIMIT', limit: 2 ** 20, size: 2_000_000 })
  t.match(await rejection(read(codec, '9'.repeat(200))), { code: 'ERR_LINNET_LIMIT', limit: 2 ** 20 })
  t.match(await rejection(read(netstring({ maxBytes: Number.POSITIVE_INFINITY }), '9'.repeat(17))), {
    code: 'ERR_LINNET_LIMIT',
    limit: Number.MAX_SAFE_INTEGER,
  })
  t.match(await rejection(read(codec, '3:abcd')), { code: 'ERR_LINNET_FRAME', frame: Buffer.from('3:abcd') })
})

t.test('contentLength: one length in any case, other headers are dropped', async (t) => {
  const codec = contentLength()
  t.equal(wireOf(codec.encode('grüß')), 'Content-Length: 6\r\n\r\ngr\xc3\xbc\xc3\x9f')
  const headers = [
    'Content-Length: 2',
    'content-length:2',
    'CONTENT-LENGTH: \t 02 \t ',
    'Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: 2',
    "Content-Length: 2\r\nX-Empty:\r\nx!#$%&'*+.^_`|~-9: \xff: ;",
    `Content-Length: ${'0'.repeat(1000)}2`,
  ]
  for (const header of headers) t.equal(textOf(await read(codec, `${header}\r\n\r\nab`)), 'ab', header)
  t.match(await rejection(read(codec, `Content-Length: ${'9'.repeat(400)}\r\n\r\n`)), {
    code: 'ERR_LINNET_LIMIT',
    size: Number.POSITIVE_INFINITY,
  })
  const error = (await rejection(read(codec, 'Content-Length: 2\r\nbad\r\n'))) as FrameError
  t.equal(String(error.frame), 'Content-Length: 2\r\nbad\r\n', 'up to what is broken')
})

t.test('contentLength: header lines of 8 KiB in all are read, of a byte more not, at every cut', async (t) => {
  const length = 'Content-Length: 2\r\n'
  const filled = (size: number): string => `${length}X: ${'x'.repeat(size - length.length - 7)}\r\n\r\n`
  for (const [size, fits] of [
    [8191, true],
    [8192, true],
    [8193, false],
    [20_000, false],
  ] as const) {
    // biome-ignore format: a table
    const wire = `${filled(size)}ab`
    for (const at of [0, 1, 8185, 8187, 8188, 8189, 8190, 8191, 8192, 8193]) {
      const { messages, error } = await outcomeOf(contentLength(), [wire.slice(0, at), wire.slice(at)])
      t.strictSame(messages, fits ? ['ab'] : [], `${size}, cut at ${at}`)
      if (!fits) t.match(error, /^LimitExceededError 8192 /)
    }
  }
  const refusal = (await rejection(read(contentLength(), 'x'.repeat(8190)))) as LimitExceededError
  t.match(refusal, { limit: 8192, size: 8193, message: /at most 8192 bytes in all/ })
  const { connection, push } = wired()
  const reading = framed(connection, contentLength()).read()
  push(`${filled(8192).slice(0, -2)}\r`)
  await settled()
  push('\nab')
  t.equal(textOf(await reading), 'ab', 'a carriage return may begin the blank line')
})

t.test('contentLength: maxBytes of a read bounds the header too', async (t) => {
  const { connection, push } = wired()
  push('Content-Length: 2\r\n\r\nab')
  const messages = framed(connection, contentLength())
  for (const maxBytes of [1, 5, 18, 19, 20, 21])
    t.match(await rejection(messages.read({ maxBytes })), { code: 'ERR_LINNET_LIMIT', limit: maxBytes })
  t.equal(textOf(await messages.read({ maxBytes: 23 })), 'ab')
})

const bytes = {
  lengthPrefixed: lengthPrefixed({ bytes: 4 }),
  varintPrefixed: varintPrefixed(),
  netstring: netstring(),
  contentLength: contentLength(),
  delimited: delimited('\0'),
}

for (const [name, codec] of Object.entries(bytes)) {
  t.test(`${name}: a large body is written without a copy, a small frame as one piece`, async (t) => {
    const large = Buffer.alloc(16_384, 'x')
    const pieces = codec.encode(large) as Buffer[]
    t.ok(Array.isArray(pieces))
    t.ok(pieces.some((piece) => piece.buffer === large.buffer && piece.byteOffset === large.byteOffset && piece.length === large.length))
    t.ok(codec.encode(large.subarray(1)) instanceof Uint8Array)
    const text = codec.encode('x'.repeat(16_384))
    t.equal(wireOf(text), wireOf(pieces))
    const first = codec.encode(large) as Buffer[]
    codec.encode(Buffer.alloc(20_000, 'y'))
    t.equal(wireOf(first), wireOf(pieces), 'a header stays as it is when the next one is made')
  })

  t.test(`${name}: any view of bytes can be written, and nothing else`, async (t) => {
    const words = new Uint16Array([0x6261, 0x6463])
    const expected = wireOf(codec.encode('abcd'))
    t.equal(wireOf(codec.encode(words)), expected)
    t.equal(wireOf(codec.encode(new DataView(words.buffer))), expected)
    t.equal(wireOf(codec.encode(new Uint8Array(Buffer.from('xabcdx')).subarray(1, 5))), expected)
    for (const message of [undefined, null, 5, {}, [], ['a'], words.buffer, Promise.resolve('x')])
      t.throws(() => codec.encode(message as never), { name: 'TypeError', message: /^message must be a string or a view of bytes, not/ })
    const moved = new Uint8Array(8)
    structuredClone(moved.buffer, { transfer: [moved.buffer] })
    t.throws(() => codec.encode(moved), { name: 'TypeError', message: /taken away/ }, 'memory that is gone is no empty message')
    t.throws(() => codec.encode('\ud800'), { code: 'ERR_LINNET_FRAME' })
  })

  t.test(`${name}: a refused message sends nothing, and later ones go out whole`, async (t) => {
    const { a, b } = memory(t)
    const messages = framed(a, codec)
    const limited = framed(a, name === 'delimited' ? delimited('\0', { maxBytes: 3 }) : { ...codec })
    if (name === 'delimited') t.match(await rejection(limited.write('abc')), { code: 'ERR_LINNET_LIMIT', size: 4 })
    let writing: Promise<void> | undefined
    t.doesNotThrow(() => {
      writing = messages.write('a\udfff')
    })
    t.match(await rejection(writing!), { code: 'ERR_LINNET_FRAME' })
    t.equal(a.queued + a.bytesWritten, 0)
    const large = pattern(40_000).map((byte) => byte || 1)
    const sent = ['a', large, 'b', '', large]
    for (const message of sent) void messages.write(message)
    for (const message of sent) t.ok((await within(framed(b, codec).read())).equals(Buffer.from(message as string)))
  })
}

t.test('frames written in a turn without waiting stay whole and in order', async (t) => {
  const { a, b } = memory(t)
  for (let n = 0; n < 500; n++) {
    void framed(a, netstring()).write(`message ${n}`)
    void framed(a, lengthPrefixed({ bytes: 2 })).write(Buffer.from(`message ${n}`))
  }
  for (let n = 0; n < 500; n++) {
    t.equal(String(await framed(b, netstring()).read()), `message ${n}`)
    t.equal(String(await framed(b, lengthPrefixed({ bytes: 2 })).read()), `message ${n}`)
  }
})

t.test('a frame in many pieces costs linear time', async (t) => {
  const size = 300_000
  const frames = {
    lengthPrefixed: [lengthPrefixed({ bytes: 4 }), lengthOf(size, 4, 'big'), ''],
    netstring: [netstring(), `${size}:`, ','],
    delimited: [delimited('ab'), '', 'ab'],
    lines: [lines(), '', '\n'],
    contentLength: [contentLength(), `X: ${'x'.repeat(8000)}\r\nContent-Length: ${size}\r\n\r\n`, ''],
  } as const
  for (const [name, [codec, head, tail]] of Object.entries(frames)) {
    const { connection, push } = wired()
    const reading = framed(connection, codec as Codec<unknown>).read()
    for (const byte of head) push(byte)
    const piece = 'x'.repeat(10)
    for (let n = 0; n < size / 10; n++) push(piece)
    for (const byte of tail) push(byte)
    t.equal(((await within(reading)) as string).length, size, name)
    t.equal(unread(connection), '')
  }
})
