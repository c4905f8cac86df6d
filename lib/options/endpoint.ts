// Where a server listens: the four kinds of endpoint, the options of each, and what cannot go together. The same schemas check an
// endpoint that stands alone in the options of `listen`, one of its list, and the argument of `server.add`. Whether an endpoint can be
// bound is known once a listener of `lib/transport/` has tried.

import type * as z from 'zod/mini'
import type { Issue } from '../errors.js'
import { net } from '../net.js'
import type { ResolvedProxyProtocol } from '../proxy-protocol/trust.js'
import { withoutPrototype } from './own.js'
import { type ProxyProtocolOptions, proxyProtocol } from './proxy-protocol.js'
import {
  type Checked,
  checkOptions,
  defaultsOf,
  option,
  type Path,
  type Replaced,
  type Resolved,
  type Shape,
  shapeOf,
  strictObject,
  type Table,
} from './schema.js'
import { meantHost, meantPlace } from './suggestion.js'
import { type ResolvedTlsOptions, type ServerTlsOptions, serverTls } from './tls.js'
import { flag, number, value, whole } from './values.js'

/** The options of endpoints of every kind. */
export interface EndpointOptions {
  /** Connections that may wait in the system until they are accepted, a whole number ≥ 0. Default: that of `listen`, 511. */
  backlog?: number | undefined
  /** TLS with these options, or none (`false`), in place of those of `listen`. Default: that of `listen`. */
  tls?: ServerTlsOptions | false | undefined
  /** A PROXY header comes first: from every peer, or from trusted ones. Default: that of `listen`, false. */
  proxyProtocol?: boolean | ProxyProtocolOptions | undefined
}

/** A TCP port. */
export interface TcpEndpoint extends EndpointOptions {
  /** 0 to 65535; 0 is one that the system picks. Default: 0. */
  port?: number | undefined
  /** A name or an IP address; a name is bound on all of its addresses. Default: all interfaces. */
  host?: string | undefined
  /** With an IPv6 address: take no IPv4 connections. Default: that of `listen`, false. */
  ipv6Only?: boolean | undefined
  /** Lets several processes listen on the same port, the system spreading connections. Default: that of `listen`, false. */
  reusePort?: boolean | undefined
}

/** A Unix socket. */
export interface UnixEndpoint extends EndpointOptions {
  /** Its path; on Linux also an abstract name, which begins with `\0` and leaves no file. */
  path: string
  /** The mode of its file, 0 to 0o777. Default: 0o600: only the server's own user may connect. */
  mode?: number | undefined
}

/** A listening socket that is already open, as a process manager passes it on. */
export interface FdEndpoint extends EndpointOptions {
  /** Its descriptor, a whole number ≥ 0. */
  fd: number
}

/** Sockets that systemd opened (LISTEN_FDS). */
export interface SystemdEndpoint extends EndpointOptions {
  /** `true`: all of them; a name: those with that name (FileDescriptorName=). */
  systemd: true | string
}

/** One place to listen on: what `endpoints` of `listen` holds, and what `server.add` takes. */
export type Endpoint = TcpEndpoint | UnixEndpoint | FdEndpoint | SystemdEndpoint

/** Where to listen, with a value for each option. A TCP `host` of undefined is all interfaces, a systemd `name` of undefined all sockets. */
export type ResolvedBinding =
  | { kind: 'tcp'; host: string | undefined; port: number; backlog: number; ipv6Only: boolean; reusePort: boolean }
  | { kind: 'unix'; path: string; mode: number; backlog: number }
  | { kind: 'fd'; fd: number; backlog: number }
  | { kind: 'systemd'; name: string | undefined; backlog: number }

/** The steps that a connection of an endpoint passes before it is admitted. */
export interface ResolvedHandshakeOptions {
  /** Which peers must send a PROXY header; none if it is left out. */
  proxyProtocol?: ResolvedProxyProtocol
  /** What TLS is served with; none if it is left out. */
  tls?: ResolvedTlsOptions
}

/** An endpoint with a value for each option. */
export type ResolvedEndpoint = ResolvedBinding & ResolvedHandshakeOptions

type Socket = Resolved<Pick<TcpEndpoint, 'backlog' | 'ipv6Only' | 'reusePort'>>

/** The options of `listen` that hold for endpoints without their own. */
export type EndpointDefaults = Socket & ResolvedHandshakeOptions

/** The largest number that the system calls take for a descriptor or a backlog; a larger one would wrap around. */
const LARGEST_INT = 2 ** 31 - 1

const int = whole(0, LARGEST_INT)

const socket: Table<Socket> = {
  // Node's own. The system cuts it to its limit (net.core.somaxconn), so a larger one seldom has an effect.
  backlog: option(int, 511),
  ipv6Only: option(flag, false),
  // With it, two servers that were started by mistake share their clients, and neither fails.
  reusePort: option(flag, false),
}

/** The mode of a socket's file: a peer that may open the file may connect. */
const PRIVATE = 0o600

const NUL = '\0'

// The kernel and libuv take a path for a C string: a NUL inside would cut it, and another file would be bound.
function isPath(value: unknown): boolean {
  if (typeof value !== 'string') return false
  const abstract = value.startsWith(NUL) && process.platform === 'linux'
  const name = abstract ? value.slice(1) : value
  return name !== '' && !name.includes(NUL)
}

// Modes are octal everywhere else: `660`, and `'660'` as chmod takes it.
function meantMode(input: unknown): string | undefined {
  const [, digits] = typeof input === 'number' || typeof input === 'string' ? (/^0?([0-7]{3})$/.exec(String(input)) ?? []) : []
  return digits === undefined ? undefined : `0o${digits}`
}

// An empty host is one that is missing in a configuration, and would open the server to all interfaces.
function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && !value.includes(NUL)
}

/** The options of an endpoint of any kind. */
export type EndpointKeys = Replaced<
  TcpEndpoint & UnixEndpoint & FdEndpoint & SystemdEndpoint,
  { proxyProtocol?: ResolvedProxyProtocol | false }
>

/** An endpoint that passed a check. */
export type CheckedEndpoint = Checked<EndpointKeys>

/** The schemas of an endpoint's options. */
export const endpointShape: Shape<EndpointKeys> = {
  port: whole(0, 65_535),
  // A URL, or a host with a port in it, would be looked up as it is, and not be found.
  host: value(
    'a host name or an IP address',
    (value) => isName(value) && (net().isIP(value) !== 0 || meantHost(value) === undefined),
    (input) => (isName(input) ? meantHost(input) : undefined),
  ),
  path: value('a path without NUL (a leading one makes an abstract name, on Linux)', isPath),
  mode: number('a whole number from 0 to 0o777', (mode) => Number.isInteger(mode) && mode >= 0 && mode <= 0o777, { meant: meantMode }),
  fd: int,
  systemd: value("true or a socket's name", (value) => value === true || (typeof value === 'string' && value !== '')),
  ...shapeOf(socket),
  tls: serverTls,
  proxyProtocol,
}

/** The options of an endpoint without its own, if `listen` has none either. */
export const endpointDefaults: Readonly<EndpointDefaults> = defaultsOf(socket)

/** One endpoint, alone or of a list. */
export const endpointSchema: z.ZodMiniType<CheckedEndpoint> = strictObject(endpointShape, {
  contradictions: endpointContradictions,
  meant: meantPlace,
})

/** What an endpoint, or the options of `listen`, cannot have together. */
export function endpointContradictions(given: object): Issue[] {
  const issues: Issue[] = []
  const has = (name: string): boolean => name in given
  // The options that choose the kind of an endpoint. `endpoints` of `listen` cannot stand beside any of them.
  const kinds = [['port', 'host'].filter(has), ...['path', 'fd', 'systemd', 'endpoints'].map((name) => [name].filter(has))]
  const named = kinds.flat()
  if (kinds.filter((names) => names.length > 0).length > 1) {
    const message = `expected one place to listen on, got ${named.join(' and ')} (several go to \`endpoints\` of listen)`
    for (const name of named) issues.push({ path: [name], message })
  }
  if (has('mode') && !has('path')) issues.push({ path: ['mode'], message: 'expected together with `path` only' })
  const isTcp = named.length === 0 || ['port', 'host', 'endpoints'].some(has)
  return isTcp ? issues : [...issues, ...withoutTcp(given)]
}

/** The options of TCP among others. */
export function withoutTcp(given: object): Issue[] {
  const names = ['ipv6Only', 'reusePort'].filter((name) => name in given)
  return names.map((name) => ({ path: [name], message: 'expected together with a TCP endpoint only' }))
}

/** A checked endpoint, completed by the defaults. Its options stand at `path`. */
export function resolveCheckedEndpoint(given: CheckedEndpoint, defaults: EndpointDefaults, path: Path = []): ResolvedEndpoint {
  return { ...bindingOf(given, defaults), ...handshakeOptionsOf(given, defaults, path) }
}

/** The steps of an endpoint's connections. Its own `false` replaces an option of `listen`. */
export function handshakeOptionsOf(
  given: CheckedEndpoint,
  defaults: ResolvedHandshakeOptions = {},
  path: Path = [],
): ResolvedHandshakeOptions {
  const shared = withoutPrototype(defaults)
  const { proxyProtocol = shared.proxyProtocol } = given
  const own = given.tls && { options: given.tls, path: [...path, 'tls'] }
  const tls = given.tls === undefined ? shared.tls : own
  return { ...(proxyProtocol && { proxyProtocol }), ...(tls && { tls }) }
}

/** Where to listen. An endpoint without a kind is TCP, on a port that the system picks. */
export function bindingOf(given: CheckedEndpoint, defaults: Socket): ResolvedBinding {
  const { backlog = defaults.backlog, ipv6Only = defaults.ipv6Only, reusePort = defaults.reusePort } = given
  const { port = 0, host, path, mode = PRIVATE, fd, systemd } = given
  if (path !== undefined) return { kind: 'unix', path, mode, backlog }
  if (fd !== undefined) return { kind: 'fd', fd, backlog }
  if (systemd !== undefined) return { kind: 'systemd', name: systemd === true ? undefined : systemd, backlog }
  return { kind: 'tcp', host, port, backlog, ipv6Only, reusePort }
}

/**
 * The argument of `server.add`: an endpoint, or the number of a port.
 *
 * @throws InvalidOptionsError
 */
export function resolveEndpoint(endpoint: unknown, defaults: EndpointDefaults = endpointDefaults): ResolvedEndpoint {
  return resolveCheckedEndpoint(checkOptions(endpointSchema, typeof endpoint === 'number' ? { port: endpoint } : endpoint), defaults)
}
