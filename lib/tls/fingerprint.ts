// A digest of TLS options. Equal options have equal digests: keys and certificates compare by content, functions and instances
// of classes by identity. It decides which connections share a context and which sessions may be resumed.
// Decision: docs/decisions/sessions-resume-where-the-same-is-asked.md

import type { Hash } from 'node:crypto'
import { crypto } from '../builtins.js'
import { nodeTls } from './node.js'

// Deeper than any option of Node's TLS. It ends the recursion into an object that contains itself.
const DEEPEST = 5

const identities = new WeakMap<object, number>()
let count = 0

/** A digest of `values`, in order: 64 hexadecimal digits. */
export function fingerprint(...values: unknown[]): string {
  const hash = crypto().createHash('sha256')
  add(hash, values, 0)
  return hash.digest('hex')
}

// Each value is preceded by its kind and its length, so that different lists have different digests.
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
 * Returns a function that lists the default authorities, by which Node verifies where the options name none, if a program can
 * replace them (`tls.setDefaultCACertificates`); undefined where they never change. Making the list takes some 50 ms.
 */
export function replaceableAuthorities(tls: Authorities = nodeTls() as Authorities): (() => unknown) | undefined {
  return tls.setDefaultCACertificates && (() => tls.getCACertificates?.('default'))
}
