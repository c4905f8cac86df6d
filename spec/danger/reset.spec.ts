// Peers that break off. A reset is a loss and not an end of stream, bytes that arrived before it are delivered first, and a peer
// that is killed leaves nothing behind.

import { once } from 'node:events'
import t, { type Test } from 'tap'
import { type CloseInfo, type Connection, ConnectionLostError, EndOfStreamError, type Server } from '../../lib/index.js'
import { accepted, dial, opened } from '../support/fixture.js'
import { program } from '../support/program.js'
import { rejection, turns, until, within } from '../support/wait.js'

/** A server that records how its connections end, and the errors of its handlers. */
async function watched(
  t: Test,
  handler: (connection: Connection) => unknown,
  options = {},
): Promise<{ server: Server; ends: CloseInfo[]; errors: unknown[] }> {
  const server = await opened(t, options)
  const ends: CloseInfo[] = []
  const errors: unknown[] = []
  server.on('disconnect', (_, info) => ends.push(info))
  server.on('handlerError', (error) => errors.push(error))
  void server.serve(handler)
  return { server, ends, errors }
}

t.test('readToEnd, a loop and a pending readLine reject with ConnectionLostError at a reset', async (t) => {
  for (const read of [
    (c: Connection) => c.readToEnd(),
    (c: Connection) => c.readLine(),
    async (c: Connection) => {
      for await (const _ of c);
    },
  ]) {
    const { connection, peer } = await accepted(t)
    const reading = rejection(read(connection))
    peer.write('some, and ')
    await until(() => connection.bytesRead === 10)
    peer.resetAndDestroy()
    const error = (await within(reading)) as ConnectionLostError
    t.ok(error instanceof ConnectionLostError)
    t.equal(error.code, 'ECONNRESET')
    t.equal((await connection.closed).by, 'lost')
  }
})

t.test('lines that arrived before a reset, or in the same turn, are read before the loss', async (t) => {
  for (const inOneTurn of [true, false]) {
    const { connection, peer } = await accepted(t)
    await new Promise<void>((resolve) => peer.write('one\ntwo\nhalf', () => resolve()))
    if (!inOneTurn) await until(() => connection.buffered === 12)
    peer.resetAndDestroy()
    t.equal(await connection.readLine(), 'one')
    t.equal(await connection.readLine(), 'two')
    t.ok((await rejection(connection.readLine())) instanceof ConnectionLostError)
    t.equal(await connection.read('utf8'), 'half')
    t.ok((await rejection(connection.read())) instanceof ConnectionLostError)
  }
})

t.test('lines that a paused socket has received are read before the loss', async (t) => {
  const { connection, peer } = await accepted(t, { readHighWaterMark: 10 })
  const lines = Array.from({ length: 200 }, (_, n) => `line ${n}\n`)
  for (const line of lines) {
    peer.write(line)
    await turns(1)
  }
  await turns()
  t.ok(connection.buffered < 1000, 'the socket is paused')
  peer.resetAndDestroy()
  await turns()
  const got: string[] = []
  const error = await rejection(
    (async () => {
      for await (const line of connection.lines()) got.push(`${line}\n`)
    })(),
  )
  t.ok(error instanceof ConnectionLostError)
  t.same(got, lines.slice(0, got.length), 'in order, none twice')
  t.ok(got.length > connection.bytesRead / 9, 'all that this process had received is read')
})

t.test('a client that resets at accept, or directly after it, does not disturb the server', async (t) => {
  const { server, ends, errors } = await watched(t, async (connection) => {
    for await (const line of connection.lines()) await connection.write(line)
  })
  for (let n = 0; n < 30; n++) {
    const peer = await dial(t, server)
    if (n % 3 === 1) peer.write('half a line')
    if (n % 3 === 2) peer.write('a line\n')
    peer.resetAndDestroy()
  }
  await until(() => server.stats().accepted === 30 && server.stats().active === 0)
  t.same(errors, [])
  for (const { by } of ends) t.match(by, /lost|local/)
  const peer = await dial(t, server)
  const [echo] = await Promise.all([once(peer, 'data'), peer.write('still served\n')])
  t.equal(String(echo[0]), 'still served')
})

t.test('a peer that resets while it is written to is a loss, and no error of the handler', async (t) => {
  const { server, ends, errors } = await watched(t, async (connection) => {
    for (;;) await connection.write(Buffer.alloc(100_000))
  })
  const peer = await dial(t, server)
  peer.pause()
  await until(() => [...server.connections].some(({ waiting }) => waiting !== undefined))
  peer.resetAndDestroy()
  await until(() => ends.length === 1)
  t.equal(ends[0]?.by, 'lost')
  t.match(ends[0]?.error, { code: /ECONNRESET|EPIPE/ })
  t.same(errors, [])
})

t.test('the next write fails after a peer has reset behind its end of stream', async (t) => {
  const { connection, peer } = await accepted(t)
  peer.end('last')
  t.equal(await connection.readToEnd('utf8'), 'last')
  peer.resetAndDestroy()
  await turns()
  const error = await within(
    rejection(
      (async () => {
        for (;;) {
          await connection.write('x')
          await turns(1)
        }
      })(),
    ),
  )
  t.ok(error instanceof ConnectionLostError)
  t.equal(await connection.read(), null, 'the end of stream stays one for reads')
})

t.test('the signal of a connection aborts at a reset', async (t) => {
  let stopped: unknown
  const { server, ends, errors } = await watched(t, async (connection) => {
    await new Promise((_, reject) => connection.signal.addEventListener('abort', () => reject((stopped = connection.signal.reason))))
  })
  const peer = await dial(t, server)
  await until(() => server.connections.size === 1)
  peer.resetAndDestroy()
  await until(() => ends.length === 1)
  t.ok(stopped instanceof ConnectionLostError)
  t.same(errors, [])
})

// --- a peer that is killed -------------------------------------------------------------------------------------------

const client = (port: number, read: boolean): string => `
const net = await import('node:net')
const socket = net.connect(${port}, '127.0.0.1')
socket.on('data', () => ${read ? '{}' : 'socket.pause()'})
socket.write('hello\\n')
setInterval(() => {}, 1000)`

t.test('a peer that is killed by SIGKILL ends its connection and the handler', async (t) => {
  const { server, ends, errors } = await watched(t, async (connection) => {
    await connection.write(`welcome, ${await connection.readLine()}\n`)
    await connection.readLine()
  })
  const running = program(t, client(server.port, true), { library: false })
  await until(() => server.stats().bytesWritten > 0, 'its hello', 20_000)
  await turns(20)
  running.child.kill('SIGKILL')
  t.equal(await running.ends(), 'SIGKILL')
  await until(() => ends.length === 1)
  // Its system ends the connection if the peer had read everything, and resets it otherwise.
  t.ok(ends[0]?.error instanceof EndOfStreamError || ends[0]?.error instanceof ConnectionLostError)
  t.equal(server.connections.size, 0)
  t.same(errors, [])
})

t.test('a peer that is killed with bytes unread is a loss for a pending write', async (t) => {
  const { server, ends, errors } = await watched(t, async (connection) => {
    await connection.readLine()
    for (;;) await connection.write(Buffer.alloc(100_000))
  })
  const running = program(t, client(server.port, false), { library: false })
  await until(() => [...server.connections].some(({ waiting }) => waiting?.operation === 'write'), 'a full queue', 20_000)
  running.child.kill('SIGKILL')
  await running.ends()
  await until(() => ends.length === 1)
  t.equal(ends[0]?.by, 'lost')
  t.ok(ends[0]?.error instanceof ConnectionLostError)
  t.same(errors, [])
})
