// Writing a whole source: every piece of it in order, no faster than the peer reads, and the source given back whatever
// goes wrong.

import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import t from 'tap'
import { ConnectionClosedError, ConnectionLostError } from '../../lib/index.js'
import { everywhere, memory } from '../support/fixture.js'
import { isPending, pattern, rejection, turn, turns, until, within } from '../support/wait.js'

/** A source that counts what is asked of it, and notes how it is given back. */
function counted(
  make: (n: number) => string | Uint8Array | undefined,
): AsyncIterable<string | Uint8Array> & { asked: number; returned: number } {
  const source = {
    asked: 0,
    returned: 0,
    [Symbol.asyncIterator]: () => ({
      async next() {
        const value = make(source.asked++)
        return value === undefined ? { value, done: true as const } : { value, done: false as const }
      },
      async return() {
        source.returned++
        return { value: undefined, done: true as const }
      },
    }),
  }
  return source
}

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

t.test('a file, and what another connection says, are sources too', async (t) => {
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

everywhere(t, 'a source is asked for no more than the peer has room for', async (t, connect) => {
  const { a, b } = await connect()
  const source = counted((n) => (n < 400 ? Buffer.alloc(50_000, n) : undefined))
  const written = a.writeFrom(source)
  await until(() => a.waiting !== undefined)
  await turns(50)
  const { asked } = source
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

t.test('what two write at the same time is not split within a piece', async (t) => {
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

t.test('against a model: what a source yields is what arrives', async (t) => {
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

// --- what goes wrong -------------------------------------------------------------------------------------------------

t.test('an error of the source rejects it as it is, and the stream goes on', async (t) => {
  const wrong = new Error('of the source')
  const sources: Record<string, () => Iterable<string> | AsyncIterable<string>> = {
    'an async generator': () =>
      (async function* () {
        yield 'some '
        throw wrong
      })(),
    'a generator': () =>
      (function* () {
        yield 'some '
        throw wrong
      })(),
    'an iterator that throws': () => ({
      [Symbol.iterator]: () => ({
        next: () => {
          throw wrong
        },
      }),
    }),
    'an iterable that throws': () => ({
      [Symbol.asyncIterator]: () => {
        throw wrong
      },
    }),
    'a Readable': () =>
      new Readable({
        read() {
          this.destroy(wrong)
        },
      }),
  }
  for (const [name, make] of Object.entries(sources)) {
    const { a, b } = memory(t)
    t.equal(await rejection(a.writeFrom(make())), wrong, name)
    t.equal(a.ended, false)
    await a.end('and more')
    t.match(await b.readToEnd('utf8'), /^(some )?and more$/)
  }
})

t.test('a piece that cannot be written is a TypeError, and the source is returned', async (t) => {
  const { a, b } = memory(t)
  const source = counted((n) => (n === 2 ? (7 as never) : 'x'))
  t.ok((await rejection(a.writeFrom(source))) instanceof TypeError)
  await turns()
  t.same([source.asked, source.returned], [3, 1])
  await a.end()
  t.equal(await b.readToEnd('utf8'), 'xx')
})

everywhere(
  t,
  'when the connection fails the source is given back, also while it is asked for its next piece',
  async (t, connect, carrier) => {
    for (const by of ['abort', 'loss', 'close'] as const) {
      for (const where of ['asking', 'waiting'] as const) {
        // A Unix socket knows no reset: without bytes that are lost there is no loss.
        if (carrier === 'unix' && by === 'loss' && where === 'asking') continue
        const { a, b } = await connect()
        let returned = false
        const source: AsyncIterable<Uint8Array> = {
          [Symbol.asyncIterator]: () => ({
            next: async () => (where === 'asking' ? new Promise<never>(() => {}) : { value: Buffer.alloc(200_000), done: false }),
            return: async () => {
              returned = true
              return { value: undefined, done: true }
            },
          }),
        }
        const written = rejection(a.writeFrom(source))
        if (where === 'waiting') await until(() => a.waiting !== undefined)
        await turns()
        if (by === 'abort') a.abort()
        else if (by === 'loss') b.abort()
        else {
          void a.close()
          const reading = b.readToEnd({ maxBytes: 1e9 })
          await within(reading)
          void b.close()
        }
        const error = await within(written, `${by}, ${where}`)
        t.ok(error instanceof (by === 'loss' ? ConnectionLostError : ConnectionClosedError), `${by}, ${where}`)
        await until(() => returned)
      }
    }
  },
)

t.test('a Readable is destroyed when the connection fails, before its first piece or in the middle', async (t) => {
  for (const early of [true, false]) {
    const { a } = memory(t, { highWaterMark: 10 })
    const source = new Readable({
      read() {
        if (!early) this.push(Buffer.alloc(65_536))
      },
    })
    const written = rejection(a.writeFrom(source))
    await turns()
    a.abort()
    t.ok((await written) instanceof ConnectionClosedError)
    t.equal(source.destroyed, true)
    await once(source, 'close')
  }
})

t.test('a stream that has ended asks the source for nothing, and gives it back', async (t) => {
  const { a } = memory(t)
  await a.end()
  const source = counted(() => 'x')
  t.ok((await rejection(a.writeFrom(source))) instanceof ConnectionClosedError)
  await turns()
  t.same([source.asked, source.returned], [0, 1])
  const stream = Readable.from(['x'])
  t.ok((await rejection(a.writeFrom(stream))) instanceof ConnectionClosedError)
  t.equal(stream.destroyed, true)
})

t.test('what a source says to being given back is its own matter', async (t) => {
  for (const said of [
    () => Promise.reject(new Error('no')),
    () => {
      throw new Error('no')
    },
    undefined,
  ]) {
    const { a } = memory(t)
    const source = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}), ...(said && { return: said }) }) }
    const written = a.writeFrom(source as AsyncIterable<string>)
    t.equal(await isPending(written), true)
    a.abort('why')
    t.equal(((await rejection(written)) as Error).cause, 'why')
    await turns()
  }
})

t.test('what is no source is a TypeError', async (t) => {
  const { a } = memory(t)
  for (const wrong of [undefined, null, 7, 'text', Buffer.from('bytes'), {}, () => [], Promise.resolve([])]) {
    t.ok((await rejection(a.writeFrom(wrong as never))) instanceof TypeError)
  }
  t.equal(a.queued, 0)
})
