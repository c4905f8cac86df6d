// writeFrom: every kind of source, every piece in order, and no faster than the peer reads.

import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import t from 'tap'
import { everywhere, memory } from '../../support/fixture.js'
import { counted } from '../../support/source.js'
import { pattern, turn, turns, within } from '../../support/wait.js'

everywhere(t, 'every kind of source is written whole, and its bytes are counted', async (t, connect) => {
  const { a, b } = await connect({ b: { maxBufferSize: 1e7 } })
  const pieces = ['one ', Buffer.from('two '), ['list ', new Uint8Array([0x6f]), 'f '], new Uint16Array([0x4142]), '', []]
  const large = pattern(300_000)
  const arrived = b.readToEnd()
  t.equal(await a.writeFrom(pieces), 18)
  t.equal(await a.writeFrom(new Set(['set '])), 4)
  t.equal(
    await a.writeFrom(
      (function* () {
        yield 'generator '
        yield 'grüß '
      })(),
    ),
    17,
  )
  t.equal(
    await a.writeFrom(
      (async function* () {
        yield 'async '
        await turn()
        yield Buffer.from('generator ')
      })(),
    ),
    16,
  )
  t.equal(await a.writeFrom(Readable.from([large, Buffer.from(' ')])), 300_001)
  t.equal(await a.writeFrom(new Blob(['web ']).stream() as never), 4)
  t.equal(await a.writeFrom([]), 0)
  t.equal(a.ended, false, 'the stream is not ended by it')
  await a.write('and on')
  await a.end()
  t.ok(
    (await arrived).equals(
      Buffer.concat([Buffer.from('one two list of BAset generator grüß async generator '), large, Buffer.from(' web and on')]),
    ),
  )
})

t.test('a file and another connection are sources too', async (t) => {
  const { a, b } = memory(t)
  const path = new URL(import.meta.url)
  const arrived = b.readToEnd()
  const { a: c, b: d } = memory(t)
  d.write('from elsewhere')
  d.end()
  const count = (await a.writeFrom(createReadStream(path))) + (await a.writeFrom(c))
  await a.end()
  t.equal(String(await arrived), `${await readFile(path, 'utf8')}from elsewhere`)
  t.equal(count, (await arrived).length)
})

everywhere(t, 'no more is read from a source than the peer has room for', async (t, connect) => {
  const { a, b } = await connect()
  const source = counted((n) => (n < 400 ? Buffer.alloc(50_000, n) : undefined))
  const written = a.writeFrom(source)
  let asked: number
  do {
    asked = source.asked
    await turns(50)
  } while (source.asked > asked)
  t.ok(asked < 400)
  t.ok(a.queued < a.limits.writeHighWaterMark + 50_000)
  await turns(20)
  t.equal(source.asked, asked)
  const reading = (async () => {
    while ((await b.read()) !== null);
  })()
  t.equal(await within(written), 20_000_000)
  await a.end()
  await reading
  t.equal(b.bytesRead, 20_000_000)
  t.equal(source.returned, 0, 'a source that has ended is not returned')
})

t.test('a piece is not split by those of another writeFrom', async (t) => {
  const { a, b } = memory(t, { server: { maxBufferSize: 1e7 } })
  const source = (n: number) => Array.from({ length: 100 }, () => [Buffer.alloc(500, n), Buffer.alloc(500, n)])
  const arrived = b.readToEnd()
  t.same(await Promise.all([1, 2, 3].map((n) => a.writeFrom(source(n)))), [100_000, 100_000, 100_000])
  await a.end()
  const bytes = await arrived
  for (let at = 0; at < bytes.length; at += 1000)
    if (!bytes.subarray(at, at + 1000).equals(Buffer.alloc(1000, bytes[at]))) t.fail(`split at ${at}`)
  t.equal(bytes.length, 300_000)
})

t.test('the pieces that a source yields arrive, against a model', async (t) => {
  const piece = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 9 }),
    fc.uint8Array({ maxLength: 9 }),
    fc.array(fc.string({ maxLength: 3 }), { maxLength: 3 }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 20 }), fc.boolean(), fc.integer({ min: 1, max: 30 }), async (pieces, slow, mark) => {
      const { a, b } = memory(t, { client: { writeHighWaterMark: mark }, maxChunk: 7 })
      const expected = Buffer.concat(pieces.flat().map((each) => Buffer.from(each as string)))
      const arrived = b.readToEnd()
      const source = slow ? Readable.from(pieces) : pieces
      const count = await a.writeFrom(source)
      await a.end()
      if (!(await arrived).equals(expected) || count !== expected.length) throw new Error('it differs')
      a.abort()
    }),
    { numRuns: 400 },
  )
})
