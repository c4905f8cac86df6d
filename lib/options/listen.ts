// The options of `listen`, whole: where it listens, who may come in, and what each connection has. The lines themselves
// are in `endpoint.ts`, `admission.ts` and `connection.ts`; this is where they meet, and where it is said what cannot go
// together across them. What comes out is a plan with nothing left to check.

import type * as z from 'zod/mini'
import { superRefine } from 'zod/mini'
import type { ProxyPlan } from '../proxy-protocol/trust.js'
import { type AdmissionInput, type AdmissionOptions, admissionOf, admissionShape, type ResolvedAdmissionOptions } from './admission.js'
import { checkOptions } from './check.js'
import { type ConnectionInput, type ConnectionOptions, connectionShape, type ResolvedConnectionOptions, settingsOf } from './connection.js'
import {
  type Endpoint,
  type EndpointDefaults,
  type EndpointInput,
  endpointContradictions,
  endpointDefaults,
  endpointSchema,
  endpointShape,
  entryOf,
  placeOf,
  planOf,
  type ResolvedEndpoint,
  withoutTcp,
} from './endpoint.js'
import { meantPlace } from './meant.js'
import { type Lazy, once } from './once.js'
import type { ProxyProtocolOptions } from './proxy-protocol.js'
import { list, record, type Shape } from './record.js'
import type { ServerTlsOptions } from './tls.js'
import { abortSignal } from './values.js'

export type { AdmissionChanges, AdmissionOptions, Candidate, CloseOptions, ResolvedAdmissionOptions } from './admission.js'
export { changedAdmission, closeGrace } from './admission.js'
export type {
  Endpoint,
  EndpointDefaults,
  EndpointOptions,
  FdEndpoint,
  ResolvedEndpoint,
  ResolvedHandshakeOptions,
  SystemdEndpoint,
  TcpEndpoint,
  UnixEndpoint,
} from './endpoint.js'
export { endpointPlan } from './endpoint.js'
export type { ProxyProtocolOptions } from './proxy-protocol.js'

/**
 * The options of `listen`. One place to listen on (`port` and `host`, `path`, `fd` or `systemd`), or a list of them in
 * `endpoints`; who may come in; and what every connection has.
 */
export interface ListenOptions extends ConnectionOptions, AdmissionOptions {
  /** A TCP port, 0 to 65535; 0 is one that the system picks (`server.port` tells). Default: 0. */
  port?: number | undefined
  /**
   * A name or an IP address to listen on; a name is bound on all of its addresses. Default: all interfaces, which is what a
   * server in a container needs; say `127.0.0.1` to be alone.
   */
  host?: string | undefined
  /** A Unix socket's path, instead of a port; on Linux also an abstract name, which begins with `\0` and leaves no file. */
  path?: string | undefined
  /** With `path`: the mode of its file, 0 to 0o777. Default: 0o600: only the server's own user may connect. */
  mode?: number | undefined
  /** A listening socket that is already open, instead of a port: its descriptor, a whole number ≥ 0. */
  fd?: number | undefined
  /** Sockets that systemd opened, instead of a port. `true`: all of them; a name: those with that name. */
  systemd?: true | string | undefined
  /** Several of the above, instead of one: at least one. */
  endpoints?: readonly Endpoint[] | undefined
  /**
   * Connections that may wait in the system until they are accepted, a whole number ≥ 0. Default: 511, as in `net`. Of
   * `endpoints`, each may have its own.
   */
  backlog?: number | undefined
  /** With an IPv6 address: take no IPv4 connections. Default: false. Of `endpoints`, each may have its own. */
  ipv6Only?: boolean | undefined
  /**
   * Lets several processes listen on the same port, the system spreading connections. Default: false, so that a second
   * server started by mistake fails and takes nobody's clients. Of `endpoints`, each may have its own.
   */
  reusePort?: boolean | undefined
  /**
   * TLS: the options of Node's `tls.createServer` as they are, and `optional`. A connection is yielded after its handshake.
   * Default: none. Of `endpoints`, each may have its own, or `false`.
   */
  tls?: ServerTlsOptions | false | undefined
  /**
   * A PROXY header (version 1 or 2) comes first, and names the real client: from every peer, or, with `trust`, from those
   * proxies only (HAProxy's proxy-protocol.txt). What comes instead closes the connection and is a `handshakeError`.
   * Default: false, since whoever may send one may say who they are. Of `endpoints`, each may have its own.
   *
   * @example
   * const server = await listen({ port: 8888, proxyProtocol: { trust: ['10.0.0.0/8'] } })
   */
  proxyProtocol?: boolean | ProxyProtocolOptions | undefined
  /** Aborted before everything is bound: `listen` rejects with its reason and leaves nothing open. Later: `close()`. */
  signal?: AbortSignal | undefined
}

/** What `listen` was asked for, with nothing left to check. */
export interface ResolvedListenOptions {
  endpoints: ResolvedEndpoint[]
  /** What `server.add` gives to endpoints that do not say it themselves. */
  defaults: EndpointDefaults
  admission: ResolvedAdmissionOptions
  connection: ResolvedConnectionOptions
  signal: AbortSignal | undefined
}

/** The options of `listen` that have nothing to do with where it listens, when each is given. */
export interface ServiceInput extends ConnectionInput, AdmissionInput {
  tls: ServerTlsOptions | false
  proxyProtocol: ProxyPlan | false
  signal: AbortSignal
}

/** The schemas of these options; also those of a server in memory. */
export const serviceShape: Lazy<Shape<ServiceInput>> = once(() => ({
  ...connectionShape(),
  ...admissionShape(),
  tls: endpointShape().tls,
  proxyProtocol: endpointShape().proxyProtocol,
  signal: abortSignal(),
}))

interface ListenInput extends ServiceInput, EndpointInput {
  endpoints: Partial<EndpointInput>[]
}

const listening: Lazy<z.ZodMiniType<Partial<ListenInput>>> = once(() => {
  const shape: Shape<ListenInput> = {
    ...endpointShape(),
    endpoints: list('a list of at least one endpoint', endpointSchema()),
    ...serviceShape(),
  }
  return record(shape, endpointContradictions, meantPlace).check(
    // Only now is it known what kinds the list holds.
    superRefine((given, context) => {
      if (given.endpoints?.every((endpoint) => planOf(endpoint, endpointDefaults).kind !== 'tcp')) {
        for (const { path, message } of withoutTcp(given)) context.addIssue({ code: 'custom', path: [...path], message })
      }
    }),
  )
})

/** The plan of a server, but for its endpoints. */
export function serviceOf(given: Partial<ServiceInput>): Pick<ResolvedListenOptions, 'admission' | 'connection' | 'signal'> {
  return { admission: admissionOf(given), connection: settingsOf(given), signal: given.signal }
}

/**
 * What `listen(options)` asks for. A number is a port, undefined is no options.
 *
 * @throws InvalidOptionsError
 */
export function listenPlan(options: unknown): ResolvedListenOptions {
  const given = checkOptions(listening(), typeof options === 'number' ? { port: options } : options === undefined ? {} : options)
  const { backlog = endpointDefaults.backlog, ipv6Only = endpointDefaults.ipv6Only, reusePort = endpointDefaults.reusePort } = given
  const entry = entryOf(given)
  const defaults = { backlog, ipv6Only, reusePort, ...entry }
  const endpoints = given.endpoints?.map((endpoint, at) => planOf(endpoint, defaults, ['endpoints', at]))
  return { endpoints: endpoints ?? [{ ...placeOf(given, defaults), ...entry }], defaults, ...serviceOf(given) }
}
