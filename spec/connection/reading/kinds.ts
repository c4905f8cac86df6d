// Every kind of read once, with bytes that show what it does: a rule that holds for all of them is tried on all of them.

import type { Connection, Reader, ReadOptions } from '../../../lib/index.js'

/** A kind of read, and bytes that show what it does. */
export interface Kind<From = Reader> {
  readonly name: string
  /** As `waiting` says it. */
  readonly operation: string
  start(from: From, options?: ReadOptions): Promise<unknown>
  /** What leaves it waiting, and what then satisfies it (`toEnd`: with the end of the stream behind it). */
  readonly some: string
  readonly rest: string
  /** What it resolves with, as `shown`. */
  readonly value: unknown
  /** Takes this many of those bytes. */
  readonly taken: number
  /** Waits for the end of the stream, not for bytes. */
  readonly toEnd?: true
  /** What it has dropped stays dropped when it fails. */
  readonly drops?: true
  /** The end of the stream is an answer, not a failure. */
  readonly endIsFine?: true
}

type Rest = Partial<Omit<Kind, 'name' | 'operation' | 'start'>>
const kind = (name: string, operation: string, start: Kind['start'], ...rest: Rest[]): Kind =>
  Object.assign({ name, operation, start, some: 'ab', rest: 'cd!', value: 'abcd', taken: 4 }, ...rest)
const line: Rest = { rest: 'c\n!', value: 'abc\n' }
const batch: Rest = { rest: 'c\n', value: '[abc\n]' }
const text: Rest = { some: '\xe2\x82', rest: '\xac!', value: '€!' }
const drops: Rest = { value: 4, drops: true }
const endIsFine: Rest = { endIsFine: true }
const several = ['\n', ';;']

export const kinds: readonly Kind[] = [
  kind('readUntil', "readUntil('\\n')", (from, options) => from.readUntil('\n', options), line),
  kind('readUntil of several', "readUntil(['\\n', ';;'])", (from, options) => from.readUntil(several, options), line),
  kind('readLine', 'readLine()', (from, options) => from.readLine(options), line, { value: 'abc' }),
  kind('readExactly', 'readExactly(4)', (from, options) => from.readExactly(4, options)),
  kind('readInto', 'readInto(<4 bytes>)', (from, options) => from.readInto(new Uint8Array(4), options), { value: 4 }),
  kind('read', 'read()', (from, options) => from.read({ ...options, encoding: 'utf8' }), text, endIsFine),
  kind('readToEnd', 'readToEnd()', (from, options) => from.readToEnd(options), { rest: 'cd', toEnd: true }, endIsFine),
  kind('readUntilMatch', 'readUntilMatch(/c\\n/)', (from, options) => from.readUntilMatch(/c\n/, options), line),
  kind('peek', 'peek(4)', (from, options) => from.peek(4, options), { taken: 0 }),
  kind('skip', 'skip(4)', (from, options) => from.skip(4, options), drops),
  kind('skipUntil', "skipUntil('\\n')", (from, options) => from.skipUntil('\n', options), line, drops),
  kind('lines', 'lines()', (from, options) => from.lines(options).next(), line, { value: 'abc' }, endIsFine),
  kind('lineBatches', 'lineBatches()', (from, options) => from.lineBatches(options).next(), batch, { value: '[abc]' }, endIsFine),
  kind('batches', "batches('\\n')", (from, options) => from.batches('\n', options).next(), batch),
  kind('batches of several', "batches(['\\n', ';;'])", (from, options) => from.batches(several, options).next(), batch),
  kind('chunks', 'chunks()', (from, options) => from.chunks(undefined, options).next(), { some: '', rest: 'abcd' }, endIsFine),
  kind('chunks of a number', 'chunks()', (from, options) => from.chunks(4, options).next(), { some: '', rest: 'abcd!' }),
]

/** A message of two reads, as one more. */
const messageKind: Kind<Connection> = {
  ...kind('', 'readMessage()', () => Promise.resolve(), { some: 'a\nb', rest: 'c!', value: 'a+bc' }),
  name: 'readMessage',
  start: (from, options) =>
    from.readMessage(async (reader) => `${await reader.readLine()}+${await reader.readExactly(2, 'latin1')}`, options),
}

/** All of them, each asked of a connection. */
export const connectionKinds: readonly Kind<Connection>[] = [...kinds, messageKind]
