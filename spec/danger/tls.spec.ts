// Hostile and silent TLS clients: they cost almost no CPU, and delay no other client.

import net from 'node:net'
import tls from 'node:tls'
import t from 'tap'
import { type Connection, connect } from '../../lib/index.js'
import { identityOf } from '../support/certificates.js'
import { dial, opened } from '../support/fixture.js'
import { fateOf } from '../support/peer.js'
import { turns, until, within } from '../support/wait.js'

const { key, cert } = identityOf()
const SILENT = 1000

t.test('a thousand silent TLS clients use no CPU, delay no other client, and are closed in time', { timeout: 60_000 }, async (t) => {
  const server = await opened(t, { tls: { key, cert }, handshakeTimeout: 3000, maxConnections: 10, maxPending: 2000 })
  void server.serve(async (connection) => connection.write(await connection.readUntil('\n')))
  let late = 0
  server.on('handshakeError', () => late++)
  const silent = Array.from({ length: SILENT }, () => {
    const socket = net.connect(server.port, '127.0.0.1').on('error', () => {})
    // Half of them send the beginning of a ClientHello.
    socket.once('connect', () => socket.localPort !== undefined && socket.localPort % 2 === 0 && socket.write(Buffer.from([22, 3, 1, 2])))
    return socket
  })
  t.teardown(() => {
    for (const socket of silent) socket.destroy()
  })
  await until(() => server.stats().accepted === SILENT)
  const client = await within(connect({ host: 'localhost', family: 4, port: server.port, tls: { ca: cert } }), 'a handshake', 2500)
  await client.write('hello\n')
  t.equal(await within(client.readLine(), 'an answer', 2500), 'hello')
  await turns(20)
  const before = process.cpuUsage()
  await new Promise((resolve) => setTimeout(resolve, 1000))
  const { user, system } = process.cpuUsage(before)
  t.ok(user + system < 300_000, `${(user + system) / 1000} ms of CPU in a second`)
  await until(() => late === SILENT, 'the end of all handshakes', 20_000)
  t.match(server.stats(), { handshakeErrors: SILENT, pending: 0, active: 1 })
  await client.close()
})

t.test('a client that resets in any step of the handshake leaves nothing behind, and the server goes on', async (t) => {
  const server = await opened(t, { tls: { key, cert } })
  void server.serve(async (connection) => connection.write(await connection.readUntil('\n')))
  for (const cut of [1, 5, 6, 60, 200]) {
    // The ClientHello up to the cut.
    const stream = net.connect(server.port, '127.0.0.1').on('error', () => {})
    await new Promise((resolve) => stream.once('connect', resolve))
    let left = cut
    const write = stream.write.bind(stream)
    const relay = new (await import('node:stream')).Duplex({
      read() {},
      write(chunk: Buffer, _, done) {
        if (left > 0) write(chunk.subarray(0, left))
        left -= chunk.length
        if (left <= 0) stream.resetAndDestroy()
        done()
      },
    })
    stream.on('data', (chunk: Buffer) => relay.push(chunk))
    const peer = tls.connect({ socket: relay, ca: cert, servername: 'localhost' }).on('error', () => {})
    await until(() => stream.destroyed)
    peer.destroy()
  }
  await until(() => server.stats().pending === 0 && server.stats().active === 0)
  const client = await connect({ host: 'localhost', family: 4, port: server.port, tls: { ca: cert } })
  await client.write('hello\n')
  t.equal(await client.readLine(), 'hello')
  await client.close()
})

t.test('a reset behind session tickets, or behind data, is a loss and not an end of stream', async (t) => {
  const server = await opened(t, { tls: { key, cert } })
  for (const bytes of [0, 100_000]) {
    const [client, connection] = await Promise.all([
      connect({ host: 'localhost', family: 4, port: server.port, tls: { ca: cert } }),
      server.accept() as Promise<Connection>,
    ])
    if (bytes > 0) {
      void connection.write(Buffer.alloc(bytes))
      await client.skip(1)
    }
    connection.abort()
    t.match(await within(client.closed.then(async (info) => info)), { by: 'lost' })
  }
})

t.test('a connection that is aborted in any turn after its handshake does not end the process', async (t) => {
  const server = await opened(t, { tls: { key, cert } })
  for (let wait = 0; wait < 8; wait++) {
    const peer = tls.connect({ port: server.port, host: '127.0.0.1', ca: cert, servername: 'localhost' }).on('error', () => {})
    const gone = new Promise((resolve) => peer.once('close', resolve))
    peer.resume()
    const connection = (await server.accept()) as Connection
    await turns(wait)
    connection.abort()
    connection.abort()
    await within(gone)
  }
  t.equal(server.stats().active, 0)
})

t.test('bytes that are written behind the end of the peer arrive unchanged, while many are in flight', async (t) => {
  const server = await opened(t, { tls: { key, cert } })
  const [client, connection] = await Promise.all([
    connect({ host: 'localhost', family: 4, port: server.port, tls: { ca: cert }, readHighWaterMark: 1 }),
    server.accept() as Promise<Connection>,
  ])
  const data = Buffer.alloc(12_000_000, 'abcdefghijklmnopqrstuvwxyz')
  void connection.write(data)
  await turns(10)
  await client.end()
  await until(() => connection.peerEnded)
  const closing = connection.close()
  t.ok((await client.readToEnd({ maxBytes: 1e8 })).equals(data))
  await closing
})

t.test('plain text at a TLS port is answered by an alert at most', async (t) => {
  const server = await opened(t, { tls: { key, cert } })
  const peer = await dial(t, server)
  peer.write('USER root\r\n')
  const { bytes } = await within(fateOf(peer))
  t.ok(bytes.length < 10, 'an alert at most')
})
