// Checks delimiters and prepares them for searching: text becomes UTF-8 bytes, and a single byte becomes a number (searching
// for a number costs a tenth of searching for a string). A protocol uses few delimiters, again for every message, so those
// given as text are cached; of lists of text, the last one.

import { isRegExp, isUint8Array } from 'node:util/types'
import { kindOf } from '../kind-of.js'

/** The end of a message: text (as UTF-8), bytes, or a list of them. Of several matches the one that starts first wins, then the longest. */
export type Delimiter = string | Uint8Array | readonly (string | Uint8Array)[]

export interface CompiledDelimiter {
  /** The byte, if the delimiter is a single byte, otherwise −1. */
  readonly byte: number
  /** Longest first, without duplicates. */
  readonly sequences: readonly Buffer[]
  /** Length of the shortest sequence. */
  readonly shortest: number
  /** The delimiter as error messages show it. */
  readonly text: string
}

// Enough for the delimiters of any protocol. The cache is emptied when it is full, so that a program with a new delimiter for
// each message (MIME boundaries) does not fill memory.
const CACHED = 256
// Longer delimiters are rare, and would stay in memory.
const LONGEST_CACHED = 256
const LONGEST_LIST_CACHED = 16
const cache = new Map<string, CompiledDelimiter>()
let last: { given: string; compiled: CompiledDelimiter } = { given: '\n', compiled: compile(['\n'], '\n') }
let lastList: { texts: readonly unknown[]; compiled: CompiledDelimiter } | undefined

/**
 * Checks and prepares a delimiter.
 *
 * @throws TypeError for anything but text, bytes, or a list of those; RangeError for an empty one.
 */
export function compileDelimiter(delimiter: unknown): CompiledDelimiter {
  // Nearly all reads use the delimiter of the read before.
  if (delimiter === last.given) return last.compiled
  if (Array.isArray(delimiter)) return compileList(delimiter)
  if (typeof delimiter !== 'string') return compile([delimiter], delimiter)
  const known = cache.get(delimiter)
  if (known !== undefined) {
    last = { given: delimiter, compiled: known }
    return known
  }
  const compiled = compile([delimiter], delimiter)
  if (delimiter.length > LONGEST_CACHED) return compiled
  if (cache.size >= CACHED) cache.clear()
  cache.set(delimiter, compiled)
  return compiled
}

/** Compares the items, since the list may be a literal, which is a new one for each read, or may have been changed. */
function compileList(list: readonly unknown[]): CompiledDelimiter {
  if (lastList !== undefined && isSame(list, lastList.texts)) return lastList.compiled
  const items = [...list]
  const compiled = compile(items, items)
  if (items.length <= LONGEST_LIST_CACHED && items.every(isShortText)) lastList = { texts: items, compiled }
  return compiled
}

function isSame(list: readonly unknown[], texts: readonly unknown[]): boolean {
  if (list.length !== texts.length) return false
  for (let at = 0; at < texts.length; at++) if (list[at] !== texts[at]) return false
  return true
}

function isShortText(item: unknown): boolean {
  return typeof item === 'string' && item.length <= LONGEST_CACHED
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
  // Not by `instanceof`, which is false for bytes of another realm (a vm context, as in some test runners). A copy: the
  // caller may reuse the memory while the read is pending.
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

/** Text as a JavaScript literal in single quotes. */
function quote(text: string): string {
  const inner = JSON.stringify(text).slice(1, -1)
  return `'${inner.replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
}
