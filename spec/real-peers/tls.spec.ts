// OpenSSL's own client with servers of linnet: what it requests in a handshake, what it verifies, and STARTTLS. And HAProxy, whose
// header describes the TLS connection that it terminated.

import tls from 'node:tls'
import t, { type Test } from 'tap'
import type { Connection, HandshakeError, ListenOptions, Server } from '../../lib/index.js'
import { identityOf } from '../support/certificates.js'
import { opened } from '../support/fixture.js'
import { until } from '../support/wait.js'
import { haproxyTls, noHaproxy, noOpenssl, OpensslClient, through } from './support.js'

const skip = noOpenssl
// Without OpenSSL there is no certificate, and each test is skipped.
const { key, cert, files } = skip === false ? identityOf('DNS:here.test') : { key: '', cert: '', files: { key: '', cert: '' } }
const versions = ['-tls1_2', '-tls1_3']
/** The flags by which it verifies the server, or leaves. */
const trusting = (file: string, name: string): string[] => ['-CAfile', file, '-verify_return_error', '-verify_hostname', name]

interface Echo {
  server: Server
  connections: Connection[]
  errors: HandshakeError[]
}

/** Sends each line back, once the connection is `secured`. */
async function echo(t: Test, options: ListenOptions, secured = async (_: Connection): Promise<void> => {}): Promise<Echo> {
  const server = await opened(t, options)
  const connections: Connection[] = []
  const errors: HandshakeError[] = []
  server.on('handshakeError', (error) => void errors.push(error))
  void server.serve(async (connection) => {
    connections.push(connection)
    await secured(connection)
    for await (const line of connection.lines()) await connection.write(`again: ${line}\n`)
  })
  return { server, connections, errors }
}

/** A client that sends a line, receives it again, and leaves. */
async function talks(
  t: Test,
  { server, connections }: Echo,
  ...flags: string[]
): Promise<{ client: OpensslClient; connection: Connection }> {
  const client = new OpensslClient(t, server, ...flags)
  client.says('hello\n')
  await client.hears('again: hello\n')
  client.child.stdin?.end()
  t.equal(await client.ended(), 0)
  const connection = connections.at(-1) as Connection
  t.match(await connection.closed, { by: 'peer', error: undefined })
  return { client, connection }
}

/** A client that is refused, and that no handler gets. */
async function refused(
  t: Test,
  { server, connections, errors }: Echo,
  ...flags: string[]
): Promise<{ client: OpensslClient; code: unknown }> {
  const [before, told] = [connections.length, errors.length]
  const client = new OpensslClient(t, server, ...flags)
  client.says('hello\n')
  // Its exit code proves little: in TLS 1.3 its handshake may be complete before it is refused, and then it sees a reset, or an end.
  await client.ended()
  t.notMatch(client.heard, 'again: hello')
  await until(() => errors.length > told, 'the handshakeError')
  t.equal(connections.length, before)
  return { client, code: ((errors.at(-1) as HandshakeError).cause as NodeJS.ErrnoException).code }
}

t.test('the certificate is chosen by the name that a client requests (SNI)', { skip, timeout: 60_000 }, async (t) => {
  const others = new Map(['one.test', 'two.test'].map((name) => [name, identityOf(`DNS:${name}`)]))
  const SNICallback = (name: string, done: (error: Error | null, context?: tls.SecureContext) => void): void => {
    const other = others.get(name)
    if (name === 'nobody.test') done(new Error('nobody of that name'))
    else done(null, other && tls.createSecureContext({ key: other.key, cert: other.cert }))
  }
  const here = await echo(t, { tls: { key, cert, SNICallback } })
  for (const version of versions) {
    for (const [name, identity] of others) {
      const { client, connection } = await talks(t, here, version, '-servername', name, ...trusting(identity.files.cert, name))
      t.match(client.heard, 'Verify return code: 0 (ok)')
      t.equal(connection.tls?.servername, name)
    }
    // A name without a certificate of its own, and a client without a name.
    const unknown = await talks(t, here, version, '-servername', 'here.test', ...trusting(files.cert, 'here.test'))
    t.equal(unknown.connection.tls?.servername, 'here.test')
    const silent = await talks(t, here, version, '-noservername', ...trusting(files.cert, 'here.test'))
    t.equal(silent.connection.tls?.servername, undefined)
    await refused(t, here, version, '-servername', 'nobody.test')
  }
})

t.test(
  'the first protocol of the server that the client offers is chosen, and a client that offers none of them is refused (ALPN)',
  { skip, timeout: 60_000 },
  async (t) => {
    const here = await echo(t, { tls: { key, cert, ALPNProtocols: ['linnet/2', 'linnet/1'] } })
    for (const version of versions) {
      for (const [offered, agreed] of [
        ['linnet/1,other', 'linnet/1'],
        ['linnet/1,linnet/2', 'linnet/2'],
      ] as const) {
        const { client, connection } = await talks(t, here, version, '-alpn', offered)
        t.match(client.heard, `ALPN protocol: ${agreed}\n`)
        t.equal(connection.tls?.alpnProtocol, agreed)
      }
      t.equal((await talks(t, here, version)).connection.tls?.alpnProtocol, undefined)
      const { client } = await refused(t, here, version, '-alpn', 'other')
      t.match(client.heard, 'no application protocol')
    }
  },
)

t.test('client certificates are verified', { skip, timeout: 60_000 }, async (t) => {
  const known = identityOf('DNS:known.test')
  const stranger = identityOf('DNS:stranger.test')
  const shows = ({ files }: typeof known): string[] => ['-key', files.key, '-cert', files.cert]
  const strict = await echo(t, { tls: { key, cert, requestCert: true, ca: known.cert } })
  const lenient = await echo(t, { tls: { key, cert, requestCert: true, rejectUnauthorized: false, ca: known.cert } })
  for (const version of versions) {
    for (const here of [strict, lenient]) {
      const { tls } = (await talks(t, here, version, ...shows(known))).connection
      t.match(tls, { authorized: true, authorizationError: undefined, peerCertificate: { subjectaltname: 'DNS:known.test' } })
    }

    t.match((await refused(t, strict, version, ...shows(stranger))).code, /CERT/)
    t.match((await refused(t, strict, version)).code, /CERT/)

    const unknown = (await talks(t, lenient, version, ...shows(stranger))).connection.tls
    t.match(unknown, { authorized: false, authorizationError: /CERT/, peerCertificate: { subjectaltname: 'DNS:stranger.test' } })
    const none = (await talks(t, lenient, version)).connection.tls
    t.match(none, { authorized: false, authorizationError: /CERT/, peerCertificate: undefined })
  }
})

t.test('a client upgrades plain text to TLS', { skip, timeout: 60_000 }, async (t) => {
  const smtp = await echo(t, {}, async (connection) => {
    await connection.write('220 here.test\r\n')
    t.match(await connection.readLine({ delimiter: '\r\n' }), /^EHLO /)
    await connection.write('250-here.test\r\n250 STARTTLS\r\n')
    t.equal(await connection.readLine({ delimiter: '\r\n' }), 'STARTTLS')
    await connection.startTls({ key, cert, reply: '220 go ahead\r\n' })
  })
  // PostgreSQL's SSLRequest, which is answered with one letter.
  const postgres = await echo(t, {}, async (connection) => {
    t.equal((await connection.readExactly(8)).toString('hex'), '0000000804d2162f')
    await connection.startTls({ key, cert, reply: 'S' })
  })
  for (const version of versions) {
    for (const [name, here] of Object.entries({ smtp, postgres })) {
      const { client, connection } = await talks(t, here, '-starttls', name, version, ...trusting(files.cert, 'here.test'))
      t.match(client.heard, 'Verify return code: 0 (ok)')
      t.equal(connection.tls?.protocol, version === '-tls1_2' ? 'TLSv1.2' : 'TLSv1.3')
    }
  }
})

t.test('a server that closes sends close_notify', { skip, timeout: 60_000 }, async (t) => {
  const server = await opened(t, { tls: { key, cert } })
  void server.serve((connection) => connection.write('goodbye\n'))
  for (const version of versions) {
    const client = new OpensslClient(t, server, version, '-msg')
    t.equal(await client.ended(), 0)
    t.match(client.heard, 'goodbye\n')
    t.match(client.heard, /<<< .*Alert.*, warning close_notify/)
  }
})

t.test('the header of HAProxy describes the TLS connection that it terminated', { skip: skip || noHaproxy, timeout: 60_000 }, async (t) => {
  for (const [name, options, flags] of [
    ['plain text behind it', {}, ''],
    ['and puts TLS of its own on', { tls: { key, cert } }, 'ssl verify none'],
  ] as const) {
    await t.test(name, async (t) => {
      const here = await echo(t, { proxyProtocol: true, ...options })
      const front = await haproxyTls(t, key + cert, `127.0.0.1:${here.server.port} send-proxy-v2-ssl ${flags}`)
      const client = tls.connect({ socket: await through(t, front), ca: cert, servername: 'here.test' })
      const me = `127.0.0.1:${client.localPort}`
      client.setEncoding('utf8').write('hello\n')
      const heard = await new Promise((resolve, reject) => client.once('data', resolve).once('error', reject))
      t.equal(heard, 'again: hello\n')
      const [connection] = here.connections.filter(({ remote }) => `${remote}` === me)
      t.match(connection?.proxy, { version: 2, destination: { port: front.port }, peer: { address: '127.0.0.1' } })
      t.not(`${connection?.proxy?.peer}`, me)
      t.equal(connection?.tls?.protocol, 'tls' in options ? 'TLSv1.3' : undefined)
      // PP2_TYPE_SSL begins with flags, of which the first stands for TLS, and contains more TLVs, the version first.
      const ssl = connection?.proxy?.tlvs.find(({ type }) => type === 0x20)?.value
      t.equal((ssl?.[0] ?? 0) & 1, 1)
      t.match(ssl?.toString('latin1'), /TLSv1\.3/)
      client.destroy()
    })
  }
})
