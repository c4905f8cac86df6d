// `pipe` copies every byte and both ends between two connections, no faster than the slower side reads, and aborts both when
// either is lost.

import t from 'tap'
import { ConcurrentReadError, ConnectionClosedError, ConnectionLostError, pipe } from '../lib/index.js'
import { CHUNK } from './support/chunk.js'
import { everywhere } from './support/fixture.js'
import { inMemory } from './support/line.js'
import { isPending, pattern, rejection, turns, until, within } from './support/wait.js'

everywhere(t, 'both directions are copied, buffered bytes first, and counted', async (t, connect) => {
  const [{ a: left, b: a }, { a: right, b }] = [await connect(), await connect()]
  await left.write('early ')
  await until(() => a.buffered === 6)
  const piping = pipe(a, b)
  await left.write('from the left')
  await right.end('and from the right')
  t.equal(await right.readExactly(19, 'utf8'), 'early from the left')
  t.equal(await left.readToEnd('utf8'), 'and from the right', 'each end is passed on separately')
  t.equal(await isPending(piping), true)
  await left.end('!')
  t.same(await within(piping), { aToB: 20, bToA: 18 })
  t.equal(await right.readToEnd('utf8'), '!')
  t.same([(await a.closed).by, (await b.closed).by], ['local', 'peer'], 'each as its own peer sees it')
})

everywhere(t, 'megabytes in both directions at once arrive whole', async (t, connect) => {
  const large = { maxBufferSize: 1e8 }
  const [{ a: left, b: a }, { a: right, b }] = [await connect({ a: large }), await connect({ a: large })]
  const [one, other] = [pattern(6_000_000), pattern(5_000_001)]
  const piping = pipe(a, b)
  const arrived = [right.readToEnd(), left.readToEnd()] as const
  await Promise.all([left.end(one), right.end(other)])
  t.ok((await arrived[0]).equals(one))
  t.ok((await arrived[1]).equals(other))
  t.same(await within(piping), { aToB: one.length, bToA: other.length })
})

everywhere(t, 'a side that does not read makes the other wait, and no more is held than both may buffer', async (t, connect) => {
  const [{ a: left, b: a }, { a: right, b }] = [await connect(), await connect({ a: { readHighWaterMark: 1 } })]
  const piping = rejection(pipe(a, b))
  const write = left.write(Buffer.alloc(15_000_000))
  write.catch(() => {})
  await until(() => b.queued > 0)
  await turns(40)
  t.ok(left.queued > 0)
  t.ok(a.buffered + b.queued < 236_000 + 4 * CHUNK, `${a.buffered} + ${b.queued}`)
  right.abort()
  t.ok((await within(piping)) instanceof ConnectionLostError)
})

// --- what breaks -----------------------------------------------------------------------------------------------------

everywhere(t, 'when either side is lost both are aborted, and pipe rejects with the loss', async (t, connect, carrier) => {
  // Unix sockets have no reset: what the peer sees is an end, which is passed on.
  if (carrier === 'unix') return void t.pass()
  for (const which of ['left', 'right'] as const) {
    const [{ a: left, b: a }, { a: right, b }] = [await connect(), await connect()]
    const peers = { left, right }
    const piping = rejection(pipe(a, b))
    await left.write('x')
    await right.readExactly(1)
    await turns()
    peers[which].abort()
    const error = await within(piping)
    t.ok(error instanceof ConnectionLostError)
    const [lost, other] = which === 'left' ? [a, b] : [b, a]
    t.equal((await lost.closed).error, error)
    t.same(await other.closed.then(({ by, error }) => ({ by, error })), { by: 'aborted', error })
    await within((which === 'left' ? right : left).closed)
  }
})

t.test('a side that is lost after its end aborts the other', async (t) => {
  const { a, b, left, right } = inMemory(t)
  const piping = rejection(pipe(a, b))
  await left.end('x')
  await right.readToEnd()
  left.abort()
  t.equal(await within(piping), (await a.closed).error)
  t.equal((await b.closed).by, 'aborted')
})

t.test('a side that is lost while bytes for it are queued is a loss, also after both ends', async (t) => {
  const { a, b, left, right } = inMemory(t, { highWaterMark: 100, client: { readHighWaterMark: 1 } })
  const piping = rejection(pipe(a, b))
  await left.end('x')
  await right.readToEnd()
  right.end(Buffer.alloc(10_000))
  await until(() => b.peerEnded && a.ended && a.queued > 0)
  left.abort()
  const error = await within(piping)
  t.ok(error instanceof ConnectionLostError)
  t.equal((await a.closed).error, error)
})

t.test('an abort of its signal aborts both, and pipe rejects with the reason', async (t) => {
  const { a, b } = inMemory(t)
  const controller = new AbortController()
  const piping = rejection(pipe(a, b, { signal: controller.signal }))
  await turns()
  const reason = new Error('reason')
  controller.abort(reason)
  t.equal(await piping, reason)
  for (const each of [a, b]) t.same(await each.closed.then(({ by, error }) => ({ by, error })), { by: 'aborted', error: reason })
})

t.test('with an aborted signal nothing is copied, and an abort after the end has no effect', async (t) => {
  const { a, b, left, right } = inMemory(t)
  await left.write('x')
  await turns()
  const reason = new Error('reason')
  t.equal(await rejection(pipe(a, b, { signal: AbortSignal.abort(reason) })), reason)
  await turns()
  t.equal(right.bytesRead, 0)
  const { a: c, b: d, left: one, right: other } = inMemory(t)
  const controller = new AbortController()
  const piping = pipe(c, d, { signal: controller.signal })
  await Promise.all([one.end(), other.end()])
  await piping
  controller.abort()
  t.same([(await c.closed).error, (await d.closed).error], [undefined, undefined])
})

t.test('an abort of one connection aborts the other', async (t) => {
  const { a, b } = inMemory(t)
  const piping = rejection(pipe(a, b))
  await turns()
  a.abort('why')
  const error = (await within(piping)) as Error
  t.ok(error instanceof ConnectionClosedError)
  t.equal(error.cause, 'why')
  t.equal((await b.closed).by, 'aborted')
})

// --- misuse ----------------------------------------------------------------------------------------------------------

t.test('pipe rejects for wrong arguments, and both connections stay usable', async (t) => {
  const { a, b } = inMemory(t)
  for (const wrong of [undefined, null, {}, 'text', new EventTarget()]) {
    t.ok((await rejection(pipe(wrong as never, b))) instanceof TypeError)
    t.ok((await rejection(pipe(a, wrong as never))) instanceof TypeError)
  }
  t.ok((await rejection(pipe(a, a))) instanceof TypeError)
  for (const wrong of [7, null, 'text', { signal: {} }, { halfCloseTimeout: '1' }, { idleTimeout: null }]) {
    t.ok((await rejection(pipe(a, b, wrong as never))) instanceof TypeError)
  }
  for (const impossible of [{ halfCloseTimeout: 0 }, { idleTimeout: -1 }, { idleTimeout: Number.NaN }]) {
    t.ok((await rejection(pipe(a, b, impossible))) instanceof RangeError)
  }
  t.same([a.signal.aborted, b.signal.aborted, a.tryReadLine(), b.tryReadLine()], [false, false, undefined, undefined])
})

t.test('pipe rejects while a read is pending, and a read rejects during a pipe', async (t) => {
  for (const reading of ['a', 'b'] as const) {
    const line = inMemory(t)
    const { a, b, left, right } = line
    const read = line[reading].readLine()
    t.ok((await rejection(pipe(a, b))) instanceof ConcurrentReadError)
    await (reading === 'a' ? left : right).write('line\n')
    t.equal(await read, 'line')
    const piping = pipe(a, b)
    t.ok((await rejection(a.read())) instanceof ConcurrentReadError)
    t.ok((await rejection(b.read())) instanceof ConcurrentReadError)
    t.ok((await rejection(pipe(a, b))) instanceof ConcurrentReadError)
    await Promise.all([left.end(), right.end()])
    await piping
  }
})

t.test('pipe rejects for a connection that this side has closed', async (t) => {
  const { a, b } = inMemory(t)
  b.abort('why')
  t.ok((await rejection(pipe(a, b))) instanceof ConnectionClosedError)
  t.equal(a.signal.aborted, false)
  t.equal(a.tryReadLine(), undefined, 'and the other one can be read again')
})
