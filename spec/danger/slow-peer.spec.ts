// Slow peers. One that reads nothing is cut, one that reads slowly is not, neither holds more memory than the limits allow, and
// neither delays other connections.

import type { Socket } from 'node:net'
import t from 'tap'
import { type Connection, LimitExceededError, TimeoutError } from '../../lib/index.js'
import { CHUNK } from '../support/chunk.js'
import { collect } from '../support/collect.js'
import { accepted, dial, everywhere, memory, opened } from '../support/fixture.js'
import { fateOf } from '../support/peer.js'
import { rejection, turn, turns, until, within } from '../support/wait.js'

const MB = 1_000_000

/** Bytes of memory outside of the heap, where buffers are. Memory that a collection frees is counted a little later. */
async function held(): Promise<number> {
  for (let n = 0; n < 3; n++) {
    collect()
    await turns(3)
  }
  return process.memoryUsage().arrayBuffers
}

t.test('writeTimeout cuts a client that never reads, and its queue is released', async (t) => {
  const server = await opened(t, { writeTimeout: 250 })
  const errors: unknown[] = []
  server.on('handlerError', (error) => errors.push(error))
  let most = 0
  const before = await held()
  void server.serve(async (connection) => {
    for (;;) {
      await connection.write(Buffer.alloc(100_000))
      most = Math.max(most, connection.queued)
    }
  })
  const peer = await dial(t, server)
  peer.pause()
  const ended = new Promise<{ by: string; error?: unknown }>((resolve) => server.once('disconnect', (_, info) => resolve(info)))
  const { by, error } = await within(ended)
  t.equal(by, 'timeout')
  t.ok(error instanceof TimeoutError)
  t.same(errors, [], 'it is no error of the handler')
  t.ok(most < 200_000, `${most} bytes were queued at most`)
  t.equal((await fateOf(peer)).how, 'reset')
  t.ok((await held()) - before < 3 * MB)
})

t.test('a client that reads slowly but steadily is not cut within many times writeTimeout', async (t) => {
  const { connection, peer } = await accepted(t, { writeTimeout: 1000 })
  let read = 0
  peer.on('data', (chunk: Buffer) => {
    read += chunk.length
    peer.pause()
    setTimeout(() => peer.resume(), (6 * CHUNK) / (64 * 1024))
  })
  const began = performance.now()
  const size = 30 * MB
  connection.write(Buffer.alloc(size))
  await within(connection.end(), 'the end', 30_000)
  await until(() => read === size, 'all of it', 30_000)
  t.ok(performance.now() - began > 2000)
  t.equal(connection.signal.aborted, false)
})

everywhere(t, 'a writer whose queue is never empty holds only the bytes that are queued', async (t, connect) => {
  const { a, b } = await connect({ a: { writeHighWaterMark: 300_000 } })
  const reading = (async () => {
    for (let piece = await b.read(); piece !== null; piece = await b.read()) await turn()
  })()
  const before = await held()
  let most = 0
  for (let n = 0; n < 600; n++) {
    await a.write(Buffer.alloc(100_000))
    if (n % 300 === 299) most = Math.max(most, (await held()) - before)
  }
  t.ok(most < 15 * MB, `of 60 MB that went through ${most} were held`)
  await a.end()
  await reading
})

t.test('small writes to a slow peer hold no more memory than their bytes', async (t) => {
  const { a, b } = memory(t, { highWaterMark: 10_000, client: { writeHighWaterMark: 1000_000 } })
  const reading = (async () => {
    for (let piece = await b.read(); piece !== null; piece = await b.read()) await turn()
  })()
  const before = await held()
  let most = 0
  for (let n = 0; n < 400_000; n++) {
    await a.write(n % 2 ? 'a line of text that is sent\n' : Buffer.from('a line of bytes that is sent\n'))
    if (n % 200_000 === 199_999) most = Math.max(most, (await held()) - before)
  }
  t.ok(most < 8 * MB, `of 11 MB that went through ${most} were held`)
  await a.end()
  await reading
})

t.test('a slow consumer is cut at maxWriteBuffer, and the other peers receive everything', async (t) => {
  const limit = 500_000
  const server = await opened(t, { maxWriteBuffer: limit })
  const room = new Set<Connection>()
  const ends: { error?: unknown; by: string }[] = []
  server.on('disconnect', (connection, info) => {
    room.delete(connection)
    ends.push(info)
  })
  const serving = (async () => {
    for await (const connection of server) room.add(connection)
  })()
  const peers: Socket[] = []
  for (let n = 0; n < 5; n++) peers.push(await dial(t, server))
  await until(() => room.size === 5)
  const [slow, ...good] = peers as [Socket, ...Socket[]]
  slow.pause()
  const fates = good.map((peer) => fateOf(peer))
  // A broadcast that awaits no write, as most programs have it.
  const message = Buffer.alloc(50_000, 'm')
  let sent = 0
  let most = 0
  while (ends.length === 0) {
    for (const connection of room) {
      connection.write(message)
      most = Math.max(most, connection.queued)
    }
    sent++
    await turn()
    if (sent > 2000) throw new Error('it is never cut')
  }
  t.equal(ends[0]?.by, 'aborted')
  t.ok(ends[0]?.error instanceof LimitExceededError)
  t.ok(most < limit + message.length + 1)
  t.equal(room.size, 4)
  t.equal((await within(fateOf(slow))).how, 'reset')
  for (const connection of room) void connection.close()
  for (const fate of fates) {
    const { how, bytes } = await within(fate)
    t.same([how, bytes.length], ['end', sent * message.length])
  }
  for (const peer of good) peer.end()
  await server.close()
  await serving
})

t.test('tryWrite queues nothing for a slow consumer, which misses data and is not cut', async (t) => {
  const { connection, peer } = await accepted(t)
  peer.pause()
  let taken = 0
  let skipped = 0
  for (let n = 0; n < 400; n++) {
    connection.tryWrite(Buffer.alloc(50_000)) ? taken++ : skipped++
    await turn()
  }
  t.ok(skipped > 0)
  t.ok(connection.queued < 200_000)
  let read = 0
  peer.on('data', (chunk) => (read += chunk.length)).resume()
  await connection.end()
  await until(() => read === taken * 50_000)
  t.equal(connection.signal.aborted, false)
})

t.test('a client that does not read delays no other client', async (t) => {
  const server = await opened(t)
  void server.serve(async (connection) => {
    for await (const line of connection.lines()) await connection.write(line === 'flood' ? Buffer.alloc(15 * MB) : `${line}\n`)
  })
  const stuck = await dial(t, server)
  stuck.pause()
  stuck.write('flood\n')
  await until(() => [...server.connections].some(({ waiting }) => waiting?.operation === 'write'))
  const peer = await dial(t, server)
  let said = ''
  peer.on('data', (chunk) => (said += chunk))
  for (let n = 0; n < 20; n++) peer.write(`${n}\n`)
  await until(() => said.endsWith('19\n'))
  t.equal(server.connections.size, 2)
})

t.test('a queue that has long been full is cut by the next write and by nothing else', async (t) => {
  const { connection, peer } = await accepted(t, { maxWriteBuffer: MB, writeTimeout: Number.POSITIVE_INFINITY })
  peer.pause()
  const waits = rejection(connection.write(Buffer.alloc(20 * MB)))
  await turns(30)
  t.equal(connection.signal.aborted, false)
  t.ok((await rejection(connection.write('x'))) instanceof LimitExceededError)
  await waits
})
