// The options of the testing kit: of a pair of connections in memory; of a server in memory, which takes those of `listen` but for where
// it listens; and of its `connect`, which takes those of the real one but for where it goes. Their own options are how bytes travel,
// which faults the link has, the address of a client, and the clock that time limits run on. What they do is in `lib/testing/`.

import type { Address } from '../address.js'
import { type Clock, LONGEST_TIMER } from '../transport/clock.js'
import { type ConnectOptions, type ReachingKeys, type ResolvedConnectOptions, reachingOf, reachingShape } from './connect.js'
import { type ConnectionOptions, connectionShape, type ResolvedConnectionOptions, settingsOf } from './connection.js'
import { endpointDefaults, handshakeOptionsOf } from './endpoint.js'
import { type ListenOptions, type ResolvedListenOptions, type ServiceKeys, serviceOf, serviceShape } from './listen.js'
import { addressOrText } from './proxy-protocol.js'
import {
  type Checked,
  checkOptions,
  defaultsOf,
  option,
  type Replaced,
  type Resolved,
  type Shape,
  shapeOf,
  strictObject,
  type Table,
} from './schema.js'
import { clock, limitFrom, number } from './values.js'

/** Faults of the link, after so many bytes of one direction (each direction counts its own; a PROXY header and TLS count too). */
export interface PairFaults {
  /** After this many bytes the connection is reset. A whole number ≥ 0. Default: never. */
  resetAfter?: number | undefined
  /** After this many bytes nothing arrives any more, without an error on either side. A whole number ≥ 0. Default: never. */
  stallAfter?: number | undefined
  /** After this many bytes the receiver sees an end of stream. A whole number ≥ 0. Default: never. */
  endAfter?: number | undefined
}

/** How bytes travel in memory, in both directions. */
export interface WayOptions {
  /** The most bytes that arrive in one piece, a whole number ≥ 1, or Infinity. Default: Infinity: pieces arrive as they were sent. */
  maxChunk?: number | undefined
  /** How long each piece travels, in ms, ≥ 0. Default: 0: it arrives in the next turn. */
  latency?: number | undefined
  /** Bytes under way in one direction past which the sender waits, a whole number ≥ 1, or Infinity. Default: 64 KiB. */
  highWaterMark?: number | undefined
  /** Faults of the link. Default: none. */
  faults?: PairFaults | undefined
}

/** The options of `pair`. */
export interface PairOptions extends WayOptions {
  /** The connection options of the first of the two. */
  client?: ConnectionOptions | undefined
  /** The connection options of the second of the two. */
  server?: ConnectionOptions | undefined
  /** What time limits and the latency run on: a `manualClock()`. Default: the machine's clock. */
  clock?: Clock | undefined
}

/** The options of `memoryServer`: those of `listen` but for where it listens, and the clock. */
export interface MemoryServerOptions
  extends Omit<ListenOptions, 'port' | 'host' | 'path' | 'mode' | 'fd' | 'systemd' | 'endpoints' | 'backlog' | 'ipv6Only' | 'reusePort'> {
  /** What every time limit of the server and its connections runs on: a `manualClock()`. Default: the machine's clock. */
  clock?: Clock | undefined
}

/**
 * The options of a memory server's `connect`: those of the real one but for where it goes, `pair`'s for how bytes travel, and
 * the address of the client.
 */
export interface MemoryConnectOptions
  extends Omit<ConnectOptions, 'port' | 'host' | 'family' | 'localAddress' | 'localPort' | 'path'>,
    WayOptions {
  /**
   * The address that the client comes from, as an `Address` or as its text (`'192.0.2.1:4000'`, `'[2001:db8::1]:4000'`, a
   * path): `blockList`, `admit`, `maxConnectionsPerAddress` and `proxyProtocol.trust` of the server go by it. Default: that of
   * an unnamed Unix socket.
   */
  remote?: Address | string | undefined
}

type Faults = Resolved<PairFaults>
type Speed = Resolved<Omit<WayOptions, 'faults'>>

/** How bytes travel, with a value for each option. A fault of Infinity never occurs. */
export interface ResolvedLinkOptions extends Speed {
  faults: Faults
}

/** The options of `pair` with a value for each. A `clock` of undefined is the machine's. */
export interface ResolvedPairOptions {
  way: ResolvedLinkOptions
  client: ResolvedConnectionOptions
  server: ResolvedConnectionOptions
  clock: Clock | undefined
}

/** The options of `memoryServer` with a value for each. A `clock` of undefined is the machine's. */
export interface ResolvedMemoryServerOptions {
  listen: Omit<ResolvedListenOptions, 'endpoints'>
  clock: Clock | undefined
}

/** The options of a memory server's `connect` with a value for each. A `remote` of undefined is an unnamed Unix socket. */
export interface ResolvedMemoryConnectOptions extends ResolvedConnectOptions {
  way: ResolvedLinkOptions
  remote: Address | undefined
}

const never = option(limitFrom(0), Infinity)
const faults: Table<Faults> = { resetAfter: never, stallAfter: never, endAfter: never }

const size = limitFrom(1)
const speed: Table<Speed> = {
  // Whole pieces, so that a test is about what it says; 1 is the value for testing a parser.
  maxChunk: option(size, Infinity),
  // Not a limit but a delay: it must fit into a timer.
  latency: option(
    number(`milliseconds from 0 to ${LONGEST_TIMER}`, (ms) => ms >= 0 && ms <= LONGEST_TIMER),
    0,
  ),
  // About what a system buffers for a socket, and one piece of Node's.
  highWaterMark: option(size, 64 * 1024),
}

const faultDefaults = defaultsOf(faults)
const speedDefaults = defaultsOf(speed)

type LinkKeys = Replaced<WayOptions, { faults?: Checked<PairFaults> }>

const linkShape: Shape<LinkKeys> = { ...shapeOf(speed), faults: strictObject<PairFaults>(shapeOf(faults)) }

function linkOf(given: Checked<LinkKeys>): ResolvedLinkOptions {
  const { maxChunk, latency, highWaterMark } = { ...speedDefaults, ...given }
  return { maxChunk, latency, highWaterMark, faults: { ...faultDefaults, ...given.faults } }
}

const ofPair = { ...linkShape, clock }

const ofSide = strictObject<ConnectionOptions>(connectionShape, {
  elsewhere: (key) =>
    Object.hasOwn(ofPair, key) ? `it stands beside \`client\` and \`server\`: write { server: { … }, ${key} }` : undefined,
})

const pairSchema = strictObject<
  Replaced<PairOptions, LinkKeys & { client?: Checked<ConnectionOptions>; server?: Checked<ConnectionOptions> }>
>(
  { client: ofSide, server: ofSide, ...ofPair },
  {
    elsewhere: (key) =>
      Object.hasOwn(connectionShape, key) ? `it is an option of \`client\` or \`server\`: write { server: { ${key} } }` : undefined,
  },
)

const PLACES: readonly string[] = ['port', 'host', 'path', 'fd', 'systemd', 'endpoints']

const serverSchema = strictObject<ServiceKeys & Pick<MemoryServerOptions, 'clock'>>(
  { ...serviceShape, clock },
  {
    elsewhere: (key) => (PLACES.includes(key) ? 'a server in memory listens nowhere: its clients come by its own `connect`' : undefined),
  },
)

const connectSchema = strictObject<ReachingKeys & LinkKeys & { remote?: Address }>({
  ...reachingShape,
  ...linkShape,
  remote: addressOrText,
})

/**
 * The argument of `pair`, completed by the defaults.
 *
 * @throws InvalidOptionsError
 */
export function resolvePairOptions(options: unknown = {}): ResolvedPairOptions {
  const given = checkOptions(pairSchema, options)
  return { way: linkOf(given), client: settingsOf(given.client), server: settingsOf(given.server), clock: given.clock }
}

/**
 * The argument of `memoryServer`, completed by the defaults.
 *
 * @throws InvalidOptionsError
 */
export function resolveMemoryServerOptions(options: unknown = {}): ResolvedMemoryServerOptions {
  const given = checkOptions(serverSchema, options)
  return { listen: { defaults: { ...endpointDefaults, ...handshakeOptionsOf(given) }, ...serviceOf(given) }, clock: given.clock }
}

/**
 * The argument of a memory server's `connect`, completed by the defaults.
 *
 * @throws InvalidOptionsError
 */
export function resolveMemoryConnectOptions(options: unknown = {}): ResolvedMemoryConnectOptions {
  const given = checkOptions(connectSchema, options)
  return { destination: { kind: 'unix', path: '' }, ...reachingOf(given), way: linkOf(given), remote: given.remote }
}
