// Statements about TLS, STARTTLS and PROXY headers: what is negotiated, and what each side refuses.

import { once } from 'node:events'
import { testCertificate } from '../../../lib/testing/index.js'
import { until } from '../../support/wait.js'
import { certificate, fault, outcome, type Statement, says, tells } from './world.js'

const { key, cert } = certificate
const trusting = { ca: cert, servername: 'localhost' }
const HANDSHAKE = 'HandshakeError ERR_LINNET_HANDSHAKE'
const source = { address: '203.0.113.5', port: 40_000, family: 'IPv4' } as const
const destination = { address: '198.51.100.7', port: 25, family: 'IPv4' } as const

/** The failure of a handshake that the client reports. */
async function refusal(connecting: Promise<unknown>): Promise<unknown> {
  const error = await connecting.then(
    () => new Error('it was not refused'),
    (error) => error,
  )
  return [fault(error), (error.cause as { code?: string })?.code]
}

export const securing: readonly Statement[] = [
  tells(
    'a connection over TLS is yielded after its handshake, and both sides have what was negotiated',
    ['TLSv1.3', true, 'localhost', 'h2', 'secret'],
    async ({ client, connection }) => {
      await client.write('secret\n')
      const { protocol, servername, alpnProtocol } = connection.tls ?? {}
      return [protocol, client.tls?.authorized, servername, alpnProtocol, await connection.readLine()]
    },
    { server: { tls: { key, cert, ALPNProtocols: ['h2'] } }, client: { tls: { ...trusting, ALPNProtocols: ['h2'] } } },
  ),
  says(
    'a certificate that is not trusted is refused by the client, and is a handshakeError of the server',
    [[HANDSHAKE, 'DEPTH_ZERO_SELF_SIGNED_CERT'], HANDSHAKE, 1],
    async (world) => {
      const { server, connect } = await world.open({ tls: certificate })
      const told = once(server, 'handshakeError')
      const refused = await refusal(connect({ tls: { servername: 'localhost' } }))
      const [error] = await told
      return [refused, fault(error), server.stats().handshakeErrors]
    },
  ),
  says('a certificate of another name is refused', [HANDSHAKE, 'ERR_TLS_CERT_ALTNAME_INVALID'], async (world) => {
    const { connect } = await world.open({ tls: certificate })
    return refusal(connect({ tls: { ca: cert, servername: 'example.test' } }))
  }),
  says('a certificate that has expired is refused', [HANDSHAKE, 'CERT_HAS_EXPIRED'], async (world) => {
    const expired = testCertificate({ validFrom: new Date('2020-01-01'), days: 1 })
    const { connect } = await world.open({ tls: expired })
    return refusal(connect({ tls: { ca: expired.cert, servername: 'localhost' } }))
  }),
  says('plain text to a TLS server is a handshakeError, and the server goes on', [HANDSHAKE, 'in'], async (world) => {
    const { server, connect } = await world.open({ tls: certificate })
    void server.serve((connection) => connection.write('in'))
    const told = once(server, 'handshakeError')
    const plain = await connect()
    await plain.write('hello\n')
    const [error] = await told
    const client = await connect({ tls: trusting })
    return [fault(error), await client.readToEnd('utf8')]
  }),
  says('with optional: true a server accepts TLS and plain text', ['plain', 'TLS'], async (world) => {
    const { server, connect } = await world.open({ tls: { ...certificate, optional: true } })
    void server.serve(async (connection) => {
      await connection.readLine()
      await connection.write(connection.tls === undefined ? 'plain' : 'TLS')
    })
    const answers: string[] = []
    for (const tls of [false, trusting] as const) {
      const client = await connect({ tls })
      await client.write('\n')
      answers.push(await client.readToEnd('utf8'))
    }
    return answers
  }),
  says("a client's certificate is verified, and a client without one is refused", [[true, 'ann'], HANDSHAKE], async (world) => {
    const ann = testCertificate({ commonName: 'ann' })
    const { server, connect } = await world.open({ tls: { ...certificate, ca: ann.cert, requestCert: true } })
    const [, connection] = await Promise.all([connect({ tls: { ...trusting, ...ann } }), server.accept()])
    const { authorized, peerCertificate } = connection?.tls ?? {}
    const told = once(server, 'handshakeError')
    connect({ tls: trusting }).catch(() => {})
    const [error] = await told
    return [[authorized, peerCertificate?.subject.CN], fault(error)]
  }),
  says('setTls applies to later connections', ['localhost', 'other'], async (world) => {
    const other = testCertificate({ commonName: 'other' })
    const { server, connect } = await world.open({ tls: certificate })
    const first = await connect({ tls: trusting })
    await server.setTls(other)
    const second = await connect({ tls: { ca: other.cert, servername: 'localhost' } })
    return [first, second].map(({ tls }) => tls?.peerCertificate?.subject.CN)
  }),
  tells(
    'startTls upgrades a connection after a reply in plain text',
    ['go ahead', true, 'secret', 'answer'],
    async ({ client, connection }) => {
      const upgrading = connection.startTls({ key, cert, reply: 'go ahead\n' })
      const reply = await client.readLine()
      await Promise.all([client.startTls(trusting), upgrading])
      await client.write('secret\n')
      const secret = await connection.readLine()
      await connection.write('answer\n')
      return [reply, client.tls?.authorized, secret, await client.readLine()]
    },
  ),
  tells(
    'startTls refuses unread plain text, and the connection stays usable',
    ['PlaintextBufferedError ERR_LINNET_PLAINTEXT_BUFFERED', 'injected'],
    async ({ client, connection }) => {
      await client.write('injected\n')
      await until(() => connection.buffered === 9)
      return [await outcome(connection.startTls({ key, cert })), await connection.readLine()]
    },
  ),
  tells(
    'a startTls that fails closes the connection on both sides',
    [[HANDSHAKE, 'ERR_TLS_CERT_ALTNAME_INVALID'], 'lost', 'over'],
    async ({ client, connection }) => {
      connection.startTls({ key, cert }).catch(() => {})
      const refused = await refusal(client.startTls({ ca: cert, servername: 'example.test' }))
      // What the server reports depends on its progress: with TLS 1.3 its handshake ends before the client refuses.
      void connection.close()
      await connection.closed
      return [refused, (await client.closed).by, connection.signal.aborted ? 'over' : 'open']
    },
  ),
  tells(
    'a PROXY header names the real client, and is not counted',
    ['203.0.113.5:40000', '198.51.100.7:25', 1, '127.0.0.1', 'hello', 6, 6],
    async ({ client, connection }) => {
      await client.write('hello\n')
      const { remote, proxy } = connection
      const line = await connection.readLine()
      const { bytesRead } = connection
      return [String(remote), String(proxy?.destination), proxy?.version, proxy?.peer.address, line, bytesRead, client.bytesWritten]
    },
    { server: { proxyProtocol: true }, client: { proxyProtocol: { version: 1, source, destination } } },
  ),
  tells(
    'a PROXY header of version 2 has TLVs, and is sent before TLS',
    [2, ['224 tenant'], 'TLSv1.3'],
    async ({ connection }) => {
      const { version, tlvs } = connection.proxy ?? {}
      return [version, tlvs?.map(({ type, value }) => `${type} ${value}`), connection.tls?.protocol]
    },
    {
      server: { proxyProtocol: { trust: ['127.0.0.0/8'] }, tls: certificate },
      client: { proxyProtocol: { source, destination, tlvs: [{ type: 224, value: Buffer.from('tenant') }] }, tls: trusting },
    },
  ),
  tells(
    'a PROXY header without addresses leaves the address as it is',
    ['127.0.0.1', undefined],
    async ({ connection }) => [connection.remote.address, connection.proxy?.source],
    { server: { proxyProtocol: true }, client: { proxyProtocol: {} } },
  ),
  tells(
    'a header of a peer that is not trusted is payload',
    [undefined, 'PROXY UNKNOWN'],
    async ({ connection }) => [connection.proxy, await connection.readLine()],
    { server: { proxyProtocol: { trust: ['10.0.0.0/8'] } }, client: { proxyProtocol: { version: 1 } } },
  ),
  says(
    'bytes that are no PROXY header are a handshakeError, and the client sees a loss',
    [HANDSHAKE, '127.0.0.1', 'lost'],
    async (world) => {
      const { server, connect } = await world.open({ proxyProtocol: true })
      const told = once(server, 'handshakeError')
      const client = await connect()
      client.write('GET / HTTP/1.1\r\n\r\n').catch(() => {})
      const [error, { remote }] = await told
      return [fault(error), remote.address, (await client.closed).by]
    },
  ),
]
