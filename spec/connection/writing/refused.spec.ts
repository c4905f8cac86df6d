// Data that cannot be written is rejected before any of it is sent, and the connection goes on.

import t from 'tap'
import { type Connection, ConnectionClosedError } from '../../../lib/index.js'
import { everywhere, memory } from '../../support/fixture.js'
import { rejection } from '../../support/wait.js'

const holed = ['a', 'b', 'c']
delete holed[1]
/** Values that are neither text, nor a view, nor a list of these. */
const wrong: readonly [name: string, data: unknown][] = [
  ['nothing', undefined],
  ['null', null],
  ['a number', 7],
  ['a bigint', 7n],
  ['a boolean', true],
  ['a symbol', Symbol('x')],
  ['a function', () => 'x'],
  ['an object', { length: 1, 0: 'x' }],
  ['a bare ArrayBuffer', new ArrayBuffer(1)],
  ['a String object', Object('x')],
  ['a Map', new Map()],
  ['a promise of text', Promise.resolve('x')],
  ['a list with a wrong piece behind good ones', ['good', Buffer.from('good'), 7]],
  ['a list in a list', ['good', ['nested']]],
  ['a list with a hole', holed],
  ['a list of nothing', [undefined]],
]
const write = (connection: Connection, data: unknown): Promise<void> => connection.write(data as string)

everywhere(t, 'data that cannot be written is a TypeError, none of it is sent, and the connection goes on', async (t, connect) => {
  const { a, b } = await connect()
  for (const [name, data] of wrong) {
    t.ok((await rejection(write(a, data))) instanceof TypeError, `write: ${name}`)
    t.throws(() => a.tryWrite(data as string), TypeError, `tryWrite: ${name}`)
    if (data !== undefined) t.ok((await rejection(a.end(data as string))) instanceof TypeError, `end: ${name}`)
    t.ok((await rejection(a.writeFrom([data as string]))) instanceof TypeError, `a piece of a source: ${name}`)
  }
  t.equal(a.ended, false)
  t.equal(a.queued + a.bytesWritten, 0)
  await a.end('and on')
  t.equal(await b.readToEnd('utf8'), 'and on')
})

t.test('an asynchronous write never throws synchronously', async (t) => {
  const { a } = memory(t)
  for (const [, data] of wrong) {
    for (const promise of [write(a, data), a.end((data === undefined ? 0 : data) as never), a.writeFrom(data as never)]) {
      t.ok(promise instanceof Promise)
      promise.catch(() => {})
    }
  }
})

t.test('a wrong argument is checked first, also on a closed connection', async (t) => {
  const { a } = memory(t)
  a.abort()
  t.ok((await rejection(write(a, 7))) instanceof TypeError)
  t.ok((await rejection(a.end(7 as never))) instanceof TypeError)
  t.throws(() => a.tryWrite(7 as never), TypeError)
  t.ok((await rejection(a.writeFrom(7 as never))) instanceof TypeError)
  t.ok((await rejection(write(a, 'x'))) instanceof ConnectionClosedError)
})

t.test('a wrong write does not affect the others around it', async (t) => {
  const { a, b } = memory(t)
  a.write('one ')
  const refused = write(a, [' lost ', 7])
  a.write('two')
  t.ok((await rejection(refused)) instanceof TypeError)
  await a.end()
  t.equal(await b.readToEnd('utf8'), 'one two')
})

t.test('the message names the value that was passed', async (t) => {
  const { a } = memory(t)
  t.match(((await rejection(write(a, 7))) as Error).message, /string.*view.*array.*not a number/)
  t.match(((await rejection(write(a, [null]))) as Error).message, /not null/)
  t.match(((await rejection(a.writeFrom('text' as never))) as Error).message, /write\(\) takes/)
})
