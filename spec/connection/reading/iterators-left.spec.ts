// Leaving an iterator, also while it waits: what its `next` waits for is taken back, both resolve with done, and nothing is
// consumed. Streams and helpers that are made of iterators leave them so.

import { getEventListeners } from 'node:events'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import t from 'tap'
import { ConcurrentReadError, type Connection } from '../../../lib/index.js'
import { everywhere } from '../../support/fixture.js'
import { isPending, rejection, turns, until, within } from '../../support/wait.js'
import { shown, unread, wired } from './support.js'

const done = { value: undefined, done: true }

type Items = AsyncIterableIterator<string | Buffer | string[] | Buffer[]> & AsyncDisposable
const makers: Record<string, (connection: Connection) => Items> = {
  lines: (connection) => connection.lines(),
  'lines, with a delimiter': (connection) => connection.lines({ delimiter: '\n' }),
  'lines that skip': (connection) => connection.lines({ overflow: 'skip' }),
  lineBatches: (connection) => connection.lineBatches(),
  'lineBatches that skip': (connection) => connection.lineBatches({ overflow: 'skip' }),
  batches: (connection) => connection.batches('\n'),
  'batches of several': (connection) => connection.batches(['\n', ';']),
  chunks: (connection) => connection.chunks(),
  'a number of chunks': (connection) => connection.chunks(10),
  'the connection itself': (connection) => connection[Symbol.asyncIterator](),
}

everywhere(t, 'return() cancels a pending next(): both resolve with done, and nothing is consumed', async (t, connect) => {
  for (const [name, make] of Object.entries(makers)) {
    const { a, b } = await connect()
    const items = make(b)
    const order: string[] = []
    const next = items.next().finally(() => order.push('next'))
    await turns()
    const returned = items.return?.().finally(() => order.push('return'))
    t.same(await within(next, `${name}: next()`), done, name)
    t.same(await within(returned as Promise<unknown>, `${name}: return()`), done, name)
    t.same(order, ['next', 'return'], name)
    t.equal(b.waiting, undefined, name)
    await a.write('hello\n')
    t.equal(await within(b.readLine()), 'hello', `${name}: the bytes are there for another read`)
    t.same(await items.next(), done, name)
    a.abort()
  }
})

t.test('the received part of an item stays unread when its next() is cancelled', async (t) => {
  const { connection, push } = wired()
  push('ab\nhal')
  const lines = connection.lines()
  t.equal(shown(await lines.next()), 'ab')
  const next = lines.next()
  t.ok(await isPending(next))
  await lines.return?.()
  t.same(await next, done)
  push('f\n')
  t.equal(unread(connection), 'half\n')
})

t.test('an item that has arrived goes to the next() that waited for it, and return() takes none', async (t) => {
  const { connection, push } = wired()
  const lines = connection.lines()
  const next = lines.next()
  push('a\nb\n')
  const returned = lines.return?.()
  t.equal(shown(await next), 'a')
  t.same(await returned, done)
  t.equal(unread(connection), 'b\n')
})

t.test('of several next() the pending one is cancelled, and those that were refused stay refused', async (t) => {
  const { connection, push } = wired()
  const lines = connection.lines()
  const calls = [lines.next(), lines.next(), lines.next()] as const
  const refused = [rejection(calls[1]), rejection(calls[2])]
  t.same(await lines.return?.(), done)
  t.same(await calls[0], done)
  for (const error of await Promise.all(refused)) t.ok(error instanceof ConcurrentReadError)
  push('a\n')
  t.equal(await connection.readLine(), 'a')
})

t.test('return() of one iterator does not affect the read of another', async (t) => {
  const { connection, push } = wired()
  const [one, other] = [connection.lines(), connection.lines()]
  const first = one.next()
  const second = rejection(other.next())
  await other.return?.()
  t.ok((await second) instanceof ConcurrentReadError)
  const read = wired()
  const pending = read.connection.readLine()
  await read.connection.lines().return?.()
  t.ok(await isPending(first))
  push('a\n')
  read.push('b\n')
  t.equal(shown(await first), 'a')
  t.equal(await pending, 'b')
})

t.test('a cancelled next() leaves no time limit and no listener behind', async (t) => {
  const { connection, push, clock } = wired({ idleTimeout: 50 })
  const controller = new AbortController()
  const { signal } = controller
  for (const options of [undefined, { timeout: 10 }, { signal }]) {
    const lines = connection.lines(options)
    const next = lines.next()
    await lines.return?.()
    t.same(await next, done)
  }
  t.equal(getEventListeners(signal, 'abort').length, 0)
  const later = connection.readLine({ timeout: 1000 })
  await clock.pass(500)
  t.ok(await isPending(later), 'their time runs out for no other read')
  push('first\n')
  t.equal(await later, 'first')
  controller.abort()
  connection.drain()
  await turns()
  push('a\n')
  t.equal(await connection.readLine(), 'a')
})

t.test('inside a message return() cancels the read of the iterator, and the message continues', async (t) => {
  for (const name of ['lines', 'chunks', 'lines that skip']) {
    const { connection, push } = wired()
    const message = connection.readMessage(async (reader) => {
      const items = (makers[name] as (reader: unknown) => Items)(reader)
      const next = items.next()
      await items.return?.()
      return [shown(await next), await reader.readLine()]
    })
    await turns()
    push('a\nb\n')
    t.same(await within(message), [null, 'a'], name)
    t.equal(unread(connection), 'b\n')
  }
})

t.test('return(value) resolves with the value, also a promised one, also after the end', async (t) => {
  const { connection } = wired()
  const lines = connection.lines()
  const next = lines.next()
  t.same(await lines.return?.('why'), { value: 'why', done: true })
  t.same(await next, done)
  t.same(await lines.return?.(Promise.resolve(7)), { value: 7, done: true })
  t.same(await lines.return?.(), done)
  t.equal(await rejection(lines.return?.(Promise.reject('broken')) as Promise<unknown>), 'broken')
})

t.test('iterators are async disposable: `await using` ends them', async (t) => {
  const { connection, push } = wired()
  let next: Promise<unknown>
  {
    await using lines = connection.lines()
    next = lines.next()
  }
  t.same(await next, done)
  {
    await using chunks = connection.chunks()
    next = chunks.next()
  }
  t.same(await next, done)
  push('a\n')
  t.equal(await connection.readLine(), 'a')
})

t.test('iterators inherit from the prototype of all async iterators', async (t) => {
  async function* generator(): AsyncGenerator<never> {}
  const prototype = Object.getPrototypeOf(Object.getPrototypeOf(generator.prototype))
  const { connection, push } = wired()
  const lines = connection.lines()
  t.ok(Object.prototype.isPrototypeOf.call(prototype, lines))
  t.equal(lines[Symbol.asyncIterator](), lines)
  // As an engine or a polyfill adds a helper.
  prototype.first = async function (this: AsyncIterator<unknown>) {
    const { value } = await this.next()
    await this.return?.()
    return value
  }
  t.teardown(() => {
    delete prototype.first
  })
  push('a\nb\n')
  t.equal(await (lines as unknown as { first(): Promise<unknown> }).first(), 'a')
  t.same(await lines.next(), done)
  t.equal(unread(connection), 'b\n')
})

t.test('a next() that fails ends the iteration before its rejection is handled', async (t) => {
  const controller = new AbortController()
  const { connection, push } = wired()
  const lines = connection.lines({ signal: controller.signal })
  const failure = rejection(lines.next())
  controller.abort('enough')
  t.same(await lines.next(), done)
  t.equal(await failure, 'enough')
  push('a\n')
  t.equal(unread(connection), 'a\n')
})

// --- what is made of iterators ---------------------------------------------------------------------------------------

const takers: Record<string, (connection: Connection) => Promise<void>> = {
  'a Readable of lines is destroyed': async (connection) => {
    const readable = Readable.from(connection.lines()).on('data', () => {})
    await until(() => connection.waiting !== undefined)
    readable.destroy()
    await new Promise((resolve) => readable.once('close', resolve))
  },
  'a Readable of chunks is destroyed with an error': async (connection) => {
    const readable = Readable.from(connection.chunks()).on('data', () => {})
    await until(() => connection.waiting !== undefined)
    const failed = new Promise((resolve) => readable.once('error', resolve))
    readable.destroy(new Error('enough'))
    await failed
  },
  'a web stream of lines is cancelled': async (connection) => {
    // Node 20.6 has it; @types/node does not say so.
    const reader = (ReadableStream as unknown as { from(items: unknown): ReadableStream }).from(connection.lines()).getReader()
    const read = reader.read()
    await until(() => connection.waiting !== undefined)
    await reader.cancel('enough')
    t.same(await read, done)
  },
  'a pipeline from lines is aborted': async (connection) => {
    const controller = new AbortController()
    const sink = new Writable({ write: (_chunk, _encoding, done) => done() })
    const failed = rejection(pipeline(Readable.from(connection.lines()), sink, { signal: controller.signal }))
    await until(() => connection.waiting !== undefined)
    controller.abort()
    await failed
  },
}

everywhere(t, 'a stream made of an iterator frees the connection when it is destroyed', async (t, connect) => {
  for (const [name, take] of Object.entries(takers)) {
    const { a, b } = await connect()
    await within(take(b), name)
    await turns()
    await a.write('hello\n')
    t.equal(await within(b.readLine(), `${name}: a read afterwards`), 'hello', name)
    a.abort()
  }
})

everywhere(t, 'stream helpers that take a few items leave the rest unread', async (t, connect) => {
  const { a, b } = await connect()
  const first = Readable.from(b.lines()).take(1).toArray()
  await a.write('first\n')
  t.same(await within(first), ['first'])
  await turns()
  await a.write('second\n')
  t.equal(await within(b.readLine()), 'second')
})
