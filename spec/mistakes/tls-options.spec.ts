// Keys and certificates that do not load: a path instead of the contents, two options swapped, a missing passphrase.

import { createPublicKey } from 'node:crypto'
import t from 'tap'
import { connect, InvalidOptionsError, listen } from '../../lib/index.js'
import { identityOf, pfxOf, rsaKeys } from '../support/certificates.js'
import { rejection } from '../support/wait.js'
import { type Any, table, unusable } from './support.js'

const { key, cert } = identityOf()
const readIt = "got a file's path: give what is in the file, not its path: readFileSync(path)"
const { locked } = rsaKeys('secret')

table(t, 'a key or a certificate that does not load is named by its option, with the reason', [
  [
    'a path of a key',
    InvalidOptionsError,
    unusable(`tls.key: expected a private key in PEM (-----BEGIN …), ${readIt}`),
    () => listen({ tls: { key: 'key.pem', cert: 'cert.pem' } }),
  ],
  [
    'a path of a certificate',
    InvalidOptionsError,
    unusable(`tls.cert: expected certificates in PEM (-----BEGIN …), ${readIt}`),
    () => listen({ tls: { key, cert: './cert' } }),
  ],
  [
    'a path of an authority',
    InvalidOptionsError,
    unusable(`tls.ca: expected certificates in PEM (-----BEGIN …), ${readIt}`),
    () => connect({ port: 1, tls: { ca: '/etc/ca' } }),
  ],
  [
    'a path among authorities',
    InvalidOptionsError,
    unusable(`tls.ca: expected certificates in PEM (-----BEGIN …), ${readIt}`),
    () => connect({ port: 1, tls: { ca: [cert, 'C:\\ca.crt'] } }),
  ],
  [
    'a path as bytes',
    InvalidOptionsError,
    unusable(`tls.key: expected a private key in PEM (-----BEGIN …), ${readIt}`),
    () => listen({ tls: { key: Buffer.from('../key'), cert } }),
  ],
  [
    'a path in an object',
    InvalidOptionsError,
    unusable(`tls.key: expected a private key in PEM (-----BEGIN …), ${readIt}`),
    () => listen({ tls: { key: [{ pem: '~/key' }], cert } }),
  ],
  ['a path of a pfx', InvalidOptionsError, unusable(`tls.pfx: expected bytes, ${readIt}`), () => listen({ tls: { pfx: 'server.p12' } })],
  [
    'a file that is not read yet',
    InvalidOptionsError,
    unusable('tls.key: expected a private key in PEM, got a Promise (forgotten await?)'),
    () => listen({ tls: { key: Promise.resolve(key) as Any, cert } }),
  ],
  [
    'the URL of a file',
    InvalidOptionsError,
    unusable(`tls.cert: expected certificates in PEM, got a URL: ${readIt.slice(readIt.indexOf('give'))}`),
    () => listen({ tls: { key, cert: new URL('file:///cert.pem') as Any } }),
  ],
  [
    'both in the wrong place',
    InvalidOptionsError,
    unusable('tls.key: expected a private key in PEM (-----BEGIN …), got a certificate'),
    () => listen({ tls: { key: cert, cert: key } }),
  ],
  [
    'a key for a certificate',
    InvalidOptionsError,
    unusable('tls.cert: expected certificates in PEM (-----BEGIN …), got a private key'),
    () => listen({ tls: { key, cert: key } }),
  ],
  [
    'the key of another certificate',
    InvalidOptionsError,
    unusable('tls.key: expected the private key of `cert`, got another'),
    () => listen({ tls: { key, cert: identityOf('DNS:other.example').cert } }),
  ],
  [
    'a public key',
    InvalidOptionsError,
    unusable('tls.key: expected a private key in PEM (-----BEGIN …), got PEM of another kind'),
    () => listen({ tls: { key: createPublicKey(cert).export({ type: 'spki', format: 'pem' }) as string, cert } }),
  ],
  [
    'a number for a key',
    InvalidOptionsError,
    /^these options cannot be used: tls: .*Received type number/,
    () => listen({ tls: { key: 5 as Any, cert } }),
  ],
  [
    'bytes that are no PEM',
    InvalidOptionsError,
    unusable('tls.key: expected a private key in PEM (-----BEGIN …), got none'),
    () => listen({ tls: { key: Buffer.from([0x30, 0x82, 0]), cert } }),
  ],
  [
    'an object for an authority',
    InvalidOptionsError,
    /^these options cannot be used: tls: .*Received an instance of Map$/,
    () => connect({ port: 1, tls: { ca: new Map() as Any } }),
  ],
  [
    'a key behind a passphrase',
    InvalidOptionsError,
    unusable('tls.passphrase: expected the passphrase of the private key, which is encrypted'),
    () => listen({ tls: { key: locked, cert } }),
  ],
  [
    'a wrong passphrase',
    InvalidOptionsError,
    unusable('tls.passphrase: expected the passphrase of the private key, which is encrypted'),
    () => listen({ tls: { key: locked, passphrase: 'guessed', cert } }),
  ],
  [
    'a wrong passphrase of a pfx',
    InvalidOptionsError,
    unusable('tls.passphrase: expected the passphrase of the private key, which is encrypted'),
    () => listen({ tls: { pfx: pfxOf(identityOf(), 'secret'), passphrase: 'guessed' } }),
  ],
])

t.test('the cause of options that do not load is the error of Node', async (t) => {
  for (const tls of [
    { key: 'key.pem', cert: 'cert.pem' },
    { key, cert, ca: 'ca.pem' },
  ]) {
    const { cause } = (await rejection(listen({ tls }))) as { cause: Error }
    t.ok(cause instanceof Error)
    t.notMatch(cause.message, /expected/, 'and not the message of linnet')
  }
})
