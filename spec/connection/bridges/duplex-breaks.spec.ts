// What breaks a connection breaks its Duplex, behind everything that had arrived; and destroying the Duplex breaks the
// connection, but for news that came from it.

import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import t from 'tap'
import { type Connection, ConnectionClosedError, ConnectionLostError, TimeoutError } from '../../../lib/index.js'
import { manualClock } from '../../../lib/testing/index.js'
import { everywhere, memory } from '../../support/fixture.js'
import { rejection, turns, until, within } from '../../support/wait.js'

/** A bridge that may break when the test is over: its `error` has a listener. */
const bridge = (connection: Connection): Duplex => connection.toDuplex().on('error', () => {})

everywhere(t, 'destroying it aborts the connection with that error', async (t, connect) => {
  const { a } = await connect()
  const wrong = new Error('wrong')
  const duplex = bridge(a)
  const told = once(duplex, 'error')
  duplex.destroy(wrong)
  t.equal((await told)[0], wrong)
  t.same(await within(a.closed).then(({ by, error }) => ({ by, error })), { by: 'aborted', error: wrong })
  const { a: c } = await connect()
  c.toDuplex().destroy()
  const info = await within(c.closed)
  t.equal(info.by, 'aborted')
  t.notOk('error' in info)
})

everywhere(t, 'a loss is its error, whether it is being read, written or neither', async (t, connect, carrier) => {
  for (const use of ['read', 'write', 'neither'] as const) {
    const { a, b } = await connect()
    const duplex = bridge(a)
    if (use === 'read') duplex.resume()
    if (use === 'write' || carrier === 'unix') duplex.write(Buffer.alloc(12_000_000))
    await turns()
    b.abort()
    const [error] = await within(once(duplex, 'error'), `${use}: its error`)
    t.ok(error instanceof ConnectionLostError, use)
    t.equal(error, (await a.closed).error)
    t.equal(duplex.destroyed, true)
  }
})

everywhere(t, 'everything that had arrived is read before a loss', async (t, connect, carrier) => {
  const { a, b } = await connect()
  const duplex = bridge(a)
  if (carrier === 'unix') a.write(Buffer.alloc(12_000_000))
  await b.write('arrived')
  await until(() => a.buffered === 7)
  await turns()
  b.abort()
  await within(a.closed)
  await turns()
  t.equal(duplex.destroyed, false)
  let got = ''
  const error = await rejection(
    (async () => {
      for await (const chunk of duplex) got += chunk
    })(),
  )
  t.equal(got, 'arrived')
  t.ok(error instanceof ConnectionLostError)
})

t.test('a connection that was lost before is a Duplex with that error, behind what is unread', async (t) => {
  for (const said of ['', 'unread']) {
    const { a, b } = memory(t)
    b.write(said)
    await turns()
    b.abort()
    const { error } = await a.closed
    const duplex = a.toDuplex()
    const told = once(duplex, 'error')
    let got = ''
    if (said !== '') duplex.on('data', (chunk) => (got += chunk))
    t.equal((await within(told))[0], error)
    t.equal(got, said)
  }
})

t.test('an abort and a time limit are its error too, at once', async (t) => {
  const { a } = memory(t)
  const duplex = bridge(a)
  const told = once(duplex, 'error')
  const reason = new Error('reason')
  a.abort(reason)
  t.equal((await told)[0], reason)
  const { a: c } = memory(t)
  const other = once(bridge(c), 'error')
  c.abort('no error')
  t.ok((await other)[0] instanceof ConnectionClosedError)
  const clock = manualClock()
  const { a: slow } = memory(t, { client: { writeTimeout: 1000 }, highWaterMark: 10, server: { readHighWaterMark: 1 }, clock })
  const stream = bridge(slow)
  const late = once(stream, 'error')
  stream.write(Buffer.alloc(1000))
  await clock.advance(1000)
  t.ok((await late)[0] instanceof TimeoutError)
})

everywhere(t, 'closing the connection beneath it sends what is queued, and is its error', async (t, connect) => {
  for (const reading of [true, false]) {
    const { a, b } = await connect({ b: { maxBufferSize: 1e8, readHighWaterMark: 1 } })
    const duplex = bridge(a)
    const told = once(duplex, 'error')
    duplex.write(Buffer.alloc(12_000_000))
    if (reading) duplex.resume()
    await turns()
    const close = a.close()
    duplex.write('too late')
    t.equal((await b.readToEnd()).length, 12_000_000)
    await b.close()
    await within(close)
    t.ok((await within(told))[0] instanceof ConnectionClosedError)
    t.equal((await a.closed).by, 'local')
  }
})

t.test('an own end beneath it is refused to later writes, and what was written goes out', async (t) => {
  const { a, b } = memory(t, { server: { maxBufferSize: 1e8, readHighWaterMark: 1 } })
  const duplex = bridge(a)
  const told = once(duplex, 'error')
  await a.write(Buffer.alloc(1000))
  a.end(Buffer.alloc(500_000))
  duplex.write('too late')
  t.ok((await told)[0] instanceof ConnectionClosedError)
  t.equal((await b.readToEnd()).length, 501_000)
  await b.close()
  t.equal((await within(a.closed)).by, 'local')
})
