// A connection as a Node Duplex: its bytes, its ends, its back-pressure and its breaks are those of the connection.

import { once } from 'node:events'
import { Duplex, PassThrough, Readable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import t from 'tap'
import { Bridge } from '../../lib/connection/bridge.js'
import { coreOf } from '../../lib/connection/connection.js'
import { ConcurrentReadError, type Connection, ConnectionClosedError, ConnectionLostError, TimeoutError } from '../../lib/index.js'
import { manualClock } from '../../lib/testing/index.js'
import { everywhere, memory } from '../support/fixture.js'
import { isPending, pattern, rejection, turns, until, within } from '../support/wait.js'

/** A bridge that may break when the test is over: its `error` has a listener. */
const bridge = (connection: Connection): Duplex => connection.toDuplex().on('error', () => {})

everywhere(t, 'a Duplex carries both directions, what was buffered first, and both ends', async (t, connect) => {
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

everywhere(t, 'back-pressure goes both ways', async (t, connect) => {
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
  await turns(50)
  const before = pushed
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

t.test('while it stands it is the one reader, and one is not made while another reads', async (t) => {
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

t.test('nothing that a message is told concerns a bridge', async (t) => {
  const { a, b } = memory(t)
  const lease = new Bridge(coreOf(a))
  const read = lease.read()
  lease.begun()
  lease.waits()
  lease.took()
  lease.failed()
  lease.refused()
  b.write('x')
  t.equal(String(await read), 'x')
  lease.remove()
  t.ok((await rejection(lease.read())) instanceof TypeError, 'and one that has given reading back reads no more')
})

t.test('it knows no messages: neither read limits nor a drain act in it', async (t) => {
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

// --- breaks ----------------------------------------------------------------------------------------------------------

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

t.test('when it has ended in order, its connection is over, and it closes', async (t) => {
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
