// The options of `connect`: where to, in how much time, what goes first, and what the connection has. Its own lines are
// here, those of every connection in `connection.ts`; and what cannot go together. What comes out is a plan with nothing
// left to check, but for names that have to be looked up.

import type * as z from 'zod/mini'
import type { Connection } from '../connection/connection.js'
import type { Issue } from '../errors.js'
import { net } from '../net.js'
import type { HeaderContents } from '../proxy-protocol/build.js'
import { checkOptions } from './check.js'
import { type ConnectionInput, type ConnectionOptions, connectionShape, type ResolvedConnectionOptions, settingsOf } from './connection.js'
import { endpointShape } from './endpoint.js'
import { meantPlace } from './meant.js'
import { type Lazy, once } from './once.js'
import { type ProxyHeaderOptions, proxyHeader } from './proxy-header.js'
import { type Given, record, type Shape } from './record.js'
import { type ClientTlsOptions, clientTls } from './tls.js'
import { abortSignal, time, value, whole } from './values.js'

/** The options of `connect`: a TCP `port` or a Unix socket's `path`, and what the connection shall have. */
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
   * A PROXY header goes first, before TLS: one that passes this connection on (its `remote`; and what it connected to: the
   * destination in its own PROXY header, or its `local`), or one said outright. Default: none.
   */
  proxyProtocol?: Connection | ProxyHeaderOptions | false | undefined
  /**
   * The longest that looking up, connecting and the TLS handshake may take together, in ms, > 0. Default: 30 000, in
   * which a first packet that is lost is sent again four times.
   */
  timeout?: number | undefined
  /** Cancels all of that with its reason. It has no effect any more once connected. */
  signal?: AbortSignal | undefined
}

/** 4 or 6: IPv4 or IPv6 alone; 0: both. */
export type Family = 0 | 4 | 6

// The first packet is sent again after 1, 3, 7 and 15 seconds: who has not answered the last of these does not answer. Linux
// itself would try for two minutes.
const TIMEOUT = 30_000

/** Where `connect` goes. */
export type Destination =
  | { kind: 'tcp'; host: string; port: number; family: Family; localAddress: string | undefined; localPort: number | undefined }
  | { kind: 'unix'; path: string }

/** What `connect` was asked for, with nothing left to check. */
export interface ResolvedConnectOptions {
  destination: Destination
  /** What TLS is asked for with; whether that loads is not known yet. */
  tls: ClientTlsOptions | undefined
  /** The PROXY header that goes first; whether its version can say that is not known yet. */
  header: HeaderContents | undefined
  timeout: number
  signal: AbortSignal | undefined
  connection: ResolvedConnectionOptions
}

/** The options of `connect` that have nothing to do with where it goes, when each is given. */
export interface ReachingInput extends ConnectionInput {
  tls: ClientTlsOptions | false
  proxyProtocol: HeaderContents | false
  timeout: number
  signal: AbortSignal
}

/** The schemas of these options; also those of a memory server's `connect`. */
export const reachingShape: Lazy<Shape<ReachingInput>> = once(() => ({
  tls: clientTls(),
  proxyProtocol: proxyHeader(),
  timeout: time(),
  signal: abortSignal(),
  ...connectionShape(),
}))

/** The plan of these options. */
export function reachingOf(given: Partial<ReachingInput>): Omit<ResolvedConnectOptions, 'destination'> {
  const { tls, proxyProtocol, timeout = TIMEOUT, signal } = given
  return { tls: tls || undefined, header: proxyProtocol || undefined, timeout, signal, connection: settingsOf(given) }
}

interface FlatConnect extends ReachingInput {
  port: number
  host: string
  family: Family
  localAddress: string
  localPort: number
  path: string
}

const schema: Lazy<z.ZodMiniType<Partial<FlatConnect>>> = once(() => {
  const { host, path, port } = endpointShape()
  const shape: Shape<FlatConnect> = {
    // No server has port 0; it means "any" to those who listen, and here it is one that was never set.
    port: whole(1, 65_535),
    host,
    family: value('0, 4 or 6', (family) => family === 0 || family === 4 || family === 6),
    localAddress: value('an IP address', (address) => typeof address === 'string' && net().isIP(address) !== 0),
    localPort: port,
    path,
    ...reachingShape(),
  }
  return record(shape, contradictions, meantPlace)
})

const TCP_ONLY = ['port', 'host', 'family', 'localAddress', 'localPort']

/** What `connect` must be told, and what it cannot be told together. */
function contradictions(given: Given): Issue[] {
  const tcp = TCP_ONLY.filter((name) => name in given)
  if ('path' in given) return tcp.map((name) => ({ path: [name], message: 'expected no `path` beside it: a Unix socket has only that' }))
  const issues: Issue[] = []
  if (!('port' in given)) issues.push({ path: ['port'], message: 'expected a port, or the `path` of a Unix socket' })
  const { family, localAddress } = given
  if ((family === 4 || family === 6) && typeof localAddress === 'string' && ![0, family].includes(net().isIP(localAddress)))
    issues.push({ path: ['localAddress'], message: `expected an IPv${family} address, as \`family\` says` })
  return issues
}

/**
 * What `connect(options)` asks for.
 *
 * @throws InvalidOptionsError
 */
export function connectPlan(options: unknown): ResolvedConnectOptions {
  const given = checkOptions(schema(), options)
  return { destination: destinationOf(given), ...reachingOf(given) }
}

function destinationOf({ path, port, host = 'localhost', family = 0, localAddress, localPort }: Partial<FlatConnect>): Destination {
  if (path !== undefined) return { kind: 'unix', path }
  // Only an address of its own family can be reached from a local address.
  const reachable = localAddress === undefined ? family : (net().isIP(localAddress) as Family)
  return { kind: 'tcp', host, port: port as number, family: reachable, localAddress, localPort }
}
