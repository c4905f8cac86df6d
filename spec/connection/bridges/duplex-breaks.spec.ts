// An error of the connection becomes the error of its Duplex, after all bytes received before; and destroying the Duplex
// aborts the connection, unless with an error that the connection raised.

import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import t from 'tap'
import { type Connection, ConnectionClosedError, ConnectionLostError, TimeoutError } from '../../../lib/index.js'
import { manualClock } from '../../../lib/testing/index.js'
import { everywhere, memory } from '../../support/fixture.js'
import { rejection, turns, until, within } from '../../support/wait.js'

/** A bridge that may fail after the test: its `error` event has a listener. */
const bridge = (connection: Connection): Duplex => connection.toDuplex().on('error', () => {})

everywhere(t, 'destroying the Duplex aborts the connection with that error', async (t, connect) => {
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

everywhere(t, 'a loss is the error of the Duplex, whether it is read, written or neither', async (t, connect, carrier) => {
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

everywhere(t, 'bytes received before a loss are read before it', async (t, connect, carrier) => {
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

t.test('the Duplex of a lost connection yields the unread bytes, then that error', async (t) => {
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

t.test('an abort and a time limit are the error of the Duplex at once', async (t) => {
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

everywhere(t, 'closing the connection sends what is queued, and is the error of the Duplex', async (t, connect) => {
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

t.test('after an own end of the connection later writes of the Duplex fail, and earlier ones are sent', async (t) => {
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
