// What keys and certificates that do not load are explained with.

import t from 'tap'
import { explained } from '../../lib/tls/pem.js'

// OpenSSL says so of a wrong passphrase now and then, and of a key in a format that it does not know.
const unsupported = new Error('error:1E08010C:DECODER routines::unsupported')
const fail = (): never => {
  throw unsupported
}

t.test('a key that is encrypted and cannot be decoded lacks its passphrase', async (t) => {
  const key = '-----BEGIN ENCRYPTED PRIVATE KEY-----\nMII=\n-----END ENCRYPTED PRIVATE KEY-----\n'
  t.throws(() => explained({ key }, fail), /passphrase of the private key/)
  t.throws(() => explained({ key: [{ pem: Buffer.from(key) }] }, fail), /passphrase of the private key/)
})

t.test('a key that is not encrypted and cannot be decoded is reported as OpenSSL does', async (t) => {
  const key = '-----BEGIN PRIVATE KEY-----\nMII=\n-----END PRIVATE KEY-----\n'
  t.throws(() => explained({ key }, fail), unsupported)
  t.throws(() => explained({}, fail), unsupported)
  t.throws(() => explained({ key: [{}] }, fail), unsupported)
})
