// Keys and certificates that cannot be used are refused before anything is bound, with the reason.

import { createSecureContext } from 'node:tls'
import t from 'tap'
import { type Connection, connect, InvalidOptionsError, listen, type ServerTlsOptions } from '../../lib/index.js'
import { ClientTls } from '../../lib/tls/client.js'
import { checkPairs } from '../../lib/tls/identity.js'
import { expiredIdentity, identityOf, pfxOf, rsaKeys } from '../support/certificates.js'
import { opened } from '../support/fixture.js'
import { rejection } from '../support/wait.js'

const good = identityOf()
const other = identityOf('DNS:other.test')
const rsa = rsaKeys('secret')

const refusals: [string, ServerTlsOptions, string[]][] = [
  ['nothing at all', {}, ['tls', 'key']],
  ['empty lists', { key: [], cert: [] }, ['tls', 'key']],
  ['a lone key', { key: good.key }, ['tls', 'cert']],
  ['a lone certificate', { cert: good.cert }, ['tls', 'key']],
  ['a lone key beside a callback', { key: good.key, SNICallback: () => {} }, ['tls', 'cert']],
  ['a key that is none', { key: 'x', cert: good.cert }, ['tls']],
  ['a certificate that is none', { key: good.key, cert: 'x' }, ['tls']],
  ['a key of the wrong type', { key: 5 as never, cert: good.cert }, ['tls']],
  ['the key of another', { key: other.key, cert: good.cert }, ['tls']],
  ['a key of another kind than its certificate', { key: rsa.plain, cert: good.cert }, ['tls', 'key']],
  ['a locked key without its passphrase', { key: rsa.locked, cert: good.cert }, ['tls']],
  ['two certificates and one key', { key: good.key, cert: [good.cert, expiredIdentity().cert.replace(/^/, 'x')] }, ['tls']],
  ['authorities that are none', { key: good.key, cert: good.cert, ca: 'x' }, ['tls', 'ca']],
  ['a callback that is none', { key: good.key, cert: good.cert, SNICallback: 5 as never }, ['tls']],
  ['a pfx that is none', { pfx: Buffer.from('x') }, ['tls']],
]

for (const [name, tls, path] of refusals) {
  t.test(`${name} is refused with the cause, and nothing is bound`, async (t) => {
    const error = (await rejection(listen({ port: 0, host: '127.0.0.1', tls }))) as InvalidOptionsError
    t.ok(error instanceof InvalidOptionsError)
    t.same(error.issues.at(0)?.path.slice(0, path.length), path)
    t.ok(error.cause instanceof Error)
    t.match(error.issues[0]?.message, /./)
  })
}

t.test('the path of the issue names the endpoint, and no earlier endpoint is bound', async (t) => {
  const error = await rejection(listen({ endpoints: [{ port: 0 }, { port: 0, tls: { key: good.key } }] }))
  t.match(error, { issues: [{ path: ['endpoints', 1, 'tls', 'cert'] }] })
})

t.test('a thrown value that is no Error is reported too', async (t) => {
  const tls = {
    get key(): string {
      throw 'no'
    },
  }
  t.match(await rejection(listen({ port: 0, tls })), { issues: [{ message: 'no' }], cause: 'no' })
})

t.test('a pfx, an encrypted key, lists, and callbacks alone are accepted', async (t) => {
  const secret = 'secret'
  const context = createSecureContext({ key: good.key, cert: good.cert })
  const sets: ServerTlsOptions[] = [
    { pfx: pfxOf(good, secret), passphrase: secret },
    { key: [{ pem: good.key }] as never, cert: [good.cert] },
    { key: [rsa.plain, good.key], cert: [good.cert] },
    { SNICallback: (_, done) => done(null, context) },
  ]
  for (const tls of sets) {
    const server = await opened(t, { tls })
    const [client, accepted] = await Promise.all([
      connect({ host: 'localhost', family: 4, port: server.port, tls: { ca: good.cert } }),
      server.accept() as Promise<Connection>,
    ])
    t.equal(client.tls?.authorized, true)
    await Promise.all([client.close(), accepted.close()])
  }
})

t.test('keys are decrypted with their own passphrase or the common one', async (t) => {
  for (const options of [{ key: [{ pem: rsa.locked, passphrase: 'secret' }] }, { key: rsa.locked, passphrase: 'secret' }])
    t.throws(() => checkPairs({ ...(options as object), cert: good.cert }), { option: 'key', message: /got another/ })
  t.doesNotThrow(() => checkPairs({ ca: [good.cert, other.cert] }))
})

t.test('half a pair, or a callback that is no function, is refused on a client too', async (t) => {
  for (const [tls, path] of [
    [{ key: good.key }, ['cert']],
    [{ cert: good.cert }, ['key']],
    [{ ca: 'x' }, ['ca']],
    [{ checkServerIdentity: 5 as never }, []],
    [{ pskCallback: 5 as never }, []],
    [{ minVersion: 'x' as never }, []],
  ] as const)
    t.throws(() => new ClientTls({ tls }), { name: 'InvalidOptionsError', issues: [{ path: [...path] }] })
  t.doesNotThrow(() => new ClientTls({ tls: { secureContext: createSecureContext() } }))
})
