// `tls` of connect: which certificates it accepts, what it rejects with, and that a failed handshake leaves nothing open.

import type net from 'node:net'
import tls from 'node:tls'
import t, { type Test } from 'tap'
import { type Connection, connect, HandshakeError, InvalidOptionsError, TimeoutError } from '../../lib/index.js'
import { identityOf } from '../support/certificates.js'
import { opened, socketPath } from '../support/fixture.js'
import { rejection, turns, until } from '../support/wait.js'
import { held, name, nothingLeft, rawServer } from './support.js'

const good = identityOf()
const other = identityOf('DNS:other.test')

interface SecureServer {
  readonly port: number
  /** The server name that each client has sent. */
  readonly named: (string | false)[]
  /** The accepted sockets, beneath TLS. */
  readonly sockets: net.Socket[]
}

/** Node's own TLS server. */
async function secureServer(t: Test, options: tls.TlsOptions = good): Promise<SecureServer> {
  const named: (string | false)[] = []
  const sockets: net.Socket[] = []
  const server = tls.createServer({ ...options, allowHalfOpen: true }, (socket) => {
    named.push((socket as tls.TLSSocket & { servername: string | false }).servername)
    socket.on('error', () => {})
    socket.write('hello\n')
    socket.on('end', () => socket.end())
  })
  server.on('tlsClientError', () => {})
  server.on('connection', (socket: net.Socket) => sockets.push(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as net.AddressInfo).port, named, sockets }
}

t.test('a certificate for the host is accepted, and the connection has what was negotiated', async (t) => {
  const server = await opened(t, { host: 'localhost', port: 0, tls: { ...good, ALPNProtocols: ['irc'] } })
  const served = server.serve(async (connection) => {
    for await (const line of connection.lines()) await connection.write(`${line}!\n`)
  })
  const connection = await connect({ port: server.port, tls: { ca: good.cert, ALPNProtocols: ['irc'] } })
  t.match(connection.tls, { protocol: 'TLSv1.3', authorized: true, alpnProtocol: 'irc' })
  t.equal(connection.remote.port, server.port)
  t.not(connection.local.port, 0)
  await connection.write('hello\n')
  t.equal(await connection.readLine(), 'hello!')
  t.equal(connection.bytesWritten, 6)
  await connection.close()
  await server.close()
  await served
})

t.test('a name is sent by SNI, and an address is verified but not sent', async (t) => {
  const { port, named } = await secureServer(t)
  for (const host of ['localhost', '127.0.0.1']) {
    const connection = await connect({ host, port, family: 4, tls: { ca: good.cert } })
    t.equal(await connection.readLine(), 'hello')
    await connection.close()
  }
  t.strictSame(named, ['localhost', false])
})

t.test('servername replaces the host, in SNI and in the verification', async (t) => {
  const { port, named } = await secureServer(t, other)
  const connection = await connect({ host: '127.0.0.1', port, tls: { ca: other.cert, servername: 'other.test' } })
  t.equal(await connection.readLine(), 'hello')
  await connection.close()
  t.strictSame(named, ['other.test'])
})

t.test('a certificate for another name, or of an untrusted authority, is a HandshakeError', async (t) => {
  const { port, sockets } = await secureServer(t, other)
  await rejection(connect({ host: '127.0.0.1', port, tls: true }))
  const before = await held()
  const wrong = (await rejection(connect({ host: '127.0.0.1', port, tls: { ca: other.cert } }))) as HandshakeError
  t.type(wrong, HandshakeError)
  t.match(wrong, { code: 'ERR_LINNET_HANDSHAKE', cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' }, message: /with 127\.0\.0\.1 failed/ })
  t.equal(String(wrong.remote), `127.0.0.1:${port}`)
  const unknown = (await rejection(connect({ host: '127.0.0.1', port, tls: { servername: 'other.test' } }))) as HandshakeError
  t.match(unknown, { name: 'HandshakeError', cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' } })
  for (const socket of sockets) socket.destroy()
  await nothingLeft(t, before)
})

t.test('with rejectUnauthorized: false any certificate is accepted', async (t) => {
  const { port } = await secureServer(t, other)
  const connection = await connect({ host: '127.0.0.1', port, tls: { rejectUnauthorized: false } })
  t.match(connection.tls, { authorized: false, authorizationError: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  connection.abort()
})

t.test('when TLS fails no other address is tried', async (t) => {
  const plain = await rawServer(t, { host: '::1' }, (socket) => socket.end('220 I speak no TLS\r\n'))
  const next = await rawServer(t, { port: plain.port })
  name(t, 'both.test', ['::1', '127.0.0.1'])
  t.type(await rejection(connect({ host: 'both.test', port: plain.port, tls: true })), HandshakeError)
  t.strictSame([plain.sockets.length, next.sockets.length], [1, 0])
})

t.test('a server that ends or resets during the handshake is a HandshakeError', async (t) => {
  for (const leave of [(socket: net.Socket) => socket.end(), (socket: net.Socket) => socket.resetAndDestroy()]) {
    const raw = await rawServer(t, {}, (socket) => socket.once('data', () => leave(socket)))
    t.type(await rejection(connect({ host: '127.0.0.1', port: raw.port, tls: true })), HandshakeError)
  }
})

t.test('a handshake that exceeds timeout is a TimeoutError, and nothing is left open', async (t) => {
  const raw = await rawServer(t)
  const before = await held()
  const error = await rejection(connect({ host: '127.0.0.1', port: raw.port, tls: true, timeout: 50 }))
  t.type(error, TimeoutError)
  t.match(error, { operation: 'connect', kind: 'connect', timeout: 50 })
  await until(() => raw.sockets.length === 1)
  for (const socket of raw.sockets) socket.destroy()
  await nothingLeft(t, before)
})

t.test('an abort during the handshake rejects with the reason, and nothing is left open', async (t) => {
  const raw = await rawServer(t)
  const before = await held()
  const controller = new AbortController()
  const connecting = connect({ host: '127.0.0.1', port: raw.port, tls: true, signal: controller.signal })
  connecting.catch(() => {})
  await until(() => (raw.sockets[0]?.bytesRead ?? 0) > 0 || raw.sockets[0]?.read() !== null, 'a ClientHello')
  const reason = new Error('changed my mind')
  controller.abort(reason)
  t.equal(await rejection(connecting), reason)
  for (const socket of raw.sockets) socket.destroy()
  await nothingLeft(t, before)
})

t.test('connects that are aborted at any moment of their handshakes leave nothing open', async (t) => {
  const { port, sockets } = await secureServer(t)
  const before = await held()
  const reason = new Error('now')
  let connected = 0
  for (let n = 0; n < 40; n++) {
    const controller = new AbortController()
    const connecting = connect({ host: '127.0.0.1', port, tls: { ca: good.cert }, signal: controller.signal })
    const settled = connecting.then(
      (connection) => {
        connected++
        connection.abort()
      },
      (error) => t.equal(error, reason),
    )
    await turns(n % 20)
    controller.abort(reason)
    await settled
  }
  t.ok(connected < 40)
  for (const socket of sockets) socket.destroy()
  await until(() => sockets.every(({ closed }) => closed))
  await nothingLeft(t, before)
})

t.test('after connect has resolved neither the signal nor the time limit has an effect', async (t) => {
  const { port } = await secureServer(t)
  const controller = new AbortController()
  const connection = await connect({ host: '127.0.0.1', port, tls: { ca: good.cert }, signal: controller.signal, timeout: 2_000 })
  controller.abort()
  t.equal(await connection.readLine(), 'hello')
  await connection.close()
})

t.test('TLS options that do not load are refused before connecting', async (t) => {
  const raw = await rawServer(t)
  for (const options of [{ key: 'nonsense', cert: 'nonsense' }, { ca: good.cert, key: good.key }, { minVersion: 'TLSv9' as never }]) {
    const error = (await rejection(connect({ host: '127.0.0.1', port: raw.port, tls: options }))) as InvalidOptionsError
    t.type(error, InvalidOptionsError)
    t.equal(error.issues[0]?.path[0], 'tls')
  }
  await turns()
  t.equal(raw.sockets.length, 0)
})

t.test('a PROXY header of any length is sent before the handshake', async (t) => {
  const server = await opened(t, { tls: good, proxyProtocol: true })
  const [source, destination] = [
    { address: '192.0.2.33', port: 40_000, family: 'IPv4' },
    { address: '198.51.100.7', port: 443, family: 'IPv4' },
  ] as const
  for (const size of [0, 65_000]) {
    const proxyProtocol = { source, destination, tlvs: [{ type: 0xe0, value: Buffer.alloc(size, 'x') }] }
    const client = await connect({ host: '127.0.0.1', port: server.port, tls: { ca: good.cert }, proxyProtocol })
    const accepted = (await server.accept()) as Connection
    t.equal(String(accepted.remote), '192.0.2.33:40000')
    t.equal(accepted.proxy?.tlvs[0]?.value.length, size)
    await client.write('hello\n')
    t.equal(await accepted.readLine(), 'hello')
    await client.flush()
    t.equal(client.bytesWritten, 6)
    client.abort()
    accepted.abort()
  }
})

t.test('over a Unix socket the certificate must be for localhost, or for servername', async (t) => {
  const path = socketPath()
  const server = await opened(t, { path, tls: good })
  void server.serve((connection) => connection.write('hello\n'))
  const connection = await connect({ path, tls: { ca: good.cert } })
  t.equal(await connection.readLine(), 'hello')
  t.equal(connection.remote.address, path)
  await connection.close()
  const wrong = await rejection(connect({ path, tls: { ca: good.cert, servername: 'other.test' } }))
  t.match(wrong, { name: 'HandshakeError', message: new RegExp(`with ${path} failed`) })
})
