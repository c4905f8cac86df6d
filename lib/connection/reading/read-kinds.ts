// The kinds of read, each an object that is asked again whenever bytes, or the end of the stream, arrive. An attempt
// takes what it needs or takes nothing; it never waits and knows no time. Limits are judged here, exactly: a read fails
// as soon as no further byte could let it succeed.

import type { CompiledDelimiter } from '../../bytes/delimiter.js'
import type { ByteQueue } from '../../bytes/queue.js'
import { type Search, searchFor } from '../../bytes/search.js'
import { completeLength } from '../../bytes/text.js'
import { LimitExceededError } from '../../errors.js'
import { LARGE } from '../writing/write-buffer.js'

/** What comes in: more bytes may, the peer has ended, or the connection was lost. */
export type Stream = 'open' | 'ended' | 'lost'

/** The answer of an attempt that needs more bytes. */
export const WAIT: unique symbol = Symbol('wait')
export type Wait = typeof WAIT

/** One read. */
export interface Read<T> {
  /** As a program would write it: `readUntil('\n')`. */
  readonly operation: string
  /** Takes and returns what is asked for, or WAIT. Throws LimitExceededError, and RangeError for an empty match. */
  attempt(queue: ByteQueue, stream: Stream): T | Wait
  /** What it may gather. */
  readonly limit: Limit
  /** The bytes that it needs, where that is known and below the limit. */
  readonly most?: number
  /** Milliseconds that the last attempt took: of reads that look at all that has arrived, each time. */
  readonly took?: number
  /** The iterator whose item it reads, if any: one that fails ends the iteration, and leaving that takes the read back. */
  readonly iterator?: IteratorState
}

/** What a read knows of the iterator that it belongs to. */
export interface IteratorState {
  over: boolean
}

/** How much a read may gather: in itself, and as part of the message it belongs to. */
export interface Limit {
  /** What this read may gather. */
  readonly bytes: number
  /** What its message has gathered before; 0 outside a message. */
  readonly before: number
  /** The option that raises it. */
  readonly option: string
  /** Whether what it takes counts against what the reads of its message share. */
  readonly shared: boolean
}

/** What is too large, told with what its message had gathered before. */
export function exceeded(limit: Limit, size: number): LimitExceededError {
  return new LimitExceededError({ limit: limit.before + limit.bytes, size: limit.before + size, option: limit.option })
}

/** Takes bytes as they are, or decoded. Where that throws (no memory, too long for a string), nothing is taken. */
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

/** The end of the delimiter that wins, or 0 while it is not known; a limit that can no longer be kept is thrown. */
export function found(search: Search, queue: ByteQueue, stream: Stream, limit: Limit): number {
  const end = search.find(queue, stream !== 'open')
  if (isBeyond(limit, search, queue, end)) throw exceeded(limit, end === 0 ? queue.length : end)
  return end
}

/** Whether a search that has found `end`, or 0, can no longer succeed within the limit. */
export function isBeyond(limit: Limit, search: Search, queue: ByteQueue, end: number): boolean {
  return (end === 0 ? search.soonest(queue) : end) > limit.bytes
}

/** `readLine`: text without its line end. */
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

/** What ends a line and how its text is decoded. */
export interface LineFormat {
  readonly delimiter: CompiledDelimiter
  /** Take off a carriage return before the line feed: what a line ends with when the program names no delimiter. */
  readonly carriageReturn: boolean
  readonly encoding: BufferEncoding
}

/** Takes a line of `end` bytes, whose delimiter is the last `matched` of them. */
export function takeLine(queue: ByteQueue, end: number, matched: number, { carriageReturn, encoding }: LineFormat): string {
  let length = end - matched
  if (carriageReturn && length > 0 && queue.at(length - 1) === 13) length--
  return queue.takeText(end, encoding, length)
}

/** `readExactly` and `peek`: n bytes. */
export class ExactRead implements Read<Buffer | string> {
  readonly limit: Limit
  readonly most: number
  readonly #encoding: BufferEncoding | undefined
  readonly #keep: boolean

  constructor(n: number, limit: Limit, encoding: BufferEncoding | undefined, keep: boolean) {
    if (n > limit.bytes) throw exceeded(limit, n)
    this.most = n
    this.limit = limit
    this.#encoding = encoding
    this.#keep = keep
  }

  get operation(): string {
    return `${this.#keep ? 'peek' : 'readExactly'}(${this.most})`
  }

  attempt(queue: ByteQueue): Buffer | string | Wait {
    if (queue.length < this.most) return WAIT
    if (!this.#keep) return take(queue, this.most, this.#encoding)
    return this.#encoding === undefined ? queue.copy(this.most) : queue.peek(this.most).toString(this.#encoding)
  }
}

/** `readInto`: n bytes, or what is there, into memory of the program's. */
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
    // Memory that was detached, or shrunk, while the read was pending has no length any more.
    if (this.#target.length !== this.#size) throw new TypeError('the memory of target was transferred or shrunk while the read was pending')
    const n = Math.min(this.#size, queue.length, this.limit.bytes)
    queue.copyTo(this.#target.subarray(0, n))
    queue.skip(n)
    return n
  }
}

/** `read` and a piece of `chunks`: what is there, at least one byte; null at the end of the stream. */
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

/** How many bytes a read of what is there takes; 0: it waits for the rest of a character. */
export function someLength(
  queue: ByteQueue,
  stream: Stream,
  encoding: BufferEncoding | undefined,
  limit: Limit,
  there: number = Math.min(queue.length, limit.bytes),
): number {
  const whole = pieceLength(queue, there, encoding, limit)
  return whole === 0 && stream !== 'open' ? there : whole
}

/** The same where the bytes are taken piece by piece: a large chunk is a piece, small ones are joined. */
export function nextLength(queue: ByteQueue, stream: Stream, encoding: BufferEncoding | undefined, limit: Limit): number {
  return someLength(queue, stream, encoding, limit, pieceOf(queue, limit.bytes))
}

/** The next piece, of at most `most` bytes. */
export function pieceOf(queue: ByteQueue, most: number): number {
  return Math.min(queue.length, most, Math.max(queue.whole, LARGE))
}

/**
 * How many of the next `n` bytes may be taken as a piece: an incomplete last character (of base64: group) stays until the
 * rest of it, or the end, comes. One that the limit cannot hold never comes whole.
 */
export function pieceLength(queue: ByteQueue, n: number, encoding: BufferEncoding | undefined, limit: Limit): number {
  const whole = encoding === undefined ? n : completeLength(queue, n, encoding)
  if (whole === 0 && n === limit.bytes) throw exceeded(limit, n + 1)
  return whole
}

/** `readToEnd`: all bytes until the peer ends. */
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
