// `testCertificate`: a key and a self-signed certificate (RFC 5280), made in memory. A test of TLS needs no OpenSSL, no files,
// and no certificate that expires in a repository.
// Decision: docs/decisions/a-test-certificate-is-made-here.md

import { crypto } from '../builtins.js'
import {
  type CertificateHost,
  type ResolvedCertificateOptions,
  resolveCertificateOptions,
  type TestCertificateOptions,
} from '../options/certificate.js'
import { withoutPrototype } from '../options/own.js'
import { bitString, explicit, implicit, integer, octetString, oid, sequence, setOf, TRUE, time, utf8String } from './der.js'

/** A private key and the certificate of its public key as PEM: the values of the `tls` options with these names. */
export interface TestCertificate {
  readonly key: string
  /** Self-signed: only peers that have it as `ca` trust it. */
  readonly cert: string
}

/**
 * Makes a private key (ECDSA, P-256) and a self-signed certificate, for localhost, 127.0.0.1 and ::1 by default. It serves as a
 * server's or a client's certificate in tests; only peers that have it as `ca` trust it.
 *
 * @throws InvalidOptionsError for wrong options
 * @example
 * const { key, cert } = testCertificate()
 * const server = await listen({ host: '127.0.0.1', tls: { key, cert } })
 * const client = await connect({ port: server.port, tls: { ca: cert } })
 */
export function testCertificate(options?: TestCertificateOptions): TestCertificate {
  const resolved = resolveCertificateOptions(options)
  const form = withoutPrototype({
    namedCurve: 'P-256',
    publicKeyEncoding: withoutPrototype({ type: 'spki', format: 'der' } as const),
    // Without a prototype: with a `cipher` on a polluted Object.prototype Node would encrypt the key.
    privateKeyEncoding: withoutPrototype({ type: 'pkcs8', format: 'pem' } as const),
  })
  const { publicKey, privateKey } = crypto().generateKeyPairSync('ec', form)
  const contents = contentsOf(resolved, publicKey)
  const signature = crypto().sign('sha256', contents, privateKey)
  const certificate = sequence(contents, ECDSA_WITH_SHA256, bitString(signature))
  return { key: privateKey, cert: pemOf(certificate) }
}

const ECDSA_WITH_SHA256 = sequence(oid('1.2.840.10045.4.3.2'))
const VERSION_3 = explicit(0, integer(Buffer.of(2)))
const COMMON_NAME = oid('2.5.4.3')
const SUBJECT_KEY_IDENTIFIER = oid('2.5.29.14')
const SUBJECT_ALT_NAME = oid('2.5.29.17')
const BASIC_CONSTRAINTS = oid('2.5.29.19')
const AUTHORITY_KEY_IDENTIFIER = oid('2.5.29.35')
const EXTENDED_KEY_USAGE = oid('2.5.29.37')
const SERVER_AUTH = oid('1.3.6.1.5.5.7.3.1')
const CLIENT_AUTH = oid('1.3.6.1.5.5.7.3.2')

/** The part that is signed: a TBSCertificate (RFC 5280, 4.1). */
function contentsOf({ hosts, commonName, from, to }: ResolvedCertificateOptions, publicKey: Buffer): Buffer {
  const name = sequence(setOf(sequence(COMMON_NAME, utf8String(commonName))))
  const key = keyIdentifier(publicKey)
  // Not a CA: a key that leaks from a test is valid for these hosts only. No key usage either: OpenSSL takes a certificate for
  // self-signed only if its key usage is absent or includes keyCertSign, and other clients reject a server that has keyCertSign.
  const extensions = sequence(
    sequence(BASIC_CONSTRAINTS, TRUE, octetString(sequence())),
    sequence(EXTENDED_KEY_USAGE, octetString(sequence(SERVER_AUTH, CLIENT_AUTH))),
    sequence(SUBJECT_ALT_NAME, octetString(sequence(...hosts.map(generalName)))),
    // By these identifiers OpenSSL finds the right one among several trusted certificates of one name.
    sequence(SUBJECT_KEY_IDENTIFIER, octetString(octetString(key))),
    sequence(AUTHORITY_KEY_IDENTIFIER, octetString(sequence(implicit(0, key)))),
  )
  const validity = sequence(time(from), time(to))
  return sequence(VERSION_3, serialNumber(), ECDSA_WITH_SHA256, name, validity, name, publicKey, explicit(3, extensions))
}

/** A serial number, unique for its issuer: sixteen random bytes, of which the first is not zero. */
function serialNumber(): Buffer {
  const bytes = crypto().randomBytes(16)
  bytes[0] = 0x40 | ((bytes[0] as number) >> 2)
  return integer(bytes)
}

function generalName(host: CertificateHost): Buffer {
  return 'name' in host ? implicit(2, Buffer.from(host.name, 'latin1')) : implicit(7, host.address)
}

/** The key identifier of RFC 7093: the first 160 bits of the SHA-256 of the key. The last 65 bytes are the point, without the curve. */
function keyIdentifier(publicKey: Buffer): Buffer {
  return crypto().createHash('sha256').update(publicKey.subarray(-65)).digest().subarray(0, 20)
}

function pemOf(bytes: Buffer): string {
  const lines = bytes.toString('base64').replace(/.{1,64}/g, '$&\n')
  return `-----BEGIN CERTIFICATE-----\n${lines}-----END CERTIFICATE-----\n`
}
