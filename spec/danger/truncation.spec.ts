// An answer that is cut off must not look whole. Bytes that were written before a close arrive; if they cannot, the peer sees a
// reset and not an end of stream.

import { once } from 'node:events'
import type { Socket } from 'node:net'
import net from 'node:net'
import t from 'tap'
import type { TimeoutError } from '../../lib/index.js'
import { CHUNK } from '../support/chunk.js'
import { accepted, dial, everywhere, opened } from '../support/fixture.js'
import { fateOf } from '../support/peer.js'
import { program } from '../support/program.js'
import { pattern, turns, until, within } from '../support/wait.js'

const SIZE = 20_000_000
const data = pattern(SIZE)

/** Reads one chunk at a time with a pause behind each, longer than the buffers of the system last. */
async function readSlowly(socket: Socket, ms: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    socket.pause()
    setTimeout(() => socket.resume(), ms)
  })
  await once(socket, 'end')
  return Buffer.concat(chunks)
}

everywhere(t, 'a 20 MB write followed by a close arrives whole', async (t, connect) => {
  const { a, b } = await connect({ b: { maxBufferSize: 1e8 } })
  a.write(data)
  const close = a.close()
  t.ok((await within(b.readToEnd(), 'the end', 20_000)).equals(data))
  await b.close()
  await close
  t.equal((await a.closed).by, 'local')
})

everywhere(t, 'a 20 MB write followed by a close arrives whole while the peer sends as much, which is not read', async (t, connect) => {
  const { a, b } = await connect({ b: { maxBufferSize: 1e8 } })
  const arrived = within(b.readToEnd(), 'the end', 20_000)
  const said = b.write(data)
  a.write(data)
  const close = a.close()
  t.ok((await arrived).equals(data))
  await said
  await b.end()
  await within(close)
  t.equal((await a.closed).by, 'local')
  t.equal((await b.closed).by, 'peer')
})

t.test('a 20 MB write followed by a close arrives whole at a peer that reads for longer than closeTimeout and writeTimeout', async (t) => {
  const { connection, peer } = await accepted(t, { closeTimeout: 400, writeTimeout: 400 })
  const began = performance.now()
  connection.write(data)
  const close = connection.close()
  const arrived = within(readSlowly(peer, (5 * CHUNK) / (64 * 1024)), 'the end', 30_000)
  t.ok((await arrived).equals(data))
  t.ok(performance.now() - began > 800, 'the read took longer than the limits')
  peer.end()
  await close
  t.notOk((await connection.closed).error)
})

t.test('a handler that returns or throws directly after a large write does not cut it', async (t) => {
  for (const fails of [false, true]) {
    const server = await opened(t)
    server.on('handlerError', () => {})
    void server.serve((connection) => {
      connection.write(data)
      if (fails) throw new Error('a bug')
    })
    const peer = await dial(t, server)
    const { how, bytes } = await within(fateOf(peer), 'the end', 20_000)
    t.equal(how, 'end')
    t.ok(bytes.equals(data))
    peer.end()
    await until(() => server.connections.size === 0)
  }
})

everywhere(t, 'the end of the peer does not cut the answer, however long it is', async (t, connect) => {
  const { a, b } = await connect({ a: { maxBufferSize: 1e8 } })
  const run = b.run(async (connection) => {
    const question = await connection.readToEnd('utf8')
    await turns()
    for (let at = 0; at < SIZE; at += 3_000_000) await connection.write(data.subarray(at, at + 3_000_000))
    return question
  })
  await a.end('question')
  t.ok((await within(a.readToEnd(), 'the end', 20_000)).equals(data))
  await within(run)
  t.equal((await b.closed).by, 'peer')
})

t.test('a large answer is sent whole while its server is closed', async (t) => {
  const server = await opened(t)
  const served = server.serve(async (connection) => {
    await connection.readLine()
    await connection.write(data)
  })
  const peer = await dial(t, server)
  peer.write('question\n')
  await until(() => [...server.connections].some(({ bytesWritten }) => bytesWritten > 0))
  const closing = server.close({ grace: 20_000 })
  const { how, bytes } = await within(fateOf(peer), 'the end', 20_000)
  t.equal(how, 'end')
  t.ok(bytes.equals(data))
  peer.end()
  t.same(await within(closing), { drained: 1, aborted: 0 })
  await served
})

t.test('a program that ends without process.exit has sent everything', async (t) => {
  const running = program(
    t,
    `const server = await linnet.listen({ port: 0, host: '127.0.0.1' })
    console.log('port', server.port)
    const connection = await server.accept()
    connection.write(Buffer.alloc(${SIZE}, 'x'))
    connection.close()
    server.close()`,
  )
  const [, port] = await running.says(/port (\d+)/)
  const peer = net.connect(Number(port), '127.0.0.1')
  t.teardown(() => peer.destroy())
  const { how, bytes } = await within(fateOf(peer), 'the end', 20_000)
  t.same([how, bytes.length], ['end', SIZE])
  peer.end()
  t.equal(await running.ends(), 0)
})

// --- what cannot be delivered ----------------------------------------------------------------------------------------

t.test('a close that cannot deliver is a reset, not an end', async (t) => {
  const { connection, peer } = await accepted(t, { closeTimeout: 60 })
  peer.pause()
  connection.write(data)
  await within(connection.close())
  const { by, error } = await connection.closed
  t.equal(by, 'timeout')
  t.equal((error as TimeoutError).kind, 'close')
  const fate = await within(fateOf(peer))
  t.equal(fate.how, 'reset')
  t.ok(fate.bytes.length < SIZE)
})

t.test('the end of the grace, an abort behind an end, and a full queue are resets', async (t) => {
  const cuts = {
    grace: async ({ server, connection }: Awaited<ReturnType<typeof accepted>>) => {
      connection.write(data)
      await server.close({ grace: 50 })
    },
    abort: async ({ connection }: Awaited<ReturnType<typeof accepted>>) => {
      connection.end(data).catch(() => {})
      await turns()
      connection.abort()
    },
    queue: async ({ connection }: Awaited<ReturnType<typeof accepted>>) => {
      connection.write(data)
      await turns()
      connection.setLimits({ maxWriteBuffer: 1 })
      await connection.write('x').catch(() => {})
    },
  }
  for (const [name, cut] of Object.entries(cuts)) {
    const made = await accepted(t)
    made.peer.pause()
    await within(cut(made))
    const fate = await within(fateOf(made.peer))
    t.equal(fate.how, 'reset', name)
    t.ok(fate.bytes.length < SIZE)
  }
})
