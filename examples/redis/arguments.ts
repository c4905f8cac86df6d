// Numbers as commands take them.

import { CommandError, NOT_AN_INTEGER } from './error.js'

const INTEGER = /^(?:0|-?[1-9]\d{0,18})$/
export const LARGEST = 2n ** 63n - 1n
export const SMALLEST = -LARGEST - 1n

/** A whole number of 64 bits, without leading zeros or a `+`; undefined for any other text. */
function parseInteger(text: string): bigint | undefined {
  if (!INTEGER.test(text)) return undefined
  const value = BigInt(text)
  return value <= LARGEST && value >= SMALLEST ? value : undefined
}

/** @throws CommandError if the text is no whole number of 64 bits */
export function integerOf(text: string, message: string = NOT_AN_INTEGER): bigint {
  const value = parseInteger(text)
  if (value === undefined) throw new CommandError(message)
  return value
}

/** An index or a count, for which the nearest number that can be computed with does as well. */
export function numberOf(text: string, message?: string): number {
  return Number(integerOf(text, message))
}

/** A count that is not negative. */
export function countOf(text: string): number {
  const message = 'ERR value is out of range, must be positive'
  const count = numberOf(text, message)
  if (count < 0) throw new CommandError(message)
  return count
}

const FLOAT = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i
/** Times are counted in milliseconds, in 64 bits. */
const LONGEST = Number(LARGEST) / 1000

/** A time of seconds, which may have a fraction, in milliseconds; 0 is for ever. */
export function timeoutOf(text: string): number {
  if (!FLOAT.test(text)) throw new CommandError('ERR timeout is not a float or out of range')
  const seconds = Number(text)
  if (seconds < 0) throw new CommandError('ERR timeout is negative')
  if (seconds > LONGEST) throw new CommandError('ERR timeout is out of range')
  return seconds === 0 ? Number.POSITIVE_INFINITY : Math.ceil(seconds * 1000)
}

/**
 * When a key expires, in Unix time in milliseconds.
 *
 * @param unit - the milliseconds of the number's unit
 * @param from - the Unix time that the number counts from
 * @param name - of the command, for the error
 */
export function expiryOf(number: bigint, unit: bigint, from: number, name: string): number {
  const ms = number * unit
  const at = ms + BigInt(from)
  if (ms > LARGEST || ms < SMALLEST || at > LARGEST) throw new CommandError(`ERR invalid expire time in '${name}' command`)
  return Number(at)
}
