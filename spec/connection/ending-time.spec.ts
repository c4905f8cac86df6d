// How long a close may take: as long as the peer reads, and then, once, closeTimeout until the peer ends.

import t from 'tap'
import { type Connection, ConnectionClosedError, ConnectionLostError, type TimeoutError } from '../../lib/index.js'
import { type ManualClock, manualClock } from '../../lib/testing/index.js'
import { memory } from '../support/fixture.js'
import { rejection } from '../support/wait.js'
import { everyReadFails, everyWriteFails } from './verdict.js'

interface Slow {
  clock: ManualClock
  a: Connection
  b: Connection
}
/** A peer whose buffer holds 100 bytes. */
function slow(t: Parameters<typeof memory>[0], client = {}): Slow {
  const clock = manualClock()
  return { clock, ...memory(t, { client, highWaterMark: 100, server: { readHighWaterMark: 1, maxBufferSize: 1e8 }, clock }) }
}

t.test('a close whose queued bytes make no progress for closeTimeout is cut: with a reset, not an end', async (t) => {
  const { clock, a, b } = slow(t, { closeTimeout: 1000 })
  const write = rejection(a.write(Buffer.alloc(70_000)))
  const flush = rejection(a.flush())
  await clock.advance(500)
  const close = a.close()
  await clock.advance(999)
  t.equal(a.signal.aborted, false)
  await clock.advance(1)
  await close
  const { by, error } = await a.closed
  t.equal(by, 'timeout')
  const { kind, operation, timeout } = error as TimeoutError
  t.same({ kind, operation, timeout }, { kind: 'close', operation: 'close', timeout: 1000 })
  for (const lost of [await write, await flush, await rejection(a.flush())]) {
    t.ok(lost instanceof ConnectionClosedError)
    t.equal((lost as Error).cause, error)
  }
  const isClosed = (found: unknown): boolean => found instanceof ConnectionClosedError
  await everyReadFails(t, a, isClosed)
  await everyWriteFails(t, a, isClosed)
  t.ok((await rejection(b.readToEnd())) instanceof ConnectionLostError, 'the peer cannot take the cut for an end')
})

t.test('a peer that reads slowly but steadily receives everything, however long it takes', async (t) => {
  const { clock, a, b } = slow(t, { closeTimeout: 1000, writeTimeout: 1000 })
  a.write(Buffer.alloc(10_000))
  const close = a.close()
  for (let left = 9600; left > 0; left -= 100) {
    await clock.advance(900)
    await b.readExactly(100)
  }
  t.equal(a.signal.aborted, false, 'a minute and a half later')
  t.equal((await b.readToEnd()).length, 400)
  await b.close()
  await close
  t.equal((await a.closed).by, 'local')
})

t.test('a peer that has received everything and does not end is released after closeTimeout, whatever it sends meanwhile', async (t) => {
  const { clock, a, b } = slow(t, { closeTimeout: 1000 })
  a.write(Buffer.alloc(1500))
  const close = a.close()
  await clock.advance(900)
  t.equal((await b.readToEnd()).length, 1500)
  await clock.advance(600)
  b.write('wait for me')
  await clock.advance(399)
  t.equal(a.signal.aborted, false)
  await clock.advance(1)
  await close
  const info = await a.closed
  t.equal(info.by, 'local')
  t.notOk('error' in info, 'all was sent: this is no failure')
})

t.test('after an earlier end the peer has closeTimeout from the close on', async (t) => {
  const { clock, a, b } = slow(t, { closeTimeout: 1000 })
  await a.end('x')
  await clock.advance(10_000)
  t.equal(await b.readToEnd('utf8'), 'x')
  const close = a.close()
  await clock.advance(999)
  t.equal(a.signal.aborted, false)
  await clock.advance(1)
  await close
  t.equal((await a.closed).by, 'local')
})

t.test('with closeTimeout: 0 a close does not wait', async (t) => {
  const { clock, a, b } = slow(t, { closeTimeout: 0 })
  a.write('x')
  const close = a.close()
  await clock.advance(1)
  await close
  t.equal((await a.closed).by, 'local')
  t.equal(await b.readToEnd('utf8'), 'x', 'what left in time arrives')
  const { clock: other, a: c, b: d } = slow(t, { closeTimeout: 0 })
  c.write(Buffer.alloc(70_000))
  void c.close()
  await other.advance(1)
  t.equal((await c.closed).by, 'timeout')
  t.ok((await rejection(d.readToEnd())) instanceof ConnectionLostError)
})

t.test('with closeTimeout: Infinity a close waits forever, but writeTimeout goes on', async (t) => {
  const { clock, a, b } = slow(t, { closeTimeout: Number.POSITIVE_INFINITY, writeTimeout: Number.POSITIVE_INFINITY })
  a.write(Buffer.alloc(1000))
  const close = a.close()
  await clock.advance(1e9)
  t.equal((await b.readToEnd()).length, 1000)
  await clock.advance(1e9)
  t.equal(a.signal.aborted, false)
  await b.end()
  await close
  const { clock: other, a: c } = slow(t, { closeTimeout: Number.POSITIVE_INFINITY, writeTimeout: 1000 })
  c.write(Buffer.alloc(1000))
  void c.close()
  await other.advance(1000)
  const { by, error } = await c.closed
  t.equal(by, 'timeout')
  t.equal((error as TimeoutError).kind, 'write')
})

t.test('the shorter of both limits cuts the connection, and closed names it', async (t) => {
  for (const [writeTimeout, closeTimeout, kind, after] of [
    [500, 1000, 'write', 500],
    [5000, 1000, 'close', 1000],
  ] as const) {
    const { clock, a } = slow(t, { closeTimeout, writeTimeout })
    a.write(Buffer.alloc(1000))
    void a.close()
    await clock.advance(after - 1)
    t.equal(a.signal.aborted, false)
    await clock.advance(1)
    t.equal(((await a.closed).error as TimeoutError).kind, kind)
  }
})

t.test('by default a peer has five seconds', async (t) => {
  const { clock, a } = slow(t)
  void a.close()
  await clock.advance(4999)
  t.equal(a.signal.aborted, false)
  await clock.advance(1)
  t.equal((await a.closed).by, 'local')
})

t.test('after a close no time limit is left', async (t) => {
  const { clock, a, b } = slow(t, { closeTimeout: 1000, writeTimeout: 1000 })
  a.write('x')
  await Promise.all([a.close(), b.close()])
  await clock.advance(1e6)
  t.equal((await a.closed).by, 'local')
  t.equal((await b.closed).error, undefined)
})
