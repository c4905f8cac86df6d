// The options of the codecs, and their checks. They are checked by hand, when a codec is made: a wrong type is a TypeError, an
// impossible value a RangeError.

import { kindOf } from '../kind-of.js'
import { sizeOf } from '../options/arguments.js'
import { optionsOf } from '../options/own.js'
import { shown } from '../options/values.js'

/** The option that all codecs have. */
export interface FrameOptions {
  /**
   * The most bytes of a body; for `lines` and `delimited`, of the body with its delimiter. A longer message is neither gathered
   * nor written. Default: the connection's `maxBufferSize` (1 MiB) for reading, which `maxBytes` may exceed, and none for writing.
   */
  maxBytes?: number | undefined
}

/** Options of `lengthPrefixed`. */
export interface LengthPrefixedOptions extends FrameOptions {
  /** The size of the length, in bytes. */
  bytes: 1 | 2 | 3 | 4 | 8
  /** The order of its bytes. Default: `'big'`, the most significant first. */
  endian?: 'big' | 'little' | undefined
  /** What is added to the length to get the size of the body: −2 for a length of two bytes that counts itself. Default: 0. */
  adjust?: number | undefined
}

const SIZES = [1, 2, 3, 4, 8]

/** Checks the options of a codec that has `maxBytes` alone. */
export function maxBytesOf(options: unknown, codec: string): number | undefined {
  const { maxBytes } = optionsOf(options, codec, ['maxBytes'])
  return maxBytes === undefined ? undefined : sizeOf(maxBytes, 'maxBytes')
}

/** Checked options of `lengthPrefixed`. */
export interface ResolvedLengthPrefixed {
  readonly bytes: number
  readonly little: boolean
  readonly adjust: number
  readonly maxBytes: number | undefined
}

export function lengthPrefixedOptions(options: unknown): ResolvedLengthPrefixed {
  const { bytes, endian = 'big', adjust = 0, maxBytes } = optionsOf(options, 'lengthPrefixed()', ['bytes', 'endian', 'adjust', 'maxBytes'])
  if (typeof bytes !== 'number') {
    throw new TypeError(`bytes must be the size of the length, 1, 2, 3, 4 or 8, not ${kindOf(bytes)}: write lengthPrefixed({ bytes: 4 })`)
  }
  if (!SIZES.includes(bytes)) throw new RangeError(`bytes must be the size of the length, 1, 2, 3, 4 or 8, not ${bytes}`)
  if (typeof endian !== 'string') throw new TypeError(`endian must be 'big' or 'little', not ${kindOf(endian)}`)
  if (endian !== 'big' && endian !== 'little') throw new RangeError(`endian must be 'big' or 'little', not ${shown(endian)}`)
  if (typeof adjust !== 'number') throw new TypeError(`adjust must be a number of bytes, not ${kindOf(adjust)}`)
  if (!Number.isSafeInteger(adjust)) throw new RangeError(`adjust must be a whole number of bytes, not ${adjust}`)
  if (largestLength(bytes) + adjust < 0)
    throw new RangeError(`adjust must leave a body: with ${bytes} bytes no length is ${-adjust} or more`)
  return { bytes, little: endian === 'little', adjust, maxBytes: maxBytes === undefined ? undefined : sizeOf(maxBytes, 'maxBytes') }
}

/** The largest length that so many bytes can say. */
export function largestLength(bytes: number): number {
  return 2 ** (8 * bytes) - 1
}
