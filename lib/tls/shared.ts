// TLS contexts shared between connections with equal options. Making an OpenSSL context costs more than a handshake, and a
// session resumes only within one context. The most recently used ones are kept.
// Decision: docs/decisions/sessions-resume-where-the-same-is-asked.md

import type { ConnectionOptions, SecureContext } from 'node:tls'
import { withoutPrototype } from '../options/own.js'
import type { ServerTlsOptions } from '../options/tls.js'
import { fingerprint, replaceableAuthorities } from './fingerprint.js'
import { ServerTls } from './server.js'

// More sets of options than a program upgrades with. Each entry holds keys and a context, some 100 KB.
const CAPACITY = 16

/** The most recently used values, by fingerprint. If `make` throws, nothing is stored. */
export class LruCache<T> {
  readonly #made = new Map<string, T>()

  get(key: string, make: () => T): T {
    const value = this.#made.get(key) ?? make()
    // A Map keeps insertion order: the most recent entry is the last.
    this.#made.delete(key)
    this.#made.set(key, value)
    if (this.#made.size > CAPACITY) this.#made.delete(this.#made.keys().next().value as string)
    return value
  }
}

const servers = new LruCache<ServerTls>()
const contexts = new LruCache<SecureContext>()

// Options that name no authorities use Node's, which the program may replace at any time.
const isShareable = ({ ca }: { ca?: unknown }): boolean => ca !== undefined || replaceableAuthorities() === undefined

/**
 * The server side of an upgrade by `startTls`.
 *
 * @throws InvalidOptionsError, as `new ServerTls` does
 */
export function sharedServerTls(given: ServerTlsOptions): ServerTls {
  const options = withoutPrototype(given)
  const make = (): ServerTls => new ServerTls(options)
  return !options.requestCert || isShareable(options) ? servers.get(fingerprint(options), make) : make()
}

/**
 * The context of a client. Names, addresses and sessions belong to one connection and are not passed to `make`: on Bun a context
 * keeps the name that it was made with, and would verify it for every later connection without a name.
 */
export function sharedContext(
  { host, port, path, servername, session, ...options }: ConnectionOptions,
  make: (options: ConnectionOptions) => SecureContext,
): SecureContext {
  return isShareable(options) ? contexts.get(fingerprint(options), () => make(options)) : make(options)
}
