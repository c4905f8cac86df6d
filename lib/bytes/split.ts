// Splits a chunk into its messages at a third of the cost of taking each one separately: text is decoded once for many
// messages, and each is a slice of it. Only whole messages are split off. Pure, and only for a single delimiter; messages
// that span chunks, and lists of delimiters, are up to the caller.
// Decision: docs/decisions/a-batch-is-one-read.md

import { isAscii } from 'node:buffer'
import type { CompiledDelimiter } from './delimiter.js'
import { indexOf, lastIndexOf, view } from './view.js'

/** How the messages of a stream end, and what is returned of each. */
export interface MessageFormat {
  readonly delimiter: CompiledDelimiter
  /** Undefined: bytes. */
  readonly encoding: BufferEncoding | undefined
  /** Whether a message is returned with its delimiter. */
  readonly keepsDelimiter: boolean
  /** Whether to remove a carriage return before the delimiter. */
  readonly carriageReturn: boolean
}

/** Splits whole messages off the beginning of a chunk. */
export interface Splitter<T> {
  /** Whether the messages share the memory of the chunk. */
  readonly shares: boolean
  /** The bytes of the messages that were split off last. */
  readonly bytes: number
  /** Returns the whole messages in front of the first one of more than `most` bytes. */
  split(chunk: Buffer, most: number): T[]
}

/** The splitter of a format; undefined for a list of delimiters. */
export function splitterFor<T extends string | Buffer>(format: MessageFormat): Splitter<T> | undefined {
  const { delimiter, encoding } = format
  if (delimiter.sequences.length > 1) return undefined
  const sequence = delimiter.sequences[0] as Buffer
  const decoder = encoding === undefined ? undefined : decoderOf(encoding, sequence)
  const splitter = decoder === undefined ? new EachSplitter(sequence, format) : new TextSplitter(sequence, format, decoder)
  return splitter as Splitter<string | Buffer> as Splitter<T>
}

/**
 * The encoding, if text can be split after it was decoded: if a delimiter in the bytes is one in the text, and nothing else is.
 * A delimiter that may overlap itself is found elsewhere from the end than from the beginning.
 */
function decoderOf(encoding: BufferEncoding, sequence: Buffer): 'utf8' | 'latin1' | undefined {
  if (overlapsItself(sequence)) return undefined
  switch (encoding.toLowerCase()) {
    case 'utf8':
    case 'utf-8':
      return isAscii(sequence) ? 'utf8' : undefined
    case 'latin1':
    case 'binary':
      return 'latin1'
    default:
      return undefined
  }
}

/** Whether a beginning of the sequence is an end of it. */
function overlapsItself(sequence: Buffer): boolean {
  for (let length = 1; length < sequence.length; length++) {
    if (sequence.subarray(0, length).equals(sequence.subarray(sequence.length - length))) return true
  }
  return false
}

/** What to search bytes for: searching for a number costs a fifth of searching for a buffer. */
const needleOf = (sequence: Buffer): number => (sequence.length === 1 ? sequence[0] : sequence) as number

const CARRIAGE_RETURN = 13

// A slice of text keeps the text that it was cut from in memory: with its header less than the 4 KiB that the public contract
// allows. Text that is not ASCII may take two bytes a character.
const PIECE = 3800
const WIDE_PIECE = PIECE / 2

// The most messages that an array is made for in advance.
const MAX_EXPECTED = 8192

abstract class ArraySplitter<T> implements Splitter<T> {
  abstract readonly shares: boolean
  bytes = 0
  /** The messages of the last chunk. Elements of an array that has its size cost a third less than those that are pushed. */
  #expected = 0

  split(chunk: Buffer, most: number): T[] {
    this.bytes = 0
    const messages = new Array<T>(this.#expected)
    const count = this.fill(messages, chunk, most)
    if (messages.length > count) messages.length = count
    this.#expected = Math.min(count, MAX_EXPECTED)
    return messages
  }

  /** Sets the elements of `messages` from 0 on, and `bytes`; returns the number of messages. */
  protected abstract fill(messages: T[], chunk: Buffer, most: number): number
}

/** Decodes many messages at once. */
class TextSplitter extends ArraySplitter<string> {
  readonly shares = false
  readonly #needle: number
  readonly #delimiter: string
  readonly #length: number
  readonly #kept: number
  readonly #carriageReturn: boolean
  readonly #decoder: 'utf8' | 'latin1'

  constructor(sequence: Buffer, { keepsDelimiter, carriageReturn }: MessageFormat, decoder: 'utf8' | 'latin1') {
    super()
    this.#needle = needleOf(sequence)
    this.#delimiter = sequence.toString('latin1')
    this.#length = sequence.length
    this.#kept = keepsDelimiter ? sequence.length : 0
    this.#carriageReturn = carriageReturn
    this.#decoder = decoder
  }

  protected fill(messages: string[], chunk: Buffer, most: number): number {
    const end = this.#lastEnd(chunk, chunk.length)
    const wide = this.#decoder === 'utf8' && !isAscii(chunk)
    const decoder = wide ? 'utf8' : 'latin1'
    // No message of a piece is longer than the piece, and so none is beyond the limit.
    const piece = Math.min(wide ? WIDE_PIECE : PIECE, most)
    let count = 0
    let from = 0
    while (from < end) {
      let to = end - from <= piece ? end : this.#lastEnd(chunk, from + piece)
      if (to <= from) {
        to = indexOf.call(chunk, this.#needle, from) + this.#length
        if (to - from > most) break
      }
      count = this.#slice(chunk.toString(decoder, from, to), messages, count)
      from = to
    }
    this.bytes = from
    return count
  }

  /** Where the last delimiter before `before` ends; 0 if there is none. */
  #lastEnd(chunk: Buffer, before: number): number {
    const at = before < this.#length ? -1 : lastIndexOf.call(chunk, this.#needle, before - this.#length)
    return at < 0 ? 0 : at + this.#length
  }

  /** Slices text that ends with a delimiter; returns `count` and the number of its messages. */
  #slice(text: string, messages: string[], count: number): number {
    const delimiter = this.#delimiter
    const length = this.#length
    const kept = this.#kept
    const returns = this.#carriageReturn && text.includes('\r')
    let index = count
    for (let from = 0, at: number; from < text.length; from = at + length) {
      at = text.indexOf(delimiter, from)
      const isReturn = returns && at > from && text.charCodeAt(at - 1) === CARRIAGE_RETURN
      messages[index++] = text.slice(from, isReturn ? at - 1 : at + kept)
    }
    return index
  }
}

/** Makes each message of the bytes themselves: views, or text in an encoding that cannot be split. */
class EachSplitter extends ArraySplitter<string | Buffer> {
  readonly shares: boolean
  readonly #needle: number
  readonly #length: number
  readonly #format: MessageFormat

  constructor(sequence: Buffer, format: MessageFormat) {
    super()
    this.shares = format.encoding === undefined
    this.#needle = needleOf(sequence)
    this.#length = sequence.length
    this.#format = format
  }

  protected fill(messages: (string | Buffer)[], chunk: Buffer, most: number): number {
    const { buffer, byteOffset } = chunk
    const { encoding, keepsDelimiter, carriageReturn } = this.#format
    const length = this.#length
    let count = 0
    let from = 0
    let at = indexOf.call(chunk, this.#needle, 0)
    while (at >= 0 && at + length - from <= most) {
      let end = keepsDelimiter ? at + length : at
      if (carriageReturn && at > from && chunk[at - 1] === CARRIAGE_RETURN) end--
      messages[count++] = encoding === undefined ? view(buffer, byteOffset + from, end - from) : chunk.toString(encoding, from, end)
      from = at + length
      at = indexOf.call(chunk, this.#needle, from)
    }
    this.bytes = from
    return count
  }
}
