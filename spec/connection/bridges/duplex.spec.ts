// A connection as a Node Duplex: bytes, ends, back-pressure and errors are those of the connection.

import { once } from 'node:events'
import { Duplex, PassThrough, Readable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import t from 'tap'
import { Bridge } from '../../../lib/connection/bridges/bridge.js'
import { coreOf } from '../../../lib/connection/connection.js'
import { ConcurrentReadError, type Connection, ConnectionClosedError } from '../../../lib/index.js'
import { manualClock } from '../../../lib/testing/index.js'
import { everywhere, memory } from '../../support/fixture.js'
import { isPending, pattern, rejection, turns, until, within } from '../../support/wait.js'

/** A bridge that may fail after the test: its `error` event has a listener. */
const bridge = (connection: Connection): Duplex => connection.toDuplex().on('error', () => {})

everywhere(t, 'a Duplex carries both directions, buffered bytes first, and both ends', async (t, connect) => {
  const { a, b } = await connect()
  await b.write('buffered ')
  await until(() => a.buffered === 9)
  const duplex = a.toDuplex()
  t.ok(duplex instanceof Duplex)
  duplex.write('one ')
  duplex.write(new Uint8Array([0x32]))
  duplex.write('7a', 'hex')
  duplex.end(' end')
  t.equal(await b.readToEnd('utf8'), 'one 2z end')
  await b.end('and more')
  t.equal(await text(duplex), 'buffered and more')
  await within(finished(duplex))
  t.equal((await within(a.closed)).by, 'local')
  t.notOk('error' in (await a.closed))
})

const text = async (stream: Readable): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

everywhere(t, 'a large stream goes through two bridges unharmed', async (t, connect) => {
  const [left, right] = [await connect({ b: { maxBufferSize: 1e8 } }), await connect({ b: { maxBufferSize: 1e8 } })]
  const data = pattern(5_000_000)
  const arrived = right.b.readToEnd()
  const copied = pipeline(bridge(left.a), bridge(right.a))
  await left.b.end(data)
  t.ok((await arrived).equals(data))
  right.b.end()
  left.b.end()
  await within(copied)
})

everywhere(t, 'back-pressure applies in both directions', async (t, connect) => {
  const { a, b } = await connect()
  const duplex = bridge(a)
  let pushed = 0
  const endless = new Readable({
    read() {
      pushed += 64_000
      this.push(Buffer.alloc(64_000))
    },
  })
  endless.pipe(duplex)
  b.write(Buffer.alloc(15_000_000)).catch(() => {})
  let before: number
  do {
    before = pushed
    await turns(50)
  } while (pushed > before)
  t.ok(duplex.readableLength < 200_000)
  t.ok(a.buffered < 300_000, 'nobody reads the Duplex, so it reads no more than it holds')
  await turns(50)
  t.equal(pushed, before, 'nobody reads at the far end, so nobody is asked for more')
  duplex.destroy()
})

everywhere(t, 'a peer that ends its side leaves the Duplex writable; without half-open connections it does not', async (t, connect) => {
  const { a: c, b: d } = await connect()
  const open = bridge(c)
  const ended = once(open, 'end')
  open.resume()
  await d.end()
  await ended
  t.equal(open.writable, true)
  open.end('late')
  t.equal(await d.readToEnd('utf8'), 'late')
  const { a: e, b: f } = await connect({ a: { allowHalfOpen: false } })
  const closed = bridge(e).resume()
  await f.end()
  await within(finished(closed))
  t.equal((await within(e.closed)).by, 'peer')
})

// --- one reader ------------------------------------------------------------------------------------------------------

t.test('a Duplex is the only reader while it exists, and none is made while a read is pending', async (t) => {
  const { a, b } = memory(t)
  const read = a.readLine()
  t.throws(() => a.toDuplex(), ConcurrentReadError)
  t.throws(() => a.toWeb(), ConcurrentReadError)
  b.write('line\nrest')
  t.equal(await read, 'line')
  const duplex = bridge(a)
  t.ok((await rejection(a.read())) instanceof ConcurrentReadError)
  t.ok((await rejection(a.readMessage((reader) => reader.read()))) instanceof ConcurrentReadError)
  t.throws(() => a.toDuplex(), ConcurrentReadError)
  t.throws(() => a.tryReadLine(), ConcurrentReadError)
  t.equal(String((await once(duplex, 'data'))[0]), 'rest')
  duplex.destroy()
  const { a: over } = memory(t)
  over.abort('why')
  t.throws(() => over.toDuplex(), ConnectionClosedError)
})

t.test('the callbacks of a message have no effect on a bridge', async (t) => {
  const { a, b } = memory(t)
  const lock = new Bridge(coreOf(a), 'it is lent')
  const read = lock.read()
  lock.firstByteArrived()
  lock.waits()
  lock.took()
  lock.failed()
  lock.refused()
  b.write('x')
  t.equal(String(await read), 'x')
  lock.remove()
  t.ok((await rejection(lock.read())) instanceof TypeError, 'and one that has given reading back reads no more')
})

t.test('read limits and a drain do not apply to a Duplex', async (t) => {
  const clock = manualClock()
  const { a, b } = memory(t, { client: { idleTimeout: 10, readTimeout: 10, maxBufferSize: 5 }, clock })
  const duplex = bridge(a)
  const chunk = once(duplex, 'data')
  a.drain()
  await clock.advance(1e6)
  t.equal(a.drainSignal.aborted, true)
  t.same({ operation: a.waiting?.operation, over: a.signal.aborted }, { operation: 'read()', over: false })
  b.write('more than five')
  t.equal(String((await chunk)[0]), 'more than five')
  await clock.advance(1e6)
  t.equal(a.signal.aborted, false)
  duplex.destroy()
})

t.test('when both sides have ended, the connection is closed and the Duplex emits close', async (t) => {
  const { a, b } = memory(t)
  const duplex = bridge(a)
  const closed = once(duplex, 'close')
  duplex.pipe(new PassThrough()).pipe(duplex)
  await b.end('echo')
  t.equal(await b.readToEnd('utf8'), 'echo')
  await within(closed)
  t.same([duplex.errored, (await a.closed).by], [null, 'peer'])
  t.equal(await isPending(b.closed), false)
})
