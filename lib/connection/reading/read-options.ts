// What a read may be told, and how that is checked: by hand and not by a schema, since a read is the hot path and its
// options are four. The same function serves every read, so that each refuses the same things with the same words.

import { isThenable, kindOf } from '../../kind-of.js'
import { nearest } from '../../options/nearest.js'
import { isOptions, noOptions, unknownOption } from '../../options/own.js'
import { shown } from '../../options/values.js'
import { LONGEST_TIMER } from '../../transport/clock.js'

/** What every read takes. */
export interface ReadOptions {
  /** Cancels the read: it rejects with `signal.reason`, and nothing is consumed. */
  signal?: AbortSignal | undefined
  /** The longest this read may take, in milliseconds from the call. Replaces `readTimeout` and `idleTimeout` for it; Infinity means none. */
  timeout?: number | undefined
  /** The most bytes the read may gather, delimiter included. Default: the connection's `maxBufferSize`, which it may exceed. */
  maxBytes?: number | undefined
  /**
   * Whether the read waits for a new message (true) or for the rest of one (false): chooses between `idleTimeout` and
   * `readTimeout`, and whether a drain may interrupt it. Default: true if nothing was consumed since the last write.
   */
  idle?: boolean | undefined
}

/** Options of a read that shall give bytes. */
export interface BytesOptions extends ReadOptions {
  encoding?: undefined
}

/** Options of a read that shall give text. */
export interface TextOptions extends ReadOptions {
  /** One of Node's encodings. Each result is decoded on its own. */
  encoding: BufferEncoding
}

/** Options of a read that gives bytes, or text if there is an encoding; a bare encoding may stand for them. */
export type EitherOptions = BufferEncoding | (ReadOptions & { encoding?: BufferEncoding | undefined })

/** Options of a read that gives a line. */
export interface LineOptions extends ReadOptions {
  /** Exactly what ends a line. Default: `\n`, with a `\r` before it taken off too. */
  delimiter?: string | Uint8Array | readonly (string | Uint8Array)[] | undefined
  /** The text's encoding. Default: UTF-8. */
  encoding?: BufferEncoding | undefined
}

/** Options of `lines`. */
export interface LinesOptions extends LineOptions {
  /** What to do with a line over the limit: fail (default), or drop it whole and go on with the next one. */
  overflow?: 'error' | 'skip' | undefined
}

/** Options of `readInto`. */
export interface IntoOptions extends ReadOptions {
  /** Take what is there, at least one byte, instead of waiting until the target is full. */
  partial?: boolean | undefined
}

/** Checked options of a read. */
export interface ResolvedReadOptions {
  readonly signal: AbortSignal | undefined
  readonly timeout: number | undefined
  readonly maxBytes: number | undefined
  readonly idle: boolean | undefined
  readonly encoding: BufferEncoding | undefined
}

const plain: ResolvedReadOptions = Object.freeze({
  signal: undefined,
  timeout: undefined,
  maxBytes: undefined,
  idle: undefined,
  encoding: undefined,
})

/** The options of reads that give no bytes, and of the others by what they give. */
const PLAIN: readonly string[] = ['signal', 'timeout', 'maxBytes', 'idle']
export const BYTES: readonly string[] = [...PLAIN, 'encoding']
export const LINE: readonly string[] = [...BYTES, 'delimiter']
export const LINES: readonly string[] = [...LINE, 'overflow']
export const INTO: readonly string[] = [...PLAIN, 'partial']

/**
 * Checks the options of a read: own enumerable members, and none but those of `known`. What is undefined is not given.
 *
 * @throws TypeError for a wrong type or an unknown option, RangeError for an impossible value or an encoding that Node does
 * not know.
 */
export function readPlan(options: unknown, known: readonly string[] = BYTES): ResolvedReadOptions {
  if (options === undefined) return plain
  if (typeof options === 'string') return { ...plain, encoding: bareEncoding(options, known) }
  if (typeof options !== 'object' || options === null) throw wrongOptions(options, 'an object or an encoding')
  const given = options as Record<string, unknown>
  let signal: AbortSignal | undefined
  let timeout: number | undefined
  let maxBytes: number | undefined
  let idle: boolean | undefined
  let encoding: BufferEncoding | undefined
  const names = Object.keys(given)
  // What is no object of options (a signal, a Promise, a Map) has no members, or none that a read knows.
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

/** The value of an option, which must be the object's own: what a prototype has is no option. */
export function ownOption(options: unknown, name: string): unknown {
  if (typeof options !== 'object' || options === null || !Object.hasOwn(options, name)) return undefined
  return (options as Record<string, unknown>)[name]
}

function misspelt(name: string, known: readonly string[]): TypeError {
  return new TypeError(unknownOption('this read', name, known))
}

/** What is no object of options. A number is a limit, or a time, that was given without its name. */
function wrongOptions(options: unknown, expected: string): TypeError {
  const instead = typeof options === 'number' ? `: write { maxBytes: ${options} } or { timeout: ${options} }` : ''
  return new TypeError(`read options must be ${expected}, not ${noOptions(options)}${instead}`)
}

/** The same for a read that gives no bytes, where an encoding cannot stand for the options. */
export function plainPlan(options: unknown, known: readonly string[] = PLAIN): ResolvedReadOptions {
  if (typeof options === 'string') throw wrongOptions(options, 'an object')
  return readPlan(options, known)
}

/** A count of bytes that a read is asked for: a whole number ≥ 0. */
export function countOf(value: unknown, name: string): number {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number of bytes, not ${kindOf(value)}`)
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${name} must be a whole number of bytes ≥ 0, not ${value}`)
  return value
}

/** A limit in bytes: a whole number ≥ 1, or Infinity. */
export function sizeOf(value: unknown, name: string): number {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number of bytes, not ${kindOf(value)}`)
  if (value !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(value) && value >= 1)) {
    throw new RangeError(`${name} must be a whole number of bytes ≥ 1 or Infinity, not ${value}`)
  }
  return value
}

/** A time in milliseconds: > 0; what is beyond a timer's range means none. */
export function timeOf(value: unknown, name: string): number {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number of milliseconds, not ${kindOf(value)}`)
  if (!(value > 0)) throw new RangeError(`${name} must be more than 0 milliseconds (Infinity: none), not ${value}`)
  return value > LONGEST_TIMER ? Number.POSITIVE_INFINITY : value
}

/** A time in milliseconds that may be 0. */
export function delayOf(value: unknown, name: string): number {
  return value === 0 ? 0 : timeOf(value, name)
}

/** An AbortSignal, of whatever realm, or undefined. */
export function signalOf(value: unknown): AbortSignal | undefined {
  if (value === undefined) return undefined
  const signal = value as AbortSignal | null
  if (typeof signal === 'object' && signal !== null && typeof signal.aborted === 'boolean' && typeof signal.addEventListener === 'function')
    return signal
  throw new TypeError(`signal must be an AbortSignal, not ${kindOf(value)}`)
}

/** A function. A Promise in its place is one that was called too early. */
export function functionOf<F>(value: F, name: string): F {
  if (typeof value === 'function') return value
  throw new TypeError(
    `${name} must be a function, not ${isThenable(value) ? 'a Promise: pass the function itself, without calling it' : kindOf(value)}`,
  )
}

/** A boolean or undefined. */
export function booleanOf(value: unknown, name: string): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value
  throw new TypeError(`${name} must be a boolean, not ${kindOf(value)}`)
}

/** One of Node's encodings, as `Buffer` takes it. */
export function encodingOf(value: unknown): BufferEncoding {
  if (typeof value !== 'string') {
    throw new TypeError(`encoding must be a string, not ${kindOf(value)}${insteadOfEncoding(value)}`)
  }
  if (!Buffer.isEncoding(value)) throw new RangeError(`${shown(value)} is no encoding that Node knows; ${rightEncoding(value)}`)
  return value
}

function insteadOfEncoding(value: unknown): string {
  if (typeof value === 'function') return ': await the promise instead of passing a callback'
  const encoding = ownOption(value, 'encoding')
  return typeof encoding === 'string' ? `: write ${shown(encoding)} alone` : ''
}

/** An encoding that stands for the options. Of a read of lines it may have been meant for what ends them. */
function bareEncoding(value: string, known: readonly string[]): BufferEncoding {
  if (Buffer.isEncoding(value) || !known.includes('delimiter') || nearest(value, ENCODINGS) !== undefined) return encodingOf(value)
  throw new RangeError(`${shown(value)} is no encoding; if it ends a line, write { delimiter: ${shown(value)} }`)
}

const ENCODINGS: readonly string[] = ['utf8', 'utf-8', 'latin1', 'ascii', 'hex', 'base64', 'base64url', 'utf16le', 'ucs2', 'binary']

function rightEncoding(value: string): string {
  const near = nearest(value, ENCODINGS)
  return near === undefined ? "use 'utf8', 'latin1', 'hex' …" : `did you mean '${near}'?`
}
