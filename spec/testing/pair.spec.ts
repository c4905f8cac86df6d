// `pair`: two real connections without a socket. What travels, how long, in which pieces, and what goes wrong on the way
// is asked for, and exactly that happens.

import t, { type Test } from 'tap'
import {
  ConcurrentReadError,
  Connection,
  ConnectionLostError,
  EndOfStreamError,
  type Handler,
  InvalidOptionsError,
} from '../../lib/index.js'
import { manualClock, type PairOptions, pair } from '../../lib/testing/index.js'
import { isPending, pattern, rejection, turns, until, within } from '../support/wait.js'

function made(t: Test, options?: PairOptions): [Connection, Connection] {
  const sides = pair(options)
  t.teardown(() => {
    for (const side of sides) side.abort()
  })
  return sides
}

t.test('both are connections like any other, and talk both ways', async (t) => {
  const [client, server] = made(t)
  for (const side of [client, server]) {
    t.ok(side instanceof Connection)
    t.match(side.remote, { address: '', port: 0, family: 'unix' })
    t.match(side.local, { address: '', port: 0, family: 'unix' })
    t.equal(side.server, undefined)
  }
  t.not(client.id, server.id)
  await client.write('to the server\n')
  await server.write('to the client\n')
  t.equal(await server.readLine(), 'to the server')
  t.equal(await client.readLine(), 'to the client')
})

t.test('an end is an end, the other direction goes on, and both are over when both have ended', async (t) => {
  const [client, server] = made(t)
  await client.end('question')
  t.equal(String(await server.readToEnd()), 'question')
  await server.end('answer')
  t.equal(String(await client.readToEnd()), 'answer')
  t.match(await within(client.closed), { by: 'local', bytesRead: 6, bytesWritten: 8 })
  t.match(await within(server.closed), { by: 'peer', bytesRead: 8, bytesWritten: 6 })
})

t.test('an abort is a loss for the other, and no end', async (t) => {
  const [client, server] = made(t)
  await client.write('first')
  t.equal(String(await server.readExactly(5)), 'first')
  client.abort()
  t.ok((await within(rejection(server.read()))) instanceof ConnectionLostError)
  t.match(await server.closed, { by: 'lost', error: { code: 'ECONNRESET' } })
})

t.test('each side has its own options', async (t) => {
  const [client, server] = made(t, { client: { maxBufferSize: 5, allowHalfOpen: false }, server: { maxBufferSize: 7 } })
  t.equal(client.limits.maxBufferSize, 5)
  t.equal(server.limits.maxBufferSize, 7)
  await server.write('123456\n')
  t.match(await rejection(client.readLine()), { code: 'ERR_LINNET_LIMIT', limit: 5 })
  await server.end()
  t.equal((await within(client.closed)).by, 'peer', 'allowHalfOpen: false')
})

t.test('maxChunk cuts everything into pieces of that size at most', async (t) => {
  const [client, server] = made(t, { maxChunk: 3 })
  const sent = pattern(1000)
  const reading = server.read()
  await client.write(sent)
  const first = await within(reading)
  t.equal(first?.length, 3, 'the first piece that came')
  t.ok(Buffer.concat([first!, await server.readExactly(997)]).equals(sent))
})

t.test('with chunks of one byte a delimiter is found all the same, and limits are exact', async (t) => {
  const [client, server] = made(t, { maxChunk: 1 })
  await client.write('abc\r\nabcd\r\n')
  t.equal(String(await server.readUntil('\r\n', { maxBytes: 5 })), 'abc\r\n')
  t.match(await rejection(server.readUntil('\r\n', { maxBytes: 5 })), { code: 'ERR_LINNET_LIMIT' })
  t.equal(await server.readLine(), 'abcd')
})

t.test('latency holds every piece up by that long, in both directions, ends and breaks too', async (t) => {
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

t.test('pieces under way overtake none, whatever time passes between them', async (t) => {
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

t.test('highWaterMark is what may be under way: beyond it the sender waits', async (t) => {
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

t.test('five megabytes each way are the same on the other side', async (t) => {
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

t.test('each direction counts its own bytes', async (t) => {
  const [client, server] = made(t, { faults: { resetAfter: 6 } })
  await client.write('12345')
  await server.write('12345')
  t.equal(String(await server.readExactly(5)), '12345')
  t.equal(String(await client.readExactly(5)), '12345')
  t.equal(client.ended || server.ended, false)
  void server.write('6')
  t.equal((await within(server.closed)).by, 'lost')
})

t.test('stallAfter lets nothing through any more, and nobody is told', async (t) => {
  const [client, server] = made(t, { faults: { stallAfter: 4 }, highWaterMark: 16 })
  void client.write(pattern(100))
  t.equal((await within(server.readExactly(4))).length, 4)
  const more = server.read()
  t.equal(await isPending(more), true)
  t.ok(client.queued > 0, 'what it cannot send stays with the sender')
  client.write('more').catch(() => {})
  await turns(30)
  t.equal(server.bytesRead, 4)
  t.equal(client.peerEnded || server.peerEnded, false)
  more.catch(() => {})
})

t.test('endAfter is an end of stream in the middle, and the rest vanishes', async (t) => {
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

t.test('faults come at their byte, however the bytes are cut', async (t) => {
  for (const maxChunk of [1, 2, 3, 100]) {
    const [client, server] = made(t, { maxChunk, faults: { endAfter: 5 } })
    void client.write('0123456789')
    t.equal(String(await within(server.readToEnd())), '01234')
  }
})

t.test('a pair that nobody closes keeps no process waiting, and nothing of it is left after an abort', async (t) => {
  const [client, server] = made(t)
  const reading = rejection(server.readLine())
  client.abort()
  await within(reading)
  await until(() => server.signal.aborted)
  t.equal(client.buffered + client.queued + server.buffered + server.queued, 0)
})

t.test('options that a pair does not know or cannot keep are thrown back', async (t) => {
  const wrong: unknown[] = [
    null,
    5,
    { maxChunks: 1 },
    { maxChunk: 0 },
    { maxChunk: 1.5 },
    { latency: 'long' },
    { latency: -1 },
    { highWaterMark: 0 },
  ]
  const nested: unknown[] = [
    { client: { maxBufferSize: -1 } },
    { server: { port: 80 } },
    { faults: { dropAfter: 1 } },
    { faults: { endAfter: -1 } },
    { clock: {} },
    { clock: 5 },
  ]
  for (const options of [...wrong, ...nested]) t.throws(() => pair(options as PairOptions), InvalidOptionsError)
  try {
    pair({ client: { idelTimeout: 5 } as object })
    t.fail('it should have thrown')
  } catch (error) {
    t.match((error as InvalidOptionsError).issues, [{ path: ['client', 'idelTimeout'] }])
  }
})

t.test("run of a pair's client settles as its handler does", async (t) => {
  const [client, server] = made(t)
  const running = client.run(async (connection) => connection.readLine())
  await server.write('value\n')
  void server.close()
  t.equal(await within(running), 'value')
  const [failing, other] = made(t)
  void other.end()
  t.ok((await within(rejection(failing.run((connection) => connection.readLine())))) instanceof EndOfStreamError, 'also by a normal end')
})

t.test("run of a pair's server resolves with nothing where a server would call it a normal end", async (t) => {
  const endings: Record<string, [Handler, (client: Connection, server: Connection) => unknown]> = {
    'it returns': [async () => 'value', () => {}],
    'it is no async function': [() => 5, () => {}],
    'the peer ends in the middle': [(connection) => connection.readLine(), (client) => client.end('half')],
    'the peer breaks off': [(connection) => connection.readLine(), (client) => client.abort()],
    'a time limit runs out': [(connection) => connection.readLine({ timeout: 1 }), () => {}],
    'a message is too large': [(connection) => connection.readLine({ maxBytes: 2 }), (client) => client.write('12345')],
    'it is asked to drain': [(connection) => connection.readLine(), (_, server) => server.drain()],
    'it is aborted': [(connection) => connection.readLine(), (_, server) => server.abort()],
    'its signal aborts other work': [
      (connection) => new Promise((_, reject) => connection.signal.addEventListener('abort', () => reject(connection.signal.reason))),
      (client) => client.abort(),
    ],
  }
  for (const [name, [handler, then]] of Object.entries(endings)) {
    const [client, server] = made(t)
    const running = server.run(handler)
    await then(client, server)
    void client.close()
    t.equal(await within(running), undefined, name)
    t.equal(server.signal.aborted, true, 'and it is over')
  }
})

t.test("run of a pair's server rejects with what would be a server's handlerError", async (t) => {
  const wrong = new Error('of the handler')
  const errors: [Handler, unknown][] = [
    [() => Promise.reject(wrong), wrong],
    [
      () => {
        throw wrong
      },
      wrong,
    ],
    [() => Promise.reject(undefined), undefined],
    [(connection) => connection.readExactly(-1), RangeError],
    [(connection) => Promise.all([connection.readLine(), connection.readLine()]), ConcurrentReadError],
    [(connection) => Promise.reject(new AggregateError([wrong, connection])), AggregateError],
    [5 as never, TypeError],
  ]
  for (const [handler, expected] of errors) {
    const [client, server] = made(t)
    void client.close()
    const error = await within(rejection(server.run(handler)))
    if (typeof expected === 'function') t.ok(error instanceof expected, `${error}`)
    else t.equal(error, expected)
    t.equal((await server.closed).error, error)
  }
  const [foreign, server] = made(t)
  const other = await rejection(made(t, { faults: { endAfter: 0 } })[1].readLine())
  void foreign.close()
  t.equal(await within(rejection(server.run(() => Promise.reject(other)))), other, "another connection's end is an error of this handler")
})

t.test("a second run of a pair's server is a TypeError, and the first goes on", async (t) => {
  const [client, server] = made(t)
  const running = server.run((connection) => connection.readLine())
  t.ok((await rejection(server.run(() => {}))) instanceof TypeError)
  await client.end('line\n')
  t.equal(await within(running), undefined)
})

t.test('a pair is an array of two that closes both when it is disposed of', async (t) => {
  const sides = pair()
  t.equal(sides.length, 2)
  t.strictSame(Object.keys(sides), ['0', '1'])
  const [client, server] = sides
  const reading = rejection(server.readLine())
  void client.write('what is under way')
  await within(sides[Symbol.asyncDispose]())
  t.match(await reading, { code: 'ERR_LINNET_CLOSED' })
  t.match(await client.closed, { by: 'local' })
  t.match(await server.closed, { by: 'local' })
  await within(sides[Symbol.asyncDispose](), 'a second time')
})

t.test('what only time would end is cut when a pair is disposed of', async (t) => {
  const options: PairOptions[] = [
    { latency: 1000, clock: manualClock() },
    { latency: 1e9 },
    { faults: { stallAfter: 0 }, client: { closeTimeout: Infinity }, server: { closeTimeout: Infinity, writeTimeout: Infinity } },
  ]
  for (const each of options) {
    const sides = pair(each)
    const writing = sides[1].write(pattern(1_000_000))
    await turns()
    await within(sides[Symbol.asyncDispose]())
    t.match(await sides[0].closed, { by: 'aborted' })
    t.match(await sides[1].closed, { by: 'aborted' })
    t.match(await rejection(writing), { code: 'ERR_LINNET_CLOSED' })
  }
})
