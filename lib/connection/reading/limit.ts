// How many bytes one read may gather, and the error for a read that needs more.
// Decision: docs/decisions/limits-are-exact.md

import { LimitExceededError } from '../../errors.js'

/** How many bytes a read may gather, on its own and as part of a message. */
export interface Limit {
  /** The most bytes this read may gather. */
  readonly bytes: number
  /** Bytes that its message had gathered before this read; 0 outside of a message. */
  readonly before: number
  /** The option that raises the limit. */
  readonly option: string
  /** Whether the bytes count against the limit that the reads of a message share. */
  readonly shared: boolean
}

// Reads without `maxBytes` share one object, since nearly all connections of a process have the same `maxBufferSize`.
let common: Limit = { bytes: 0, before: 0, option: 'maxBufferSize', shared: false }

/** The limit of a read outside of a message: its own `maxBytes`, or else `maxBufferSize`. */
export function limitOf(maxBytes: number | undefined, maxBufferSize: number): Limit {
  if (maxBytes !== undefined) return { bytes: maxBytes, before: 0, option: 'maxBytes', shared: false }
  if (maxBufferSize !== common.bytes) common = { bytes: maxBufferSize, before: 0, option: 'maxBufferSize', shared: false }
  return common
}

/** The limit of a read in a message, behind `bytes` bytes that the same read has taken. `maxBytes` is its own, if it has one. */
export function limitBehind(
  limit: Limit,
  bytes: number,
  message: { limitOf(maxBytes: number): Limit },
  maxBytes: number | undefined,
): Limit {
  if (maxBytes !== undefined) return message.limitOf(maxBytes)
  return { ...limit, bytes: limit.bytes - bytes, before: limit.before + bytes }
}

/** The error for a read that needs `size` bytes. Inside a message it counts what the message had gathered before. */
export function exceeded(limit: Limit, size: number): LimitExceededError {
  return new LimitExceededError({ limit: limit.before + limit.bytes, size: limit.before + size, option: limit.option })
}
