// The options of the testing kit: of a pair of connections in memory, and of a server in memory, which takes those of
// `listen` but for the places to listen on. Their own lines are few: how bytes travel, what goes wrong on the way, and
// the clock that time limits run on. What they do is in `lib/testing/`.

import type * as z from 'zod/mini'
import { type Clock, LONGEST_TIMER } from '../transport/clock.js'
import { checkOptions, defaultsOf, option, shapeOf, type Table } from './check.js'
import { type ConnectionOptions, type ConnectionSettings, connectionShape, type FlatSettings, settingsOf } from './connection.js'
import { endpointDefaults, entryOf } from './endpoint.js'
import { type FlatService, type ListenOptions, type ListenPlan, serviceOf, serviceShape } from './listen.js'
import { type Lazy, once } from './once.js'
import { bare } from './own.js'
import { record } from './record.js'
import { type ClientTlsOptions, clientTls } from './tls.js'
import { limitFrom, number, value } from './values.js'

/** What goes wrong on the way, after so many bytes of one direction (each direction counts its own). */
export interface PairFaults {
  /** After this many bytes the connection is reset. A whole number ≥ 0. Default: never. */
  resetAfter?: number | undefined
  /** After this many bytes nothing arrives any more, and nobody is told. A whole number ≥ 0. Default: never. */
  stallAfter?: number | undefined
  /** After this many bytes the receiver sees an end of stream. A whole number ≥ 0. Default: never. */
  endAfter?: number | undefined
}

/** The options of `pair`. */
export interface PairOptions {
  /** The connection options of the first of the two. */
  client?: ConnectionOptions | undefined
  /** The connection options of the second of the two. */
  server?: ConnectionOptions | undefined
  /** The most bytes that arrive in one piece, a whole number ≥ 1, or Infinity. Default: Infinity: pieces arrive as they were sent. */
  maxChunk?: number | undefined
  /** How long each piece travels, in ms, ≥ 0. Default: 0: it arrives in the next turn. */
  latency?: number | undefined
  /** Bytes under way in one direction past which the sender waits, a whole number ≥ 1, or Infinity. Default: 64 KiB. */
  highWaterMark?: number | undefined
  /** What goes wrong on the way. Default: nothing. */
  faults?: PairFaults | undefined
  /** What time limits and the latency run on: a `manualClock()`. Default: the machine's clock. */
  clock?: Clock | undefined
}

/** The options of `memoryServer`: those of `listen` that do not say where, and the clock. */
export interface MemoryServerOptions
  extends Omit<ListenOptions, 'port' | 'host' | 'path' | 'mode' | 'fd' | 'systemd' | 'endpoints' | 'backlog' | 'ipv6Only' | 'reusePort'> {
  /** What every time limit of the server and its connections runs on: a `manualClock()`. Default: the machine's clock. */
  clock?: Clock | undefined
}

/** The options of a memory server's `connect`. */
export interface MemoryConnectOptions extends ConnectionOptions {
  /** TLS: `true`, or the options of Node's `tls.connect`. Default: none. */
  tls?: ClientTlsOptions | false | undefined
}

/** What goes wrong on the way; Infinity is never. */
interface Faults {
  resetAfter: number
  stallAfter: number
  endAfter: number
}

interface Way {
  maxChunk: number
  latency: number
  highWaterMark: number
}

/** What `pair` was asked for, with nothing left to check. A `clock` of undefined is the machine's. */
export interface PairPlan extends Way {
  client: ConnectionSettings
  server: ConnectionSettings
  faults: Faults
  clock: Clock | undefined
}

/** What `memoryServer` was asked for, with nothing left to check. A `clock` of undefined is the machine's. */
export interface MemoryServerPlan {
  listen: Omit<ListenPlan, 'endpoints'>
  clock: Clock | undefined
}

const bytes = once(() => limitFrom(0))

const faults: Table<Faults> = {
  resetAfter: option(bytes, Infinity),
  stallAfter: option(bytes, Infinity),
  endAfter: option(bytes, Infinity),
}

const way: Table<Way> = {
  // Whole pieces by default, so that a test is about what it says; 1 is the value for testing a parser.
  maxChunk: option(() => limitFrom(1), Infinity),
  // Not a limit but a delay, so nothing that a timer cannot hold.
  latency: option(() => number(`milliseconds from 0 to ${LONGEST_TIMER}`, (ms) => ms >= 0 && ms <= LONGEST_TIMER), 0),
  // About what a system buffers for a socket, and one piece of Node's.
  highWaterMark: option(() => limitFrom(1), 64 * 1024),
}

const faultDefaults = defaultsOf(faults)
const wayDefaults = defaultsOf(way)

// Where no options are given, there is nothing to inherit either.
const NOTHING = Object.freeze(bare({}))

const clock = once(() =>
  value<Clock>('a clock, as `manualClock()` makes it', (value) => {
    const { now, setTimer } = value as Clock
    return typeof now === 'function' && typeof setTimer === 'function'
  }),
)

interface FlatPair extends Way {
  client: Partial<FlatSettings>
  server: Partial<FlatSettings>
  faults: Partial<Faults>
  clock: Clock
}

const pairSchema: Lazy<z.ZodMiniType<Partial<FlatPair>>> = once(() => {
  const connection = record(connectionShape())
  const schemas = { client: connection, server: connection, ...shapeOf(way), faults: record(shapeOf(faults)), clock: clock() }
  return record<FlatPair>(schemas)
})
const serverSchema: Lazy<z.ZodMiniType<Partial<FlatService & { clock: Clock }>>> = once(() => record({ ...serviceShape(), clock: clock() }))
const connectSchema: Lazy<z.ZodMiniType<Partial<FlatSettings & { tls: ClientTlsOptions | false }>>> = once(() =>
  record({ ...connectionShape(), tls: clientTls() }),
)

/**
 * What `pair(options)` asks for.
 *
 * @throws InvalidOptionsError
 */
export function pairPlan(options: unknown): PairPlan {
  const given: Partial<FlatPair> = options === undefined ? NOTHING : checkOptions(pairSchema(), options)
  return {
    ...wayDefaults,
    ...given,
    client: settingsOf(given.client ?? {}),
    server: settingsOf(given.server ?? {}),
    faults: { ...faultDefaults, ...given.faults },
    clock: given.clock,
  }
}

/**
 * What `memoryServer(options)` asks for.
 *
 * @throws InvalidOptionsError
 */
export function memoryServerPlan(options: unknown): MemoryServerPlan {
  const given: Partial<FlatService & { clock: Clock }> = options === undefined ? NOTHING : checkOptions(serverSchema(), options)
  return { listen: { defaults: { ...endpointDefaults, ...entryOf(given) }, ...serviceOf(given) }, clock: given.clock }
}

/** What a memory server's `connect` was asked for. */
export interface MemoryConnectPlan {
  settings: ConnectionSettings
  tls: ClientTlsOptions | false
}

/**
 * What a memory server's `connect(options)` asks for.
 *
 * @throws InvalidOptionsError
 */
export function memoryConnectPlan(options: unknown): MemoryConnectPlan {
  const given: Partial<FlatSettings & { tls: ClientTlsOptions | false }> =
    options === undefined ? NOTHING : checkOptions(connectSchema(), options)
  return { settings: settingsOf(given), tls: given.tls ?? false }
}
