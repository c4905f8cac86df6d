// The wire of a `pair`: in which pieces, how late and how far bytes travel, and the faults that it can have.

import t from 'tap'
import { type Connection, ConnectionLostError, EndOfStreamError } from '../../lib/index.js'
import { manualClock } from '../../lib/testing/index.js'
import { isPending, pattern, rejection, turns, within } from '../support/wait.js'
import { made } from './support.js'

t.test('bytes arrive in pieces of at most maxChunk', async (t) => {
  const [client, server] = made(t, { maxChunk: 3 })
  const sent = pattern(1000)
  const reading = server.read()
  await client.write(sent)
  const first = await within(reading)
  t.equal(first?.length, 3, 'the first piece that arrived')
  t.ok(Buffer.concat([first!, await server.readExactly(997)]).equals(sent))
})

t.test('with maxChunk: 1 a delimiter is found, and limits are exact', async (t) => {
  const [client, server] = made(t, { maxChunk: 1 })
  await client.write('abc\r\nabcd\r\n')
  t.equal(String(await server.readUntil('\r\n', { maxBytes: 5 })), 'abc\r\n')
  t.match(await rejection(server.readUntil('\r\n', { maxBytes: 5 })), { code: 'ERR_LINNET_LIMIT' })
  t.equal(await server.readLine(), 'abcd')
})

t.test('latency delays bytes, ends and losses in both directions', async (t) => {
  const clock = manualClock()
  const [client, server] = made(t, { clock, latency: 100 })
  await client.write('ping\n')
  const ping = server.readLine()
  await clock.advance(99)
  t.equal(await isPending(ping), true)
  await clock.advance(1)
  t.equal(await within(ping), 'ping')
  await server.end('pong\n')
  const pong = client.readLine()
  const end = (async () => {
    await pong
    return client.read()
  })()
  await clock.advance(99)
  t.equal(await isPending(pong), true)
  await clock.advance(1)
  t.equal(await within(end), null)
  const lost = server.closed
  client.abort()
  await clock.advance(99)
  t.equal(await isPending(lost), true)
  await clock.advance(1)
  t.equal((await within(lost)).by, 'lost')
})

t.test('pieces in transit arrive in order, each after its latency', async (t) => {
  const clock = manualClock()
  const [client, server] = made(t, { clock, latency: 50 })
  for (let n = 0; n < 5; n++) {
    void client.write(`${n}`)
    await clock.advance(10)
  }
  t.equal(server.bytesRead, 1)
  await clock.advance(10)
  t.equal(server.bytesRead, 2)
  await clock.advance(100)
  t.equal(String(await server.readExactly(5)), '01234')
})

t.test('a sender waits while highWaterMark bytes are in transit', async (t) => {
  const [client, server] = made(t, { highWaterMark: 1000, client: { writeHighWaterMark: 1 }, server: { readHighWaterMark: 1 } })
  const writing = client.write(pattern(5000))
  await turns(20)
  t.ok(client.bytesWritten < 5000)
  t.ok(client.queued > 0)
  t.equal(await isPending(writing), true)
  t.equal((await server.readExactly(5000)).length, 5000)
  await within(writing)
  t.equal(client.bytesWritten, 5000)
})

t.test('megabytes in both directions arrive whole', async (t) => {
  const [client, server] = made(t)
  const [one, other] = [pattern(5 * 1024 * 1024), pattern(4 * 1024 * 1024)]
  const send = async (side: Connection, data: Buffer): Promise<void> => {
    await side.writeFrom([data.subarray(0, 1_000_000), data.subarray(1_000_000)])
    await side.end()
  }
  const all = { maxBytes: 10_000_000 }
  const [, , atServer, atClient] = await within(
    Promise.all([send(client, one), send(server, other), server.readToEnd(all), client.readToEnd(all)]),
  )
  t.ok(atServer.equals(one))
  t.ok(atClient.equals(other))
})

t.test('resetAfter resets both after exactly that many bytes of one direction', async (t) => {
  for (const resetAfter of [0, 1, 5]) {
    const [client, server] = made(t, { faults: { resetAfter } })
    void client.write('0123456789')
    const got: Buffer[] = []
    const failure = await within(
      rejection(
        (async () => {
          for await (const chunk of server) got.push(chunk)
        })(),
      ),
    )
    t.ok(failure instanceof ConnectionLostError)
    t.equal(Buffer.concat(got).length, resetAfter)
    t.equal((await within(client.closed)).by, 'lost')
    t.equal((await within(server.closed)).by, 'lost')
  }
})

t.test('resetAfter counts the bytes of each direction separately', async (t) => {
  const [client, server] = made(t, { faults: { resetAfter: 6 } })
  await client.write('12345')
  await server.write('12345')
  t.equal(String(await server.readExactly(5)), '12345')
  t.equal(String(await client.readExactly(5)), '12345')
  t.equal(client.ended || server.ended, false)
  void server.write('6')
  t.equal((await within(server.closed)).by, 'lost')
})

t.test('after stallAfter bytes nothing arrives, and neither side sees an end or a loss', async (t) => {
  const [client, server] = made(t, { faults: { stallAfter: 4 }, highWaterMark: 16 })
  void client.write(pattern(100))
  t.equal((await within(server.readExactly(4))).length, 4)
  const more = server.read()
  t.equal(await isPending(more), true)
  t.ok(client.queued > 0, 'the rest stays queued')
  client.write('more').catch(() => {})
  await turns(30)
  t.equal(server.bytesRead, 4)
  t.equal(client.peerEnded || server.peerEnded, false)
  more.catch(() => {})
})

t.test('after endAfter bytes the stream ends, and later bytes are dropped', async (t) => {
  const [client, server] = made(t, { faults: { endAfter: 7 } })
  await client.write('line\nhalf a line\n')
  t.equal(await server.readLine(), 'line')
  const error = await within(rejection(server.readLine()))
  t.ok(error instanceof EndOfStreamError)
  t.equal(String((error as EndOfStreamError).partial), 'ha')
  t.equal(client.ended, false)
  await client.write('into nothing')
  await client.flush()
  t.equal(server.bytesRead, 7)
})

t.test('a fault occurs at its byte, wherever the bytes are cut', async (t) => {
  for (const maxChunk of [1, 2, 3, 100]) {
    const [client, server] = made(t, { maxChunk, faults: { endAfter: 5 } })
    void client.write('0123456789')
    t.equal(String(await within(server.readToEnd())), '01234')
  }
})
