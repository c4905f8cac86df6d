// What the codecs of bytes write: which messages, in how many pieces, and what is sent when one is refused.

import t from 'tap'
import { contentLength, delimited, framed, lengthPrefixed, netstring, varintPrefixed } from '../../lib/framing/index.js'
import { memory } from '../support/fixture.js'
import { pattern, rejection, within } from '../support/wait.js'
import { wireOf } from './support.js'

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
