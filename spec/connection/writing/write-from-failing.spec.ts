// Failures of writeFrom: an error of the source is passed on unchanged, and when the connection fails the source is
// cancelled, even while its next piece is pending.

import { once } from 'node:events'
import { Readable } from 'node:stream'
import t from 'tap'
import { type Connection, ConnectionClosedError, ConnectionLostError } from '../../../lib/index.js'
import { everywhere, memory } from '../../support/fixture.js'
import { counted } from '../../support/source.js'
import { isPending, rejection, turns, until, within } from '../../support/wait.js'

t.test('writeFrom rejects with the error of its source, and the connection goes on', async (t) => {
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

everywhere(t, 'when the connection fails the source is cancelled, also while its next piece is pending', async (t, connect, carrier) => {
  for (const by of ['abort', 'loss', 'close'] as const) {
    for (const where of ['asking', 'waiting'] as const) {
      // A Unix socket has no reset: without lost bytes there is no loss.
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
})

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

t.test("after this side's end writeFrom reads nothing from the source, and cancels it", async (t) => {
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

t.test('an error of cancelling a source is dropped', async (t) => {
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

t.test('a value that is no source is a TypeError', async (t) => {
  const { a } = memory(t)
  for (const wrong of [undefined, null, 7, 'text', Buffer.from('bytes'), {}, () => [], Promise.resolve([])]) {
    t.ok((await rejection(a.writeFrom(wrong as never))) instanceof TypeError)
  }
  t.equal(a.queued, 0)
})

everywhere(t, 'a silent web stream is cancelled as soon as no more writes are accepted', async (t, connect, carrier) => {
  const ends: Record<string, (a: Connection, b: Connection) => unknown> = {
    'the peer resets': (_, b) => b.abort(),
    'this side aborts': (a) => a.abort(),
    'this side ends': (a) => a.end(),
    'this side closes': (a) => void a.close(),
  }
  for (const [how, end] of Object.entries(ends)) {
    // The reset of a Unix socket is an end of stream for a side that only writes.
    if (carrier === 'unix' && how === 'the peer resets') continue
    const { a, b } = await connect()
    let cancelled: (reason: unknown) => void = () => {}
    const told = new Promise((resolve) => (cancelled = resolve))
    const silent = new ReadableStream({ pull: () => new Promise(() => {}), cancel: (reason) => cancelled(reason) })
    const written = a.writeFrom(silent)
    await turns()
    end(a, b)
    const error = await rejection(within(written))
    t.equal(await within(told), error, how)
    t.equal(silent.locked, false, how)
    b.abort()
    a.abort()
  }
})
