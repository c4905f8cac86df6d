// The options of one connection (`listen`, `connect`, `pair`, `memoryServer`, `Connection.from`), each in one line of a table: what fits,
// its default, and the reason for it. The limits that `connection.setLimits` changes are a table of their own. What the options do is in
// `lib/connection/`.

import type * as z from 'zod/mini'
import { withoutPrototype } from './own.js'
import {
  type Checked,
  checkArgument,
  checkOptions,
  defaultsOf,
  option,
  type Path,
  type Resolved,
  type Shape,
  shapeOf,
  strictObject,
  type Table,
} from './schema.js'
import { flag, limitFrom, time, timeOrZero, wholeFrom } from './values.js'

/** The limits of one connection, as `connection.limits` shows them. Sizes in bytes, times in milliseconds; Infinity is none. */
export interface ConnectionLimits {
  maxBufferSize: number
  readHighWaterMark: number
  writeHighWaterMark: number
  maxWriteBuffer: number
  readTimeout: number
  idleTimeout: number
  writeTimeout: number
}

/** What `connection.setLimits` takes; an option that is left out, or `undefined`, stays as it is. */
export type LimitChanges = { [K in keyof ConnectionLimits]?: number | undefined }

/** The options of a connection. A time of Infinity, or beyond a timer's range (2^31 − 1 ms), is no limit. */
export interface ConnectionOptions {
  /**
   * The most bytes that one read may gather, its delimiter included; `maxBytes` of a read replaces it. A whole number ≥ 1, or
   * Infinity. Default: 1 MiB, which holds any sensible message, and a thousand malicious peers fill 1 GiB of it at most.
   */
  maxBufferSize?: number | undefined
  /**
   * Bytes that are read ahead of the program. Past it the socket is paused, and TCP pauses the peer. A whole number ≥ 1, or
   * Infinity. Default: 64 KiB, which Node reads in one piece.
   */
  readHighWaterMark?: number | undefined
  /**
   * Queued bytes past which `write()` waits. A whole number ≥ 1, or Infinity. Default: 64 KiB, enough to keep the system busy
   * while the program makes the next piece.
   */
  writeHighWaterMark?: number | undefined
  /**
   * Queued bytes at which a further `write()` aborts the connection: the peer is a slow consumer. A whole number ≥ 1, or
   * Infinity. Default: 16 MiB, which only a program that does not await its writes can queue.
   */
  maxWriteBuffer?: number | undefined
  /**
   * The longest that a message may take once it has begun, in ms, > 0. Default: none, since the length of a message depends
   * on the program. Set it on every server that strangers can reach.
   */
  readTimeout?: number | undefined
  /**
   * The longest wait for the first byte of a new message, in ms, > 0. Default: none, since it depends on the program: a chat
   * may be silent for hours, a request should not be.
   */
  idleTimeout?: number | undefined
  /**
   * The longest that queued bytes may make no progress, in ms, > 0. Then the connection is cut. Progress is what the peer
   * takes, if the system shows that (TCP and TLS on Linux), else what the system takes. Default: 60 000. A peer that takes
   * nothing for a minute is lost in any protocol, and without a limit its queued bytes would stay in memory.
   */
  writeTimeout?: number | undefined
  /**
   * The longest that PROXY header, `admit` and TLS handshake may take together, in ms, > 0; and each `startTls`, from the end of its
   * flush, which `writeTimeout` bounds. Default: 10 000, which is enough for a slow phone.
   */
  handshakeTimeout?: number | undefined
  /**
   * In `connection.close()`: the longest that queued bytes may make no progress, and then, once, the longest that the peer
   * may take to end, in ms, ≥ 0. Progress is as in `writeTimeout`, which holds too. Default: 5 000, which is enough for a slow
   * network and short enough for a shutdown.
   */
  closeTimeout?: number | undefined
  /**
   * False: the peer's end of stream ends the connection. Default: true, so that a client that ends its side after its request
   * still gets its answer. (Node's default, false, cuts that answer off.)
   */
  allowHalfOpen?: boolean | undefined
  /**
   * Sends small pieces at once (TCP_NODELAY). Default: true, since the writes of one turn are sent together anyway, and
   * Nagle's algorithm would add up to 40 ms to the last piece of each answer.
   */
  noDelay?: boolean | undefined
  /** Lets the system probe a silent peer (SO_KEEPALIVE). Default: false, as in `net`; `idleTimeout` is more reliable. */
  keepAlive?: boolean | undefined
  /** With `keepAlive`: the silence before the first probe, in ms, a whole number ≥ 0. Default: 0, the system's own setting. */
  keepAliveInitialDelay?: number | undefined
}

type Rest = Resolved<Omit<ConnectionOptions, keyof ConnectionLimits>>

/** The options of a connection with a value for each. Times are in milliseconds; Infinity is none. */
export interface ResolvedConnectionOptions extends Rest {
  limits: ConnectionLimits
}

const KIB = 1024
const MIB = 1024 * KIB
const size = limitFrom(1)

const limits: Table<ConnectionLimits> = {
  // Node has no limit, Python's asyncio has 64 KiB for a line, which real headers exceed. This one is on by default, since a program
  // without a limit of its own is the one that needs it.
  maxBufferSize: option(size, MIB),
  // libuv hands over at most 64 KiB at a time: less than that would pause after every chunk, more only costs memory.
  readHighWaterMark: option(size, 64 * KIB),
  // As for reading. (Node's streams have 16 KiB, 64 KiB from version 22 on.)
  writeHighWaterMark: option(size, 64 * KIB),
  // 256 high-water marks: far beyond what awaited writes queue, also with a few of them at once.
  maxWriteBuffer: option(size, 16 * MIB),
  readTimeout: option(time, Infinity),
  idleTimeout: option(time, Infinity),
  // No progress at all, not slowness: a peer that takes a byte a minute is not cut. So the limit can be shorter than the time in which
  // Linux gives up on unacknowledged data (15 minutes).
  writeTimeout: option(time, 60_000),
}

const rest: Table<Rest> = {
  closeTimeout: option(timeOrZero, 5_000),
  // Two or three round trips and one retransmission, with plenty to spare. Node's is 120 s, in which silent clients hold connections.
  handshakeTimeout: option(time, 10_000),
  // Decision: docs/decisions/the-peers-end-is-not-ours.md
  allowHalfOpen: option(flag, true),
  noDelay: option(flag, true),
  keepAlive: option(flag, false),
  keepAliveInitialDelay: option(wholeFrom(0), 0),
}

const limitShape = shapeOf(limits)

/** The schemas of all connection options. */
export const connectionShape: Shape<ConnectionOptions> = { ...limitShape, ...shapeOf(rest) }

const limitDefaults = defaultsOf(limits)
const restDefaults = defaultsOf(rest)

/** The options of a connection that was given none. */
export const defaultConnectionOptions: ResolvedConnectionOptions = Object.freeze({ limits: limitDefaults, ...restDefaults })

/** Checked options, completed by the defaults; other members of `given` are left out. */
export function settingsOf(given: Checked<ConnectionOptions> = withoutPrototype({})): ResolvedConnectionOptions {
  return { limits: chosen(given, limitDefaults), ...chosen(given, restDefaults) }
}

function chosen<T extends object>(given: Partial<T>, defaults: T): T {
  return Object.fromEntries(Object.entries(defaults).map(([name, fallback]) => [name, given[name as keyof T] ?? fallback])) as T
}

const connection: z.ZodMiniType<Checked<ConnectionOptions>> = strictObject(connectionShape)
const limitChanges: z.ZodMiniType<Checked<ConnectionLimits>> = strictObject(limitShape)

/**
 * The options of a connection, completed by the defaults.
 *
 * @throws InvalidOptionsError whose issues' paths begin with `path`
 */
export function resolveConnectionOptions(options: unknown = {}, path: Path = []): ResolvedConnectionOptions {
  return settingsOf(checkOptions(connection, options, path))
}

/**
 * The limits after `connection.setLimits(changes)`, as a new object.
 *
 * @throws TypeError for a value that is no object of options, a member of a wrong type, or an unknown key
 * @throws RangeError for an impossible value
 */
export function changedLimits(current: ConnectionLimits, changes: unknown): ConnectionLimits {
  return { ...current, ...checkArgument(limitChanges, changes) }
}
