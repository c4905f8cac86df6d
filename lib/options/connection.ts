// The options of one connection, wherever it comes from (`listen`, `pair`, `memoryServer`), each in one line of a table:
// what fits, its default, and the reason for it. The part that `connection.setLimits` can change is a table of its own,
// checked by the same lines. This says what the options are; what they do is in `lib/connection/`.

import type * as z from 'zod/mini'
import { checkArgument, checkOptions, defaultsOf, option, type Path, shapeOf, type Table } from './check.js'
import { type Lazy, once } from './once.js'
import { record, type Shape } from './record.js'
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

/** What `connection.setLimits` takes; what is left out, or `undefined`, stays as it is. */
export type LimitChanges = { [K in keyof ConnectionLimits]?: number | undefined }

/** The options of a connection. A time of Infinity, or beyond a timer's range (2^31 − 1 ms), is no limit. */
export interface ConnectionOptions {
  /**
   * The most bytes that one read may gather, its delimiter included; a read may say otherwise by `maxBytes`. A whole
   * number ≥ 1, or Infinity. Default: 1 MiB, which holds any sensible message and which a thousand malicious peers can
   * fill without filling the machine.
   */
  maxBufferSize?: number | undefined
  /**
   * Bytes that are read ahead of the program; past it the socket is paused, and so, by TCP, the peer. A whole number ≥ 1,
   * or Infinity. Default: 64 KiB, what Node reads in one piece.
   */
  readHighWaterMark?: number | undefined
  /**
   * Queued bytes past which `write()` waits. A whole number ≥ 1, or Infinity. Default: 64 KiB, enough to keep the system
   * busy while the program makes the next piece.
   */
  writeHighWaterMark?: number | undefined
  /**
   * Queued bytes at which a further `write()` aborts the connection: nobody waits for a consumer this slow. A whole
   * number ≥ 1, or Infinity. Default: 16 MiB, since only a program that does not await its writes ever gets there.
   */
  maxWriteBuffer?: number | undefined
  /**
   * The longest that a message may take once it has begun, in ms, > 0. Default: none, since only the program knows how
   * long its messages are; set it on every server that strangers can reach.
   */
  readTimeout?: number | undefined
  /**
   * The longest wait for the first byte of a new message, in ms, > 0. Default: none, since a chat may be silent for hours
   * and a request should not be; only the program knows which it is.
   */
  idleTimeout?: number | undefined
  /**
   * The longest that queued bytes may make no progress, in ms, > 0; then the connection is cut. Progress is what the peer
   * takes, as far as the system shows that (TCP and TLS on Linux); elsewhere it is what the system takes. Default: 60 000: a peer
   * that takes nothing for a minute is gone, in any protocol, and without a limit it would hold its memory for ever.
   */
  writeTimeout?: number | undefined
  /**
   * PROXY header, `admit` and TLS handshake together, in ms, > 0; and each `startTls`. Default: 10 000, which a slow phone
   * makes and which a client that says nothing does not outlast. A `startTls` has it from the end of its flush on, which
   * `writeTimeout` bounds.
   */
  handshakeTimeout?: number | undefined
  /**
   * In `connection.close()`: the longest that queued bytes may make no progress, and then, once, the longest that the peer
   * may take to end, in ms, ≥ 0. Progress is as in `writeTimeout`, which goes on too. Default: 5 000: long enough for a slow way, short enough for a shutdown.
   */
  closeTimeout?: number | undefined
  /**
   * False: the peer's end of stream ends the connection. Default: true, so that a client which ends its side once it has
   * asked still gets its answer. (Node's own default is false, and cuts that answer off.)
   */
  allowHalfOpen?: boolean | undefined
  /**
   * Sends small pieces at once (TCP_NODELAY). Default: true: what is written in one turn leaves together anyway, and
   * Nagle's algorithm would only add up to 40 ms to the last piece of each answer.
   */
  noDelay?: boolean | undefined
  /** Lets the system probe a silent peer (SO_KEEPALIVE). Default: false, as in `net`; `idleTimeout` is the surer way. */
  keepAlive?: boolean | undefined
  /** With `keepAlive`: the silence before the first probe, in ms, a whole number ≥ 0. Default: 0, the system's own setting. */
  keepAliveInitialDelay?: number | undefined
}

/** The options of a connection, all of them settled. Times are in milliseconds; Infinity is none. */
export interface ResolvedConnectionOptions {
  limits: ConnectionLimits
  closeTimeout: number
  handshakeTimeout: number
  allowHalfOpen: boolean
  noDelay: boolean
  keepAlive: boolean
  keepAliveInitialDelay: number
}

const KIB = 1024
const MIB = 1024 * KIB

const limits: Table<ConnectionLimits> = {
  // What others do: no limit (Node, Python's asyncio: 64 KiB for a line, which real headers exceed). What we do: a limit
  // that no honest message meets, on by default, since the program that forgets it is the one that needs it.
  maxBufferSize: option(() => limitFrom(1), MIB),
  // libuv hands over at most 64 KiB at a time: less than that would pause after every chunk, more only buys memory.
  readHighWaterMark: option(() => limitFrom(1), 64 * KIB),
  // As for reading. (Node's streams have 16 KiB, 64 KiB from version 22 on.)
  writeHighWaterMark: option(() => limitFrom(1), 64 * KIB),
  // 256 high-water marks: far beyond what awaited writes queue, also with a few of them at once.
  maxWriteBuffer: option(() => limitFrom(1), 16 * MIB),
  readTimeout: option(time, Infinity),
  idleTimeout: option(time, Infinity),
  // No progress at all, not slowness: a peer that takes a byte a minute lives. So the limit can be short of what Linux
  // itself needs to give up on unacknowledged data (15 minutes).
  writeTimeout: option(time, 60_000),
}

type Rest = Omit<ResolvedConnectionOptions, 'limits'>

const rest: Table<Rest> = {
  // 0 makes sense here: close, and wait for nobody.
  closeTimeout: option(timeOrZero, 5_000),
  // Two or three round trips and one retransmission, with plenty to spare; Node's own is 120 s, which is a gift to whoever opens
  // connections and says nothing.
  handshakeTimeout: option(time, 10_000),
  allowHalfOpen: option(flag, true),
  noDelay: option(flag, true),
  keepAlive: option(flag, false),
  keepAliveInitialDelay: option(() => wholeFrom(0), 0),
}

/** The options of a connection before they are sorted into settings. */
export type ConnectionInput = ConnectionLimits & Rest

/** The schemas of all connection options, for the tables that contain them. */
export const connectionShape: Lazy<Shape<ConnectionInput>> = once(() => ({ ...shapeOf(limits), ...shapeOf(rest) }))

const limitDefaults = defaultsOf(limits)
const restDefaults = defaultsOf(rest)

/** What a connection has where nothing else is said. */
export const defaultSettings: ResolvedConnectionOptions = Object.freeze({ limits: limitDefaults, ...restDefaults })

/** The settings that checked options come to; other properties of `given` are left aside. */
export function settingsOf(given: Partial<ConnectionInput>): ResolvedConnectionOptions {
  return { limits: chosen(given, limitDefaults), ...chosen(given, restDefaults) }
}

function chosen<T extends object>(given: Partial<T>, defaults: T): T {
  const names = Object.keys(defaults) as (keyof T)[]
  return Object.fromEntries(names.map((name) => [name, (Object.hasOwn(given, name) ? given[name] : undefined) ?? defaults[name]])) as T
}

const connection: Lazy<z.ZodMiniType<Partial<ConnectionInput>>> = once(() => record(connectionShape()))
const limitChanges: Lazy<z.ZodMiniType<Partial<ConnectionLimits>>> = once(() => record(shapeOf(limits)))

/**
 * The settings that connection options come to.
 *
 * @throws InvalidOptionsError whose issues' paths begin with `path`
 */
export function connectionSettings(options: unknown, path: Path = []): ResolvedConnectionOptions {
  return options === undefined ? settingsOf({}) : settingsOf(checkOptions(connection(), options, path))
}

/**
 * The limits after `connection.setLimits(changes)`, as a new object.
 *
 * @throws TypeError for what is no object, a wrong type or an unknown key
 * @throws RangeError for a value that cannot be meant
 */
export function changedLimits(current: ConnectionLimits, changes: unknown): ConnectionLimits {
  return { ...current, ...checkArgument(limitChanges(), changes) }
}
