// A connection as web streams: each direction ends on its own, back-pressure applies in both, and a loss is their error.

import t from 'tap'
import { ConcurrentReadError, type Connection, ConnectionClosedError, ConnectionLostError, TimeoutError } from '../../../lib/index.js'
import { manualClock } from '../../../lib/testing/index.js'
import { everywhere, memory } from '../../support/fixture.js'
import { isPending, pattern, rejection, turns, until, within } from '../../support/wait.js'

const all = async (readable: ReturnType<Connection['toWeb']>['readable']): Promise<Buffer> => {
  const chunks: Uint8Array[] = []
  for await (const chunk of readable) chunks.push(chunk)
  return Buffer.concat(chunks)
}

everywhere(t, 'web streams carry both directions, buffered bytes first, and both ends', async (t, connect) => {
  const { a, b } = await connect()
  await b.write('buffered ')
  await until(() => a.buffered === 9)
  const { readable, writable } = a.toWeb()
  t.ok(readable instanceof ReadableStream)
  t.ok(writable instanceof WritableStream)
  const arrived = all(readable)
  await b.end('and more')
  t.equal(String(await arrived), 'buffered and more')
  t.equal(a.signal.aborted, false, 'the other direction goes on')
  const writer = writable.getWriter()
  await writer.write(new TextEncoder().encode('to the '))
  await writer.write(Buffer.from('peer'))
  await writer.close()
  t.equal(await b.readToEnd('utf8'), 'to the peer')
  t.equal((await within(a.closed)).by, 'peer')
})

everywhere(t, 'a large stream is piped through unharmed', async (t, connect) => {
  const [left, right] = [await connect(), await connect({ b: { maxBufferSize: 1e8 } })]
  const data = pattern(5_000_000)
  const arrived = right.b.readToEnd()
  const piped = left.a.toWeb().readable.pipeTo(right.a.toWeb().writable)
  await left.b.end(data)
  await within(piped)
  t.ok((await arrived).equals(data))
})

everywhere(t, 'back-pressure applies in both directions', async (t, connect) => {
  const { a, b } = await connect()
  const { writable } = a.toWeb()
  const writer = writable.getWriter()
  b.write(Buffer.alloc(15_000_000)).catch(() => {})
  const first = writer.write(Buffer.alloc(15_000_000))
  first.catch(() => {})
  writer.ready.catch(() => {})
  writer.closed.catch(() => {})
  await turns(50)
  t.equal(await isPending(writer.ready), true)
  t.ok(a.buffered < 300_000)
  a.abort()
  t.ok((await rejection(first)) instanceof ConnectionClosedError)
})

t.test('web streams are the only reader while they exist; cancelling gives reading back', async (t) => {
  const { a, b } = memory(t)
  const { readable } = a.toWeb()
  t.ok((await rejection(a.read())) instanceof ConcurrentReadError)
  t.throws(() => a.toWeb(), ConcurrentReadError)
  const reader = readable.getReader()
  const piece = reader.read()
  b.write('first')
  t.equal(Buffer.from((await piece).value as Uint8Array).toString(), 'first')
  const pending = reader.read()
  await reader.cancel()
  t.same(await pending, { value: undefined, done: true })
  b.write('for the connection\n')
  t.equal(await a.readLine(), 'for the connection')
  await a.write('and writing goes on')
  t.equal(await b.read('utf8'), 'and writing goes on')
  t.doesNotThrow(() => a.toWeb())
})

t.test('the end of the stream gives reading back too', async (t) => {
  const { a, b } = memory(t)
  const { readable } = a.toWeb()
  await b.end('x')
  t.equal(String(await all(readable)), 'x')
  t.equal(await a.read(), null)
})

t.test('read limits and a drain do not apply to web streams', async (t) => {
  const clock = manualClock()
  const { a, b } = memory(t, { client: { idleTimeout: 10, readTimeout: 10, maxBufferSize: 5 }, clock })
  const reader = a.toWeb().readable.getReader()
  const piece = reader.read()
  a.drain()
  await clock.advance(1e6)
  b.write('more than five')
  t.equal((await piece).value?.length, 14)
  t.equal(a.signal.aborted, false)
})

everywhere(t, 'aborting the writable aborts the connection', async (t, connect) => {
  const { a } = await connect()
  const reason = new Error('reason')
  const { readable, writable } = a.toWeb()
  const read = rejection(readable.getReader().read())
  await writable.abort(reason)
  const { by, error } = await within(a.closed)
  t.same({ by, error }, { by: 'aborted', error: reason })
  const refusal = (await read) as Error
  t.ok(refusal instanceof ConnectionClosedError)
  t.equal(refusal.cause, reason)
})

everywhere(t, 'a loss is the error of both streams, after the bytes received before', async (t, connect, carrier) => {
  const { a, b } = await connect()
  const { readable, writable } = a.toWeb()
  if (carrier === 'unix') a.write(Buffer.alloc(12_000_000))
  const writer = writable.getWriter()
  await b.write('arrived')
  await until(() => a.buffered === 7)
  await turns()
  b.abort()
  t.ok((await within(rejection(writer.closed))) instanceof ConnectionLostError)
  t.ok((await rejection(writer.write(Buffer.from('x')))) instanceof ConnectionLostError)
  const reader = readable.getReader()
  t.equal(Buffer.from((await reader.read()).value as Uint8Array).toString(), 'arrived')
  t.equal(await rejection(reader.read()), (await a.closed).error)
  t.ok((await rejection(reader.closed)) instanceof ConnectionLostError)
})

t.test('a time limit is the error of both streams', async (t) => {
  const clock = manualClock()
  const { a } = memory(t, { client: { writeTimeout: 1000 }, highWaterMark: 10, server: { readHighWaterMark: 1 }, clock })
  const { readable, writable } = a.toWeb()
  const write = rejection(writable.getWriter().write(Buffer.alloc(1000_000)))
  const read = rejection(readable.getReader().read())
  await clock.advance(1000)
  for (const error of [await write, await read]) t.ok((error as Error).cause instanceof TimeoutError)
})

everywhere(t, 'closing the connection sends what is queued', async (t, connect) => {
  const { a, b } = await connect({ b: { maxBufferSize: 1e8 } })
  const { readable, writable } = a.toWeb()
  const read = rejection(readable.getReader().read())
  const writer = writable.getWriter()
  const write = writer.write(pattern(3_000_000))
  await turns()
  const close = a.close()
  t.ok((await within(read)) instanceof ConnectionClosedError)
  t.equal((await b.readToEnd()).length, 3_000_000)
  await write
  await b.close()
  await within(close)
  t.equal((await a.closed).by, 'local')
})
