// Equal TLS options have equal fingerprints: keys and certificates by their content, functions and objects of classes by
// their identity. What is shared between connections, and which session may be resumed, is decided by it.

import type { Hash } from 'node:crypto'
import { crypto } from '../builtins.js'
import { nodeTls } from './node.js'

// Deeper than any option of Node's TLS: an object that holds itself ends here.
const DEEPEST = 5

const identities = new WeakMap<object, number>()
let count = 0

/** A digest of `values`, in order: 64 hexadecimal digits. */
export function fingerprint(...values: unknown[]): string {
  const hash = crypto().createHash('sha256')
  add(hash, values, 0)
  return hash.digest('hex')
}

// Each value is preceded by its kind and its length, so that no two lists read the same.
function add(hash: Hash, value: unknown, depth: number): void {
  if (typeof value === 'string') hash.update(`string ${Buffer.byteLength(value)}:`).update(value)
  else if (ArrayBuffer.isView(value)) hash.update(`bytes ${value.byteLength}:`).update(value as Uint8Array)
  else if (Array.isArray(value) && depth < DEEPEST) {
    hash.update(`list ${value.length}:`)
    for (const each of value) add(hash, each, depth + 1)
  } else if (isPlain(value) && depth < DEEPEST) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    hash.update('record, as a ')
    add(hash, entries.flat(), depth + 1)
  } else if (isObject(value)) hash.update(`object ${identityOf(value)};`)
  else hash.update(`${typeof value} ${String(value)};`)
}

function isObject(value: unknown): value is object {
  return typeof value === 'function' || (typeof value === 'object' && value !== null)
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function identityOf(value: object): number {
  let identity = identities.get(value)
  if (identity === undefined) {
    identity = ++count
    identities.set(value, identity)
  }
  return identity
}

interface Authorities {
  getCACertificates?(kind: 'default'): readonly string[]
  setDefaultCACertificates?(certificates: readonly string[]): void
}

/**
 * What Node verifies by where the options name no authorities, if a program can replace that
 * (`tls.setDefaultCACertificates`); undefined where it is the same for the life of the process. The list takes some 50 ms
 * to make.
 */
export function replaceableAuthorities(tls: Authorities = nodeTls() as Authorities): (() => unknown) | undefined {
  return tls.setDefaultCACertificates && (() => tls.getCACertificates?.('default'))
}
