// The options of `listen`: where the server listens, which connections are admitted, and the options of each connection; and those of
// `server.setLimits` and `server.close`. The options of an endpoint are in `endpoint.ts`, those of a connection in `connection.ts`. The
// two limits whose default depends on the machine are computed in `lib/server/`.

import type { BlockList } from 'node:net'
import type { Address } from '../address.js'
import { net } from '../net.js'
import type { ProxyInfo } from '../proxy-protocol/header.js'
import { type ConnectionOptions, connectionShape, type ResolvedConnectionOptions, settingsOf } from './connection.js'
import {
  bindingOf,
  type CheckedEndpoint,
  type Endpoint,
  type EndpointDefaults,
  type EndpointKeys,
  endpointContradictions,
  endpointDefaults,
  endpointSchema,
  endpointShape,
  handshakeOptionsOf,
  type ResolvedEndpoint,
  resolveCheckedEndpoint,
  withoutTcp,
} from './endpoint.js'
import type { ProxyProtocolOptions } from './proxy-protocol.js'
import { type Checked, checkArgument, checkOptions, list, type Shape, strictObject } from './schema.js'
import { meantGrace, meantPlace } from './suggestion.js'
import type { ServerTlsOptions } from './tls.js'
import { abortSignal, limitFrom, timeOrZero, value } from './values.js'

export type {
  Endpoint,
  FdEndpoint,
  ResolvedEndpoint,
  ResolvedHandshakeOptions,
  SystemdEndpoint,
  TcpEndpoint,
  UnixEndpoint,
} from './endpoint.js'
export { resolveEndpoint } from './endpoint.js'
export type { ProxyProtocolOptions } from './proxy-protocol.js'

/** A connection that is not admitted yet: the argument of `admit`. */
export interface Candidate {
  /** The real client's address: that of its PROXY header, or the peer's. */
  readonly remote: Address
  /** The address that it connected to. */
  readonly local: Address
  /** The contents of its PROXY header; undefined without one. */
  readonly proxy: ProxyInfo | undefined
}

/** The options of `listen` that decide which connections are admitted. */
export interface AdmissionOptions {
  /**
   * Called for each connection, before its TLS handshake. Any result but `true` refuses it; so does a throw, which is an
   * `acceptError` too, and a result later than `handshakeTimeout`. Default: all are admitted.
   */
  admit?: ((candidate: Candidate) => boolean | Promise<boolean>) | undefined
  /** Addresses that are not admitted; checked by the library itself. It may be added to at any time. Default: none. */
  blockList?: BlockList | undefined
  /**
   * Open connections, counted from when a loop or `accept` gets them; the next ones wait in order. A whole number ≥ 1, or
   * Infinity. Default: eight tenths of the descriptors that are free when it listens, if that can be known, and at most one
   * for each 128 KiB of memory (the machine's, or a control group's limit). Node reports no error when descriptors run out,
   * so the limit stays below that and leaves some to the program.
   */
  maxConnections?: number | undefined
  /**
   * Connections that may wait for room, or for a loop; one more is dropped. A whole number ≥ 0, or Infinity. Default: 1024,
   * but at most one tenth of the free descriptors, so that a burst waits and a flood does not exhaust the machine.
   */
  maxPending?: number | undefined
  /**
   * Open connections of one IP address, waiting ones included; one more is dropped. A whole number ≥ 1, or Infinity.
   * Default: Infinity, since many clients may share an address (a NAT, a proxy).
   */
  maxConnectionsPerAddress?: number | undefined
}

/** The checked options of admission. A limit of undefined depends on the free descriptors. */
export type ResolvedAdmissionOptions = Required<AdmissionOptions> & { maxConnectionsPerAddress: number }

/** What `server.setLimits` takes; a limit that is left out, or `undefined`, stays as it is. */
export interface AdmissionChanges {
  /** A whole number ≥ 1, or Infinity. */
  maxConnections?: number | undefined
  /** A whole number ≥ 0, or Infinity. */
  maxPending?: number | undefined
  /** A whole number ≥ 1, or Infinity. */
  maxConnectionsPerAddress?: number | undefined
}

/**
 * The options of `listen`: one place to listen on (`port` and `host`, `path`, `fd` or `systemd`), or a list of them in
 * `endpoints`; which connections are admitted; and the options of every connection.
 */
export interface ListenOptions extends ConnectionOptions, AdmissionOptions {
  /** A TCP port, 0 to 65535; 0 is one that the system picks (`server.port` is its number). Default: 0. */
  port?: number | undefined
  /**
   * A name or an IP address to listen on; a name is bound on all of its addresses. Default: all interfaces, which a server in
   * a container needs; `127.0.0.1` takes connections of this machine alone.
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
   * server that is started by mistake fails and takes no clients. Of `endpoints`, each may have its own.
   */
  reusePort?: boolean | undefined
  /**
   * TLS: the options of Node's `tls.createServer` as they are, and `optional`. A connection is yielded after its handshake.
   * Default: none. Of `endpoints`, each may have its own, or `false`.
   */
  tls?: ServerTlsOptions | false | undefined
  /**
   * A PROXY header (version 1 or 2) comes first, and names the real client: from every peer, or, with `trust`, from those
   * proxies only (HAProxy's proxy-protocol.txt). Anything else closes the connection and is a `handshakeError`. Default:
   * false, since a peer that may send one chooses the address it is known by. Of `endpoints`, each may have its own.
   *
   * @example
   * const server = await listen({ port: 8888, proxyProtocol: { trust: ['10.0.0.0/8'] } })
   */
  proxyProtocol?: boolean | ProxyProtocolOptions | undefined
  /** Aborted before everything is bound: `listen` rejects with its reason and leaves nothing open. Later: `close()`. */
  signal?: AbortSignal | undefined
}

/** The options of `listen` with a value for each. */
export interface ResolvedListenOptions {
  endpoints: ResolvedEndpoint[]
  /** The options that `server.add` gives to endpoints without their own. */
  defaults: EndpointDefaults
  admission: ResolvedAdmissionOptions
  connection: ResolvedConnectionOptions
  signal: AbortSignal | undefined
}

const count = limitFrom(1)
const counts: Shape<AdmissionChanges> = { maxConnections: count, maxPending: limitFrom(0), maxConnectionsPerAddress: count }

/** The options of `listen` but for where it listens. */
export type ServiceKeys = ConnectionOptions & AdmissionOptions & Pick<EndpointKeys, 'tls' | 'proxyProtocol'> & Pick<ListenOptions, 'signal'>

/** The schemas of these options; also those of a server in memory. */
export const serviceShape: Shape<ServiceKeys> = {
  ...connectionShape,
  ...counts,
  admit: value('a function', (value) => typeof value === 'function'),
  // By its class: a list that is asked in the wrong way would admit every connection.
  blockList: value('a net.BlockList', (value) => value instanceof net().BlockList),
  tls: endpointShape.tls,
  proxyProtocol: endpointShape.proxyProtocol,
  signal: abortSignal,
}

const listening = strictObject<EndpointKeys & ServiceKeys & { endpoints?: CheckedEndpoint[] }>(
  { ...endpointShape, endpoints: list('a list of at least one endpoint', endpointSchema), ...serviceShape },
  {
    contradictions: (given) => {
      const issues = endpointContradictions(given)
      const isTcp = given.endpoints?.some((endpoint) => bindingOf(endpoint, endpointDefaults).kind === 'tcp') ?? true
      return isTcp ? issues : [...issues, ...withoutTcp(given)]
    },
    meant: meantPlace,
  },
)

/** The options of a server but for where it listens, completed by the defaults. */
export function serviceOf(given: Checked<ServiceKeys>): Pick<ResolvedListenOptions, 'admission' | 'connection' | 'signal'> {
  const { maxConnections, maxPending, maxConnectionsPerAddress = Infinity, admit, blockList, signal } = given
  return { admission: { maxConnections, maxPending, maxConnectionsPerAddress, admit, blockList }, connection: settingsOf(given), signal }
}

/**
 * The argument of `listen`, completed by the defaults. A number is a port, undefined is no options.
 *
 * @throws InvalidOptionsError
 */
export function resolveListenOptions(options: unknown = {}): ResolvedListenOptions {
  const given = checkOptions(listening, typeof options === 'number' ? { port: options } : options)
  const { backlog = endpointDefaults.backlog, ipv6Only = endpointDefaults.ipv6Only, reusePort = endpointDefaults.reusePort } = given
  const entry = handshakeOptionsOf(given)
  const defaults = { backlog, ipv6Only, reusePort, ...entry }
  const endpoints = given.endpoints?.map((endpoint, at) => resolveCheckedEndpoint(endpoint, defaults, ['endpoints', at]))
  return { endpoints: endpoints ?? [{ ...bindingOf(given, defaults), ...entry }], defaults, ...serviceOf(given) }
}

const countChanges = strictObject(counts)

/**
 * The argument of `server.setLimits`: the limits that were given.
 *
 * @throws TypeError for a value that is no object of options, a member of a wrong type, or an unknown key
 * @throws RangeError for an impossible value
 */
export function changedAdmission(changes: unknown): Checked<AdmissionChanges> {
  return checkArgument(countChanges, changes)
}

/** What `server.close` takes. */
export interface CloseOptions {
  /**
   * How long connections may take to reach the end of their message, in ms, ≥ 0; those that remain are aborted then. Default:
   * 10 000, a third of the time in which Kubernetes lets a process stop, a ninth of systemd's.
   */
  grace?: number | undefined
}

const GRACE = 10_000

const closing = strictObject<CloseOptions>({ grace: timeOrZero }, { meant: meantGrace })

/**
 * The grace of `server.close(options)`, in ms; Infinity is none.
 *
 * @throws TypeError for a value that is no object of options, a member of a wrong type, or an unknown key
 * @throws RangeError for an impossible value
 */
export function closeGrace(options: unknown = {}): number {
  return checkArgument(closing, options).grace ?? GRACE
}
