// One of each for equal options: making a context of OpenSSL costs more than a handshake, and sessions resume only within
// one. A few are kept, those that were used last.

import type { ConnectionOptions, SecureContext } from 'node:tls'
import { bare } from '../options/own.js'
import type { ServerTlsOptions } from '../options/tls.js'
import { fingerprint, replaceableAuthorities } from './fingerprint.js'
import { ServerTls } from './server.js'

// More sets of options than a program has for upgrades; what is kept holds keys and a context, some 100 KB each.
const KEPT = 16

/** What was made last, by fingerprint. What fails is not kept. */
export class Recent<T> {
  readonly #made = new Map<string, T>()

  get(key: string, make: () => T): T {
    const value = this.#made.get(key) ?? make()
    // The one that was used last goes to the end.
    this.#made.delete(key)
    this.#made.set(key, value)
    if (this.#made.size > KEPT) this.#made.delete(this.#made.keys().next().value as string)
    return value
  }
}

const servers = new Recent<ServerTls>()
const contexts = new Recent<SecureContext>()

// Options that name no authorities mean those of Node, which the program may have replaced since.
const isSettled = ({ ca }: { ca?: unknown }): boolean => ca !== undefined || replaceableAuthorities() === undefined

/**
 * The server's side of an upgrade.
 *
 * @throws InvalidOptionsError, as `new ServerTls` does
 */
export function sharedServerTls(given: ServerTlsOptions): ServerTls {
  const options = bare(given)
  const make = (): ServerTls => new ServerTls(options)
  return !options.requestCert || isSettled(options) ? servers.get(fingerprint(options), make) : make()
}

/**
 * The context of a client. Names, addresses and sessions are a connection's own, and `make` is not given them: a context of Bun's
 * remembers the name that it was made with, and a certificate would be good for that name in every connection that has none.
 */
export function sharedContext(
  { host, port, path, servername, session, ...options }: ConnectionOptions,
  make: (options: ConnectionOptions) => SecureContext,
): SecureContext {
  return isSettled(options) ? contexts.get(fingerprint(options), () => make(options)) : make(options)
}
