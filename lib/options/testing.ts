// The options of the testing kit: of a pair of connections in memory, of a server in memory, which takes those of `listen`
// but for the places to listen on, and of its `connect`, which takes those of the real one but for the place to connect to.
// Their own lines are few: how bytes travel, what goes wrong on the way, where a client comes from, and the clock that time
// limits run on. What they do is in `lib/testing/`.

import type * as z from 'zod/mini'
import type { Address } from '../address.js'
import { type Clock, LONGEST_TIMER } from '../transport/clock.js'
import { addressOrText } from './address.js'
import { checkOptions, defaultsOf, option, shapeOf, type Table } from './check.js'
import { type ConnectOptions, type ReachingInput, type ResolvedConnectOptions, reachingOf, reachingShape } from './connect.js'
import { type ConnectionInput, type ConnectionOptions, connectionShape, type ResolvedConnectionOptions, settingsOf } from './connection.js'
import { endpointDefaults, entryOf } from './endpoint.js'
import { type ListenOptions, type ResolvedListenOptions, type ServiceInput, serviceOf, serviceShape } from './listen.js'
import { type Lazy, once } from './once.js'
import { bare } from './own.js'
import { record } from './record.js'
import { limitFrom, number, value } from './values.js'

/** What goes wrong on the way, after so many bytes of one direction (each direction counts its own; a PROXY header and TLS count too). */
export interface PairFaults {
  /** After this many bytes the connection is reset. A whole number ≥ 0. Default: never. */
  resetAfter?: number | undefined
  /** After this many bytes nothing arrives any more, and nobody is told. A whole number ≥ 0. Default: never. */
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
  /** What goes wrong on the way. Default: nothing. */
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

/** The options of `memoryServer`: those of `listen` that do not say where, and the clock. */
export interface MemoryServerOptions
  extends Omit<ListenOptions, 'port' | 'host' | 'path' | 'mode' | 'fd' | 'systemd' | 'endpoints' | 'backlog' | 'ipv6Only' | 'reusePort'> {
  /** What every time limit of the server and its connections runs on: a `manualClock()`. Default: the machine's clock. */
  clock?: Clock | undefined
}

/**
 * The options of a memory server's `connect`: those of the real one that do not say where, `pair`'s for how bytes travel, and
 * where the client comes from.
 */
export interface MemoryConnectOptions
  extends Omit<ConnectOptions, 'port' | 'host' | 'family' | 'localAddress' | 'localPort' | 'path'>,
    WayOptions {
  /**
   * The address that the client comes from, as an `Address` or as its text (`'192.0.2.1:4000'`, `'[2001:db8::1]:4000'`, a
   * path): `blockList`, `admit`, `maxConnectionsPerAddress` and `proxyProtocol.trust` of the server go by it. Default: that of
   * an unnamed Unix socket, which the server knows no address of.
   */
  remote?: Address | string | undefined
}

/** What goes wrong on the way; Infinity is never. */
interface Faults {
  resetAfter: number
  stallAfter: number
  endAfter: number
}

/** How bytes travel, with nothing left to check. */
export interface ResolvedLinkOptions {
  maxChunk: number
  latency: number
  highWaterMark: number
  faults: Faults
}

/** What `pair` was asked for, with nothing left to check. A `clock` of undefined is the machine's. */
export interface ResolvedPairOptions {
  way: ResolvedLinkOptions
  client: ResolvedConnectionOptions
  server: ResolvedConnectionOptions
  clock: Clock | undefined
}

/** What `memoryServer` was asked for, with nothing left to check. A `clock` of undefined is the machine's. */
export interface ResolvedMemoryServerOptions {
  listen: Omit<ResolvedListenOptions, 'endpoints'>
  clock: Clock | undefined
}

const bytes = once(() => limitFrom(0))

const faults: Table<Faults> = {
  resetAfter: option(bytes, Infinity),
  stallAfter: option(bytes, Infinity),
  endAfter: option(bytes, Infinity),
}

type Speed = Omit<ResolvedLinkOptions, 'faults'>

const speed: Table<Speed> = {
  // Whole pieces by default, so that a test is about what it says; 1 is the value for testing a parser.
  maxChunk: option(() => limitFrom(1), Infinity),
  // Not a limit but a delay, so nothing that a timer cannot hold.
  latency: option(() => number(`milliseconds from 0 to ${LONGEST_TIMER}`, (ms) => ms >= 0 && ms <= LONGEST_TIMER), 0),
  // About what a system buffers for a socket, and one piece of Node's.
  highWaterMark: option(() => limitFrom(1), 64 * 1024),
}

const faultDefaults = defaultsOf(faults)
const speedDefaults = defaultsOf(speed)

// Where no options are given, there is nothing to inherit either.
const NOTHING = Object.freeze(bare({}))

const clock = once(() =>
  value<Clock>('a clock, as `manualClock()` makes it', (value) => {
    const { now, setTimer } = value as Clock
    return typeof now === 'function' && typeof setTimer === 'function'
  }),
)

const PLACES: readonly string[] = ['port', 'host', 'path', 'fd', 'systemd', 'endpoints']

interface LinkInput extends Speed {
  faults: Partial<Faults>
}

const wayShape = once(() => ({ ...shapeOf(speed), faults: record(shapeOf(faults)) }))

function wayOf(given: Partial<LinkInput>): ResolvedLinkOptions {
  const { maxChunk, latency, highWaterMark } = { ...speedDefaults, ...given }
  return { maxChunk, latency, highWaterMark, faults: { ...faultDefaults, ...given.faults } }
}

interface PairInput extends LinkInput {
  client: Partial<ConnectionInput>
  server: Partial<ConnectionInput>
  clock: Clock
}

const pairSchema: Lazy<z.ZodMiniType<Partial<PairInput>>> = once(() => {
  const ofConnection = connectionShape()
  const ofPair = { ...wayShape(), clock: clock() }
  const connection = record(ofConnection, undefined, undefined, (key) =>
    Object.hasOwn(ofPair, key) ? `it stands beside \`client\` and \`server\`: write { server: { … }, ${key} }` : undefined,
  )
  return record<PairInput>({ client: connection, server: connection, ...ofPair }, undefined, undefined, (key) =>
    Object.hasOwn(ofConnection, key) ? `it is an option of \`client\` or \`server\`: write { server: { ${key} } }` : undefined,
  )
})
const serverSchema: Lazy<z.ZodMiniType<Partial<ServiceInput & { clock: Clock }>>> = once(() =>
  record({ ...serviceShape(), clock: clock() }, undefined, undefined, (key) =>
    PLACES.includes(key) ? 'a server in memory listens nowhere: its clients come by its own `connect`' : undefined,
  ),
)

interface ConnectInput extends LinkInput, ReachingInput {
  remote: Address
}

const connectSchema: Lazy<z.ZodMiniType<Partial<ConnectInput>>> = once(() =>
  record<ConnectInput>({ ...reachingShape(), ...wayShape(), remote: addressOrText() }),
)

/**
 * What `pair(options)` asks for.
 *
 * @throws InvalidOptionsError
 */
export function pairPlan(options: unknown): ResolvedPairOptions {
  const given: Partial<PairInput> = options === undefined ? NOTHING : checkOptions(pairSchema(), options)
  return { way: wayOf(given), client: settingsOf(given.client ?? {}), server: settingsOf(given.server ?? {}), clock: given.clock }
}

/**
 * What `memoryServer(options)` asks for.
 *
 * @throws InvalidOptionsError
 */
export function memoryServerPlan(options: unknown): ResolvedMemoryServerOptions {
  const given: Partial<ServiceInput & { clock: Clock }> = options === undefined ? NOTHING : checkOptions(serverSchema(), options)
  return { listen: { defaults: { ...endpointDefaults, ...entryOf(given) }, ...serviceOf(given) }, clock: given.clock }
}

/** What a memory server's `connect` was asked for. A `remote` of undefined is an unnamed Unix socket. */
export interface ResolvedMemoryConnectOptions extends ResolvedConnectOptions {
  way: ResolvedLinkOptions
  remote: Address | undefined
}

/**
 * What a memory server's `connect(options)` asks for.
 *
 * @throws InvalidOptionsError
 */
export function memoryConnectPlan(options: unknown): ResolvedMemoryConnectOptions {
  const given: Partial<ConnectInput> = options === undefined ? NOTHING : checkOptions(connectSchema(), options)
  return { destination: { kind: 'unix', path: '' }, ...reachingOf(given), way: wayOf(given), remote: given.remote }
}
