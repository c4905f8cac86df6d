// Two connections tied together: every byte and each end passed on, no faster than the slower side reads, and both gone
// when either breaks.

import t from 'tap'
import { ConcurrentReadError, ConnectionClosedError, ConnectionLostError, pipe } from '../lib/index.js'
import { CHUNK } from './support/chunk.js'
import { everywhere } from './support/fixture.js'
import { inMemory } from './support/line.js'
import { isPending, pattern, rejection, turns, until, within } from './support/wait.js'

everywhere(t, 'both directions are copied, what is buffered first, and counted', async (t, connect) => {
  const [{ a: left, b: a }, { a: right, b }] = [await connect(), await connect()]
  await left.write('early ')
  await until(() => a.buffered === 6)
  const piping = pipe(a, b)
  await left.write('from the left')
  await right.end('and from the right')
  t.equal(await right.readExactly(19, 'utf8'), 'early from the left')
  t.equal(await left.readToEnd('utf8'), 'and from the right', 'each end is passed on by itself')
  t.equal(await isPending(piping), true)
  await left.end('!')
  t.same(await within(piping), { aToB: 20, bToA: 18 })
  t.equal(await right.readToEnd('utf8'), '!')
  t.same([(await a.closed).by, (await b.closed).by], ['local', 'peer'], 'each as its own peer sees it')
})

everywhere(t, 'much goes both ways at once unharmed', async (t, connect) => {
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

everywhere(t, 'a side that does not read holds the other up, and no more is kept than both may buffer', async (t, connect) => {
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

everywhere(t, 'when either side is lost both are aborted, and that is the rejection', async (t, connect, carrier) => {
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

t.test('a side that is lost after its end is noticed too', async (t) => {
  const { a, b, left, right } = inMemory(t)
  const piping = rejection(pipe(a, b))
  await left.end('x')
  await right.readToEnd()
  left.abort()
  t.equal(await within(piping), (await a.closed).error)
  t.equal((await b.closed).by, 'aborted')
})

t.test('a side that is lost while its end and the rest for it are on their way is a loss, too', async (t) => {
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

t.test('a signal aborts both, and its reason is the rejection', async (t) => {
  const { a, b } = inMemory(t)
  const controller = new AbortController()
  const piping = rejection(pipe(a, b, { signal: controller.signal }))
  await turns()
  const reason = new Error('reason')
  controller.abort(reason)
  t.equal(await piping, reason)
  for (const each of [a, b]) t.same(await each.closed.then(({ by, error }) => ({ by, error })), { by: 'aborted', error: reason })
})

t.test('a signal that aborted before copies nothing, and one that aborts afterwards does nothing', async (t) => {
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

t.test('an own abort of one side aborts the other', async (t) => {
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

t.test('wrong arguments are refused before anything is touched', async (t) => {
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

t.test('a connection that is being read is not piped, and neither side is harmed; while it is piped nobody else reads', async (t) => {
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

t.test('a connection that this side has closed is not piped', async (t) => {
  const { a, b } = inMemory(t)
  b.abort('why')
  t.ok((await rejection(pipe(a, b))) instanceof ConnectionClosedError)
  t.equal(a.signal.aborted, false)
  t.equal(a.tryReadLine(), undefined, 'and the other one can be read again')
})
