// Keys and certificates for tests, made on first use, so that none in the repository expires. OpenSSL makes the kinds that
// `testCertificate` does not make.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testCertificate } from '../../lib/testing/index.js'

/** A key and a self-signed certificate. A peer with the certificate as `ca` trusts it. */
export interface Identity {
  readonly key: string
  readonly cert: string
  /** Their files, which exist until the process ends. */
  readonly files: { readonly key: string; readonly cert: string }
}

const made = new Map<string, Identity>()
let directory: string | undefined

/** A directory that is removed when the process ends. */
function folder(): string {
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
  const [key, cert] = [join(folder(), `${made.size}.key`), join(folder(), `${made.size}.crt`)]
  const hosts = names.split(',').map((name) => name.replace(/^(DNS|IP):/, ''))
  const certificate = testCertificate({ hosts, commonName: 'linnet' })
  writeFileSync(key, certificate.key)
  writeFileSync(cert, certificate.cert)
  const identity = { ...certificate, files: { key, cert } }
  made.set(names, identity)
  return identity
}

let expired: Identity | undefined
/** An identity for localhost that has expired. */
export function expiredIdentity(): Identity {
  if (expired !== undefined) return expired
  const { key, files } = identityOf()
  const cert = join(folder(), 'expired.crt')
  const request = join(folder(), 'expired.csr')
  openssl('req', '-new', '-key', files.key, '-subj', '/CN=localhost', '-out', request)
  openssl('x509', '-req', '-in', request, '-signkey', files.key, '-days', '-1', '-out', cert)
  expired = { key, cert: readFileSync(cert, 'utf8'), files: { key: files.key, cert } }
  return expired
}

/** An identity as one PKCS #12 file, for `pfx`. */
export function pfxOf({ files }: Identity, passphrase: string): Buffer {
  const file = `${files.key}.pfx`
  openssl('pkcs12', '-export', '-inkey', files.key, '-in', files.cert, '-passout', `pass:${passphrase}`, '-out', file)
  return readFileSync(file)
}

/** An RSA key, in plain text and encrypted with a passphrase. */
export function rsaKeys(passphrase: string): { plain: string; locked: string } {
  const [plain, locked] = [join(folder(), 'rsa.key'), join(folder(), 'rsa.locked')]
  openssl('genrsa', '-out', plain, '2048')
  openssl('rsa', '-in', plain, '-aes128', '-passout', `pass:${passphrase}`, '-out', locked)
  return { plain: readFileSync(plain, 'utf8'), locked: readFileSync(locked, 'utf8') }
}
