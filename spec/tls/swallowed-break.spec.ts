// A reset that meets a record of the TLS layer itself. Node drops the error of such a write, and each later write waits behind
// the record forever. The end of stream that follows must be recognised as a loss.

import net from 'node:net'
import tls from 'node:tls'
import t from 'tap'
import { type Connection, ConnectionLostError, connect } from '../../lib/index.js'
import { pendingReset } from '../../lib/transport/descriptor.js'
import { identityOf } from '../support/certificates.js'
import { opened } from '../support/fixture.js'
import { within } from '../support/wait.js'
import { resettable } from './support.js'

const { key, cert } = identityOf()

t.test('a reset that meets the session tickets of a server is a loss, and no write waits forever', async (t) => {
  const server = await opened(t, { host: '127.0.0.1', tls: { key, cert } })
  for (const answered of ['before the end', 'behind the end', 'by a large answer', 'not at all']) {
    const handled = new Promise<Connection | undefined>((resolve) => {
      server.once('connection', resolve).once('handshakeError', () => resolve(undefined))
    })
    // The end of the handshake, a request and the reset are in the kernel before the server reads any of it.
    const raw = net.connect(server.port, '127.0.0.1').on('error', () => {})
    const client = tls.connect({ socket: raw, servername: 'localhost', ca: cert }, () => {
      client.write('request\n')
      raw.resetAndDestroy()
    })
    client.on('error', () => {})
    const cancel = new AbortController()
    const taken = server.accept({ signal: cancel.signal }).catch(() => null)
    const connection = await within(handled, 'the connection')
    cancel.abort()
    await taken
    if (connection === undefined) {
      // Later releases of Node read on, find the reset in the same turn, and fail the handshake.
      t.pass('the reset is seen before the connection is there')
      continue
    }
    t.equal(await connection.readUntil('\n', 'utf8'), 'request\n', 'the bytes before the reset are read')
    const size = answered === 'by a large answer' ? 200_000 : 100
    const write = answered === 'before the end' || answered === 'by a large answer' ? connection.write(Buffer.alloc(size)) : undefined
    await t.rejects(
      within(connection.readToEnd(), 'the end of the reading'),
      ConnectionLostError,
      `it is no end of stream (answered ${answered})`,
    )
    if (write !== undefined && size > 64 * 1024) await t.rejects(within(write, 'the write'), ConnectionLostError, 'the write rejects')
    if (answered === 'behind the end') await t.rejects(connection.write('late'), ConnectionLostError, 'a late write rejects')
    const { by } = await within(connection.closed, 'the end')
    t.equal(by, 'lost', 'the connection is lost')
  }
})

t.test('a client that ends right after the handshake has ended, although the server has sent its tickets', async (t) => {
  const server = await opened(t, { host: '127.0.0.1', tls: { key, cert } })
  const taken = server.accept()
  const client = await connect({ port: server.port, host: '127.0.0.1', tls: { ca: cert, servername: 'localhost' } })
  const connection = (await taken) as Connection
  await client.write('request\n')
  await client.end()
  t.equal(await connection.readToEnd('utf8'), 'request\n')
  await connection.end('answer\n')
  t.equal(await client.readToEnd('utf8'), 'answer\n')
  t.equal((await client.closed).by, 'local')
  t.equal((await connection.closed).by, 'peer')
})

t.test('an end that comes while a large answer is under way is an end', async (t) => {
  const server = await opened(t, { host: '127.0.0.1', tls: { key, cert } })
  const taken = server.accept()
  const client = await connect({ port: server.port, host: '127.0.0.1', tls: { ca: cert, servername: 'localhost' } })
  const connection = (await taken) as Connection
  const answer = Buffer.alloc(12 * 1024 * 1024, 'answer ')
  const written = connection.write(answer)
  await client.end('request\n')
  t.equal(await connection.readToEnd('utf8'), 'request\n')
  const [read] = await Promise.all([client.readExactly(answer.length, { maxBytes: answer.length }), written])
  t.ok(read.equals(answer), 'the answer is whole')
  await Promise.all([connection.close(), client.close()])
})

t.test('a reset that meets an own end is a loss, and half an answer is not a whole one', async (t) => {
  const { secure, sockets, port } = await resettable(t)
  for (const upgraded of [false, true]) {
    const options = { ca: cert, servername: 'localhost' }
    const answered = new Promise<void>((resolve) => {
      secure.once('secureConnection', (socket) => {
        // Half an answer and the reset are in the kernel before the client reads again. Then the client ends.
        socket
          .on('error', () => {})
          .once('data', () => {
            socket.write('half an answ')
            sockets.at(-1)?.resetAndDestroy()
            resolve(client.end().catch(() => {}))
          })
      })
    })
    const client = await connect({ port, host: '127.0.0.1', tls: upgraded ? undefined : options })
    if (upgraded) await client.startTls(options)
    void client.write('question\n')
    await within(answered, 'the answer')
    await t.rejects(within(client.readToEnd(), 'the end of the reading'), ConnectionLostError, 'it is no end of stream')
    t.equal((await within(client.closed, 'the end')).by, 'lost')
  }
})

t.test('a reset is distinguished from an end with a reset behind it', async (t) => {
  for (const ended of [true, false]) {
    const server = net.createServer({ pauseOnConnect: true })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const accepted = new Promise<net.Socket>((resolve) => server.once('connection', resolve))
    const peer = net.connect({ port: (server.address() as net.AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true })
    const gone = new Promise((resolve) => peer.on('error', () => {}).once('close', resolve))
    const socket = await accepted
    t.equal(pendingReset(socket), undefined, 'a socket that is open')
    if (ended) peer.end(() => setImmediate(() => peer.resetAndDestroy()))
    else peer.resetAndDestroy()
    await gone
    t.equal(pendingReset(socket)?.code, ended ? undefined : 'ECONNRESET')
    socket.destroy()
    server.close()
  }
  t.equal(pendingReset({}), undefined, 'what is no socket')
})
