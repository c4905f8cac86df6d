// abort(): everything is dropped and rejected at once, with the reason; and the peer cannot take it for an end of stream.

import t from 'tap'
import { ConnectionClosedError, ConnectionLostError } from '../../lib/index.js'
import { accepted, everywhere, memory } from '../support/fixture.js'
import { fateOf } from '../support/peer.js'
import { rejection, turns, until, within } from '../support/wait.js'
import { everyReadFails, everyWriteFails } from './verdict.js'

everywhere(t, 'an abort rejects all pending and later calls, with its reason as the cause', async (t, connect) => {
  const { a, b } = await connect()
  await b.write('buffered')
  await until(() => a.buffered === 8)
  const reason = new Error('enough')
  const waiting = [
    a.readLine(),
    a.write(Buffer.alloc(12_000_000)),
    a.flush(),
    a.writeFrom(
      (async function* () {
        await new Promise(() => {})
        yield 'never'
      })(),
    ),
    a.end(),
  ].map(rejection)
  const close = a.close()
  const isRefused = (error: unknown): boolean =>
    error instanceof ConnectionClosedError && error.code === 'ERR_LINNET_CLOSED' && (error.cause === reason || error.cause === undefined)
  await turns()
  t.equal(a.signal.aborted, false)
  a.abort(reason)
  t.equal(a.signal.aborted, true, 'at once')
  t.equal(a.queued, 0)
  await within(close)
  const errors = await within(Promise.all(waiting))
  t.ok(errors.every(isRefused))
  t.same(
    errors.slice(1, 3).map((error) => (error as Error).cause),
    [reason, reason],
  )
  const { by, error } = await a.closed
  t.same({ by, error }, { by: 'aborted', error: reason })
  await everyReadFails(t, a, isRefused)
  await everyWriteFails(t, a, isRefused)
})

everywhere(t, 'an abort is the cause of every later error, drops buffered bytes, and aborts the signal', async (t, connect) => {
  const { a, b } = await connect()
  const reason = { any: 'thing' }
  await b.write('buffered')
  await until(() => a.buffered === 8)
  const message = rejection(a.readMessage(async (reader) => [await reader.readExactly(3), await reader.readLine()]))
  await turns()
  a.abort(reason)
  const isRefused = (error: unknown): boolean => error instanceof ConnectionClosedError && error.cause === reason
  t.ok(isRefused(await message))
  t.equal(a.buffered, 0)
  t.ok(isRefused(a.signal.reason))
  await everyReadFails(t, a, isRefused)
  await everyWriteFails(t, a, isRefused)
  t.ok(isRefused(await rejection(a.end())))
  t.same({ ended: a.ended, error: (await a.closed).error }, { ended: true, error: reason })
})

everywhere(t, 'an abort without a reason has no cause, and a second one changes nothing', async (t, connect) => {
  const { a } = await connect()
  a.abort()
  a.abort(new Error('too late'))
  await a.close()
  const info = await a.closed
  t.equal(info.by, 'aborted')
  t.notOk('error' in info)
  await everyReadFails(t, a, (error) => error instanceof ConnectionClosedError && error.cause === undefined)
})

everywhere(t, 'the peer of an abort sees a loss, not an end', async (t, connect, carrier) => {
  const { a, b } = await connect({ b: { readHighWaterMark: 1, maxBufferSize: 1e8 } })
  a.write(Buffer.alloc(12_000_000))
  await turns()
  a.abort()
  const end = within(b.readToEnd())
  // A Unix socket has no reset: the peer sees an end, and the protocol must detect that it came too early.
  if (carrier === 'unix') {
    const got = await end.catch((error) => error)
    t.ok(got instanceof ConnectionLostError || got.length < 12_000_000)
    return
  }
  t.ok((await rejection(end)) instanceof ConnectionLostError)
  t.equal((await b.closed).by, 'lost')
})

t.test('a TCP peer sees a reset at once, also behind an end that waits for its queue', async (t) => {
  for (const first of ['nothing', 'end', 'close'] as const) {
    const { connection, peer } = await accepted(t)
    if (first !== 'nothing') {
      peer.pause()
      connection.write(Buffer.alloc(12_000_000))
      await turns()
      void connection[first]()
    }
    await turns()
    connection.abort()
    t.equal((await within(fateOf(peer))).how, 'reset', first)
  }
})

t.test('an abort of a closed connection changes nothing', async (t) => {
  const { a, b } = memory(t)
  await Promise.all([a.close(), b.close()])
  a.abort(new Error('too late'))
  t.equal((await a.closed).by, 'local')
  t.equal((await a.closed).error, undefined)
})

t.test('an abort within a listener of its own end changes nothing', async (t) => {
  const { a, b } = memory(t)
  a.signal.addEventListener('abort', () => a.abort(new Error('again')))
  const told = a.closed.then(() => a.abort(new Error('and again')))
  a.abort('first')
  await told
  t.equal((await a.closed).error, 'first')
  await b.closed
})
