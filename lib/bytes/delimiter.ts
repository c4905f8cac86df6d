// A delimiter as a search wants it: checked once, text turned into UTF-8 bytes, and one byte into a number (searching a
// number costs a tenth of searching a string). The delimiters of a protocol are few and used again for every message, so
// those given as text are remembered.

import { isRegExp, isUint8Array } from 'node:util/types'
import { kindOf } from '../kind-of.js'

/** What ends a message: text (as UTF-8), bytes, or a list of them, of which the match that starts first wins, then the longest. */
export type Delimiter = string | Uint8Array | readonly (string | Uint8Array)[]

export interface CompiledDelimiter {
  /** The one byte it is, or −1. */
  readonly byte: number
  /** Longest first, without doubles. */
  readonly sequences: readonly Buffer[]
  /** Bytes of the shortest. */
  readonly shortest: number
  /** As it is named in messages. */
  readonly text: string
}

// Enough for any protocol's own delimiters; a program that makes new ones for each message (MIME boundaries) must not
// fill memory with them, so the memory starts afresh when it is full.
const REMEMBERED = 256
// Longer ones are not worth it: they are rare, and would stay in memory for good.
const LONGEST_REMEMBERED = 256
const memory = new Map<string, CompiledDelimiter>()
let last: { given: string; compiled: CompiledDelimiter } = { given: '\n', compiled: compile(['\n'], '\n') }

/**
 * Checks and prepares a delimiter.
 *
 * @throws TypeError for anything but text, bytes, or a list of those; RangeError for an empty one.
 */
export function compileDelimiter(delimiter: unknown): CompiledDelimiter {
  // The one that was asked for last is asked for again.
  if (delimiter === last.given) return last.compiled
  if (typeof delimiter !== 'string') return compile(Array.isArray(delimiter) ? delimiter : [delimiter], delimiter)
  const known = memory.get(delimiter)
  if (known !== undefined) {
    last = { given: delimiter, compiled: known }
    return known
  }
  const compiled = compile([delimiter], delimiter)
  if (delimiter.length > LONGEST_REMEMBERED) return compiled
  if (memory.size >= REMEMBERED) memory.clear()
  memory.set(delimiter, compiled)
  return compiled
}

function compile(list: readonly unknown[], given: unknown): CompiledDelimiter {
  if (list.length === 0) throw new RangeError('a list of delimiters must not be empty')
  const sequences: Buffer[] = []
  for (const each of list) {
    const sequence = bytesOf(each)
    if (!sequences.some((other) => other.equals(sequence))) sequences.push(sequence)
  }
  sequences.sort((a, b) => b.length - a.length)
  const shortest = (sequences.at(-1) as Buffer).length
  const only = sequences.length === 1 && shortest === 1 ? (sequences[0] as Buffer) : undefined
  return { byte: only?.[0] ?? -1, sequences, shortest, text: nameOf(given) }
}

function bytesOf(delimiter: unknown): Buffer {
  let bytes: Buffer
  if (typeof delimiter === 'string') bytes = Buffer.from(delimiter)
  // By its kind and not by `instanceof`, which says no to bytes of another realm (a vm context, as test runners make them).
  // A copy: the caller may use the memory for something else while the read is pending.
  else if (isUint8Array(delimiter)) bytes = Buffer.from(delimiter)
  else throw new TypeError(`a delimiter must be a string, a Uint8Array or a list of these, not ${kindOf(delimiter)}${insteadOf(delimiter)}`)
  if (bytes.length === 0) throw new RangeError('a delimiter must have at least one byte')
  return bytes
}

function insteadOf(delimiter: unknown): string {
  if (isRegExp(delimiter)) return ': readUntilMatch() takes a pattern'
  return typeof delimiter === 'number' ? ': readExactly() takes a number of bytes' : ''
}

function nameOf(delimiter: unknown): string {
  if (typeof delimiter === 'string') return quote(delimiter)
  if (Array.isArray(delimiter)) return `[${delimiter.map(nameOf).join(', ')}]`
  return `<${Buffer.from(delimiter as Uint8Array).toString('hex')}>`
}

/** Text in single quotes, on one line: as a program would write it. */
function quote(text: string): string {
  const inner = JSON.stringify(text).slice(1, -1)
  return `'${inner.replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
}
