// The options of `connect`: where to, the time limit, the PROXY header, TLS, and the options of the connection. Also what cannot go
// together. Names are looked up later.

import type { Connection } from '../connection/connection.js'
import type { Issue } from '../errors.js'
import { net } from '../net.js'
import type { HeaderContents } from '../proxy-protocol/build.js'
import { type ConnectionOptions, connectionShape, type ResolvedConnectionOptions, settingsOf } from './connection.js'
import { endpointShape } from './endpoint.js'
import { type ProxyHeaderOptions, proxyHeader } from './proxy-protocol.js'
import { type Checked, checkOptions, type Replaced, type Rules, type Shape, strictObject } from './schema.js'
import { meantPlace } from './suggestion.js'
import { type ClientTlsOptions, clientTls } from './tls.js'
import { abortSignal, time, value, whole } from './values.js'

/** The options of `connect`: a TCP `port` or a Unix socket's `path`, and the options of the connection. */
export interface ConnectOptions extends ConnectionOptions {
  /** A TCP port, 1 to 65535. */
  port?: number | undefined
  /** With `port`: a name, all of whose addresses are tried, or an IP address. Default: `'localhost'`. */
  host?: string | undefined
  /** With `port`: 4 or 6 tries the host's IPv4 or IPv6 addresses alone. Default: 0, both. */
  family?: 0 | 4 | 6 | undefined
  /** With `port`: the IP address of this machine to connect from, to addresses of its family. Default: the system's choice. */
  localAddress?: string | undefined
  /** With `port`: the port to connect from, 0 to 65535. Default: 0, the system's choice. */
  localPort?: number | undefined
  /** A Unix socket's path, instead of a port; on Linux also an abstract name, which begins with `\0`. */
  path?: string | undefined
  /**
   * TLS: `true`, or the options of Node's `tls.connect` as they are. The server's certificate is verified against `servername`
   * (default: `host`), unless `rejectUnauthorized` is false. Default: none.
   */
  tls?: ClientTlsOptions | false | undefined
  /**
   * A PROXY header is sent first, before TLS: one that passes this connection on (its `remote`, and the destination in its own
   * PROXY header or else its `local`), or one with this content. Default: none.
   */
  proxyProtocol?: Connection | ProxyHeaderOptions | false | undefined
  /**
   * The longest that name lookup, connecting and the TLS handshake may take together, in ms, > 0. Default: 30 000, in which a
   * lost first packet is sent again four times.
   */
  timeout?: number | undefined
  /** Cancels all of that with its reason. It has no effect once connected. */
  signal?: AbortSignal | undefined
}

/** 4 or 6: IPv4 or IPv6 alone; 0: both. */
export type Family = 0 | 4 | 6

// The first packet is sent again after 1, 3, 7 and 15 seconds. A host that has not answered the last of these does not answer; Linux
// would go on for two minutes.
const TIMEOUT = 30_000

/** Where `connect` goes. */
export type Destination =
  | { kind: 'tcp'; host: string; port: number; family: Family; localAddress: string | undefined; localPort: number | undefined }
  | { kind: 'unix'; path: string }

/** The options of `connect` with a value for each. */
export interface ResolvedConnectOptions {
  destination: Destination
  /** The TLS options, not loaded yet. */
  tls: ClientTlsOptions | undefined
  /** The PROXY header that is sent first; its version may not be able to say it. */
  header: HeaderContents | undefined
  timeout: number
  signal: AbortSignal | undefined
  connection: ResolvedConnectionOptions
}

const TCP_ONLY = ['port', 'host', 'family', 'localAddress', 'localPort'] as const

/** The options of `connect` as its schemas make them. */
export type ConnectKeys = Replaced<ConnectOptions, { proxyProtocol?: HeaderContents | false }>

/** The options of `connect` but for where it goes. */
export type ReachingKeys = Omit<ConnectKeys, (typeof TCP_ONLY)[number] | 'path'>

/** The schemas of these options; also those of a memory server's `connect`. */
export const reachingShape: Shape<ReachingKeys> = {
  tls: clientTls,
  proxyProtocol: proxyHeader,
  timeout: time,
  signal: abortSignal,
  ...connectionShape,
}

/** These options, completed by the defaults. */
export function reachingOf(given: Checked<ReachingKeys>): Omit<ResolvedConnectOptions, 'destination'> {
  const { tls, proxyProtocol, timeout = TIMEOUT, signal } = given
  return { tls: tls || undefined, header: proxyProtocol || undefined, timeout, signal, connection: settingsOf(given) }
}

/** The schemas of all options of `connect`; also those of `reconnect`. */
export const connectShape: Shape<ConnectKeys> = {
  // No server has port 0. It means any port to a server; here it is one that was never set.
  port: whole(1, 65_535),
  host: endpointShape.host,
  family: value('0, 4 or 6', (family) => family === 0 || family === 4 || family === 6),
  localAddress: value('an IP address', (address) => typeof address === 'string' && net().isIP(address) !== 0),
  localPort: endpointShape.port,
  path: endpointShape.path,
  ...reachingShape,
}

/** What holds for these options beyond each alone. */
export const connectRules: Rules<ConnectKeys> = { contradictions, meant: meantPlace }

const schema = strictObject<ConnectKeys>(connectShape, connectRules)

function contradictions(given: Checked<ConnectKeys>): Issue[] {
  if ('path' in given)
    return TCP_ONLY.filter((name) => name in given).map((name) => ({
      path: [name],
      message: 'expected no `path` beside it: a Unix socket has only that',
    }))
  const issues: Issue[] = []
  if (!('port' in given)) issues.push({ path: ['port'], message: 'expected a port, or the `path` of a Unix socket' })
  const { family = 0, localAddress } = given
  if (family !== 0 && localAddress !== undefined && net().isIP(localAddress) !== family)
    issues.push({ path: ['localAddress'], message: `expected an IPv${family} address, as \`family\` says` })
  return issues
}

/**
 * The argument of `connect`, completed by the defaults.
 *
 * @throws InvalidOptionsError
 */
export function resolveConnectOptions(options: unknown): ResolvedConnectOptions {
  return resolveCheckedConnectOptions(checkOptions(schema, options))
}

/** Checked options of `connect`, completed by the defaults. */
export function resolveCheckedConnectOptions(given: Checked<ConnectKeys>): ResolvedConnectOptions {
  return { destination: destinationOf(given), ...reachingOf(given) }
}

function destinationOf({ path, port, host = 'localhost', family = 0, localAddress, localPort }: Checked<ConnectKeys>): Destination {
  if (path !== undefined) return { kind: 'unix', path }
  // Only an address of its own family can be reached from a local address.
  const reachable = localAddress === undefined ? family : (net().isIP(localAddress) as Family)
  return { kind: 'tcp', host, port: port as number, family: reachable, localAddress, localPort }
}
