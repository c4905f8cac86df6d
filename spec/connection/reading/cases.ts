// A model of each kind of read, in a few slow lines that are easy to check. Its input: the unread text (a character is a
// byte), whether more bytes may arrive, and the limit.

import { inspect } from 'node:util'
import type { Reader } from '../../../lib/index.js'
import { winner } from '../../bytes/support.js'

export type Stream = 'open' | 'ended' | 'lost'

/** What comes of a read: more bytes are needed (or would have been), the limit is passed, or a value. */
export type Answer = 'wait' | 'limit' | { readonly value: unknown; readonly taken: number }

/** The options of a read of the model. */
export interface Asked {
  signal?: AbortSignal
  timeout?: number
  maxBytes?: number
}

/** One read: what is asked of the connection, and what must come of it. */
export interface Case {
  readonly name: string
  ask(reader: Reader, options: Asked | undefined): Promise<unknown>
  /** `room`: the limit of a batch as a whole. */
  answer(text: string, stream: Stream, most: number, room?: number): Answer
  /** What it may gather, of `maxBytes` and the connection's own limit. Default: the first that is there. */
  most?(maxBytes: number | undefined): number
  /** How much of a text that does not satisfy it it has dropped. */
  drops?(text: string, most: number): number
}

/** The connection's own limit in these tests. */
export const OWN = 8

/** The smallest end that some continuation of a text can still give. */
function soonest(text: string, delimiters: readonly string[]): number {
  let least = Number.POSITIVE_INFINITY
  for (const delimiter of delimiters) {
    for (let at = 0; at <= text.length; at++) {
      const here = text.slice(at)
      if (!here.startsWith(delimiter) && !delimiter.startsWith(here)) continue
      least = Math.min(least, winner(text + delimiter.slice(here.length), delimiters, true).end)
    }
  }
  return least
}

/** The end of the message, 0 while it is not known, or the limit. */
function endOf(text: string, delimiters: readonly string[], stream: Stream, most: number): number | 'limit' {
  const { end } = winner(text, delimiters, stream !== 'open')
  return (end === 0 ? soonest(text, delimiters) : end) > most ? 'limit' : end
}

/** Where the first delimiter is, or may begin. */
function firstAt(text: string, delimiters: readonly string[]): number {
  for (let at = 0; ; at++) {
    const here = text.slice(at)
    if (delimiters.some((delimiter) => here.startsWith(delimiter) || delimiter.startsWith(here))) return at
  }
}

const taken = (text: string, n: number): Answer => ({ value: text.slice(0, n), taken: n })
const quoted = (list: readonly string[]): string => inspect(list.length === 1 ? list[0] : list)
const given = (list: readonly string[]): string | readonly string[] => (list.length === 1 ? (list[0] as string) : list)

/** A line without its end. */
function bare(text: string, end: number, delimiters: readonly string[] | undefined): string {
  if (delimiters === undefined) return text.slice(0, end).replace(/\r?\n$/, '')
  return text.slice(0, end - winner(text, delimiters, true).matched)
}

export const until = (list: readonly string[]): Case => ({
  name: `readUntil(${quoted(list)})`,
  ask: (reader, options) => reader.readUntil(given(list), options),
  answer(text, stream, most) {
    const end = endOf(text, list, stream, most)
    return end === 'limit' ? end : end === 0 ? 'wait' : taken(text, end)
  },
})

export const line = (list?: readonly string[]): Case => ({
  name: `readLine(${list === undefined ? '' : quoted(list)})`,
  ask: (reader, options) => reader.readLine({ ...options, delimiter: list && given(list), encoding: 'latin1' }),
  answer(text, stream, most) {
    const end = endOf(text, list ?? ['\n'], stream, most)
    return end === 'limit' ? end : end === 0 ? 'wait' : { value: bare(text, end, list), taken: end }
  },
})

export const lines = (list?: readonly string[]): Case => ({
  name: `lines(${list === undefined ? '' : quoted(list)})`,
  ask: (reader, options) => reader.lines({ ...options, delimiter: list && given(list), encoding: 'latin1' }).next(),
  answer(text, stream, most) {
    const answer = line(list).answer(text, stream, most)
    if (text === '') return stream === 'ended' ? { value: null, taken: 0 } : 'wait'
    if (stream !== 'ended') return answer
    const shortest = Math.min(...(list ?? ['\n']).map((each) => each.length))
    return answer === 'wait' ? (text.length + shortest > most ? 'limit' : taken(text, text.length)) : answer
  },
})

/** All messages that `one` gives of a text. What fails behind the first one is left. */
function batchOf(one: Case['answer'], text: string, stream: Stream, most: number, room = Number.POSITIVE_INFINITY): Answer {
  const values: unknown[] = []
  let at = 0
  for (;;) {
    const answer = one(text.slice(at), stream, Math.min(most, room - at))
    if (typeof answer === 'string' || answer.value === null) {
      return values.length === 0 ? answer : { value: `[${values.join('|')}]`, taken: at }
    }
    values.push(answer.value)
    at += answer.taken
  }
}

export const lineBatches = (list?: readonly string[]): Case => ({
  name: `lineBatches(${list === undefined ? '' : quoted(list)})`,
  ask: (reader, options) =>
    reader.lineBatches(list === undefined ? options : { ...options, delimiter: given(list), encoding: 'latin1' }).next(),
  answer: (text, stream, most, room) => batchOf(lines(list).answer, text, stream, most, room),
})

export const batches = (list: readonly string[], encoding?: 'latin1' | 'ascii'): Case => ({
  name: `batches(${quoted(list)}${encoding === undefined ? '' : `, ${encoding}`})`,
  ask: (reader, options) => reader.batches(given(list), encoding === undefined ? options : { ...options, encoding }).next(),
  answer: (text, stream, most, room) =>
    text === '' ? (stream === 'ended' ? { value: null, taken: 0 } : 'wait') : batchOf(until(list).answer, text, stream, most, room),
})

export const exactly = (n: number): Case => ({
  name: `readExactly(${n})`,
  ask: (reader, options) => reader.readExactly(n, options),
  answer: (text, _, most) => (n > most ? 'limit' : text.length < n ? 'wait' : taken(text, n)),
})

export const peek = (n: number): Case => ({
  name: `peek(${n})`,
  ask: (reader, options) => reader.peek(n, options),
  answer: (text, _, most) => (n > most ? 'limit' : text.length < n ? 'wait' : { value: text.slice(0, n), taken: 0 }),
})

/** What `readInto` has put into its target, behind the number of bytes; the rest of it must be as it was. */
export const into = (n: number, partial: boolean): Case => ({
  name: `readInto(${n}${partial ? ', partial' : ''})`,
  async ask(reader, options) {
    const memory = Buffer.alloc(n + 2, '.')
    const count = await reader.readInto(memory.subarray(1, n + 1), { ...options, partial })
    return `${count}:${memory.toString('latin1')}`
  },
  most: (maxBytes) => maxBytes ?? n,
  answer(text, _, most) {
    if (!partial && n > most) return 'limit'
    const count = Math.min(n, most, text.length)
    return count < (partial ? 1 : n) ? 'wait' : { value: `${count}:.${text.slice(0, count).padEnd(n, '.')}.`, taken: count }
  },
})

export const some: Case = {
  name: 'read()',
  ask: (reader, options) => reader.read(options),
  answer: (text, stream, most) =>
    text !== '' ? taken(text, Math.min(text.length, most)) : stream === 'ended' ? { value: null, taken: 0 } : 'wait',
}

export const toEnd: Case = {
  name: 'readToEnd()',
  ask: (reader, options) => reader.readToEnd(options),
  answer: (text, stream, most) => (text.length > most ? 'limit' : stream === 'ended' ? taken(text, text.length) : 'wait'),
}

export const match = (pattern: RegExp): Case => ({
  name: `readUntilMatch(${pattern})`,
  ask: (reader, options) => reader.readUntilMatch(pattern, options),
  answer(text, _, most) {
    const found = pattern.exec(text.slice(0, most))
    return found === null ? (text.length >= most ? 'limit' : 'wait') : taken(text, found.index + found[0].length)
  },
})

export const skip = (n: number): Case => ({
  name: `skip(${n})`,
  ask: (reader, options) => reader.skip(n, options),
  most: (maxBytes) => maxBytes ?? Number.POSITIVE_INFINITY,
  answer: (text, _, most) => (n > most ? 'limit' : text.length < n ? 'wait' : { value: n, taken: n }),
  drops: (text, most) => (n > most ? 0 : Math.min(n, text.length)),
})

export const skipUntil = (list: readonly string[]): Case => ({
  name: `skipUntil(${quoted(list)})`,
  ask: (reader, options) => reader.skipUntil(given(list), options),
  most: (maxBytes) => maxBytes ?? Number.POSITIVE_INFINITY,
  answer(text, stream, most) {
    const end = endOf(text, list, stream, most)
    return end === 'limit' ? end : end === 0 ? 'wait' : { value: end, taken: end }
  },
  drops: (text, most) => Math.min(firstAt(text, list), most),
})

export const chunks = (n: number | undefined): Case => ({
  name: `chunks(${n ?? ''})`,
  ask: (reader, options) => reader.chunks(n, options).next(),
  answer(text, stream, most) {
    if (text !== '') return taken(text, Math.min(text.length, most, n ?? text.length))
    return stream === 'ended' && n === undefined ? { value: null, taken: 0 } : 'wait'
  },
})

/** Delimiters of every make: one byte, two, several of which one begins with, ends with or overlaps another. */
export const delimiters = [['\n'], ['\r\n'], [';;'], ['\n', '\r\n'], [';', ';;b'], ['ab', ';ba', 'aba'], ['\n\n', '\n;\n;']] as const
