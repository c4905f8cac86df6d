// What ended a connection first, and how that is reported: `closed`, `signal`, the properties that stay readable, and the
// meaning of a late reset.

import t, { type Test } from 'tap'
import { type CloseInfo, type Connection, ConnectionClosedError, ConnectionLostError, EndOfStreamError } from '../../lib/index.js'
import { manualClock } from '../../lib/testing/index.js'
import { everywhere, memory } from '../support/fixture.js'
import { isPending, rejection, turns, until, within } from '../support/wait.js'

type Step = (a: Connection, b: Connection) => unknown
const steps = {
  'own end': (a) => a.end().catch(() => {}),
  'own close': (a) => void a.close(),
  'own abort': (a) => a.abort('aborted'),
  'peer ends': async (a, b) => {
    await b.end()
    await until(() => a.peerEnded || a.signal.aborted)
  },
  'peer breaks': async (_, b) => {
    b.abort()
    await turns()
  },
} satisfies Record<string, Step>
type Name = keyof typeof steps

async function endingOf(t: Test, first: Name, second: Name): Promise<{ info: CloseInfo | undefined; a: Connection }> {
  const { a, b } = memory(t)
  for (const name of [first, second]) {
    await steps[name](a, b)
    await turns()
  }
  return { info: (await isPending(a.closed)) ? undefined : await a.closed, a }
}

t.test('closed reports what ended the connection first, whatever came second', async (t) => {
  const expected: [first: Name, second: Name, by: CloseInfo['by']][] = [
    ['own end', 'peer ends', 'local'],
    ['own end', 'own abort', 'aborted'],
    ['own end', 'peer breaks', 'lost'],
    ['own close', 'peer ends', 'local'],
    ['own close', 'own abort', 'aborted'],
    ['own close', 'peer breaks', 'local'],
    ['peer ends', 'own end', 'peer'],
    ['peer ends', 'own close', 'peer'],
    ['peer ends', 'own abort', 'aborted'],
    ['peer ends', 'peer breaks', 'lost'],
    ['own abort', 'own close', 'aborted'],
    ['own abort', 'peer breaks', 'aborted'],
    ['peer breaks', 'own close', 'lost'],
    ['peer breaks', 'own abort', 'lost'],
    ['peer breaks', 'own end', 'lost'],
  ]
  for (const [first, second, by] of expected) {
    const { info, a } = await endingOf(t, first, second).catch((error) => t.fail(`${first}, ${second}`, { found: error }) as never)
    t.equal(info?.by, by, `${first}, then ${second}`)
    t.equal(info !== undefined && 'error' in info, by === 'aborted' || by === 'lost')
    t.equal(a.signal.aborted, true)
  }
})

everywhere(t, "a reset counts as the peer's end when all was sent and a close only waits for that end", async (t, connect) => {
  const { a, b } = await connect()
  await a.write('all of it')
  const close = a.close()
  t.equal(await b.readToEnd('utf8'), 'all of it')
  b.abort()
  await within(close)
  const info = await a.closed
  t.equal(info.by, 'local')
  t.notOk('error' in info)
  t.equal(info.bytesWritten, 9)
})

everywhere(t, "with allowHalfOpen: false a connection is closed by the peer's end, on every carrier", async (t, connect) => {
  const { a, b } = await connect({ b: { allowHalfOpen: false } })
  await a.end()
  await within(b.closed)
  t.equal((await b.closed).by, 'peer')
})

// --- how it is reported ----------------------------------------------------------------------------------------------

everywhere(t, 'closed resolves with how the connection ended, whenever it is read, and never rejects', async (t, connect) => {
  const { a, b } = await connect()
  const before = performance.now()
  const early = a.closed
  a.write('12345')
  b.write('123')
  await Promise.all([a.readExactly(3), b.readExactly(5)])
  await Promise.all([a.close(), b.close()])
  const info = await early
  t.match(info, { by: 'local', bytesRead: 3, bytesWritten: 5 })
  t.notOk('error' in info)
  t.ok(info.duration > 0 && info.duration <= performance.now() - before + 1000)
  t.equal(await a.closed, info)
  t.equal(a.closed, early)
})

t.test("the duration is measured by the connection's own clock", async (t) => {
  const clock = manualClock()
  const { a } = memory(t, { clock })
  await clock.advance(12_345)
  a.abort()
  t.equal((await a.closed).duration, 12_345)
})

everywhere(t, 'the signal aborts when the connection is closed, with the error of a read', async (t, connect, carrier) => {
  const { a, b } = await connect()
  const { signal } = a
  const late = b.signal
  t.ok(signal instanceof AbortSignal)
  t.equal(a.signal, signal)
  await b.end()
  t.equal(await a.read(), null)
  t.equal(signal.aborted, false, 'a peer that only ended its side is not over')
  await a.end()
  await within(a.closed)
  t.equal(signal.aborted, true)
  t.ok(signal.reason instanceof EndOfStreamError)
  await within(b.closed)
  t.equal(late.aborted, true)
  const { a: c, b: d } = await connect()
  const reasons: unknown[] = []
  c.signal.addEventListener('abort', () => reasons.push(c.signal.reason))
  void c.close()
  void d.close()
  await within(c.closed)
  t.ok(reasons[0] instanceof ConnectionClosedError, carrier)
  t.equal(reasons.length, 1)
})

t.test('a signal that is made after the end has aborted, with the error of a read', async (t) => {
  const { a, b } = memory(t)
  a.abort('why')
  await b.closed
  t.equal((a.signal.reason as Error).cause, 'why')
  t.ok(b.signal.reason instanceof ConnectionLostError)
  t.equal(b.signal.reason, await rejection(b.read()))
})

everywhere(t, 'the properties can be read after the end', async (t, connect) => {
  const { a, b } = await connect({ a: { idleTimeout: 5000 } })
  const { id, remote, local, openedAt, server, tls } = a
  b.write('unread')
  a.write('x')
  await until(() => a.buffered === 6)
  await a.end()
  await b.end()
  await within(a.closed)
  t.same(
    { remote: a.remote, local: a.local, id: a.id, openedAt: a.openedAt, limits: a.limits.idleTimeout, tls: a.tls, proxy: a.proxy },
    { remote, local, id, openedAt, limits: 5000, tls, proxy: undefined },
  )
  t.equal(a.server, server)
  t.same(
    { ended: a.ended, peerEnded: a.peerEnded, buffered: a.buffered, queued: a.queued },
    { ended: true, peerEnded: true, buffered: 6, queued: 0 },
  )
  t.same(
    { bytesRead: a.bytesRead, bytesWritten: a.bytesWritten, waiting: a.waiting },
    { bytesRead: 6, bytesWritten: 1, waiting: undefined },
  )
  t.equal(await a.readToEnd('utf8'), 'unread', 'what is buffered when it is over can still be read')
  t.not(a.id, b.id)
  t.ok(Number.isInteger(a.id) && Math.abs(openedAt - Date.now()) < 60_000)
})

t.test('bytes that arrive after the end of a connection are not counted', async (t) => {
  const { a, b } = memory(t)
  a.abort()
  b.write('late').catch(() => {})
  await turns()
  t.equal((await a.closed).bytesRead, 0)
  t.equal(a.bytesRead, 0)
})
