// The peer ended its side: buffered bytes are read, then the end. Writing goes on until this side ends or, without half-open
// connections, until the queued bytes are sent.

import t from 'tap'
import { ConnectionClosedError, EndOfStreamError, LimitExceededError } from '../../lib/index.js'
import { everywhere, memory } from '../support/fixture.js'
import { isPending, pattern, rejection, turns, until, within } from '../support/wait.js'
import { everyReadFails, everyWriteFails, readsToEnd } from './verdict.js'

const isEnd = (error: unknown): boolean => error instanceof EndOfStreamError && error.code === 'ERR_LINNET_END_OF_STREAM'
const isClosed = (error: unknown): boolean =>
  error instanceof ConnectionClosedError && error.code === 'ERR_LINNET_CLOSED' && error.cause === undefined

everywhere(t, 'after the peer ended, buffered bytes are read, then every read reports the end', async (t, connect) => {
  const { a, b } = await connect()
  await a.end('one line\nand a half')
  await until(() => b.peerEnded)
  t.equal(await b.readLine(), 'one line')
  await everyReadFails(t, b, (error) => isEnd(error) && String((error as EndOfStreamError).partial) === 'and a half', { atEnd: false })
  t.equal(await b.read('utf8'), 'and a half')
  await everyReadFails(t, b, (error) => isEnd(error) && (error as EndOfStreamError).partial.length === 0, { atEnd: false })
  const found = Object.entries(readsToEnd).map(async ([name, read]) => [name, await read(b)] as const)
  for (const one of found) {
    const [name, value] = await one
    if (name === 'read') t.equal(value, null)
    else if (name === 'readToEnd') t.same(value, Buffer.alloc(0))
    else t.same(value, { value: undefined, done: true }, name)
  }
})

everywhere(t, 'a pending read rejects when the peer ends, and the bytes of its message stay unread', async (t, connect) => {
  const { a, b } = await connect()
  const line = rejection(b.readLine())
  await a.end('half')
  const error = (await line) as EndOfStreamError
  t.ok(isEnd(error))
  t.equal(String(error.partial), 'half')
  t.equal(await b.readToEnd('utf8'), 'half')
})

everywhere(t, 'a peer that only ended its side receives its whole answer, however late', async (t, connect) => {
  const { a, b } = await connect({ a: { maxBufferSize: 1e7 } })
  await a.end('question')
  t.equal(await b.readToEnd('utf8'), 'question')
  t.same({ peerEnded: b.peerEnded, ended: b.ended, over: b.signal.aborted }, { peerEnded: true, ended: false, over: false })
  t.equal(await isPending(b.closed), true)
  const answer = pattern(3_000_000)
  const arrived = a.readToEnd()
  for (let at = 0; at < answer.length; at += 500_000) await b.write(answer.subarray(at, at + 500_000))
  await b.flush()
  t.equal(b.tryWrite(''), true)
  t.equal(b.signal.aborted, false)
  await b.end()
  t.ok((await arrived).equals(answer))
  for (const [connection, by] of [
    [b, 'peer'],
    [a, 'local'],
  ] as const) {
    const info = await within(connection.closed)
    t.equal(info.by, by)
    t.notOk('error' in info)
  }
})

// --- allowHalfOpen: false --------------------------------------------------------------------------------------------

everywhere(t, "with allowHalfOpen: false the peer's end ends the connection once queued bytes are sent", async (t, connect) => {
  const { a, b } = await connect({ a: { maxBufferSize: 1e8, readHighWaterMark: 1 }, b: { allowHalfOpen: false } })
  const answer = pattern(12_000_000)
  const write = b.write(answer)
  const flushed = b.flush()
  await turns()
  a.write('unread')
  await a.end()
  await until(() => b.peerEnded)
  t.equal(b.ended, true)
  await everyWriteFails(t, b, isClosed)
  t.ok((await a.readToEnd()).equals(answer), 'what was queued goes out')
  await Promise.all([write, flushed])
  const info = await within(b.closed)
  t.equal(info.by, 'peer')
  t.notOk('error' in info)
  t.equal(info.bytesWritten, answer.length)
  t.equal(b.signal.aborted, true)
  t.equal(await b.readExactly(6, 'latin1'), 'unread', 'what had arrived can still be read')
  t.equal(await b.read(), null)
  await everyReadFails(t, b, isEnd, { atEnd: false })
  await everyWriteFails(t, b, isClosed)
})

everywhere(t, "with allowHalfOpen: false and nothing queued the peer's end closes the connection at once", async (t, connect) => {
  const { a, b } = await connect({ b: { allowHalfOpen: false } })
  const read = b.read()
  const end = a.end()
  t.equal(await read, null)
  t.equal((await within(b.closed)).by, 'peer')
  await end
  t.equal((await within(a.closed)).by, 'local')
  await b.end()
  await b.close()
})

t.test("with allowHalfOpen: false a write after the peer's end rejects with that end, also if the queue is full", async (t) => {
  const { a, b } = memory(t, { server: { allowHalfOpen: false, maxWriteBuffer: 10 }, client: { readHighWaterMark: 1 }, highWaterMark: 1 })
  b.write(Buffer.alloc(100))
  a.end()
  await until(() => b.peerEnded)
  t.notOk((await rejection(b.write('x'))) instanceof LimitExceededError, 'the end came first')
  await a.readExactly(100)
  t.equal((await b.closed).by, 'peer')
})
