// Client certificates: which clients are admitted, and what `connection.tls` shows of them.

import tls from 'node:tls'
import t from 'tap'
import type { Connection } from '../../lib/index.js'
import { identityOf } from '../support/certificates.js'
import { until, within } from '../support/wait.js'
import { good, own, secure, serving, trusted } from './server-support.js'

const stranger = identityOf('DNS:stranger')

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
