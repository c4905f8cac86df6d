// The arguments of reads, checked and combined with the limits of the connection, and the one way in which a read with a
// wrong argument fails.

import { type CompiledDelimiter, compileDelimiter } from '../../bytes/delimiter.js'
import { kindOf } from '../../kind-of.js'
import { ownOption } from '../../options/own.js'
import type { ReadHalf } from './read-half.js'
import type { LineFormat } from './read-kinds.js'
import type { ReadLock } from './read-lock.js'
import { type ResolvedReadOptions, resolvePlainOptions } from './read-options.js'

/** Calls `read`. An exception, also for a wrong argument, is recorded in the message that the read is part of. */
export function tryRead<T>(lock: ReadLock | undefined, read: () => T): T {
  try {
    return read()
  } catch (error) {
    lock?.failed(error)
    throw error
  }
}

/** The same for a read with a promise: an exception becomes a rejection. */
export function startRead<T>(lock: ReadLock | undefined, read: () => Promise<T>): Promise<T> {
  // Not by way of `tryRead`: with one frame more, the caller's is not among the ten that a stack shows.
  try {
    return read()
  } catch (error) {
    lock?.failed(error)
    return Promise.reject(error)
  }
}

/** Checks a delimiter, which must fit in the limit of the read. */
export function delimiterOf(delimiter: unknown, { maxBytes }: ResolvedReadOptions, readHalf: ReadHalf): CompiledDelimiter {
  const compiled = compileDelimiter(delimiter)
  const limit = maxBytes ?? readHalf.host.limits.maxBufferSize
  if (limit < compiled.shortest) {
    const option = maxBytes === undefined ? 'maxBufferSize' : 'maxBytes'
    throw new RangeError(`a limit of ${limit} bytes is smaller than the delimiter ${compiled.text}: raise ${option}`)
  }
  return compiled
}

/** The line format of `readLine` and its like; `options` are those that the program gave. */
export function lineFormatOf(options: unknown, resolved: ResolvedReadOptions, readHalf: ReadHalf): LineFormat {
  const delimiter = ownOption(options, 'delimiter')
  return {
    delimiter: delimiterOf(delimiter === undefined ? '\n' : delimiter, resolved, readHalf),
    carriageReturn: delimiter === undefined,
    encoding: resolved.encoding ?? 'utf8',
  }
}

/** Whether the options of `lines` say `overflow: 'skip'`. */
export function skipsOverflow(options: unknown): boolean {
  const overflow = ownOption(options, 'overflow')
  if (overflow === undefined || overflow === 'error' || overflow === 'skip') return overflow === 'skip'
  if (typeof overflow === 'string') throw new RangeError(`overflow must be 'error' or 'skip'`)
  throw new TypeError(`overflow must be a string, not ${kindOf(overflow)}`)
}

/** Checks the options of a skip. Outside of a message skipped bytes are not gathered, so that there is no default limit. */
export function skipOptionsOf(options: unknown, lock: ReadLock | undefined): ResolvedReadOptions {
  const resolved = resolvePlainOptions(options)
  return resolved.maxBytes === undefined && !keepsSkipped(lock) ? { ...resolved, maxBytes: Number.POSITIVE_INFINITY } : resolved
}

/** Whether skipped bytes are kept, so that a message can be unread again. */
export function keepsSkipped(lock: ReadLock | undefined): boolean {
  return lock?.keepsSkipped ?? false
}
