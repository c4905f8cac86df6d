// `pair`: two connections without a socket, how they end, and their options. Their wire is in pair-wire.spec.ts.

import t from 'tap'
import { Connection, ConnectionLostError, InvalidOptionsError } from '../../lib/index.js'
import { manualClock, type PairOptions, pair } from '../../lib/testing/index.js'
import { pattern, rejection, turns, until, within } from '../support/wait.js'
import { made } from './support.js'

t.test('both sides are connections, and send both ways', async (t) => {
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

t.test('an end ends one direction, the other goes on, and both sides close after both ends', async (t) => {
  const [client, server] = made(t)
  await client.end('question')
  t.equal(String(await server.readToEnd()), 'question')
  await server.end('answer')
  t.equal(String(await client.readToEnd()), 'answer')
  t.match(await within(client.closed), { by: 'local', bytesRead: 6, bytesWritten: 8 })
  t.match(await within(server.closed), { by: 'peer', bytesRead: 8, bytesWritten: 6 })
})

t.test('an abort is a loss for the other side, and no end', async (t) => {
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

t.test('after an abort nothing is buffered or queued on either side', async (t) => {
  const [client, server] = made(t)
  const reading = rejection(server.readLine())
  client.abort()
  await within(reading)
  await until(() => server.signal.aborted)
  t.equal(client.buffered + client.queued + server.buffered + server.queued, 0)
})

t.test('pair throws an InvalidOptionsError for wrong options', async (t) => {
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

t.test('a pair is an array of two, and its disposal closes both', async (t) => {
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

t.test('the disposal of a pair aborts what would close only after a time', async (t) => {
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
