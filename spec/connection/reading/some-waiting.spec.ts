// `read()` that waits with nothing unread: the chunk that comes next is its result. Whatever comes instead, the result is the same as
// that of a read which waits with options.

import t from 'tap'
import { ConcurrentReadError, type Connection, ConnectionClosedError, TimeoutError } from '../../../lib/index.js'
import { manualClock, pair } from '../../../lib/testing/index.js'
import { isPending, rejection } from '../../support/wait.js'
import { unread, wired } from './support.js'

type Read = (connection: Connection) => Promise<string | Buffer | null>

const { signal } = new AbortController()

/** How a text is read. Those behind the first four wait in an object of their own. */
const forms: { readonly [form: string]: { read: Read; encoding: BufferEncoding } } = {
  'read()': { read: (connection) => connection.read(), encoding: 'utf8' },
  "read('utf8')": { read: (connection) => connection.read('utf8'), encoding: 'utf8' },
  "read('latin1')": { read: (connection) => connection.read('latin1'), encoding: 'latin1' },
  'read({ idle })': { read: (connection) => connection.read({ encoding: 'utf8', idle: false }), encoding: 'utf8' },
  "read('utf16le')": { read: (connection) => connection.read('utf16le'), encoding: 'utf16le' },
  'read({ timeout })': { read: (connection) => connection.read({ encoding: 'utf8', timeout: 10_000 }), encoding: 'utf8' },
  'read({ maxBytes })': { read: (connection) => connection.read({ encoding: 'utf8', maxBytes: 100 }), encoding: 'utf8' },
  'read({ signal })': { read: (connection) => connection.read({ encoding: 'utf8', signal }), encoding: 'utf8' },
}

for (const [form, { read, encoding }] of Object.entries(forms)) {
  t.test(`${form} that waits is the first chunk, time after time`, async (t) => {
    const { connection, push } = wired()
    for (const text of ['one', 'two\n', 'ß!', '.']) {
      const result = read(connection)
      t.ok(await isPending(result))
      push(Buffer.from(text, encoding))
      push(Buffer.from('rest', encoding))
      t.equal(String(await result), text)
      t.equal(Buffer.from((await read(connection)) as string, encoding).toString(encoding), 'rest')
      t.equal(unread(connection), '')
    }
    t.equal(connection.bytesRead, connection.buffered + Buffer.byteLength('onetwo\nß!.restrestrestrest', encoding))
  })

  t.test(`${form} that waits is null at the end of the stream, and fails when this side closes`, async (t) => {
    const ended = wired()
    const result = read(ended.connection)
    ended.end()
    t.equal(await result, null)
    const closed = wired()
    const failure = rejection(read(closed.connection))
    closed.connection.abort()
    t.match(await failure, ConnectionClosedError)
  })

  t.test(`${form} that waits refuses a second read, which changes nothing`, async (t) => {
    const { connection, push } = wired()
    const result = read(connection)
    for (const second of [connection.read('hex'), connection.read('latin1'), connection.read('utf8'), connection.read()]) {
      const error = await rejection(second)
      t.match(error, ConcurrentReadError)
      t.match((error as Error).message, 'read()')
    }
    push(Buffer.from('ä', encoding))
    push(Buffer.from('b', encoding))
    t.equal(String(await result).slice(0, 1), 'ä')
  })
}

t.test('read() that waits takes at most maxBufferSize of a chunk', async (t) => {
  const { connection, push } = wired({ maxBufferSize: 4 })
  const result = connection.read('latin1')
  push('abcdef')
  t.equal(await result, 'abcd')
  t.equal(await connection.read('latin1'), 'ef')
})

t.test("read('utf8') that waits keeps an incomplete last character for the next read", async (t) => {
  const { connection, push } = wired()
  const [first, second] = [Buffer.from('aß').subarray(0, 2), Buffer.from('aß').subarray(2)]
  const result = connection.read('utf8')
  push(first)
  t.equal(await result, 'a')
  const rest = connection.read('utf8')
  t.ok(await isPending(rest))
  push(second)
  t.equal(await rest, 'ß')
  // In Latin-1 each byte is a character.
  const bytes = connection.read('latin1')
  push(Buffer.from([0xc3]))
  t.equal(await bytes, '\xc3')
})

t.test('read() that waits ends by the time limit that `idle` chooses', async (t) => {
  for (const [idle, kind, ms] of [
    [true, 'idle', 300],
    [false, 'read', 200],
    [undefined, 'idle', 300],
  ] as const) {
    const clock = manualClock()
    const [client, server] = pair({ clock, server: { idleTimeout: 300, readTimeout: 200 } })
    const failure = rejection(server.read({ encoding: 'latin1', idle }))
    await clock.advance(ms)
    t.match(await failure, TimeoutError)
    t.match(await failure, { kind, timeout: ms, operation: 'read()' })
    client.abort()
    server.abort()
  }
})
