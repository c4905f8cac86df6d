// The options of reads, and their checks. They are checked by hand and not by a schema, since reads are the hot path. One
// function checks the options of all reads, so that the same mistake has the same error everywhere.

import { booleanOf, encodingOf, isMisspeltEncoding, signalOf, sizeOf, timeOf } from '../../options/arguments.js'
import { isOptions, noOptions, unknownOption } from '../../options/own.js'
import { shown } from '../../options/values.js'

/** The options of every read. */
export interface ReadOptions {
  /** Cancels the read: it rejects with `signal.reason` and consumes nothing. */
  signal?: AbortSignal | undefined
  /** The time limit of this read, in milliseconds from the call. Replaces `readTimeout` and `idleTimeout`; Infinity means none. */
  timeout?: number | undefined
  /** The most bytes the read may gather, delimiter included. Default: the connection's `maxBufferSize`, which `maxBytes` may exceed. */
  maxBytes?: number | undefined
  /**
   * Whether the read waits for a new message (true) or for the rest of one (false). The first byte of a new message is
   * waited for under `idleTimeout`, all else under `readTimeout`, and only the wait for a first byte ends when the server
   * drains. Default: true for `lines`, batches, `readMessage` and `framed`; for other reads, true if nothing was consumed since
   * the last write.
   */
  idle?: boolean | undefined
}

/** Options of a read that gives bytes. */
export interface BytesOptions extends ReadOptions {
  encoding?: undefined
}

/** Options of a read that gives text. */
export interface TextOptions extends ReadOptions {
  /** One of Node's encodings. Each result is decoded separately. */
  encoding: BufferEncoding
}

/** Options of a read that gives bytes, or text if an encoding is given. A string is short for `{ encoding }`. */
export type EitherOptions = BufferEncoding | (ReadOptions & { encoding?: BufferEncoding | undefined })

/** Options of a read that gives a line. */
export interface LineOptions extends ReadOptions {
  /** The exact end of a line. Default: `\n`, or `\r\n`. */
  delimiter?: string | Uint8Array | readonly (string | Uint8Array)[] | undefined
  /** One of Node's encodings. Default: UTF-8. */
  encoding?: BufferEncoding | undefined
}

/** What a loop does with a message over the limit. */
export interface OverflowOptions {
  /** Fail (default), or drop the whole message and continue with the next one. */
  overflow?: 'error' | 'skip' | undefined
}

/** Options of `lines` and `lineBatches`. */
export interface LinesOptions extends LineOptions, OverflowOptions {}

/** Options of `batches` that give text, or bytes if no encoding is given. A string is short for `{ encoding }`. */
export type BatchesOptions = BufferEncoding | (ReadOptions & OverflowOptions & { encoding?: BufferEncoding | undefined })

/** Options of `readInto`. */
export interface IntoOptions extends ReadOptions {
  /** Take the bytes received so far, at least one, instead of waiting until the target is full. Default: false. */
  partial?: boolean | undefined
}

/** Checked options of a read; undefined: not given. */
export interface ResolvedReadOptions {
  readonly signal: AbortSignal | undefined
  readonly timeout: number | undefined
  readonly maxBytes: number | undefined
  readonly idle: boolean | undefined
  readonly encoding: BufferEncoding | undefined
}

/** Those of a read that was given none. */
export const NO_OPTIONS: ResolvedReadOptions = Object.freeze({
  signal: undefined,
  timeout: undefined,
  maxBytes: undefined,
  idle: undefined,
  encoding: undefined,
})

// The names of the options that each kind of read has.
const PLAIN: readonly string[] = ['signal', 'timeout', 'maxBytes', 'idle']
export const BYTES: readonly string[] = [...PLAIN, 'encoding']
export const LINE: readonly string[] = [...BYTES, 'delimiter']
export const LINES: readonly string[] = [...LINE, 'overflow']
export const BATCHES: readonly string[] = [...BYTES, 'overflow']
export const INTO: readonly string[] = [...PLAIN, 'partial']

/**
 * Checks the options of a read: own enumerable members, all of them in `known`. An option that is `undefined` is not given.
 *
 * @throws TypeError for a wrong type or an unknown option, RangeError for an impossible value or an unknown encoding.
 */
export function resolveReadOptions(options: unknown, known: readonly string[] = BYTES): ResolvedReadOptions {
  if (options === undefined) return NO_OPTIONS
  if (typeof options === 'string') return { ...NO_OPTIONS, encoding: bareEncoding(options, known) }
  if (typeof options !== 'object' || options === null) throw wrongOptions(options, 'an object or an encoding')
  const given = options as Record<string, unknown>
  let signal: AbortSignal | undefined
  let timeout: number | undefined
  let maxBytes: number | undefined
  let idle: boolean | undefined
  let encoding: BufferEncoding | undefined
  const names = Object.keys(given)
  // An object of another kind (a signal, a Promise, a Map) has no members, or only unknown ones.
  if (names.length === 0 && !isOptions(options)) throw wrongOptions(options, 'an object or an encoding')
  for (const name of names) {
    const value = given[name]
    if (value === undefined) continue
    if (name === 'maxBytes') maxBytes = sizeOf(value, name)
    else if (name === 'timeout') timeout = timeOf(value, name)
    else if (name === 'signal') signal = signalOf(value)
    else if (name === 'idle') idle = booleanOf(value, name)
    else if (!known.includes(name)) throw isOptions(options) ? misspelt(name, known) : wrongOptions(options, 'an object or an encoding')
    else if (name === 'encoding') encoding = encodingOf(value)
  }
  return { signal, timeout, maxBytes, idle, encoding }
}

function misspelt(name: string, known: readonly string[]): TypeError {
  return new TypeError(unknownOption('this read', name, known))
}

/** The error for options of a wrong type. For a number the message names the two options that may be meant. */
function wrongOptions(options: unknown, expected: string): TypeError {
  const instead = typeof options === 'number' ? `: write { maxBytes: ${options} } or { timeout: ${options} }` : ''
  return new TypeError(`read options must be ${expected}, not ${noOptions(options)}${instead}`)
}

/** The same for a read that gives no bytes, whose options cannot be an encoding. */
export function resolvePlainOptions(options: unknown, known: readonly string[] = PLAIN): ResolvedReadOptions {
  if (typeof options === 'string') throw wrongOptions(options, 'an object')
  return resolveReadOptions(options, known)
}

/** Checks an encoding given in place of the options. Where a read has a `delimiter`, an unknown one may be meant as that. */
function bareEncoding(value: string, known: readonly string[]): BufferEncoding {
  if (Buffer.isEncoding(value) || !known.includes('delimiter') || isMisspeltEncoding(value)) return encodingOf(value)
  throw new RangeError(`${shown(value)} is no encoding; if it ends a line, write { delimiter: ${shown(value)} }`)
}
