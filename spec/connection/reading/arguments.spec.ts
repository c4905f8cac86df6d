// The arguments that every read refuses, by a rejection and not by an exception, and the order of its checks: arguments,
// then a pending read, then the signal, then whether this side has closed.

import t from 'tap'
import type { Connection } from '../../../lib/index.js'
import { ConcurrentReadError, ConnectionClosedError } from '../../../lib/index.js'
import { rejection } from '../../support/wait.js'
import { connectionKinds } from './kinds.js'
import { unread, wired } from './support.js'

// Wrong types are the point of this file.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Any = any
type Loose = Record<keyof Connection, (...list: Any[]) => Any>
const loose = (connection: Connection): Loose => connection as Any

const TYPE = TypeError
const RANGE = RangeError

/** The reads that take only options, called with arguments that fit. */
const byOptions: Record<string, (connection: Loose, options: Any) => Any> = {
  readUntil: (connection, options) => connection.readUntil('\n', options),
  readLine: (connection, options) => connection.readLine(options),
  readExactly: (connection, options) => connection.readExactly(2, options),
  readInto: (connection, options) => connection.readInto(Buffer.alloc(2), options),
  read: (connection, options) => connection.read(options),
  readToEnd: (connection, options) => connection.readToEnd(options),
  readMessage: (connection, options) => connection.readMessage(async () => t.fail('it was called'), options),
  readUntilMatch: (connection, options) => connection.readUntilMatch(/\n/, options),
  peek: (connection, options) => connection.peek(2, options),
  skip: (connection, options) => connection.skip(2, options),
  skipUntil: (connection, options) => connection.skipUntil('\n', options),
  lines: (connection, options) => connection.lines(options).next(),
  lineBatches: (connection, options) => connection.lineBatches(options).next(),
  batches: (connection, options) => connection.batches('\n', options).next(),
  chunks: (connection, options) => connection.chunks(2, options).next(),
  'tryReadUntil, as a promise': async (connection, options) => connection.tryReadUntil('\n', options),
  'tryReadLine, as a promise': async (connection, options) => connection.tryReadLine(options),
}
const wrongOptions: [unknown, ErrorConstructor | typeof TypeError][] = [
  ...[null, 5, true, () => {}, 5n, Symbol('x')].map((each): [unknown, typeof TypeError] => [each, TYPE]),
  ['utf9', RANGE],
  ['', RANGE],
  [{ encoding: 'utf9' }, RANGE],
  [{ encoding: 5 }, TYPE],
  [{ encoding: null }, TYPE],
  ...['5', null, 5n, {}].map((timeout): [unknown, typeof TypeError] => [{ timeout }, TYPE]),
  ...[0, -1, Number.NaN, Number.NEGATIVE_INFINITY].map((timeout): [unknown, typeof TypeError] => [{ timeout }, RANGE]),
  ...['5', null, 5n, {}].map((maxBytes): [unknown, typeof TypeError] => [{ maxBytes }, TYPE]),
  ...[0, -1, 1.5, Number.NaN, 2 ** 53].map((maxBytes): [unknown, typeof TypeError] => [{ maxBytes }, RANGE]),
  ...['yes', null, 1].map((idle): [unknown, typeof TypeError] => [{ idle }, TYPE]),
  ...['x', null, {}, { aborted: false }, new AbortController()].map((signal): [unknown, typeof TypeError] => [{ signal }, TYPE]),
]
const givesNoBytes = ['readInto', 'readMessage', 'skip', 'skipUntil']

for (const [name, read] of Object.entries(byOptions)) {
  t.test(`${name} rejects wrong options, and does not throw`, async (t) => {
    for (const [options, wanted] of wrongOptions) {
      const { connection, push } = wired()
      push('ab\ncd')
      let promise: Promise<unknown> | undefined
      t.doesNotThrow(() => {
        promise = read(loose(connection), options)
      })
      const error = (await rejection(promise as Promise<unknown>)) as Error
      // A read that returns no bytes has no encoding, neither as an option nor in place of the options.
      const encoding = typeof options === 'string' || (typeof options === 'object' && options !== null && 'encoding' in options)
      t.ok(error instanceof (givesNoBytes.includes(name) && encoding ? TYPE : wanted), `${String(error)} of ${String(options)}`)
      t.equal(unread(connection), 'ab\ncd')
    }
  })

  t.test(`${name} ignores an option that is undefined`, async (t) => {
    const { connection, push, end } = wired()
    push('ab\n')
    end()
    const nothing = {
      signal: undefined,
      timeout: undefined,
      maxBytes: undefined,
      idle: undefined,
      encoding: undefined,
      partial: undefined,
      delimiter: undefined,
      overflow: undefined,
    }
    if (name === 'readMessage') await loose(connection).readMessage(async () => {}, nothing)
    else await read(loose(connection), nothing)
    t.pass()
  })
}

t.test('a wrong argument is a rejection', async (t) => {
  const delimiters: [unknown, typeof TypeError][] = [
    ...[undefined, null, 5, {}, /\n/, new ArrayBuffer(2), new Uint16Array(2), [5], ['\n', null], [['\n']]].map(
      (each): [unknown, typeof TypeError] => [each, TYPE],
    ),
    ...['', [], [''], ['\n', ''], new Uint8Array(0)].map((each): [unknown, typeof TypeError] => [each, RANGE]),
  ]
  const counts: [unknown, typeof TypeError][] = [
    ...['5', null, undefined, 5n, {}].map((each): [unknown, typeof TypeError] => [each, TYPE]),
    ...[-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53].map((each): [unknown, typeof TypeError] => [each, RANGE]),
  ]
  const wrong: [string, (connection: Loose, value: Any) => Any, [unknown, typeof TypeError][]][] = [
    ['readUntil', (connection, value) => connection.readUntil(value), delimiters],
    ['readUntil, with options', (connection, value) => connection.readUntil(value, {}), delimiters],
    ['skipUntil', (connection, value) => connection.skipUntil(value), delimiters],
    ['tryReadUntil', async (connection, value) => connection.tryReadUntil(value), delimiters],
    ['readLine', (connection, delimiter) => connection.readLine({ delimiter }), delimiters.filter(([each]) => each !== undefined)],
    ['lines', (connection, delimiter) => connection.lines({ delimiter }).next(), delimiters.filter(([each]) => each !== undefined)],
    ['readExactly', (connection, value) => connection.readExactly(value), counts],
    ['peek', (connection, value) => connection.peek(value), counts],
    ['skip', (connection, value) => connection.skip(value), counts],
    ['tryReadExactly', async (connection, value) => connection.tryReadExactly(value), counts],
    ['chunks', (connection, value) => connection.chunks(value).next(), counts.filter(([each]) => each !== undefined)],
    [
      'tryReadExactly, its encoding',
      async (connection, value) => connection.tryReadExactly(1, value),
      [
        [5, TYPE],
        [null, TYPE],
        [{}, TYPE],
        ['utf9', RANGE],
      ],
    ],
    [
      'readInto',
      (connection, value) => connection.readInto(value),
      ['abcd', null, undefined, 4, [0, 0], new ArrayBuffer(4), {}].map((each) => [each, TYPE]),
    ],
    [
      'readInto, partial',
      (connection, partial) => connection.readInto(Buffer.alloc(1), { partial }),
      ['yes', 1, null].map((each) => [each, TYPE]),
    ],
    [
      'readUntilMatch',
      (connection, value) => connection.readUntilMatch(value),
      ['\n', null, undefined, {}, { exec: () => null }].map((each) => [each, TYPE]),
    ],
    ['readMessage', (connection, value) => connection.readMessage(value), [undefined, null, 'read', 5, {}].map((each) => [each, TYPE])],
    [
      'lines, overflow',
      (connection, overflow) => connection.lines({ overflow }).next(),
      [
        ['drop', RANGE],
        ['', RANGE],
        [true, TYPE],
        [null, TYPE],
      ],
    ],
  ]
  for (const [name, read, values] of wrong) {
    for (const [value, wanted] of values) {
      const { connection, push } = wired()
      push('ab\ncd')
      let promise: Promise<unknown> | undefined
      t.doesNotThrow(() => {
        promise = read(loose(connection), value)
      }, name)
      const error = await rejection(promise as Promise<unknown>)
      t.ok(error instanceof wanted, `${name}: ${String(error)}`)
      t.equal(unread(connection), 'ab\ncd')
    }
  }
})

t.test('options whose getters throw make a read reject', async (t) => {
  const thrown = new Error('a getter of the program')
  const options = {
    get timeout(): number {
      throw thrown
    },
  }
  for (const [name, read] of Object.entries(byOptions)) {
    const { connection } = wired()
    t.equal(await rejection(read(loose(connection), options)), thrown, name)
  }
})

t.test('arguments are checked first, then the other read, then the signal, then the close', async (t) => {
  const reason = new Error('cancelled')
  for (const { name, start } of connectionKinds) {
    const { connection, push, end } = wired()
    const pending = connection.readExactly(8, 'latin1')
    const signal = AbortSignal.abort(reason)
    t.ok((await rejection(start(connection, { signal, maxBytes: 0 }))) instanceof RangeError, name)
    t.ok((await rejection(start(connection, { signal }))) instanceof ConcurrentReadError, name)
    t.ok((await rejection(start(connection, { maxBytes: 2 }))) instanceof ConcurrentReadError, 'also before a limit that is below n')
    push('abcdefgh')
    t.equal(await pending, 'abcdefgh', 'which is untouched')
    push('abcd\n')
    t.equal(await rejection(start(connection, { signal })), reason, 'before buffered bytes')
    t.equal(unread(connection), 'abcd\n')
    end()
    t.equal(await rejection(start(connection, { signal })), reason, 'before the end')
    connection.abort()
    t.ok((await rejection(start(connection, { maxBytes: 0 }))) instanceof RangeError)
    t.ok((await rejection(start(connection, { maxBytes: 2 }))) instanceof ConnectionClosedError)
  }
})

t.test('an unknown option is a TypeError, and nothing is consumed', async (t) => {
  const known: Record<string, string[]> = {
    encoding: [
      'readUntil',
      'readLine',
      'readExactly',
      'read',
      'readToEnd',
      'readUntilMatch',
      'peek',
      'lines',
      'lineBatches',
      'batches',
      'chunks',
      'tryReadUntil',
      'tryReadLine',
    ],
    delimiter: ['readLine', 'lines', 'lineBatches', 'tryReadLine'],
    overflow: ['lines', 'lineBatches', 'batches'],
    partial: ['readInto'],
    timeuot: [],
  }
  const values: Record<string, unknown> = { encoding: 'latin1', delimiter: '\n', overflow: 'skip', partial: true, timeuot: 5 }
  for (const [option, value] of Object.entries(values)) {
    for (const [name, read] of Object.entries(byOptions)) {
      const { connection, push, end } = wired()
      push('ab\ncd')
      end()
      const read_ = name.split(',')[0] as string
      if (known[option]?.includes(read_)) {
        await read(loose(connection), { [option]: value })
        t.pass(`${name} takes ${option}`)
        continue
      }
      const error = (await rejection(read(loose(connection), { [option]: value }))) as Error
      t.ok(error instanceof TypeError && error.message.includes(`'${option}'`), `${name}: ${String(error)}`)
      t.equal(unread(connection), 'ab\ncd')
    }
  }
})

t.test('a polluted Object.prototype changes no read', async (t) => {
  const names = ['timeout', 'maxBytes', 'idle', 'encoding', 'delimiter', 'overflow', 'partial', 'signal']
  const { connection, push } = wired()
  push('ab\ncd\nefgh')
  for (const name of names) Object.defineProperty(Object.prototype, name, { value: 0, enumerable: true, configurable: true })
  t.teardown(() => {
    for (const name of names) delete (Object.prototype as Any)[name]
  })
  const line = await connection.readLine({})
  const lines = await connection.lines({}).next()
  const into = await connection.readInto(Buffer.alloc(2), {})
  const rest = await connection.read({})
  for (const name of names) delete (Object.prototype as Any)[name]
  t.equal(line, 'ab')
  t.equal(lines.value, 'cd')
  t.equal(into, 2)
  t.equal(String(rest), 'gh')
})
