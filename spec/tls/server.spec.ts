// TLS on a server: what `connection.tls` shows, how handshakes fail, and which options an endpoint has.

import { X509Certificate } from 'node:crypto'
import net from 'node:net'
import tls from 'node:tls'
import t from 'tap'
import { type Connection, connect, type HandshakeError } from '../../lib/index.js'
import { manualClock, memoryServer } from '../../lib/testing/index.js'
import { dial, opened } from '../support/fixture.js'
import { fateOf } from '../support/peer.js'
import { rejection, turns, until, within } from '../support/wait.js'
import { good, other, own, secure, serving, trusted } from './server-support.js'

const nameOf = (cert: string): string => new X509Certificate(cert).subjectAltName ?? ''

t.test('`connection.tls` shows what the handshake agreed on, also after the end', async (t) => {
  const { server } = await serving(t, { tls: { ...own, ALPNProtocols: ['a', 'b'] } })
  const [peer, connection] = await Promise.all([secure(t, server, { ALPNProtocols: ['b'] }), server.accept() as Promise<Connection>])
  const facts = { protocol: 'TLSv1.3', alpnProtocol: 'b', servername: 'localhost', authorized: false }
  t.match(connection.tls, { ...facts, cipher: peer.getCipher().name, authorizationError: undefined, peerCertificate: undefined })
  peer.end()
  await connection.close()
  t.match(connection.tls, facts)
  t.same(Object.keys(connection.tls as object), [
    'protocol',
    'cipher',
    'alpnProtocol',
    'servername',
    'authorized',
    'authorizationError',
    'peerCertificate',
  ])
})

t.test('without SNI, ALPN or TLS the values are undefined', async (t) => {
  const { server } = await serving(t)
  const [, connection] = await Promise.all([
    secure(t, server, { servername: '', checkServerIdentity: () => undefined }),
    server.accept() as Promise<Connection>,
  ])
  t.match(connection.tls, { alpnProtocol: undefined, servername: undefined })
  connection.abort()
  const plain = await opened(t)
  await dial(t, plain)
  t.equal(((await plain.accept()) as Connection).tls, undefined)
})

t.test('an SNICallback chooses the certificate, and its failure fails one handshake only', async (t) => {
  const SNICallback: tls.TlsOptions['SNICallback'] = (name, done) => {
    if (name === 'none.test') done(new Error('no such name'))
    else done(null, tls.createSecureContext(name === 'other.test' ? other : good))
  }
  const { server, errors } = await serving(t, { tls: { SNICallback } })
  const peer = await secure(t, server, { servername: 'other.test', ca: other.cert })
  t.equal(peer.getPeerCertificate().subjectaltname, 'DNS:other.test')
  await rejection(secure(t, server, { servername: 'none.test' }))
  await until(() => errors.length === 1)
  t.match(errors[0]?.cause, { message: 'no such name' })
  await secure(t, server)
})

t.test('plain HTTP at a TLS port is one handshakeError, and no connection', async (t) => {
  const { server, errors } = await serving(t)
  const peer = await dial(t, server)
  peer.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await within(fateOf(peer))
  await until(() => errors.length > 0)
  await turns()
  t.equal(errors.length, 1)
  t.match(errors[0], { code: 'ERR_LINNET_HANDSHAKE', cause: { code: 'ERR_SSL_HTTP_REQUEST' } })
  t.equal(String(errors[0]?.remote), `127.0.0.1:${peer.localPort}`)
  t.match(server.stats(), { accepted: 1, handshakeErrors: 1, active: 0, pending: 0 })
})

t.test('a client that ends or resets during the handshake is one handshakeError', async (t) => {
  const { server, errors } = await serving(t)
  for (const leave of ['end', 'resetAndDestroy'] as const) {
    const peer = await dial(t, server)
    peer.write(Buffer.from([22, 3, 1, 2, 0]))
    await until(() => server.stats().pending === 1)
    peer[leave]()
    await until(() => server.stats().pending === 0)
  }
  const silent = await dial(t, server)
  silent.end()
  await until(() => errors.length === 3)
  for (const error of errors) t.match(error.cause, { code: 'ECONNRESET' })
})

t.test('no common application protocol fails the handshake, and the client receives the alert', async (t) => {
  const { server, errors } = await serving(t, { tls: { ...own, ALPNProtocols: ['linnet/1'] } })
  t.match(await rejection(secure(t, server, { ALPNProtocols: ['other/1'] })), { code: /ALERT_NO_APPLICATION_PROTOCOL/ })
  await until(() => errors.length === 1)
})

t.test('a handshake that exceeds its time limit is reset, and its socket is freed', async (t) => {
  const { server, errors } = await serving(t, { handshakeTimeout: 50 })
  const peer = await dial(t, server)
  peer.write(Buffer.from([22, 3, 1, 2, 0]))
  t.match(await within(fateOf(peer)), { how: 'reset' })
  t.match(errors, [{ cause: { operation: 'handshake', kind: 'handshake', timeout: 50 } }])
  t.match(server.stats(), { pending: 0, handshakeErrors: 1 })
})

t.test('closing the server drops connections in their handshake', async (t) => {
  const { server, errors } = await serving(t)
  const fate = fateOf(await dial(t, server))
  await until(() => server.stats().pending === 1)
  const [drop] = await Promise.all([new Promise((resolve) => server.once('drop', resolve)), server.close()])
  t.match(drop, { reason: 'draining' })
  t.match(await within(fate), { how: 'reset' })
  t.same(errors, [])
})

// --- many places --------------------------------------------------------------------------------------------------------

t.test('endpoints have their own TLS options or none, and setTls does not change them', async (t) => {
  const mine = { key: other.key, cert: other.cert }
  const at = { port: 0, host: '127.0.0.1' }
  const { server } = await serving(t, { endpoints: [at, { ...at, tls: mine }, { ...at, tls: false }], tls: own })
  void server.serve(async (connection) => connection.end(connection.tls ? 'tls' : 'plain'))
  await server.add({ ...at, tls: mine })
  const names = async (index: number): Promise<string> => {
    const port = server.addresses[index]?.port as number
    const peer = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
    await new Promise((resolve) => peer.once('secureConnect', resolve))
    const { subjectaltname = '' } = peer.getPeerCertificate()
    peer.destroy()
    return subjectaltname
  }
  t.same(
    [await names(0), await names(1), await names(3)],
    [good, other, other].map(({ cert }) => nameOf(cert)),
  )
  const plain = net.connect(server.addresses[2]?.port as number, '127.0.0.1')
  t.equal(String((await fateOf(plain)).bytes), 'plain')
  await server.setTls({ key: trusted.key, cert: trusted.cert })
  t.same([await names(0), await names(1)], [nameOf(trusted.cert), nameOf(other.cert)])
  t.match(await rejection(server.setTls({ key: trusted.key })), { code: 'ERR_LINNET_OPTIONS', issues: [{ path: ['cert'] }] })
  t.match(await rejection(server.setTls(5 as never)), { code: 'ERR_LINNET_OPTIONS', issues: [{ path: [] }] })
  t.equal(await names(0), nameOf(trusted.cert), 'nothing has changed')
})

t.test('open connections and handshakes go on when the certificate changes, and the next one gets the new certificate', async (t) => {
  const { server } = await serving(t)
  const [peer, before] = await Promise.all([secure(t, server), server.accept() as Promise<Connection>])
  await server.setTls({ key: other.key, cert: other.cert })
  t.ok(await rejection(secure(t, server)))
  const next = await secure(t, server, { servername: 'other.test', ca: other.cert })
  t.equal(next.authorized, true)
  peer.write('still here\n')
  t.equal(await before.readLine(), 'still here')
})

// --- in memory ----------------------------------------------------------------------------------------------------------

t.test('a server in memory uses TLS too, on its own clock', async (t) => {
  const clock = manualClock()
  const { server, connect: dialled } = memoryServer({ tls: { ...own, ALPNProtocols: ['x'] }, clock, handshakeTimeout: 1000 })
  const errors: HandshakeError[] = []
  server.on('handshakeError', (error) => errors.push(error))
  const [client, accepted] = await Promise.all([dialled({ tls: { ca: good.cert, ALPNProtocols: ['x'] } }), server.accept()])
  t.match(client.tls, { alpnProtocol: 'x', authorized: true, servername: 'localhost' })
  await client.write('hello\n')
  t.equal(await accepted?.readLine(), 'hello')
  client.abort()
  t.match((await accepted?.closed)?.by, 'lost')
  t.match(await rejection(dialled({ tls: true })), { code: 'ERR_LINNET_HANDSHAKE', cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' } })
  const silent = await dialled()
  await turns()
  await clock.advance(1000)
  t.equal((await silent.closed).by, 'lost')
  t.match(errors.at(-1)?.cause, { kind: 'handshake' })
  await server.close()
})

t.test('a client in memory whose server is silent rejects at its time limit', async (t) => {
  const clock = manualClock()
  const { server, connect: dialled } = memoryServer({ clock })
  t.teardown(() => server.close({ grace: 0 }))
  const connecting = rejection(dialled({ tls: true, timeout: 500 }))
  const accepted = (await server.accept()) as Connection
  await turns()
  await clock.advance(500)
  t.match(await connecting, { code: 'ERR_LINNET_TIMEOUT', operation: 'connect', timeout: 500 })
  t.equal((await accepted.closed).by, 'lost')
  const endless = rejection(dialled({ tls: true, timeout: Number.POSITIVE_INFINITY }))
  ;(await server.accept())?.abort()
  t.match(await endless, { code: 'ERR_LINNET_HANDSHAKE' })
})

// --- close_notify -----------------------------------------------------------------------------------------------------------

t.test('end() sends close_notify, before the end of stream', async (t) => {
  const { server } = await serving(t)
  const relay = net.createServer((inner) => {
    const outer = net.connect(server.port, '127.0.0.1')
    inner.pipe(outer)
    outer.on('data', (chunk: Buffer) => records.push(chunk))
    outer.pipe(inner)
    inner.on('error', () => {})
  })
  const records: Buffer[] = []
  await new Promise<void>((resolve) => void relay.listen(0, '127.0.0.1', resolve))
  t.teardown(() => relay.close())
  const port = (relay.address() as net.AddressInfo).port
  const peer = tls.connect({ port, host: '127.0.0.1', servername: 'localhost', ca: good.cert, maxVersion: 'TLSv1.2' })
  peer.on('error', () => {}).resume()
  const connection = (await server.accept()) as Connection
  const ended = new Promise((resolve) => peer.once('end', resolve))
  await connection.end('bye')
  await within(ended)
  // In TLS 1.2 the type of a record is its first byte: 21 is an alert.
  const bytes = Buffer.concat(records)
  const types: number[] = []
  for (let at = 0; at < bytes.length; at += 5 + bytes.readUInt16BE(at + 3)) types.push(bytes[at] as number)
  t.same(types.slice(-2), [23, 21])
  peer.destroy()
})

t.test('twenty megabytes and a close arrive whole', async (t) => {
  const { server } = await serving(t)
  void server.serve(async (connection) => void connection.write(Buffer.alloc(20_000_000, 'x')))
  const client = await connect({ host: 'localhost', family: 4, port: server.port, tls: { ca: good.cert } })
  t.equal((await client.readToEnd({ maxBytes: 1e8 })).length, 20_000_000)
})
