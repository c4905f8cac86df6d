// The message of a failed TLS handshake: one line, without the numbers of OpenSSL, with advice for known causes.

import t from 'tap'
import { unixAddress } from '../../lib/address.js'
import { TimeoutError } from '../../lib/index.js'
import { handshakeMessage } from '../../lib/tls/failure.js'

const coded = (code: string, message = 'it failed'): Error => Object.assign(new Error(message), { code })
const failed = 'the TLS handshake with host failed: it failed'

t.test('a known code gives advice, to either side', async (t) => {
  const cases: [string, 'connect' | 'client' | 'server', RegExp][] = [
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'connect', /; the server answers in plain text: connect without `tls`/],
    ['ERR_SSL_PACKET_LENGTH_TOO_LONG', 'client', /; the server answers in plain text: it must have agreed/],
    ['ERR_SSL_HTTP_REQUEST', 'server', /; the client sends plain text/],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'connect', /is self-signed: give it, or the authority's, as `ca`$/],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'client', /as `ca`$/],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'connect', /no authority that is known here .* as `ca`$/],
    ['CERT_HAS_EXPIRED', 'connect', /has expired/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'connect', /`servername`$/],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'connect', /give `key` and `cert`$/],
    ['ECONNRESET', 'connect', /may not speak TLS there$/],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', 'server', /the client does not trust the certificate/],
    ['ERR_SSL_NO_SHARED_CIPHER', 'server', /`minVersion`, `ciphers`/],
    ['ECONNRESET', 'server', /; the client has ended first: it may not trust the certificate/],
    ['ESOMETHING', 'server', /; `cause` has its code$/],
    ['ESOMETHING', 'connect', /; `cause` has its code$/],
  ]
  for (const [code, side, advice] of cases) {
    const message = handshakeMessage(coded(code), side, 'host')
    t.ok(message.startsWith(`${failed}; `), message)
    t.match(message, advice, `${code} of ${side}`)
  }
})

t.test('any value gives a message', async (t) => {
  const openssl = Object.assign(coded('ERR_SSL_X', '80:error:0A:SSL routines:f:no way:../a.c:1:\n'), { reason: 'no way' })
  t.equal(handshakeMessage(openssl, 'connect', 'host'), 'the TLS handshake with host failed: no way; `cause` has its code')
  const odd = Object.assign(coded('ERR_SSL_X', ' it failed\n'), { reason: '' })
  t.equal(handshakeMessage(odd, 'connect', 'host'), `${failed}; \`cause\` has its code`)
  t.equal(handshakeMessage(new Error('it failed'), 'server', 'host'), failed)
  t.equal(handshakeMessage('it failed', 'server', 'host'), failed)
  const late = new TimeoutError({ operation: 'handshake', timeout: 5, kind: 'handshake' })
  t.equal(
    handshakeMessage(late, 'server', 'host'),
    `the TLS handshake with host failed: ${late.message}`,
    'the message of a time limit has its own advice',
  )
  t.match(handshakeMessage(late, 'server', unixAddress()), /^the TLS handshake with the client failed: /)
  t.match(handshakeMessage(late, 'connect', unixAddress()), /^the TLS handshake with the server failed: /)
})
