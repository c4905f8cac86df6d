// close(): reads reject at once, queued bytes are sent, what the peer still sends is dropped, and the connection is closed
// when the peer has ended too. It never rejects.

import t from 'tap'
import { ConnectionClosedError, ConnectionLostError } from '../../lib/index.js'
import { accepted, everywhere, memory } from '../support/fixture.js'
import { isPending, pattern, rejection, turns, until, within } from '../support/wait.js'
import { everyReadFails, everyWriteFails } from './verdict.js'

const isClosed = (error: unknown): boolean =>
  error instanceof ConnectionClosedError && error.code === 'ERR_LINNET_CLOSED' && error.cause === undefined

everywhere(
  t,
  'after a close every read and write rejects at once, buffered bytes are dropped, and queued bytes arrive',
  async (t, connect) => {
    const { a, b } = await connect({ b: { maxBufferSize: 1e8, readHighWaterMark: 1 } })
    await b.write('a line\nnever read')
    await until(() => a.buffered === 17)
    const data = pattern(12_000_000)
    const write = a.write(data)
    const close = a.close()
    t.equal(a.ended, true)
    t.equal(a.buffered, 0)
    t.equal(a.waiting?.operation, 'close')
    await everyReadFails(t, a, isClosed)
    await everyWriteFails(t, a, isClosed)
    t.equal(await isPending(close), true)
    t.equal(a.signal.aborted, false)
    t.ok((await b.readToEnd()).equals(data))
    await write
    await a.flush()
    await a.end()
    t.equal(await isPending(close), true, 'the peer has not ended yet')
    await b.end()
    t.equal(await within(close), undefined)
    const info = await a.closed
    t.same(
      { by: info.by, bytesRead: info.bytesRead, bytesWritten: info.bytesWritten },
      { by: 'local', bytesRead: 17, bytesWritten: data.length },
    )
    t.notOk('error' in info)
    t.ok(isClosed(a.signal.reason))
    t.equal((await within(b.closed)).by, 'peer')
    await everyReadFails(t, a, isClosed)
    await everyWriteFails(t, a, isClosed)
  },
)

everywhere(t, 'a pending read, message and loop reject as soon as the connection is closed', async (t, connect) => {
  for (const wait of ['read', 'message', 'loop'] as const) {
    const { a, b } = await connect()
    const told =
      wait === 'read'
        ? rejection(a.readUntil('\n'))
        : wait === 'message'
          ? rejection(a.readMessage(async (reader) => [await reader.readLine(), await reader.readLine()]))
          : rejection(a.lines().next())
    b.write('first\n'.slice(wait === 'message' ? 0 : 6))
    await turns()
    const close = a.close()
    t.ok(isClosed(await told), wait)
    b.close()
    await within(close)
  }
})

everywhere(t, 'what the peer sends during a close is dropped, and does not delay the end', async (t, connect) => {
  const { a, b } = await connect()
  const close = a.close()
  t.equal(await b.read(), null)
  const said = pattern(5_000_000)
  await b.write(said)
  await b.end()
  await within(close)
  t.equal(a.bytesRead, said.length)
  t.equal(a.buffered, 0)
  t.equal((await b.closed).by, 'peer', 'and the peer was not broken off')
})

everywhere(t, 'a close after the end of the peer does not wait', async (t, connect) => {
  const { a, b } = await connect({ b: { closeTimeout: Number.POSITIVE_INFINITY } })
  await a.end('x')
  await until(() => b.peerEnded)
  const close = b.close()
  await within(close)
  const info = await b.closed
  t.equal(info.by, 'peer')
  t.notOk('error' in info)
  t.equal((await within(a.closed)).by, 'local')
})

everywhere(t, 'two sides that close at the same time both end in order', async (t, connect) => {
  const { a, b } = await connect()
  a.write('x')
  b.write('y')
  await within(Promise.all([a.close(), b.close(), a.close(), a[Symbol.asyncDispose](), b.end()]))
  t.same([(await a.closed).error, (await b.closed).error], [undefined, undefined])
  t.equal(a.bytesWritten + b.bytesWritten, 2)
})

everywhere(t, 'close never rejects: not after a loss, not during one, not again', async (t, connect, carrier) => {
  const { a, b } = await connect()
  const lost = rejection(a.write(Buffer.alloc(20_000_000)))
  const close = a.close()
  await turns()
  b.abort()
  t.equal(await within(close), undefined)
  t.ok((await lost) instanceof ConnectionLostError, 'what was queued and then lost is a loss, also during an own close')
  t.ok((await rejection(a.flush())) instanceof ConnectionLostError)
  const { by, error } = await a.closed
  t.equal(by, 'lost')
  t.equal(error, await lost)
  t.ok(isClosed(await rejection(a.read())), 'a read was refused first')
  t.ok(isClosed(await rejection(a.write('x'))))
  t.equal(await a.close(), undefined)
  t.equal(await b.close(), undefined)
  t.equal((await b.closed).by, 'aborted', carrier)
})

t.test('a connection is disposed of by closing it', async (t) => {
  const { a, b } = memory(t)
  {
    await using connection = a
    connection.write('last words')
    void b.close()
  }
  t.equal(a.signal.aborted, true)
  t.equal((await b.closed).bytesRead, 10)
})

t.test('a close that is not awaited closes the connection too', async (t) => {
  const { a, b } = memory(t)
  a.write('x')
  a.close()
  t.equal(await b.readToEnd('utf8'), 'x')
  b.close()
  t.equal((await within(a.closed)).by, 'local')
})

// A reset of ours would make the peer lose what it has not read yet.
t.test('a TCP peer that does not end is released without a reset, after its time', async (t) => {
  const { connection, peer } = await accepted(t, { closeTimeout: 40 })
  const seen: string[] = []
  for (const event of ['end', 'error', 'close']) peer.on(event, () => seen.push(event))
  peer.on('data', () => {})
  connection.write('x')
  await connection.close()
  t.equal((await connection.closed).by, 'local')
  await turns()
  t.same(seen, ['end'])
})
