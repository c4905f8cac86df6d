// What a TLS client refuses.

import t from 'tap'
import { type Connection, connect } from '../../lib/index.js'
import { expiredIdentity } from '../support/certificates.js'
import { rejection } from '../support/wait.js'
import { good, other, serving } from './server-support.js'

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
