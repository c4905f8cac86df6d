// Mistakes in writing: data that cannot be written, missing or wrong arguments, and a write after the end.

import { Readable } from 'node:stream'
import t from 'tap'
import { type Connection, ConnectionClosedError } from '../../lib/index.js'
import { pair } from '../../lib/testing/index.js'
import { rejection } from '../support/wait.js'
import { controller, table } from './support.js'

const holed: unknown[] = ['x']
holed[2] = 'y'
const unreadable = {
  get getReader(): never {
    throw new Error('it cannot be looked at')
  },
}

const data = 'data must be a string, a view of bytes, or an array of these, not'

table(t, 'data that cannot be written is named, with its place in a list and what to write instead', [
  ['a Promise', TypeError, `${data} a Promise (forgotten await?)`, (a, b) => a.write(b.readLine())],
  ['a Promise for tryWrite()', TypeError, `${data} a Promise (forgotten await?)`, (a) => a.tryWrite(Promise.resolve('x'))],
  ['a Promise for end()', TypeError, `${data} a Promise (forgotten await?)`, (a) => a.end(Promise.resolve('x'))],
  [
    'a Promise in a list',
    TypeError,
    'data[1] must be a string or a view of bytes, not a Promise (forgotten await?)',
    (a) => a.write(['x', Promise.resolve('y')]),
  ],
  [
    'a number in a list',
    TypeError,
    'data[2] must be a string or a view of bytes, not a number: String(data) is its text',
    (a) => a.write(['x', 'y', 3], 'utf8'),
  ],
  ['a hole in a list', TypeError, 'data[1] must be a string or a view of bytes, not undefined', (a) => a.write(holed)],
  [
    'a list in a list',
    TypeError,
    'data[0] must be a string or a view of bytes, not an array: a list holds no lists, flatten it by flat()',
    (a) => a.write([['x']]),
  ],
  ['a number', TypeError, `${data} a number: String(data) is its text`, (a) => a.write(5)],
  ['a bigint', TypeError, `${data} a bigint: String(data) is its text`, (a) => a.write(5n)],
  ['a boolean', TypeError, `${data} a boolean: String(data) is its text`, (a) => a.write(true)],
  ['an object', TypeError, `${data} an object: JSON.stringify(data) is its text`, (a) => a.write({ x: 1 })],
  ['an object that cannot be looked at', TypeError, `${data} an object: JSON.stringify(data) is its text`, (a) => a.write(unreadable)],
  ['nothing', TypeError, `${data} undefined`, (a) => a.write()],
  ['null', TypeError, `${data} null`, (a) => a.write(null)],
  ['memory without a view', TypeError, `${data} an ArrayBuffer (wrap it: \`new Uint8Array(buffer)\`)`, (a) => a.write(new ArrayBuffer(5))],
  ['a stream', TypeError, `${data} a Readable: writeFrom() takes a stream or an iterable`, (a) => a.write(new Readable())],
  ['a web stream', TypeError, `${data} a ReadableStream: writeFrom() takes a stream or an iterable`, (a) => a.write(new ReadableStream())],
  ['a Set', TypeError, `${data} a Set: writeFrom() takes a stream or an iterable`, (a) => a.write(new Set(['x']))],
  ['a Date', TypeError, `${data} a Date`, (a) => a.write(new Date())],
  [
    'a callback',
    TypeError,
    'encoding must be a string, not a function: await the promise instead of passing a callback',
    (a) => a.write('x', () => {}),
  ],
  [
    'an encoding as an option of write()',
    TypeError,
    "encoding must be a string, not an object: write 'latin1' alone",
    (a) => a.write('x', { encoding: 'latin1' }),
  ],
  ['options of write()', TypeError, 'encoding must be a string, not an object', (a) => a.write('x', { signal: controller.signal })],
  [
    'one piece for writeFrom()',
    TypeError,
    'source must be an iterable, an async iterable or a stream, not a string: write() takes a single piece',
    (a) => a.writeFrom('x'),
  ],
  [
    'a generator that was not called',
    TypeError,
    'source must be an iterable, an async iterable or a stream, not a function: call the function, and give what it returns',
    (a) => a.writeFrom(async function* () {}),
  ],
  [
    'a source that is not there yet',
    TypeError,
    'source must be an iterable, an async iterable or a stream, not a Promise (forgotten await?)',
    (a) => a.writeFrom(Promise.resolve([])),
  ],
  [
    'a bad piece of a source',
    TypeError,
    'piece 1 of source must be a string, a view of bytes, or an array of these, not a number: String(data) is its text',
    (a) => a.writeFrom(['x', 5]),
  ],
  [
    'a bad piece in a piece',
    TypeError,
    'piece 0 of source[1] must be a string or a view of bytes, not null',
    (a) => a.writeFrom([['x', null]]),
  ],
])

t.test('the error of a write after an end names the side that ended, and what is still possible', async (t) => {
  const refused = async (connection: Connection): Promise<string> => {
    const error = (await rejection(connection.write('x'))) as Error
    t.ok(error instanceof ConnectionClosedError)
    return error.message
  }
  const ENDED = 'end() has ended what this side sends, and reads go on: write before it'
  const [a] = pair()
  void a.end()
  t.equal(await refused(a), ENDED)
  t.equal(((await rejection(a.end('more'))) as Error).message, ENDED, 'end() with data is such a write')
  const [b, c] = pair({ client: { allowHalfOpen: false } })
  await c.end()
  t.equal(await b.read(), null)
  t.equal(await refused(b), 'the peer has ended, and with `allowHalfOpen: false` that ends this side too')
  const [d] = pair({ client: { allowHalfOpen: false } })
  void d.end()
  t.equal(await refused(d), ENDED, 'with that option too, where it was end()')
  const [e] = pair()
  void e.close()
  t.match(await refused(e), /^this side has closed the connection; /)
})
