// `startTls` with the options of a port that accepts TLS and plain text. After the upgrade has begun plain text is a failure: a
// program may pass the options of its server unchanged, and an attacker who strips the TLS must not get a plain connection.

import t from 'tap'
import { HandshakeError, type ServerTlsOptions } from '../../lib/index.js'
import { identityOf } from '../support/certificates.js'
import { ends } from '../support/fixture.js'
import { rejection, within } from '../support/wait.js'

const { key, cert } = identityOf()
const options: ServerTlsOptions & { isServer: boolean; reply: string } = { key, cert, optional: true, isServer: true, reply: 'go\n' }

for (const carrier of ['tcp', 'memory', 'duplex'] as const) {
  t.test(`startTls with \`optional: true\` completes a TLS handshake (${carrier})`, async (t) => {
    const { a, b } = await ends(t, carrier)
    const upgrading = b.startTls(options)
    t.equal(await a.readLine(), 'go')
    await within(Promise.all([a.startTls({ ca: cert, servername: 'localhost' }), upgrading]))
    t.match(b.tls, { protocol: 'TLSv1.3' })
    await a.write('secret\n')
    t.equal(await b.readLine(), 'secret')
  })

  t.test(`startTls with \`optional: true\` rejects when the peer goes on in plain text (${carrier})`, async (t) => {
    const { a, b } = await ends(t, carrier)
    const upgrading = rejection(b.startTls(options))
    const read = rejection(b.readLine())
    t.equal(await a.readLine(), 'go')
    await a.write('MAIL FROM:<someone@example.com>\n')
    const error = await within(upgrading)
    t.type(error, HandshakeError)
    t.equal(b.tls, undefined)
    t.match((await within(b.closed)).by, 'lost')
    t.ok((await read) instanceof Error, 'no plain text is read')
  })
}
