// The options of TLS: Node's own, as they are. Only what linnet adds to them is checked here; whether keys and certificates
// can be used is found out in `lib/tls/`, by loading them.

import type { ConnectionOptions, TlsOptions } from 'node:tls'
import type * as z from 'zod/mini'
import { tagOf } from '../kind-of.js'
import { checkOptions, type Path } from './check.js'
import { type Lazy, once } from './once.js'
import { value } from './values.js'

/** `tls` of `listen` and of an endpoint: the options of Node's `tls.createServer`, and one more. */
export interface ServerTlsOptions extends TlsOptions {
  /**
   * TLS and plain text on one port: a first byte of 0x16 is TLS, any other plain text. It is waited for within
   * `handshakeTimeout`, so a plain client has to speak first. Default: false.
   */
  optional?: boolean | undefined
}

/** `tls` of a client: `true`, or the options of Node's `tls.connect`. */
export type ClientTlsOptions = true | ConnectionOptions

// Node reads these objects itself. What a getter of them throws is found when they are loaded.
function isOptions(value: unknown): value is object {
  return typeof value === 'object' && value !== null && tagOf(value) === 'Object'
}

// Reads no other member: a getter of them that throws is found, and named, when they are loaded.
function optionalIsBoolean(options: ServerTlsOptions): boolean {
  const optional = Object.hasOwn(options, 'optional') ? options.optional : undefined
  return optional === undefined || typeof optional === 'boolean'
}

/** `false`, or what TLS is served with. */
export const serverTls: Lazy<z.ZodMiniType<ServerTlsOptions | false>> = once(() =>
  value(
    'false, or TLS options of Node (with `optional`: true or false)',
    (value) => value === false || (isOptions(value) && optionalIsBoolean(value)),
    (input) => (input === true ? '{ key, cert }: a server has to show a certificate' : undefined),
  ),
)

/** `false`, or what TLS is asked for with. */
export const clientTls: Lazy<z.ZodMiniType<ClientTlsOptions | false>> = once(() =>
  value('true, false, or TLS options of Node', (value) => typeof value === 'boolean' || isOptions(value)),
)

/** What TLS is served with, and where that stands among the options. */
export interface ResolvedTlsOptions {
  readonly options: ServerTlsOptions
  readonly path: Path
}

/**
 * What `server.setTls(options)` serves TLS with from then on.
 *
 * @throws InvalidOptionsError
 */
export function changedTls(options: unknown): ServerTlsOptions {
  return checkOptions(changes(), options) as ServerTlsOptions
}

const changes: Lazy<z.ZodMiniType<ServerTlsOptions>> = once(() =>
  value('TLS options of Node (with `optional`: true or false)', (value) => isOptions(value) && optionalIsBoolean(value)),
)
