// Explains why keys and certificates do not load, and names the option at fault. OpenSSL only reports that it found no PEM. The
// usual mistakes are a file's path instead of its contents, two options swapped, and a missing passphrase.

import { hintFor, isInstance } from '../kind-of.js'
import { withoutPrototype } from '../options/own.js'
import { checkPairs, listOf, OTHER_KEY, partsOf, Unusable } from './identity.js'

// The PEM header is near the front of a file: a bundle of authorities begins with a few kilobytes of comments at most.
const SEARCHED_BYTES = 64 * 1024
const READ_THE_FILE = 'give what is in the file, not its path: readFileSync(path)'

const KEY = 'a private key'
const CERTIFICATES = 'certificates'
type Kind = typeof KEY | typeof CERTIFICATES
const labels: Record<Kind, RegExp> = {
  [KEY]: /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/,
  [CERTIFICATES]: /-----BEGIN [A-Z0-9 ]*CERTIFICATE-----/,
}

/** Returns the result of `load`. The error that it throws names the option at fault, where that can be found. */
export function explained<T>(options: object, load: () => T): T {
  try {
    return load()
  } catch (cause) {
    throw faultOf(options, cause)
  }
}

/** The fault in `options` that made loading fail with `cause`; `cause` itself if none is found. */
function faultOf(options: object, cause: unknown): unknown {
  const given = withoutPrototype(options) as { key?: unknown; cert?: unknown; ca?: unknown; pfx?: unknown }
  const expected: readonly (readonly ['key' | 'cert' | 'ca', Kind])[] = [
    ['key', KEY],
    ['cert', CERTIFICATES],
    ['ca', CERTIFICATES],
  ]
  for (const [name, kind] of expected) {
    for (const each of listOf(given[name])) {
      const message = faultIn(name === 'key' ? (partsOf(each).pem ?? each) : each, kind)
      if (message !== undefined) return new Unusable(name, message, cause)
    }
  }
  if (listOf(given.pfx).some((each) => typeof each === 'string' && isPath(each)))
    return new Unusable('pfx', `expected bytes, got a file's path: ${READ_THE_FILE}`, cause)
  if (hasOtherKey(options)) return new Unusable('key', OTHER_KEY, cause)
  const secret = /interrupted or cancelled|bad.decrypt|mac verif|bad password/i.test(String(cause))
  return secret || isUndecodable(given.key, cause)
    ? new Unusable('passphrase', 'expected the passphrase of the private key, which is encrypted', cause)
    : cause
}

// What OpenSSL decrypts with the wrong passphrase looks well formed one time in some hundred. Then it reports a key of
// an unsupported kind.
/** Whether a key is encrypted and was decrypted into something that is no key. */
function isUndecodable(key: unknown, cause: unknown): boolean {
  return /decoder.*unsupported/i.test(String(cause)) && listOf(key).some((each) => textOf(partsOf(each).pem ?? each)?.includes('ENCRYPTED'))
}

/** Whether everything can be read and a certificate lacks its key. The keys are compared, because the text of the error differs between runtimes. */
function hasOtherKey(options: object): boolean {
  try {
    checkPairs(options)
    return false
  } catch (error) {
    return error instanceof Unusable && error.message === OTHER_KEY
  }
}

/** The fault in one key, or in one text of certificates; undefined if none is found. */
function faultIn(value: unknown, kind: Kind): string | undefined {
  const text = textOf(value)
  if (text === undefined) return faultOfObject(value, kind)
  if (labels[kind].test(text)) return undefined
  const expected = `expected ${kind} in PEM (-----BEGIN …)`
  if (isPath(text)) return `${expected}, got a file's path: ${READ_THE_FILE}`
  if (labels[KEY].test(text)) return `${expected}, got a private key`
  if (labels[CERTIFICATES].test(text)) return `${expected}, got a certificate`
  return `${expected}, got ${text.includes('-----BEGIN ') ? 'PEM of another kind' : 'none'}`
}

/** The fault in a value that is neither text nor bytes: a Promise, or a URL of a file. */
function faultOfObject(value: unknown, kind: Kind): string | undefined {
  const hint = hintFor(value)
  if (hint !== undefined) return `expected ${kind} in PEM, got a Promise (${hint})`
  return isInstance(value, URL) ? `expected ${kind} in PEM, got a URL: ${READ_THE_FILE}` : undefined
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value.slice(0, SEARCHED_BYTES)
  if (!ArrayBuffer.isView(value)) return undefined
  return Buffer.from(value.buffer, value.byteOffset, Math.min(value.byteLength, SEARCHED_BYTES)).toString('latin1')
}

/** Whether a text is one line with a file extension or a directory. Messages do not quote it, because it may still be a secret. */
function isPath(text: string): boolean {
  return (
    text.length < 1024 && !/[\r\n\0]/.test(text) && /\.(pem|key|crt|cer|cert|ca|der|p12|pfx)$|^(\.{0,2}|~|[a-z]:)[\\/]|^file:/i.test(text)
  )
}
