// The kinds of read. The read half attempts a pending read again whenever bytes arrive or the stream ends. An attempt is
// synchronous: it takes all bytes of its result, or none. Limits are exact: a read fails as soon as no further byte could
// let it succeed.

import type { CompiledDelimiter } from '../../bytes/delimiter.js'
import { LARGE } from '../../bytes/large.js'
import type { ByteQueue } from '../../bytes/queue.js'
import { type Search, searchFor } from '../../bytes/search.js'
import { completeLength } from '../../bytes/text.js'
import { exceeded, type Limit } from './limit.js'

/** The state of the incoming stream: more bytes may arrive, the peer ended its side, or the connection was lost. */
export type Stream = 'open' | 'ended' | 'lost'

/** The result of an attempt that needs more bytes. */
export const WAIT: unique symbol = Symbol('wait')
export type Wait = typeof WAIT

/** One read. */
export interface Read<T> {
  /** The call, as a program would write it: `readUntil('\n')`. */
  readonly operation: string
  /** Takes the bytes of the result and returns it, or returns WAIT. Throws LimitExceededError; RangeError for an empty match. */
  attempt(queue: ByteQueue, stream: Stream): T | Wait
  readonly limit: Limit
  /** The number of bytes it needs, if that is known. */
  readonly needed?: number
  /** The time of the last attempt in milliseconds, for reads whose every attempt looks at all bytes that have arrived. */
  readonly attemptMs?: number
  /** The iterator whose item it reads, if any. A failed read ends the iteration; ending the iteration cancels the read. */
  readonly iterator?: IteratorState
}

/** The iterator of a read. `done`: the iteration has ended. */
export interface IteratorState {
  done: boolean
}

/** Takes the next `n` bytes as a Buffer or, with an encoding, as a string. If that throws (out of memory, too long for a string), it takes none. */
export function take(queue: ByteQueue, n: number, encoding: BufferEncoding | undefined): Buffer | string {
  return encoding === undefined ? queue.take(n) : queue.takeText(n, encoding)
}

/** `readUntil`: everything up to and including the delimiter. */
export class UntilRead implements Read<Buffer | string> {
  readonly limit: Limit
  readonly #delimiter: CompiledDelimiter
  readonly #search: Search
  readonly #encoding: BufferEncoding | undefined

  constructor(delimiter: CompiledDelimiter, limit: Limit, encoding: BufferEncoding | undefined) {
    this.#delimiter = delimiter
    this.#search = searchFor(delimiter)
    this.limit = limit
    this.#encoding = encoding
  }

  get operation(): string {
    return `readUntil(${this.#delimiter.text})`
  }

  attempt(queue: ByteQueue, stream: Stream): Buffer | string | Wait {
    const end = found(this.#search, queue, stream, this.limit)
    return end === 0 ? WAIT : take(queue, end, this.#encoding)
  }
}

/** The number of bytes up to and including the delimiter, or 0 while it is not known. Throws once the limit cannot be kept. */
export function found(search: Search, queue: ByteQueue, stream: Stream, limit: Limit): number {
  const end = search.find(queue, stream !== 'open')
  if (isBeyond(limit, search, queue, end)) throw exceeded(limit, end === 0 ? queue.length : end)
  return end
}

/** Whether a search that found `end`, or 0 for nothing yet, can no longer succeed within the limit. */
export function isBeyond(limit: Limit, search: Search, queue: ByteQueue, end: number): boolean {
  // Decision: docs/decisions/limits-are-exact.md
  return (end === 0 ? search.earliestEnd(queue) : end) > limit.bytes
}

/** `readLine`: a line without its line end. */
export class LineRead implements Read<string> {
  readonly limit: Limit
  readonly #line: LineFormat
  readonly #search: Search

  constructor(line: LineFormat, limit: Limit) {
    this.#line = line
    this.#search = searchFor(line.delimiter)
    this.limit = limit
  }

  get operation(): string {
    return 'readLine()'
  }

  attempt(queue: ByteQueue, stream: Stream): string | Wait {
    const end = found(this.#search, queue, stream, this.limit)
    return end === 0 ? WAIT : takeLine(queue, end, this.#search.matched, this.#line)
  }
}

/** The end of a line, and the encoding of its text. */
export interface LineFormat {
  readonly delimiter: CompiledDelimiter
  /** Whether to remove a carriage return before the line feed: if the program gave no delimiter. */
  readonly carriageReturn: boolean
  readonly encoding: BufferEncoding
}

/** Takes a line of `end` bytes, of which the last `matched` are the delimiter. */
export function takeLine(queue: ByteQueue, end: number, matched: number, { carriageReturn, encoding }: LineFormat): string {
  let length = end - matched
  if (carriageReturn && length > 0 && queue.at(length - 1) === 13) length--
  return queue.takeText(end, encoding, length)
}

/** `readExactly`, and with `keep` `peek`: n bytes. */
export class ExactRead implements Read<Buffer | string> {
  readonly limit: Limit
  readonly needed: number
  readonly #encoding: BufferEncoding | undefined
  readonly #keep: boolean

  constructor(n: number, limit: Limit, encoding: BufferEncoding | undefined, keep: boolean) {
    if (n > limit.bytes) throw exceeded(limit, n)
    this.needed = n
    this.limit = limit
    this.#encoding = encoding
    this.#keep = keep
  }

  get operation(): string {
    return `${this.#keep ? 'peek' : 'readExactly'}(${this.needed})`
  }

  attempt(queue: ByteQueue): Buffer | string | Wait {
    if (queue.length < this.needed) return WAIT
    if (!this.#keep) return take(queue, this.needed, this.#encoding)
    return this.#encoding === undefined ? queue.copy(this.needed) : queue.peek(this.needed).toString(this.#encoding)
  }
}

/** `readInto`: fills the program's memory; with `partial`, at least one byte of it. */
export class IntoRead implements Read<number> {
  readonly limit: Limit
  readonly #target: Uint8Array
  readonly #size: number
  readonly #least: number

  constructor(target: Uint8Array, limit: Limit, partial: boolean) {
    this.#target = target
    this.#size = target.length
    this.limit = limit
    this.#least = partial ? Math.min(1, target.length) : target.length
    if (this.#least > limit.bytes) throw exceeded(limit, this.#least)
  }

  get operation(): string {
    return `readInto(<${this.#size} bytes>)`
  }

  attempt(queue: ByteQueue): number | Wait {
    if (queue.length < this.#least) return WAIT
    // The length of a view changes if its memory is transferred or shrunk while the read is pending.
    if (this.#target.length !== this.#size) throw new TypeError('the memory of target was transferred or shrunk while the read was pending')
    const n = Math.min(this.#size, queue.length, this.limit.bytes)
    queue.copyTo(this.#target.subarray(0, n))
    queue.skip(n)
    return n
  }
}

/** `read`: the bytes received so far, at least one; null at the end of the stream. */
export class SomeRead implements Read<Buffer | string | null> {
  readonly limit: Limit
  readonly operation: string
  readonly #encoding: BufferEncoding | undefined

  constructor(limit: Limit, encoding: BufferEncoding | undefined, operation: string) {
    this.limit = limit
    this.#encoding = encoding
    this.operation = operation
  }

  attempt(queue: ByteQueue, stream: Stream): Buffer | string | null | Wait {
    if (queue.length === 0) return stream === 'ended' ? null : WAIT
    const n = someLength(queue, stream, this.#encoding, this.limit)
    return n === 0 ? WAIT : take(queue, n, this.#encoding)
  }
}

/** How many of the next `most` bytes `read` takes. 0 if they only begin a character whose rest may still arrive. */
function someLength(
  queue: ByteQueue,
  stream: Stream,
  encoding: BufferEncoding | undefined,
  limit: Limit,
  most: number = Math.min(queue.length, limit.bytes),
): number {
  const whole = pieceLength(queue, most, encoding, limit)
  return whole === 0 && stream !== 'open' ? most : whole
}

/** The same for `chunks`: a large chunk is a piece of its own, small ones are joined. */
export function nextLength(queue: ByteQueue, stream: Stream, encoding: BufferEncoding | undefined, limit: Limit): number {
  return someLength(queue, stream, encoding, limit, pieceOf(queue, limit.bytes))
}

/** The length of the next piece, at most `most` bytes. */
export function pieceOf(queue: ByteQueue, most: number): number {
  return Math.min(queue.length, most, Math.max(queue.contiguous, LARGE))
}

/**
 * How many of the next `n` bytes may be taken as a piece: an incomplete last character (in base64, a group of three bytes)
 * stays unread until its rest, or the end of the stream, arrives. Throws if the limit is too small for one character.
 */
export function pieceLength(queue: ByteQueue, n: number, encoding: BufferEncoding | undefined, limit: Limit): number {
  const whole = encoding === undefined ? n : completeLength(queue, n, encoding)
  if (whole === 0 && n === limit.bytes) throw exceeded(limit, n + 1)
  return whole
}

/** `readToEnd`: all bytes until the end of the stream. */
export class ToEndRead implements Read<Buffer | string> {
  readonly operation = 'readToEnd()'
  readonly limit: Limit
  readonly #encoding: BufferEncoding | undefined

  constructor(limit: Limit, encoding: BufferEncoding | undefined) {
    this.limit = limit
    this.#encoding = encoding
  }

  attempt(queue: ByteQueue, stream: Stream): Buffer | string | Wait {
    if (queue.length > this.limit.bytes) throw exceeded(this.limit, queue.length)
    return stream === 'ended' ? take(queue, queue.length, this.#encoding) : WAIT
  }
}
