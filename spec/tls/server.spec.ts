// TLS on a server: which clients are admitted, what `connection.tls` shows of them, and how the others fail.

import { X509Certificate } from 'node:crypto'
import net from 'node:net'
import tls from 'node:tls'
import t, { type Test } from 'tap'
import { type Connection, connect, type HandshakeError, type ListenOptions, type Server } from '../../lib/index.js'
import { manualClock, memoryServer } from '../../lib/testing/index.js'
import { expiredIdentity, identityOf } from '../support/certificates.js'
import { dial, opened } from '../support/fixture.js'
import { fateOf } from '../support/peer.js'
import { rejection, turns, until, within } from '../support/wait.js'

const good = identityOf()
const other = identityOf('DNS:other.test')
const trusted = identityOf('DNS:client')
const stranger = identityOf('DNS:stranger')
const own = { key: good.key, cert: good.cert }

const nameOf = (cert: string): string => new X509Certificate(cert).subjectAltName ?? ''

interface Served {
  server: Server
  errors: HandshakeError[]
}

async function serving(t: Test, options: ListenOptions = {}): Promise<Served> {
  const server = await opened(t, { tls: own, ...options })
  const errors: HandshakeError[] = []
  server.on('handshakeError', (error) => errors.push(error))
  return { server, errors }
}

/** A raw TLS client, connected; destroyed after the test. */
async function secure(t: Test, server: Server, options: tls.ConnectionOptions = {}): Promise<tls.TLSSocket> {
  const socket = tls.connect({ port: server.port, host: '127.0.0.1', servername: 'localhost', ca: good.cert, ...options })
  t.teardown(() => socket.destroy())
  await new Promise<void>((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
  return socket.on('error', () => {})
}

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

// --- client certificates ------------------------------------------------------------------------------------------------

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  const versions = { minVersion: version, maxVersion: version }
  const ask = { ...own, ca: trusted.cert, requestCert: true, ...versions }

  t.test(`a client certificate that verifies is shown, also in a resumed session (${version})`, async (t) => {
    const { server } = await serving(t, { tls: ask })
    const options = { key: trusted.key, cert: trusted.cert }
    const peer = tls.connect({ port: server.port, host: '127.0.0.1', servername: 'localhost', ca: good.cert, ...options })
    const session = new Promise<Buffer>((resolve) => peer.once('session', resolve))
    const first = (await server.accept()) as Connection
    t.match(first.tls, { authorized: true, authorizationError: undefined, peerCertificate: { subjectaltname: 'DNS:client' } })
    const [again, second] = await Promise.all([
      secure(t, server, { ...options, session: await session }),
      server.accept() as Promise<Connection>,
    ])
    t.equal(again.isSessionReused(), true)
    t.match(second.tls, { authorized: true, peerCertificate: { subjectaltname: 'DNS:client' } })
    peer.destroy()
  })

  t.test(`a certificate that does not verify is refused, and so is none (${version})`, async (t) => {
    const { server, errors } = await serving(t, { tls: ask })
    let yielded = 0
    void server.serve(() => yielded++)
    for (const options of [{ key: stranger.key, cert: stranger.cert }, {}]) {
      const before = errors.length
      const peer = tls.connect({ port: server.port, host: '127.0.0.1', servername: 'localhost', ca: good.cert, ...options })
      const gone = new Promise((resolve) => peer.on('error', () => {}).once('close', resolve))
      await until(() => errors.length > before)
      await within(gone)
    }
    t.match(errors[0]?.cause, { code: 'DEPTH_ZERO_SELF_SIGNED_CERT', message: /does not verify/ })
    t.match(errors[1]?.cause, { code: /PEER_DID_NOT_RETURN_A_CERTIFICATE/ })
    t.equal(yielded, 0)
  })

  t.test(`a session from a server without requestCert is no certificate on one with it (${version})`, async (t) => {
    const ticketKeys = Buffer.alloc(48, 7)
    for (const sessionIdContext of [undefined, 'the same']) {
      const shared = { ticketKeys, ...(sessionIdContext && { sessionIdContext }) }
      const { server, errors } = await serving(t, { tls: { ...own, ...versions, ...shared } })
      void server.serve(() => {})
      const peer = tls.connect({ port: server.port, host: '127.0.0.1', servername: 'localhost', ca: good.cert })
      const session = await new Promise<Buffer>((resolve) => peer.once('session', resolve))
      peer.destroy()
      await server.setTls({ ...ask, ...shared })
      let yielded = 0
      server.on('connection', () => yielded++)
      const again = tls.connect({ port: server.port, host: '127.0.0.1', servername: 'localhost', ca: good.cert, session })
      const gone = new Promise((resolve) => again.on('error', () => {}).once('close', resolve))
      again.resume()
      await within(gone)
      await until(() => errors.length > 0)
      t.equal(yielded, 0)
    }
  })

  t.test(`with rejectUnauthorized: false the program decides, also in a resumed session (${version})`, async (t) => {
    const { server } = await serving(t, { tls: { ...ask, rejectUnauthorized: false } })
    const options = { key: stranger.key, cert: stranger.cert }
    const peer = tls.connect({ port: server.port, host: '127.0.0.1', servername: 'localhost', ca: good.cert, ...options })
    const session = new Promise<Buffer>((resolve) => peer.once('session', resolve))
    const facts = { authorized: false, authorizationError: 'DEPTH_ZERO_SELF_SIGNED_CERT' }
    t.match(((await server.accept()) as Connection).tls, facts)
    const [again, second] = await Promise.all([
      secure(t, server, { ...options, session: await session }),
      server.accept() as Promise<Connection>,
    ])
    t.equal(again.isSessionReused(), true)
    t.match(second.tls, facts)
    peer.destroy()
  })
}

t.test('a truthy requestCert counts as true', async (t) => {
  const { server, errors } = await serving(t, { tls: { ...own, requestCert: 1 as never } })
  await secure(t, server).catch(() => {})
  await until(() => errors.length === 1)
})

t.test('a pre-shared key admits a client, but is no certificate where one is requested', async (t) => {
  const psk = Buffer.from('0123456789abcdef')
  const options = { ciphers: 'PSK', maxVersion: 'TLSv1.2' as const }
  const peer = { pskCallback: () => ({ psk, identity: 'me' }), checkServerIdentity: () => undefined, ...options }
  const { server, errors } = await serving(t, { tls: { pskCallback: () => psk, ...options } })
  const [, connection] = await Promise.all([secure(t, server, peer), server.accept() as Promise<Connection>])
  t.match(connection.tls?.cipher, /PSK/)
  await server.setTls({ pskCallback: () => psk, requestCert: true, ca: [trusted.cert], ...options })
  await secure(t, server, peer).catch(() => {})
  await until(() => errors.length === 1)
})

// --- one port for both ----------------------------------------------------------------------------------------------------

t.test('optional: the first byte distinguishes TLS from plain text', async (t) => {
  const { server, errors } = await serving(t, { tls: { ...own, optional: true } })
  const plain = await dial(t, server)
  plain.write('hello\n')
  const one = (await server.accept()) as Connection
  t.equal(one.tls, undefined)
  t.equal(await one.readLine(), 'hello')
  const [peer, two] = await Promise.all([secure(t, server), server.accept() as Promise<Connection>])
  peer.write('hello\n')
  t.equal(await two.readLine(), 'hello')
  t.equal(two.tls?.protocol, 'TLSv1.3')
  t.same(errors, [])
})

t.test('optional: a client that is silent, ends or resets before the first byte is a handshakeError', async (t) => {
  const { server, errors } = await serving(t, { tls: { ...own, optional: true }, handshakeTimeout: 500 })
  const [silent, leaver, breaker] = [await dial(t, server), await dial(t, server), await dial(t, server)]
  await until(() => server.stats().pending === 3)
  leaver.end()
  breaker.resetAndDestroy()
  await until(() => errors.length === 2)
  for (const { cause } of errors) t.match(cause, { code: 'ECONNRESET' })
  t.match(await within(fateOf(silent)), { how: 'reset' })
  t.match(errors[2]?.cause, { code: 'ERR_LINNET_TIMEOUT' })
  const half = await dial(t, server)
  half.write(Buffer.from([22, 3]))
  t.match(await within(fateOf(half)), { how: 'reset' })
  await until(() => errors.length === 4)
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

// --- what a client refuses ----------------------------------------------------------------------------------------------

t.test('a client refuses another name, an expired certificate, and one it does not trust', async (t) => {
  const { server } = await serving(t)
  void server.serve(() => {})
  const to = { host: 'localhost', family: 4 as const, port: server.port }
  t.match(await rejection(connect({ ...to, tls: { ca: good.cert, servername: 'elsewhere.test' } })), {
    code: 'ERR_LINNET_HANDSHAKE',
    cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
  })
  t.match(await rejection(connect({ ...to, tls: true })), { cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' } })
  const old = expiredIdentity()
  await server.setTls({ key: old.key, cert: old.cert })
  t.match(await rejection(connect({ ...to, tls: { ca: old.cert } })), { cause: { code: 'CERT_HAS_EXPIRED' } })
})

t.test('an address is verified, and not sent as a name', async (t) => {
  const { server } = await serving(t)
  const to = { host: '127.0.0.1', port: server.port }
  for (const tls of [{ ca: good.cert }, { ca: good.cert, servername: '127.0.0.1' }, { ca: good.cert, servername: '' }]) {
    const [client, accepted] = await Promise.all([connect({ ...to, tls }), server.accept() as Promise<Connection>])
    t.equal(client.tls?.authorized, true)
    t.equal(accepted.tls?.servername, undefined)
    client.abort()
  }
  await server.setTls({ key: other.key, cert: other.cert })
  t.match(await rejection(connect({ ...to, tls: { ca: other.cert } })), { cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' } })
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
