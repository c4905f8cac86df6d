// The options of TLS, which are Node's own. Only the member that linnet adds is checked here; whether keys and certificates can be used
// is known once `lib/tls/` has loaded them.

import type { ConnectionOptions, TlsOptions } from 'node:tls'
import type * as z from 'zod/mini'
import { tagOf } from '../kind-of.js'
import { checkOptions, type Path } from './schema.js'
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

/** What TLS is served with, and where that stands among the options. */
export interface ResolvedTlsOptions {
  readonly options: ServerTlsOptions
  readonly path: Path
}

// Node reads these objects. A getter of them that throws is reported, with its name, when they are loaded.
function isOptions(value: unknown): value is object {
  return typeof value === 'object' && value !== null && tagOf(value) === 'Object'
}

function isServerOptions(value: unknown): boolean {
  if (!isOptions(value)) return false
  const optional = Object.hasOwn(value, 'optional') ? (value as ServerTlsOptions).optional : undefined
  return optional === undefined || typeof optional === 'boolean'
}

const SERVER_OPTIONS = 'TLS options of Node (with `optional`: true or false)'

/** `false`, or what TLS is served with. */
export const serverTls: z.ZodMiniType<ServerTlsOptions | false> = value(
  `false, or ${SERVER_OPTIONS}`,
  (value) => value === false || isServerOptions(value),
  (input) => (input === true ? '{ key, cert }: a server has to show a certificate' : undefined),
)

/** A boolean, or the TLS options of a client. */
export const clientTls: z.ZodMiniType<ClientTlsOptions | false> = value(
  'true, false, or TLS options of Node',
  (value) => typeof value === 'boolean' || isOptions(value),
)

const changes = value<ServerTlsOptions>(SERVER_OPTIONS, isServerOptions)

/**
 * The argument of `server.setTls`.
 *
 * @throws InvalidOptionsError
 */
export function changedTls(options: unknown): ServerTlsOptions {
  return checkOptions(changes, options)
}
