// Why keys and certificates do not load, in the words of the option that is at fault. OpenSSL only says that it has found no
// PEM; a person has given a file's path instead of its contents, has swapped two options, or has forgotten a passphrase.

import { hintFor, isInstance } from '../kind-of.js'
import { bare } from '../options/own.js'
import { checkPairs, listOf, OTHER_KEY, partsOf, Unusable } from './identity.js'

// The first line of a PEM file is near its front; a bundle of authorities begins with kilobytes of comments at most.
const LOOKED_AT = 64 * 1024
const READ_IT = 'give what is in the file, not its path: readFileSync(path)'

const KEY = 'a private key'
const CERTIFICATES = 'certificates'
type Kind = typeof KEY | typeof CERTIFICATES
const labels: Record<Kind, RegExp> = {
  [KEY]: /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/,
  [CERTIFICATES]: /-----BEGIN [A-Z0-9 ]*CERTIFICATE-----/,
}

/** What `load` makes of `options`. What it throws names the option that is at fault, where that can be seen. */
export function explained<T>(options: object, load: () => T): T {
  try {
    return load()
  } catch (cause) {
    throw faultOf(options, cause)
  }
}

/** The fault that loading `options` has met, if it can be named; else what Node says, `cause`. */
function faultOf(options: object, cause: unknown): unknown {
  const given = bare(options) as { key?: unknown; cert?: unknown; ca?: unknown; pfx?: unknown }
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
    return new Unusable('pfx', `expected bytes, got a file's path: ${READ_IT}`, cause)
  if (hasOtherKey(options)) return new Unusable('key', OTHER_KEY, cause)
  const secret = /interrupted or cancelled|bad.decrypt|mac verif|bad password/i.test(String(cause))
  return secret ? new Unusable('passphrase', 'expected the passphrase of the private key, which is encrypted', cause) : cause
}

/** Whether all of it can be read, and no key belongs to a certificate. Asked of the key: each runtime has words of its own for it. */
function hasOtherKey(options: object): boolean {
  try {
    checkPairs(options)
    return false
  } catch (error) {
    return error instanceof Unusable && error.message === OTHER_KEY
  }
}

/** What is wrong with one key, or with one text of certificates; undefined if nothing is that can be seen. */
function faultIn(value: unknown, kind: Kind): string | undefined {
  const text = textOf(value)
  if (text === undefined) return faultOfObject(value, kind)
  if (labels[kind].test(text)) return undefined
  const expected = `expected ${kind} in PEM (-----BEGIN …)`
  if (isPath(text)) return `${expected}, got a file's path: ${READ_IT}`
  if (labels[KEY].test(text)) return `${expected}, got a private key`
  if (labels[CERTIFICATES].test(text)) return `${expected}, got a certificate`
  return `${expected}, got ${text.includes('-----BEGIN ') ? 'PEM of another kind' : 'none'}`
}

/** A file that was not read yet: a Promise of it, or its URL. */
function faultOfObject(value: unknown, kind: Kind): string | undefined {
  const hint = hintFor(value)
  if (hint !== undefined) return `expected ${kind} in PEM, got a Promise (${hint})`
  return isInstance(value, URL) ? `expected ${kind} in PEM, got a URL: ${READ_IT}` : undefined
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value.slice(0, LOOKED_AT)
  if (!ArrayBuffer.isView(value)) return undefined
  return Buffer.from(value.buffer, value.byteOffset, Math.min(value.byteLength, LOOKED_AT)).toString('latin1')
}

/** On one line, and with an ending or a folder: never quoted in a message, since it might be a secret all the same. */
function isPath(text: string): boolean {
  return (
    text.length < 1024 && !/[\r\n\0]/.test(text) && /\.(pem|key|crt|cer|cert|ca|der|p12|pfx)$|^(\.{0,2}|~|[a-z]:)[\\/]|^file:/i.test(text)
  )
}
