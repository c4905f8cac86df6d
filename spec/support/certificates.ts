// Keys and certificates for tests, made by OpenSSL when they are first asked for: none that is checked in would be valid for
// long, or be a secret for even less.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A key and a certificate that it has signed itself: trusted by whoever has the certificate as `ca`. */
export interface Identity {
  readonly key: string
  readonly cert: string
  /** The files they are in, until the process ends. */
  readonly files: { readonly key: string; readonly cert: string }
}

const made = new Map<string, Identity>()
let directory: string | undefined

/** An identity for these names, as `subjectAltName` has them: `DNS:localhost,IP:127.0.0.1`. */
export function identityOf(names = 'DNS:localhost,IP:127.0.0.1,IP:::1'): Identity {
  const known = made.get(names)
  if (known !== undefined) return known
  if (directory === undefined) {
    const room = mkdtempSync(join(tmpdir(), 'linnet-keys-'))
    directory = room
    process.once('exit', () => rmSync(room, { recursive: true, force: true }))
  }
  const [key, cert] = [join(directory, `${made.size}.key`), join(directory, `${made.size}.crt`)]
  const algorithm = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const subject = ['-subj', '/CN=linnet', '-addext', `subjectAltName=${names}`]
  execFileSync('openssl', ['req', '-x509', ...algorithm, ...subject, '-keyout', key, '-out', cert], { stdio: 'pipe' })
  const identity = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8'), files: { key, cert } }
  made.set(names, identity)
  return identity
}
