// Every reading method, once: arguments are checked, a kind of read is made, and the read half runs it. A connection and the
// reader of a message both are this; they differ in whom the read half lets read.

import { isRegExp } from 'node:util/types'
import { type CompiledDelimiter, compileDelimiter, type Delimiter } from '../../bytes/delimiter.js'
import { kindOf } from '../../kind-of.js'
import { ChunkIterator, LineIterator } from './iterators.js'
import type { Limit } from './limit.js'
import { MatchRead } from './match-read.js'
import type { ReadHalf } from './read-half.js'
import { ExactRead, IntoRead, type LineFormat, LineRead, SomeRead, ToEndRead, UntilRead } from './read-kinds.js'
import type { ReadLock } from './read-lock.js'
import type { BytesOptions, EitherOptions, IntoOptions, LineOptions, LinesOptions, ReadOptions, TextOptions } from './read-options.js'
import {
  booleanOf,
  countOf,
  encodingOf,
  INTO,
  LINE,
  LINES,
  ownOption,
  type ResolvedReadOptions,
  resolvePlainOptions,
  resolveReadOptions,
} from './read-options.js'
import type { Reader } from './reader.js'
import { SkipRead, SkipUntilRead } from './skips.js'

type Text = BufferEncoding | TextOptions

export abstract class ReadMethods implements Reader {
  readonly #readHalf: ReadHalf
  readonly #lock: ReadLock | undefined

  /** @internal */
  constructor(readHalf: ReadHalf, lock?: ReadLock) {
    this.#readHalf = readHalf
    this.#lock = lock
  }

  readUntil(delimiter: Delimiter, options?: BytesOptions): Promise<Buffer>
  readUntil(delimiter: Delimiter, options: Text): Promise<string>
  readUntil(delimiter: Delimiter, options?: EitherOptions): Promise<string | Buffer>
  readUntil(delimiter: Delimiter, options?: EitherOptions): Promise<never> {
    if (options === undefined && this.#lock === undefined) {
      const fast = this.#readHalf.takeUntil(delimiter)
      if (fast !== undefined) return Promise.resolve(fast as never)
      const parked = this.#readHalf.parkUntil(delimiter)
      if (parked !== undefined) return parked as never
    }
    return this.#reading(() => {
      const resolved = resolveReadOptions(options)
      const compiled = this.#delimiter(delimiter, resolved)
      return this.#readHalf.run((limit) => new UntilRead(compiled, limit, resolved.encoding) as never, resolved, this.#lock)
    })
  }

  readLine(options?: BufferEncoding | LineOptions): Promise<string> {
    const fast = options === undefined && this.#lock === undefined ? this.#readHalf.takeLine(undefined) : undefined
    if (fast !== undefined) return Promise.resolve(fast)
    return this.#reading(() => {
      const resolved = resolveReadOptions(options, LINE)
      const format = this.#lineFormat(options, resolved)
      return this.#readHalf.run((limit) => new LineRead(format, limit), resolved, this.#lock)
    })
  }

  readExactly(n: number, options?: BytesOptions): Promise<Buffer>
  readExactly(n: number, options: Text): Promise<string>
  readExactly(n: number, options?: EitherOptions): Promise<string | Buffer>
  readExactly(n: number, options?: EitherOptions): Promise<never> {
    return this.#exact(n, options, false)
  }

  readInto(target: NodeJS.ArrayBufferView, options?: IntoOptions): Promise<number> {
    return this.#reading(() => {
      if (!ArrayBuffer.isView(target)) throw new TypeError(`target must be a typed array, a Buffer or a DataView, not ${kindOf(target)}`)
      const resolved = resolvePlainOptions(options, INTO)
      const partial = booleanOf(ownOption(options, 'partial'), 'partial') ?? false
      const bytes = new Uint8Array(target.buffer, target.byteOffset, target.byteLength)
      // The target is a limit of its own. (An empty one is below the smallest that can be said, and takes nothing anyway.)
      const own = { ...resolved, maxBytes: resolved.maxBytes ?? Math.max(bytes.length, 1) }
      return this.#readHalf.run((limit) => new IntoRead(bytes, limit, partial), own, this.#lock)
    })
  }

  read(options?: BytesOptions): Promise<Buffer | null>
  read(options: Text): Promise<string | null>
  read(options?: EitherOptions): Promise<string | Buffer | null>
  read(options?: EitherOptions): Promise<never> {
    return this.#reading(() => {
      const resolved = resolveReadOptions(options)
      return this.#readHalf.run((limit) => new SomeRead(limit, resolved.encoding, 'read()') as never, resolved, this.#lock)
    })
  }

  readToEnd(options?: BytesOptions): Promise<Buffer>
  readToEnd(options: Text): Promise<string>
  readToEnd(options?: EitherOptions): Promise<string | Buffer>
  readToEnd(options?: EitherOptions): Promise<never> {
    return this.#reading(() => {
      const resolved = resolveReadOptions(options)
      return this.#readHalf.run((limit) => new ToEndRead(limit, resolved.encoding) as never, resolved, this.#lock)
    })
  }

  readUntilMatch(pattern: RegExp, options?: BytesOptions): Promise<Buffer>
  readUntilMatch(pattern: RegExp, options: Text): Promise<string>
  readUntilMatch(pattern: RegExp, options?: EitherOptions): Promise<string | Buffer>
  readUntilMatch(pattern: RegExp, options?: EitherOptions): Promise<never> {
    return this.#reading(() => {
      if (!isRegExp(pattern)) throw new TypeError(`pattern must be a RegExp, not ${kindOf(pattern)}: readUntil() takes text or bytes`)
      const resolved = resolveReadOptions(options)
      const how = { limited: resolved.maxBytes !== undefined, encoding: resolved.encoding, cache: this.#readHalf.latin1 }
      return this.#readHalf.run((limit) => new MatchRead(pattern, limit, how) as never, resolved, this.#lock)
    })
  }

  peek(n: number, options?: BytesOptions): Promise<Buffer>
  peek(n: number, options: Text): Promise<string>
  peek(n: number, options?: EitherOptions): Promise<string | Buffer>
  peek(n: number, options?: EitherOptions): Promise<never> {
    return this.#exact(n, options, true)
  }

  skip(n: number, options?: ReadOptions): Promise<number> {
    return this.#reading(() => {
      countOf(n, 'n')
      const resolved = this.#unbounded(options)
      return this.#readHalf.run((limit) => new SkipRead(n, limit, this.#gathers), resolved, this.#lock)
    })
  }

  skipUntil(delimiter: Delimiter, options?: ReadOptions): Promise<number> {
    return this.#reading(() => {
      const resolved = this.#unbounded(options)
      const compiled = this.#delimiter(delimiter, resolved)
      return this.#readHalf.run((limit) => new SkipUntilRead(compiled, limit, this.#gathers), resolved, this.#lock)
    })
  }

  tryReadUntil(delimiter: Delimiter, options?: BytesOptions): Buffer | undefined
  tryReadUntil(delimiter: Delimiter, options: Text): string | undefined
  tryReadUntil(delimiter: Delimiter, options?: EitherOptions): string | Buffer | undefined
  tryReadUntil(delimiter: Delimiter, options?: EitherOptions): string | Buffer | undefined {
    const fast = options === undefined && this.#lock === undefined ? this.#readHalf.takeUntil(delimiter) : undefined
    if (fast !== undefined) return fast
    return this.#trying(() => {
      const resolved = resolveReadOptions(options)
      const compiled = this.#delimiter(delimiter, resolved)
      return this.#readHalf.try((limit) => new UntilRead(compiled, limit, resolved.encoding), resolved, this.#lock)
    })
  }

  tryReadExactly(n: number, encoding?: undefined): Buffer | undefined
  tryReadExactly(n: number, encoding: BufferEncoding): string | undefined
  tryReadExactly(n: number, encoding?: BufferEncoding): string | Buffer | undefined
  tryReadExactly(n: number, encoding?: BufferEncoding): string | Buffer | undefined {
    return this.#trying(() => {
      countOf(n, 'n')
      const resolved = resolveReadOptions(encoding === undefined ? undefined : encodingOf(encoding))
      return this.#readHalf.try((limit) => new ExactRead(n, limit, resolved.encoding, false), resolved, this.#lock)
    })
  }

  tryReadLine(options?: BufferEncoding | LineOptions): string | undefined {
    const fast = options === undefined && this.#lock === undefined ? this.#readHalf.takeLine(undefined) : undefined
    if (fast !== undefined) return fast
    return this.#trying(() => {
      const resolved = resolveReadOptions(options, LINE)
      const format = this.#lineFormat(options, resolved)
      return this.#readHalf.try((limit) => new LineRead(format, limit), resolved, this.#lock)
    })
  }

  lines(options?: BufferEncoding | LinesOptions): AsyncIterableIterator<string> & AsyncDisposable {
    return new LineIterator(this.#readHalf, this.#lock, () => {
      const resolved = resolveReadOptions(options, LINES)
      const overflow = ownOption(options, 'overflow')
      if (overflow !== undefined && overflow !== 'error' && overflow !== 'skip') {
        throw typeof overflow === 'string'
          ? new RangeError(`overflow must be 'error' or 'skip'`)
          : new TypeError(`overflow must be a string, not ${kindOf(overflow)}`)
      }
      return { options: resolved, format: this.#lineFormat(options, resolved), skips: overflow === 'skip' }
    })
  }

  chunks(n?: number, options?: BytesOptions): AsyncIterableIterator<Buffer> & AsyncDisposable
  chunks(n: number | undefined, options: Text): AsyncIterableIterator<string> & AsyncDisposable
  chunks(n?: number, options?: EitherOptions): AsyncIterableIterator<string | Buffer> & AsyncDisposable
  chunks(n?: number, options?: EitherOptions): AsyncIterableIterator<never> & AsyncDisposable {
    return new ChunkIterator(this.#readHalf, this.#lock, () => {
      if (typeof n === 'object') throw new TypeError(`n must be a number of bytes, not ${kindOf(n)}: write chunks(undefined, options)`)
      if (n !== undefined) countOf(n, 'n')
      return { options: resolveReadOptions(options), n }
    }) as AsyncIterableIterator<never> & AsyncDisposable
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Buffer> & AsyncDisposable {
    return this.chunks()
  }

  // --- arguments -------------------------------------------------------------------------------------------------------

  /** Nothing throws synchronously: a wrong argument rejects. */
  #reading<T>(read: () => Promise<T>): Promise<T> {
    // Not by `#trying`: with one frame more the caller's is none of the ten that a stack shows.
    try {
      return read()
    } catch (error) {
      this.#lock?.failed(error)
      return Promise.reject(error)
    }
  }

  /** What a read fails with is known to the message it belongs to, a wrong argument too (a length that is none). */
  #trying<T>(read: () => T): T {
    try {
      return read()
    } catch (error) {
      this.#lock?.failed(error)
      throw error
    }
  }

  #exact(n: number, options: EitherOptions | undefined, keep: boolean): Promise<never> {
    return this.#reading(() => {
      countOf(n, 'n')
      const resolved = resolveReadOptions(options)
      return this.#readHalf.run((limit: Limit) => new ExactRead(n, limit, resolved.encoding, keep) as never, resolved, this.#lock)
    })
  }

  #delimiter(delimiter: unknown, resolved: ResolvedReadOptions): CompiledDelimiter {
    const compiled = compileDelimiter(delimiter)
    const limit = resolved.maxBytes ?? this.#readHalf.host.limits.maxBufferSize
    if (limit < compiled.shortest) {
      throw new RangeError(
        `a limit of ${limit} bytes is smaller than the delimiter ${compiled.text}: raise ${resolved.maxBytes === undefined ? 'maxBufferSize' : 'maxBytes'}`,
      )
    }
    return compiled
  }

  #lineFormat(options: unknown, resolved: ResolvedReadOptions): LineFormat {
    const given = ownOption(options, 'delimiter')
    return {
      delimiter: this.#delimiter(given === undefined ? '\n' : given, resolved),
      carriageReturn: given === undefined,
      encoding: resolved.encoding ?? 'utf8',
    }
  }

  /** Skipped bytes are not gathered and need no limit, except in a message, which may have to give them back. */
  #unbounded(options: unknown): ResolvedReadOptions {
    const resolved = resolvePlainOptions(options)
    return resolved.maxBytes === undefined && !this.#gathers ? { ...resolved, maxBytes: Number.POSITIVE_INFINITY } : resolved
  }

  get #gathers(): boolean {
    return this.#lock?.gathers ?? false
  }
}
