// Checks keys and certificates for faults that Node loads without an error, and then fails every handshake with: half of a
// pair, a key of another kind than its certificate (OpenSSL has one slot for each kind, and compares only within a slot), and
// authorities that are no certificates.

import type { X509Certificate } from 'node:crypto'
import type { SecureContextOptions, TlsOptions } from 'node:tls'
import { crypto } from '../builtins.js'
import { InvalidOptionsError } from '../errors.js'
import { withoutPrototype } from '../options/own.js'
import type { Path } from '../options/schema.js'

export const OTHER_KEY = 'expected the private key of `cert`, got another'

/** A fault in the option of this name, found by a check of this library. */
export class Unusable extends Error {
  readonly option: string

  constructor(option: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.option = option
  }
}

/**
 * Returns the result of `load`.
 *
 * @throws InvalidOptionsError if `load` throws; `cause` is the reason, and the path of the issue begins with `path`
 */
export function loading<T>(path: Path, load: () => T): T {
  try {
    return load()
  } catch (cause) {
    const where = cause instanceof Unusable ? [...path, cause.option] : path
    const issues = [{ path: where, message: cause instanceof Error ? cause.message : String(cause) }]
    throw new InvalidOptionsError({ issues, cause: firstCause(cause) })
  }
}

/** Node's own error, if there is one. */
function firstCause(error: unknown): unknown {
  return error instanceof Unusable && error.cause !== undefined ? firstCause(error.cause) : error
}

/** Throws unless the options have a certificate, or another way to authenticate a server. */
export function checkServes(options: TlsOptions): void {
  const { key, cert, pfx, SNICallback, pskCallback, privateKeyIdentifier } = options
  if (![key, cert, pfx, privateKeyIdentifier].some(has) && !SNICallback && !pskCallback)
    throw new Unusable('key', 'expected `key` and `cert` (or `pfx`, `SNICallback`, `pskCallback`): without them every handshake fails')
  checkHalves(options)
}

/** Throws for a key without a certificate, or the reverse. */
export function checkHalves({ key, cert, pfx, privateKeyIdentifier }: SecureContextOptions): void {
  if (has(pfx)) return
  if (has(cert) && !has(key) && !has(privateKeyIdentifier)) throw new Unusable('key', 'expected the private key of `cert`')
  if (!has(cert) && (has(key) || has(privateKeyIdentifier))) throw new Unusable('cert', 'expected the certificate of `key`')
}

/** Throws unless each certificate has its key and all authorities are certificates. Called after Node has loaded them. */
export function checkPairs({ key, cert, ca, passphrase }: SecureContextOptions): void {
  for (const authority of listOf(ca)) parsed('ca', authority as string)
  const keys = listOf(key).map((each) => {
    const { pem = each, passphrase: own } = partsOf(each)
    return crypto().createPrivateKey(withoutPrototype({ key: pem as string, passphrase: own ?? passphrase ?? '' }))
  })
  if (keys.length === 0) return
  for (const each of listOf(cert)) {
    const certificate = parsed('cert', each as string)
    if (!keys.some((key) => certificate.checkPrivateKey(key))) throw new Unusable('key', OTHER_KEY)
  }
}

/** The members of a key that is given as an object; none for a string or bytes. */
export function partsOf(key: unknown): { pem?: unknown; passphrase?: string } {
  return withoutPrototype(typeof key === 'object' && !ArrayBuffer.isView(key) ? (key as object) : {})
}

function parsed(option: string, pem: string): X509Certificate {
  try {
    return new (crypto().X509Certificate)(pem)
  } catch (cause) {
    throw new Unusable(option, 'expected certificates, in PEM', cause)
  }
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : value ? [value] : []
}

function has(value: unknown): boolean {
  return listOf(value).length > 0
}
