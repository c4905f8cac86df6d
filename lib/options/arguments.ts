// Single arguments that are checked by hand and not by a schema, because a read or a write is too frequent for one: numbers of
// bytes, times, signals, functions, flags and encodings. One function for each, so that the same mistake has the same error
// everywhere: a TypeError for a wrong type, a RangeError for an impossible value.

import { isThenable, kindOf } from '../kind-of.js'
import { LONGEST_TIMER } from '../transport/clock.js'
import { ownOption } from './own.js'
import { nearest } from './suggestion.js'
import { shown } from './values.js'

/** Checks a number of bytes: a whole number ≥ 0. */
export function countOf(value: unknown, name: string): number {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number of bytes, not ${kindOf(value)}`)
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${name} must be a whole number of bytes ≥ 0, not ${value}`)
  return value
}

/** Checks a limit in bytes: a whole number ≥ 1, or Infinity. */
export function sizeOf(value: unknown, name: string): number {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number of bytes, not ${kindOf(value)}`)
  if (value !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(value) && value >= 1)) {
    throw new RangeError(`${name} must be a whole number of bytes ≥ 1 or Infinity, not ${value}`)
  }
  return value
}

/** Checks a time in milliseconds, > 0. A time beyond the range of a timer becomes Infinity, which means no limit. */
export function timeOf(value: unknown, name: string): number {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number of milliseconds, not ${kindOf(value)}`)
  if (!(value > 0)) throw new RangeError(`${name} must be more than 0 milliseconds (Infinity: none), not ${value}`)
  return value > LONGEST_TIMER ? Number.POSITIVE_INFINITY : value
}

/** Checks a time in milliseconds that may be 0. */
export function delayOf(value: unknown, name: string): number {
  return value === 0 ? 0 : timeOf(value, name)
}

/** Checks an AbortSignal or undefined. Accepts signals of other realms, which are no instance of this realm's class. */
export function signalOf(value: unknown): AbortSignal | undefined {
  if (value === undefined) return undefined
  const signal = value as AbortSignal | null
  if (typeof signal === 'object' && signal !== null && typeof signal.aborted === 'boolean' && typeof signal.addEventListener === 'function')
    return signal
  throw new TypeError(`signal must be an AbortSignal, not ${kindOf(value)}`)
}

/** Checks a function. For a promise the message says to pass the function without calling it. */
export function functionOf<F>(value: F, name: string): F {
  if (typeof value === 'function') return value
  throw new TypeError(
    `${name} must be a function, not ${isThenable(value) ? 'a Promise: pass the function itself, without calling it' : kindOf(value)}`,
  )
}

/** Checks a boolean or undefined. */
export function booleanOf(value: unknown, name: string): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value
  throw new TypeError(`${name} must be a boolean, not ${kindOf(value)}`)
}

/** Checks the name of one of Node's encodings. */
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

/** Whether a text is nearly the name of an encoding. */
export function isMisspeltEncoding(value: string): boolean {
  return nearest(value, ENCODINGS) !== undefined
}

const ENCODINGS: readonly string[] = ['utf8', 'utf-8', 'latin1', 'ascii', 'hex', 'base64', 'base64url', 'utf16le', 'ucs2', 'binary']

function rightEncoding(value: string): string {
  const near = nearest(value, ENCODINGS)
  return near === undefined ? "use 'utf8', 'latin1', 'hex' …" : `did you mean '${near}'?`
}
