// The kinds of read, each an object that is asked again whenever bytes, or the end of the stream, arrive. An attempt
// takes what it needs or takes nothing; it never waits and knows no time. Limits are judged here, exactly: a read fails
// as soon as no further byte could let it succeed.

import type { CompiledDelimiter } from '../buffer/delimiter.js'
import type { ByteQueue } from '../buffer/queue.js'
import { type Search, searchFor } from '../buffer/search.js'
import { completeLength } from '../buffer/text.js'
import { LimitExceededError } from '../errors.js'

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

/** Bytes as they are, or decoded. */
function decode(bytes: Buffer, encoding: BufferEncoding | undefined): Buffer | string {
  return encoding === undefined ? bytes : bytes.toString(encoding)
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
    return end === 0 ? WAIT : decode(queue.take(end), this.#encoding)
  }
}

/** The end of the delimiter that wins, or 0 while it is not known; a limit that can no longer be kept is thrown. */
export function found(search: Search, queue: ByteQueue, stream: Stream, limit: Limit): number {
  const end = search.find(queue, stream !== 'open')
  if ((end === 0 ? search.soonest(queue) : end) > limit.bytes) throw exceeded(limit, end === 0 ? queue.length : end)
  return end
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
  const bytes = queue.take(end)
  let length = end - matched
  if (carriageReturn && length > 0 && bytes[length - 1] === 13) length--
  return bytes.toString(encoding, 0, length)
}

/** `readExactly` and `peek`: n bytes. */
export class ExactRead implements Read<Buffer | string> {
  readonly limit: Limit
  readonly #n: number
  readonly #encoding: BufferEncoding | undefined
  readonly #keep: boolean

  constructor(n: number, limit: Limit, encoding: BufferEncoding | undefined, keep: boolean) {
    if (n > limit.bytes) throw exceeded(limit, n)
    this.#n = n
    this.limit = limit
    this.#encoding = encoding
    this.#keep = keep
  }

  get operation(): string {
    return `${this.#keep ? 'peek' : 'readExactly'}(${this.#n})`
  }

  attempt(queue: ByteQueue): Buffer | string | Wait {
    if (queue.length < this.#n) return WAIT
    return decode(this.#keep ? queue.peek(this.#n) : queue.take(this.#n), this.#encoding)
  }
}

/** `readInto`: n bytes, or what is there, into memory of the program's. */
export class IntoRead implements Read<number> {
  readonly limit: Limit
  readonly #target: Uint8Array
  readonly #least: number

  constructor(target: Uint8Array, limit: Limit, partial: boolean) {
    this.#target = target
    this.limit = limit
    this.#least = partial ? Math.min(1, target.length) : target.length
    if (this.#least > limit.bytes) throw exceeded(limit, this.#least)
  }

  get operation(): string {
    return `readInto(<${this.#target.length} bytes>)`
  }

  attempt(queue: ByteQueue): number | Wait {
    if (queue.length < this.#least) return WAIT
    const n = Math.min(this.#target.length, queue.length, this.limit.bytes)
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
    const n = this.#length(queue, stream)
    return n === 0 ? WAIT : decode(queue.take(n), this.#encoding)
  }

  /** An incomplete last character stays until the rest of it, or the end, comes. One that the limit cannot hold never comes whole. */
  #length(queue: ByteQueue, stream: Stream): number {
    const n = Math.min(queue.length, this.limit.bytes)
    const complete = this.#encoding === undefined ? n : completeLength(queue, n, this.#encoding)
    if (complete > 0) return complete
    if (n === this.limit.bytes) throw exceeded(this.limit, n + 1)
    return stream === 'open' ? 0 : n
  }
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
    return stream === 'ended' ? decode(queue.take(queue.length), this.#encoding) : WAIT
  }
}

/** `readUntilMatch`: everything up to the end of the first match, tried again from the start whenever bytes arrive. */
export class MatchRead implements Read<Buffer | string> {
  readonly limit: Limit
  readonly #pattern: RegExp
  readonly #given: RegExp
  readonly #encoding: BufferEncoding | undefined

  constructor(given: RegExp, limit: Limit, encoding: BufferEncoding | undefined) {
    this.#given = given
    // A pattern of our own: `lastIndex` of the program's stays as it is, and a sticky or global one starts at the front.
    this.#pattern = new RegExp(given.source, given.flags.replace(/[gy]/g, ''))
    this.limit = limit
    this.#encoding = encoding
  }

  get operation(): string {
    return `readUntilMatch(${this.#given})`
  }

  attempt(queue: ByteQueue): Buffer | string | Wait {
    const seen = Math.min(queue.length, this.limit.bytes)
    const match = this.#pattern.exec(queue.peek(seen).toString('latin1'))
    if (match === null) {
      if (queue.length >= this.limit.bytes) throw exceeded(this.limit, queue.length)
      return WAIT
    }
    if (match[0] === '') throw new RangeError(`${this.#given} matches nothing at all: a message must have at least one byte`)
    return decode(queue.take(match.index + match[0].length), this.#encoding)
  }
}
