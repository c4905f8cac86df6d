// Where a server listens: the four kinds of endpoint, what each may say, and what cannot go together. The same lines
// check an endpoint that stands alone in the options of `listen`, one of its list, and one that `server.add` brings.
// Whether an endpoint can be bound is for the listeners in `lib/transport/` to find out.

import type * as z from 'zod/mini'
import { refine } from 'zod/mini'
import type { Issue } from '../errors.js'
import { net } from '../net.js'
import type { ProxyPlan } from '../proxy-protocol/trust.js'
import { checkOptions, defaultsOf, option, type Path, shapeOf, type Table } from './check.js'
import { meantHost, meantPlace } from './meant.js'
import { type Lazy, once } from './once.js'
import { bare } from './own.js'
import { type ProxyProtocolOptions, proxyProtocol } from './proxy-protocol.js'
import { type Given, record, type Shape } from './record.js'
import { type ResolvedTlsOptions, type ServerTlsOptions, serverTls } from './tls.js'
import { flag, IMPOSSIBLE, mismatch, number, value, whole } from './values.js'

/** What endpoints of every kind may say. */
export interface EndpointOptions {
  /** Connections that may wait in the system until they are accepted, a whole number ≥ 0. Default: that of `listen`, 511. */
  backlog?: number | undefined
  /** TLS with these options, or none (`false`), whatever `listen` says. Default: that of `listen`. */
  tls?: ServerTlsOptions | false | undefined
  /** A PROXY header comes first: from everybody, or from those that are trusted. Default: that of `listen`, false. */
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

/** A listening socket that is already open, as a process manager hands it over. */
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

/** Where to listen, with nothing left open. A TCP `host` of undefined is all interfaces, a systemd `name` of undefined all sockets. */
export type ResolvedPlace =
  | { kind: 'tcp'; host: string | undefined; port: number; backlog: number; ipv6Only: boolean; reusePort: boolean }
  | { kind: 'unix'; path: string; mode: number; backlog: number }
  | { kind: 'fd'; fd: number; backlog: number }
  | { kind: 'systemd'; name: string | undefined; backlog: number }

/** What a connection passes that comes by an endpoint, before it may come in. */
export interface ResolvedHandshakeOptions {
  /** Who must send a PROXY header; nobody where it is left out. */
  proxyProtocol?: ProxyPlan
  /** What TLS is served with; none where it is left out. */
  tls?: ResolvedTlsOptions
}

/** An endpoint with nothing left to check. */
export type ResolvedEndpoint = ResolvedPlace & ResolvedHandshakeOptions

/** What sockets that listen have, whatever they are. */
interface Socket {
  backlog: number
  ipv6Only: boolean
  reusePort: boolean
}

/** What endpoints take over from the options of `listen` where they say nothing themselves. */
export type EndpointDefaults = Socket & ResolvedHandshakeOptions

/** The largest number that the system calls take for a descriptor or a backlog; a larger one would wrap around. */
const LARGEST_INT = 2 ** 31 - 1

const shared: Table<Socket> = {
  // Node's own. The system cuts it to its limit (net.core.somaxconn), so more would seldom be more.
  backlog: option(() => whole(0, LARGEST_INT), 511),
  ipv6Only: option(flag, false),
  // Off, since with it two servers started by mistake share their clients instead of one of them failing.
  reusePort: option(flag, false),
}

/** Of the sockets themselves: whoever may open the file may connect, so others are let in by name only. */
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

const A_HOST = 'a host name or an IP address'

// An empty host is one that was forgotten in a configuration, and would open the server to all interfaces. One with a port
// in it, and a URL, would be looked up as it is, and found nowhere.
function host(): z.ZodMiniType<string> {
  const text = value<string>(A_HOST, (value) => typeof value === 'string' && value !== '' && !value.includes(NUL))
  const error = (issue: { input?: unknown }): string => `${mismatch(A_HOST)(issue)}; write ${meantHost(issue.input as string)}`
  return text.check(refine((host) => net().isIP(host) !== 0 || meantHost(host) === undefined, { error, params: IMPOSSIBLE }))
}

/** An endpoint as it is written: the keys of all kinds side by side. */
export interface EndpointInput extends Socket {
  port: number
  host: string
  path: string
  mode: number
  fd: number
  systemd: true | string
  tls: ServerTlsOptions | false
  proxyProtocol: ProxyPlan | false
}

/** The schemas of an endpoint's keys. */
export const endpointShape: Lazy<Shape<EndpointInput>> = once(() => ({
  port: whole(0, 65_535),
  host: host(),
  path: value('a path without NUL (a leading one makes an abstract name, on Linux)', isPath),
  mode: number('a whole number from 0 to 0o777', (mode) => Number.isInteger(mode) && mode >= 0 && mode <= 0o777, meantMode),
  fd: whole(0, LARGEST_INT),
  systemd: value("true or a socket's name", (value) => value === true || (typeof value === 'string' && value !== '')),
  ...shapeOf(shared),
  tls: serverTls(),
  proxyProtocol: proxyProtocol(),
}))

/** What endpoints have where neither they nor `listen` say anything. */
export const endpointDefaults: Readonly<EndpointDefaults> = defaultsOf(shared)

/** One endpoint, alone or of a list. */
export const endpointSchema: Lazy<z.ZodMiniType<Partial<EndpointInput>>> = once(() =>
  record(endpointShape(), endpointContradictions, meantPlace),
)

// The keys that say what kind of endpoint it is. `endpoints` is known here only to say that it goes with none of them.
const kinds = [['port', 'host'], ['path'], ['fd'], ['systemd'], ['endpoints']]

/** What an endpoint, or the options of `listen`, cannot say together. */
export function endpointContradictions(given: Given): Issue[] {
  const issues: Issue[] = []
  const named = kinds.map((names) => names.filter((name) => name in given)).filter((names) => names.length > 0)
  if (named.length > 1) {
    const all = named.flat()
    const message = `expected one place to listen on, got ${all.join(' and ')} (several go to \`endpoints\` of listen)`
    for (const name of all) issues.push({ path: [name], message })
  }
  if ('mode' in given && !('path' in given)) issues.push({ path: ['mode'], message: 'expected together with `path` only' })
  const kind = named.flat()
  const tcp = kind.length === 0 || kind.includes('port') || kind.includes('host') || kind.includes('endpoints')
  return tcp ? issues : [...issues, ...withoutTcp(given)]
}

/** What was said about TCP where there is none. */
export function withoutTcp(given: object): Issue[] {
  const names = ['ipv6Only', 'reusePort'].filter((name) => name in given)
  return names.map((name) => ({ path: [name], message: 'expected together with a TCP endpoint only' }))
}

/** The plan of an endpoint that was checked: where, and what a connection passes there. Its options stand at `path`. */
export function planOf(given: Partial<EndpointInput>, defaults: EndpointDefaults, path: Path = []): ResolvedEndpoint {
  return { ...placeOf(given, defaults), ...entryOf(given, defaults, path) }
}

/** What a connection passes; an endpoint's own `false` stands against what `listen` says. */
export function entryOf(given: Partial<EndpointInput>, defaults: ResolvedHandshakeOptions = {}, path: Path = []): ResolvedHandshakeOptions {
  const shared = bare(defaults)
  const { proxyProtocol = shared.proxyProtocol } = given
  const own = given.tls && { options: given.tls, path: [...path, 'tls'] }
  const tls = given.tls === undefined ? shared.tls : own
  return { ...(proxyProtocol && { proxyProtocol }), ...(tls && { tls }) }
}

/** Where to listen. An endpoint that names no kind is TCP, on a port that the system picks. */
export function placeOf(given: Partial<EndpointInput>, defaults: Socket): ResolvedPlace {
  const { backlog = defaults.backlog, ipv6Only = defaults.ipv6Only, reusePort = defaults.reusePort } = given
  const { port = 0, host, path, mode = PRIVATE, fd, systemd } = given
  if (path !== undefined) return { kind: 'unix', path, mode, backlog }
  if (fd !== undefined) return { kind: 'fd', fd, backlog }
  if (systemd !== undefined) return { kind: 'systemd', name: systemd === true ? undefined : systemd, backlog }
  return { kind: 'tcp', host, port, backlog, ipv6Only, reusePort }
}

/**
 * The plan of the endpoint that `server.add` was given: an endpoint, or the number of a port.
 *
 * @throws InvalidOptionsError
 */
export function endpointPlan(endpoint: unknown, defaults: EndpointDefaults = endpointDefaults): ResolvedEndpoint {
  return planOf(checkOptions(endpointSchema(), typeof endpoint === 'number' ? { port: endpoint } : endpoint), defaults)
}
