// Keys and certificates for tests, made when they are first asked for: none that is checked in would be valid for long, or be a
// secret for even less. OpenSSL makes what `testCertificate` does not.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testCertificate } from '../../lib/testing/index.js'

/** A key and a certificate that it has signed itself: trusted by whoever has the certificate as `ca`. */
export interface Identity {
  readonly key: string
  readonly cert: string
  /** The files they are in, until the process ends. */
  readonly files: { readonly key: string; readonly cert: string }
}

const made = new Map<string, Identity>()
let directory: string | undefined

/** A directory that goes when the process does. */
function room(): string {
  if (directory === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'linnet-keys-'))
    directory = made
    process.once('exit', () => rmSync(made, { recursive: true, force: true }))
  }
  return directory
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' })
}

/** An identity for these names, as `subjectAltName` has them: `DNS:localhost,IP:127.0.0.1`. */
export function identityOf(names = 'DNS:localhost,IP:127.0.0.1,IP:::1'): Identity {
  const known = made.get(names)
  if (known !== undefined) return known
  const [key, cert] = [join(room(), `${made.size}.key`), join(room(), `${made.size}.crt`)]
  const hosts = names.split(',').map((name) => name.replace(/^(DNS|IP):/, ''))
  const certificate = testCertificate({ hosts, commonName: 'linnet' })
  writeFileSync(key, certificate.key)
  writeFileSync(cert, certificate.cert)
  const identity = { ...certificate, files: { key, cert } }
  made.set(names, identity)
  return identity
}

let expired: Identity | undefined
/** One for localhost whose time is over. */
export function expiredIdentity(): Identity {
  if (expired !== undefined) return expired
  const { key, files } = identityOf()
  const cert = join(room(), 'expired.crt')
  const request = join(room(), 'expired.csr')
  openssl('req', '-new', '-key', files.key, '-subj', '/CN=localhost', '-out', request)
  openssl('x509', '-req', '-in', request, '-signkey', files.key, '-days', '-1', '-out', cert)
  expired = { key, cert: readFileSync(cert, 'utf8'), files: { key: files.key, cert } }
  return expired
}

/** The same as one file, for `pfx`. */
export function pfxOf({ files }: Identity, passphrase: string): Buffer {
  const file = `${files.key}.pfx`
  openssl('pkcs12', '-export', '-inkey', files.key, '-in', files.cert, '-passout', `pass:${passphrase}`, '-out', file)
  return readFileSync(file)
}

/** A private key of another kind, and the same one under a passphrase. */
export function rsaKeys(passphrase: string): { plain: string; locked: string } {
  const [plain, locked] = [join(room(), 'rsa.key'), join(room(), 'rsa.locked')]
  openssl('genrsa', '-out', plain, '2048')
  openssl('rsa', '-in', plain, '-aes128', '-passout', `pass:${passphrase}`, '-out', locked)
  return { plain: readFileSync(plain, 'utf8'), locked: readFileSync(locked, 'utf8') }
}
