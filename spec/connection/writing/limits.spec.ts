// The two limits on a slow peer: how much may be queued for it, and for how long it may read nothing.

import t from 'tap'
import { type Connection, ConnectionClosedError, ConnectionLostError, LimitExceededError, TimeoutError } from '../../../lib/index.js'
import { manualClock } from '../../../lib/testing/index.js'
import { everywhere, memory } from '../../support/fixture.js'
import { isPending, rejection, turns, until } from '../../support/wait.js'

// --- maxWriteBuffer --------------------------------------------------------------------------------------------------

everywhere(t, 'a write that finds maxWriteBuffer still queued aborts the connection', async (t, connect) => {
  const { a, b } = await connect({ a: { maxWriteBuffer: 1_000_000 } })
  const waiting = a.write(Buffer.alloc(20_000_000))
  await until(() => a.bytesWritten > 0)
  const { queued } = a
  const written = a.bytesWritten
  t.ok(queued >= 1_000_000, 'the system takes less than nineteen million')
  const error = await rejection(a.write('one too many'))
  t.ok(error instanceof LimitExceededError)
  const { limit, size, option } = error as LimitExceededError
  t.same({ limit, size, option }, { limit: 1_000_000, size: queued, option: 'maxWriteBuffer' })
  const info = await a.closed
  t.equal(info.by, 'aborted')
  t.equal(info.error, error)
  t.equal(info.bytesWritten, written)
  for (const lost of [waiting, a.write('later'), a.read(), a.flush()]) {
    const said = await rejection(lost)
    t.ok(said instanceof ConnectionClosedError)
    t.equal((said as Error).cause, error)
  }
  t.ok(b.bytesRead < 20_000_000)
})

t.test('queued bytes may reach the limit and, by one write, exceed it', async (t) => {
  const { a } = memory(t, { client: { maxWriteBuffer: 1000 }, highWaterMark: 1, faults: { stallAfter: 0 } })
  a.write(Buffer.alloc(999))
  await turns()
  a.write(Buffer.alloc(2))
  t.equal(a.queued, 1001)
  t.equal(a.signal.aborted, false)
  t.ok((await rejection(a.write(''))) instanceof LimitExceededError, 'even a write of nothing finds it')
  const { a: c } = memory(t, { client: { maxWriteBuffer: 1000 }, highWaterMark: 1 })
  c.write(Buffer.alloc(1_000_000))
  t.equal(c.signal.aborted, false, 'an empty queue takes a write of any size')
})

t.test('writes of one turn are sent before they count as queued', async (t) => {
  const { a, b } = memory(t, { client: { maxWriteBuffer: 1000 }, highWaterMark: 1e6, server: { maxBufferSize: 1e6 } })
  for (let n = 0; n < 100; n++) a.write(Buffer.alloc(500))
  await a.end()
  t.equal((await b.readToEnd()).length, 50_000)
})

t.test('the limit applies to an end with data and to a piece of a source', async (t) => {
  for (const write of [(c: Connection) => c.end('x'), (c: Connection) => c.writeFrom(['x'])]) {
    const { a } = memory(t, { client: { maxWriteBuffer: 10, writeHighWaterMark: 1e9 }, highWaterMark: 1 })
    a.write(Buffer.alloc(100))
    t.ok((await rejection(write(a))) instanceof LimitExceededError)
    t.equal((await a.closed).by, 'aborted')
  }
})

t.test('setLimits changes maxWriteBuffer from the next write on, and Infinity lifts it', async (t) => {
  const { a } = memory(t, { client: { maxWriteBuffer: 10 }, highWaterMark: 1 })
  a.setLimits({ maxWriteBuffer: Number.POSITIVE_INFINITY })
  for (let n = 0; n < 100; n++) {
    a.write(Buffer.alloc(1_000_000))
    await turns(1)
  }
  t.equal(a.signal.aborted, false)
  a.setLimits({ maxWriteBuffer: 99_000_000 })
  t.equal(a.signal.aborted, false, 'nothing happens until something is written')
  t.ok((await rejection(a.write('x'))) instanceof LimitExceededError)
})

// --- writeTimeout ----------------------------------------------------------------------------------------------------

t.test('a peer that reads nothing for writeTimeout is cut: to the millisecond, with a reset', async (t) => {
  const clock = manualClock()
  const { a, b } = memory(t, { client: { writeTimeout: 1000 }, highWaterMark: 10, server: { readHighWaterMark: 1 }, clock })
  const write = a.write(Buffer.alloc(100_000))
  const read = a.readLine()
  read.catch(() => {})
  await clock.advance(999)
  t.equal(a.signal.aborted, false)
  await clock.advance(1)
  const { by, error, bytesWritten, duration } = await a.closed
  t.equal(by, 'timeout')
  t.ok(error instanceof TimeoutError)
  const { kind, operation, timeout } = error as TimeoutError
  t.same({ kind, operation, timeout }, { kind: 'write', operation: 'write', timeout: 1000 })
  t.equal(duration, 1000)
  t.equal(bytesWritten + a.queued < 100_000, true)
  for (const said of [write, read, a.write('x'), a.flush(), a.end(), a.readExactly(1)]) {
    const refusal = await rejection(said)
    t.ok(refusal instanceof ConnectionClosedError)
    t.equal((refusal as Error).cause, error)
  }
  t.equal(await b.closed.then((info) => info.by), 'lost')
  t.ok((await rejection(b.readToEnd())) instanceof ConnectionLostError, 'and the peer cannot take it for an end')
})

t.test('writeTimeout does not run while nothing is queued, and starts again with the next queued byte', async (t) => {
  const clock = manualClock()
  const { a, b } = memory(t, { client: { writeTimeout: 1000 }, highWaterMark: 10, server: { readHighWaterMark: 1 }, clock })
  await a.write('0123456789')
  await clock.advance(5000)
  t.equal(a.signal.aborted, false, 'all of it is on its way, and whether it is read is not for this side to know')
  await b.readExactly(10)
  a.write(Buffer.alloc(20))
  await clock.advance(999)
  await b.readExactly(20)
  await clock.advance(5000)
  t.equal(a.signal.aborted, false)
})

t.test('any progress starts writeTimeout again, also within one large write', async (t) => {
  const clock = manualClock()
  const { a, b } = memory(t, { client: { writeTimeout: 1000 }, highWaterMark: 100, server: { readHighWaterMark: 1 }, clock })
  const write = a.write(Buffer.alloc(100_000))
  for (let n = 0; n < 100; n++) {
    await clock.advance(900)
    await b.readExactly(100)
  }
  t.equal(a.signal.aborted, false, 'a peer that takes 100 bytes in 900 ms is slow, and alive')
  t.equal(await isPending(write), true)
  await clock.advance(1000)
  await clock.advance(1000)
  t.equal((await a.closed).by, 'timeout', 'one that stops is not')
})

t.test("writeTimeout goes on while the peer sends, after the peer's end, and after an own end", async (t) => {
  for (const then of [(b: Connection) => b.write('still here'), (b: Connection) => b.end(), (_: Connection, a: Connection) => a.end()]) {
    const clock = manualClock()
    const { a, b } = memory(t, { client: { writeTimeout: 1000 }, highWaterMark: 10, server: { readHighWaterMark: 1 }, clock })
    a.write(Buffer.alloc(100))
    await clock.advance(500)
    void then(b, a)
    await clock.advance(600)
    t.equal((await a.closed).by, 'timeout')
  }
})

t.test('Infinity, and a time that no timer can hold, is no limit; setLimits applies from the next write on', async (t) => {
  for (const writeTimeout of [Number.POSITIVE_INFINITY, 2 ** 31]) {
    const clock = manualClock()
    const { a } = memory(t, { client: { writeTimeout }, highWaterMark: 10, clock })
    a.write(Buffer.alloc(200_000))
    await clock.advance(2 ** 32)
    t.equal(a.signal.aborted, false)
  }
  const clock = manualClock()
  const { a } = memory(t, { client: { writeTimeout: 1000 }, highWaterMark: 10, server: { readHighWaterMark: 1 }, clock })
  a.setLimits({ writeTimeout: 5000 })
  a.write(Buffer.alloc(200))
  await clock.advance(4999)
  t.equal(a.signal.aborted, false)
  await clock.advance(1)
  t.equal(((await a.closed).error as TimeoutError).timeout, 5000)
})

t.test('by default a peer has a minute', async (t) => {
  const clock = manualClock()
  const { a } = memory(t, { highWaterMark: 10, server: { readHighWaterMark: 1 }, clock })
  a.write(Buffer.alloc(200_000))
  await clock.advance(59_999)
  t.equal(a.signal.aborted, false)
  await clock.advance(1)
  t.equal((await a.closed).by, 'timeout')
})
