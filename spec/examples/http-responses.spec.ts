// examples/http/: how responses are framed, what is refused in them, and what a failure of a handler does.

import { Readable } from 'node:stream'
import t from 'tap'
import type { Response } from '../../examples/http/response.js'
import type { HttpHandler } from '../../examples/http/server.js'
import { LinnetError } from '../../lib/index.js'
import { rejection, until } from '../support/wait.js'
import { ask, converse, HttpError, request, response, statusesOf } from './http.js'

const GET = request('GET / HTTP/1.1')

async function* pieces(...list: (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  for (const piece of list) yield piece
}

/** The response to each of these requests, behind one of the same handler that shows whether the connection is kept. */
const answers =
  (given: () => Response): HttpHandler =>
  ({ path }) =>
    path === '/next' ? { body: 'next' } : given()

t.test('each kind of response is framed as its request and its status ask', async (t) => {
  const next = request('GET /next HTTP/1.1', ['Host: a'])
  const kept = response('next')
  const rows: [title: string, line: string, given: () => Response, got: string][] = [
    ['text', 'GET / HTTP/1.1', () => ({ body: 'é' }), `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\xc3\xa9${kept}`],
    ['long text', 'GET / HTTP/1.1', () => ({ body: 'x'.repeat(100_000) }), response('x'.repeat(100_000)) + kept],
    ['bytes', 'GET / HTTP/1.1', () => ({ body: Buffer.from([1, 2]) }), `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\x01\x02${kept}`],
    ['nothing', 'GET / HTTP/1.1', () => ({ status: 201 }), `HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n${kept}`],
    ['no content', 'GET / HTTP/1.1', () => ({ status: 204 }), `HTTP/1.1 204 No Content\r\n\r\n${kept}`],
    [
      'not modified',
      'GET / HTTP/1.1',
      () => ({ status: 304, headers: { 'content-length': 9 } }),
      `HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n${kept}`,
    ],
    ['a status without a name', 'GET / HTTP/1.1', () => ({ status: 299 }), `HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n${kept}`],
    [
      'chunks, none of them empty',
      'GET / HTTP/1.1',
      () => ({ body: pieces('a', '', Buffer.from('0123456789abcdef'), new Uint8Array(0)) }),
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n${kept}`,
    ],
    [
      'trailers',
      'GET / HTTP/1.1',
      () => ({ body: pieces('a'), trailers: () => ({ sum: 1, two: ['a', 'b'], none: undefined }) }),
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nsum: 1\r\ntwo: a\r\ntwo: b\r\n\r\n${kept}`,
    ],
    [
      'pieces of a known length',
      'GET / HTTP/1.1',
      () => ({ headers: { 'Content-Length': '3' }, body: pieces('ab', 'c') }),
      response('abc') + kept,
    ],
    ['HEAD of text', 'HEAD / HTTP/1.1', () => ({ body: 'abc' }), `HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n${kept}`],
    ['HEAD of bytes', 'HEAD / HTTP/1.1', () => ({ body: Buffer.alloc(9) }), `HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n${kept}`],
    ['HEAD of long text', 'HEAD / HTTP/1.1', () => ({ body: 'x'.repeat(9000) }), `HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n${kept}`],
    [
      'HEAD of a length',
      'HEAD / HTTP/1.1',
      () => ({ headers: { 'content-length': 7 } }),
      `HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n${kept}`,
    ],
    ['HEAD of chunks', 'HEAD / HTTP/1.1', () => ({ body: pieces('abc') }), `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${kept}`],
    [
      'HTTP/1.0 gets pieces up to the end',
      'GET / HTTP/1.0',
      () => ({ body: pieces('ab', 'c') }),
      'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc',
    ],
    [
      'a header of several lines',
      'GET / HTTP/1.1',
      () => ({ headers: { 'set-cookie': ['a=1', 'b=2'], x: undefined, n: 5 } }),
      `HTTP/1.1 200 OK\r\nset-cookie: a=1\r\nset-cookie: b=2\r\nn: 5\r\nContent-Length: 0\r\n\r\n${kept}`,
    ],
    [
      'a handler that closes',
      'GET / HTTP/1.1',
      () => ({ headers: { Connection: 'close' } }),
      'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
    ],
    [
      'a date of its own',
      'GET / HTTP/1.1',
      () => ({ headers: { date: 'today' } }),
      `HTTP/1.1 200 OK\r\ndate: today\r\nContent-Length: 0\r\n\r\n${kept}`,
    ],
  ]
  for (const [title, line, given, got] of rows) t.equal(await ask(t, request(line) + next, answers(given)), got, title)
  t.equal(
    await ask(
      t,
      request('GET / HTTP/1.0', ['Connection: keep-alive']) + next,
      answers(() => ({ body: pieces('a') })),
    ),
    'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\na',
    'pieces end a connection of HTTP/1.0 also if it was to be kept',
  )
})

t.test('every response has a date, in one form', async (t) => {
  const { client } = converse(t, () => ({}))
  await client.write(GET + GET)
  for (const _ of [1, 2]) {
    const head = await client.readUntil('\r\n\r\n', 'latin1')
    const date = /\r\nDate: (\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT)\r\n/.exec(head)?.[1] ?? ''
    t.ok(Math.abs(Date.now() - Date.parse(date)) < 60_000, head)
  }
})

t.test('a response that a header would split, or that cannot be framed, is answered with 500 and reported', async (t) => {
  const rows: Response[] = [
    { headers: { x: 'a\r\nSet-Cookie: b=c' } },
    { headers: { x: 'a\r\n\r\nHTTP/1.1 200 OK' } },
    { headers: { x: ['fine', 'a\nb'] } },
    ...['\r', '\0', '\x7f', 'é', '\u010d\u010a'].map((value) => ({ headers: { x: value } })),
    ...['', 'a b', 'a:', 'a\r\nb', 'é', ' a', 'a\0'].map((name) => ({ headers: { [name]: '1' } })),
    { headers: { 'Transfer-Encoding': 'chunked' } },
    { headers: { connection: 'keep-alive' } },
    { headers: { upgrade: 'h2c' } },
    { headers: { 'content-length': '5' }, body: 'four' },
    { headers: { 'content-length': 5 } },
    ...['-1', '1e3', '', '5, 5', '1'.repeat(20)].map((length) => ({ headers: { 'content-length': length }, body: pieces('a') })),
    { status: 204, body: 'a' },
    { status: 304, body: 'a' },
    ...[100, 199, 600, 200.5, Number.NaN, '200'].map((status) => ({ status: status as number })),
    undefined as unknown as Response,
  ]
  for (const row of rows) {
    const { client, done } = converse(t, () => row)
    await client.write(GET + GET)
    const got = await client.readToEnd('latin1')
    t.strictSame(statusesOf(got), [500], JSON.stringify(row))
    t.match(got, /\r\nConnection: close\r\n/)
    await client.close()
    t.match(await rejection(done), { name: 'TypeError' })
  }
})

t.test('an error of a handler is answered with 500 without its message, and reported', async (t) => {
  const fault = new Error('the password is 1234')
  const { client, done } = converse(t, async () => {
    throw fault
  })
  await client.write(GET + GET)
  const got = await client.readToEnd('latin1')
  t.strictSame(statusesOf(got), [500])
  t.notMatch(got, '1234')
  await client.close()
  t.equal(await rejection(done), fault)
})

t.test('an HttpError of a handler is an answer, and the connection is kept', async (t) => {
  const got = await ask(t, GET + request('HEAD / HTTP/1.1') + GET, () => {
    throw new HttpError(405, 'no', { allow: 'PUT' })
  })
  const head = 'HTTP/1.1 405 Method Not Allowed\r\nallow: PUT\r\ncontent-type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n\r\n'
  t.equal(got, `${head}no\n${head}${head}no\n`)
})

t.test('pieces that fail, or have another length than the head states, reset the connection and are reported', async (t) => {
  async function* failing(): AsyncGenerator<string> {
    yield 'a piece'
    throw new Error('the disk is gone')
  }
  const rows: [Response, RegExp][] = [
    [{ body: failing() }, /the disk is gone/],
    [{ headers: { 'content-length': 7 + 1 }, body: failing() }, /the disk is gone/],
    [{ headers: { 'content-length': 3 }, body: pieces('ab', 'cd') }, /more than the 3 bytes/],
    [{ headers: { 'content-length': 3 }, body: pieces('ab') }, /2 of the 3 bytes/],
    [{ body: pieces('ab'), trailers: () => ({ 'content-length': 5 }) }, /no trailer/],
    [{ body: pieces('ab'), trailers: () => ({ x: 'a\r\nb' }) }, /not printable/],
  ]
  for (const [given, message] of rows) {
    const { client, done } = converse(t, () => given)
    await client.write(GET)
    const error = await rejection(client.readToEnd())
    t.ok(error instanceof LinnetError && error.code === 'ECONNRESET', String(error))
    t.match(String(await rejection(done)), message)
  }
})

t.test(
  'a body of a request that is refused behind the head of the response resets the connection, and is no fault of the handler',
  async (t) => {
    const { client, done } = converse(t, ({ body }) => ({ body }))
    await client.write(request('POST / HTTP/1.1', ['Host: a', 'Transfer-Encoding: chunked'], '5\r\nhello\r\nx\r\n'))
    t.match(await rejection(client.readToEnd()), { code: 'ECONNRESET' })
    await done
  },
)

t.test('pieces are not made for HEAD or a refused response, and what a handler has opened for them is closed', async (t) => {
  let returned = 0
  const body: AsyncIterable<string> = {
    [Symbol.asyncIterator]: () => ({
      next: async () => t.fail('no piece is asked for') as never,
      return: async () => {
        returned++
        return { done: true, value: undefined }
      },
    }),
  }
  await ask(t, request('HEAD / HTTP/1.1'), () => ({ body }))
  t.equal(returned, 1)
  // The iterator of one of Node's streams closes nothing before it has begun.
  const [first, second, refused] = [Readable.from(['a']), Readable.from(['b']), Readable.from(['c'])]
  await ask(t, request('HEAD /1 HTTP/1.1') + request('HEAD /2 HTTP/1.1'), ({ path }) => ({ body: path === '/1' ? first : second }))
  const { client, done } = converse(t, () => ({ status: 204, body: refused }))
  await client.write(GET)
  t.strictSame(statusesOf(await client.readToEnd('latin1')), [500])
  await client.close()
  await rejection(done)
  for (const stream of [first, second, refused]) t.ok(stream.destroyed)
  // An iterator without `return` needs none.
  await ask(t, request('HEAD / HTTP/1.1'), () => ({ body: { [Symbol.asyncIterator]: () => ({ next: async () => t.fail() as never }) } }))
})

t.test('an error of a handler is reported also if the client has left, but an HttpError is not', async (t) => {
  for (const error of [new Error('a fault'), new HttpError(404, 'no')]) {
    const { client, server, done } = converse(t, async () => {
      client.abort()
      await server.closed
      throw error
    })
    await client.write(GET)
    if (error instanceof HttpError) await done
    else t.equal(await rejection(done), error)
  }
})

t.test('when the client has left, the pieces are closed and nothing is reported', async (t) => {
  let closed = false
  async function* endless(): AsyncGenerator<Buffer> {
    try {
      for (;;) yield Buffer.alloc(60_000)
    } finally {
      closed = true
    }
  }
  const { client, done } = converse(t, () => ({ body: endless() }))
  await client.write(GET)
  await client.readUntil('\r\n\r\n')
  client.abort()
  await done
  await until(() => closed)
  t.pass()
})
