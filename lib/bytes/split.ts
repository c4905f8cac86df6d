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
  /** Appends the messages to `messages`, up to the first one of more than `most` bytes; returns the number of their bytes. If it throws, they count as not split. */
  split(chunk: Buffer, most: number, messages: T[]): number
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

/** Decodes many messages at once. */
class TextSplitter implements Splitter<string> {
  readonly shares = false
  readonly #needle: number
  readonly #delimiter: string
  readonly #length: number
  readonly #kept: number
  readonly #carriageReturn: boolean
  readonly #decoder: 'utf8' | 'latin1'

  constructor(sequence: Buffer, { keepsDelimiter, carriageReturn }: MessageFormat, decoder: 'utf8' | 'latin1') {
    this.#needle = needleOf(sequence)
    this.#delimiter = sequence.toString('latin1')
    this.#length = sequence.length
    this.#kept = keepsDelimiter ? sequence.length : 0
    this.#carriageReturn = carriageReturn
    this.#decoder = decoder
  }

  split(chunk: Buffer, most: number, messages: string[]): number {
    const end = this.#lastEnd(chunk, chunk.length)
    if (end === 0) return 0
    const wide = this.#decoder === 'utf8' && !isAscii(chunk)
    const decoder = wide ? 'utf8' : 'latin1'
    // No message of a piece is longer than the piece, and so none is beyond the limit.
    const piece = Math.min(wide ? WIDE_PIECE : PIECE, most)
    for (let from = 0, to: number; from < end; from = to) {
      to = end - from <= piece ? end : this.#lastEnd(chunk, from + piece)
      if (to <= from) {
        to = indexOf.call(chunk, this.#needle, from) + this.#length
        if (to - from > most) return from
      }
      this.#slice(chunk.toString(decoder, from, to), messages)
    }
    return end
  }

  /** Where the last delimiter before `before` ends; 0 if there is none. */
  #lastEnd(chunk: Buffer, before: number): number {
    const at = before < this.#length ? -1 : lastIndexOf.call(chunk, this.#needle, before - this.#length)
    return at < 0 ? 0 : at + this.#length
  }

  /** Slices text that ends with a delimiter. */
  #slice(text: string, messages: string[]): void {
    const delimiter = this.#delimiter
    const length = this.#length
    const kept = this.#kept
    const returns = this.#carriageReturn && text.includes('\r')
    for (let from = 0, at: number; from < text.length; from = at + length) {
      at = text.indexOf(delimiter, from)
      const isReturn = returns && at > from && text.charCodeAt(at - 1) === CARRIAGE_RETURN
      messages.push(text.slice(from, isReturn ? at - 1 : at + kept))
    }
  }
}

/** Makes each message of the bytes themselves: views, or text in an encoding that cannot be split. */
class EachSplitter implements Splitter<string | Buffer> {
  readonly shares: boolean
  readonly #needle: number
  readonly #length: number
  readonly #format: MessageFormat

  constructor(sequence: Buffer, format: MessageFormat) {
    this.shares = format.encoding === undefined
    this.#needle = needleOf(sequence)
    this.#length = sequence.length
    this.#format = format
  }

  split(chunk: Buffer, most: number, messages: (string | Buffer)[]): number {
    const { buffer, byteOffset } = chunk
    const { encoding, keepsDelimiter, carriageReturn } = this.#format
    const length = this.#length
    let from = 0
    let at = indexOf.call(chunk, this.#needle, 0)
    while (at >= 0 && at + length - from <= most) {
      let end = keepsDelimiter ? at + length : at
      if (carriageReturn && at > from && chunk[at - 1] === CARRIAGE_RETURN) end--
      messages.push(encoding === undefined ? view(buffer, byteOffset + from, end - from) : chunk.toString(encoding, from, end))
      from = at + length
      at = indexOf.call(chunk, this.#needle, from)
    }
    return from
  }
}
