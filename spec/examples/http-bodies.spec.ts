// examples/http/: the bodies of requests: chunks and what is refused of them, `100 Continue`, and bodies that a handler does not read.

import t from 'tap'
import type { HttpHandler } from '../../examples/http/server.js'
import { cuts, turns } from '../support/wait.js'
import { ask, converse, HttpError, mirror, request, response, statusesOf, undated } from './http.js'

const HOST = 'Host: a'
const CHUNKED = [HOST, 'Transfer-Encoding: chunked']
const ignore: HttpHandler = ({ path }) => ({ body: path })

t.test('chunks are read wherever they are cut', async (t) => {
  const asked = request('POST / HTTP/1.1', CHUNKED, '1\r\na\r\n00002;x\r\nbc\r\nB\r\ndefghijk\r\n\0\r\n0\r\nT: 1\r\n\r\n')
  const answered = response('POST a /  [abcdefghijk\r\n\0] t=1')
  t.equal(await ask(t, asked), answered)
  const different = new Set(await Promise.all(Array.from(cuts(asked), (both) => ask(t, both))))
  t.strictSame([...different], [answered])
})

t.test('a chunk that is malformed is refused with 400, and nothing behind it is a request', async (t) => {
  const bodies = [
    ...[
      '',
      ' ',
      '-5',
      '+5',
      '0x5',
      'x5',
      '5 ',
      ' 5',
      '\t5',
      '5\t',
      '5\0',
      'g',
      '5g',
      '5.',
      '5,5',
      '5 ;a',
      '5;',
      '5; a',
      '5;a=',
      '5;a =b',
      '5;a= b',
      '5;=b',
      '5;a="',
    ],
    ...[
      '5;a="\r',
      '5;a\rb',
      '5;a=\x01',
      '5;a="\x7f"',
      '5;(a)',
      '5;a="b"c',
      '10000000000000005',
      'ffffffffffffffff',
      '100000000000000000000000000000005',
      '\xb5',
    ],
  ].map((size) => `${size}\r\nhello\r\n0\r\n\r\n`)
  const others = [
    ...[
      '5\nhello\r\n0\r\n\r\n',
      '5\rhello\r\n0\r\n\r\n',
      '5\r\r\nhello\r\n0\r\n\r\n',
      '\r\n5\r\nhello\r\n0\r\n\r\n',
      '5;a\nhello\r\n0\r\n\r\n',
    ],
    ...[
      '5\r\nhelloX\r\n0\r\n\r\n',
      '5\r\nhello0\r\n\r\n',
      '5\r\nhello\n0\r\n\r\n',
      '5\r\nhello\r0\r\n\r\n',
      '5\r\nhello\r\r\n0\r\n\r\n',
      '5\r\nhello\n\r0\r\n\r\n',
    ],
    ...[
      '5\r\nhell\r\n0\r\n\r\n',
      '5\r\nhello\r\n\r\n0\r\n\r\n',
      '0\r\nX\r\n\r\n',
      '0\r\n: a\r\n\r\n',
      '0\r\nA : b\r\n\r\n',
      '0\r\nA: \0\r\n\r\n',
      '0\r\nA: b\n\r\n',
    ],
    ...[
      '0\r\n A: b\r\n\r\n',
      '0\r\nA: b\r\n c\r\n\r\n',
      '0\r\nA: b\rC: d\r\n\r\n',
      '0\n\r\n',
      '0\r\n\r\r\n\r\n',
      `${'0'.repeat(2000)}5\r\nhello\r\n0\r\n\r\n`,
    ],
    `5;${'a'.repeat(2000)}\r\nhello\r\n0\r\n\r\n`,
  ]
  const refusals = [...bodies, ...others].map(async (body) => {
    const got = await ask(t, request('POST / HTTP/1.1', CHUNKED, body) + request('GET /smuggled HTTP/1.1'))
    t.strictSame([statusesOf(got), got.includes('\r\nConnection: close\r\n')], [[400], true], JSON.stringify(body).slice(0, 100))
  })
  await Promise.all(refusals)
})

t.test('the extensions of chunks are bounded in all', async (t) => {
  const chunk = `1;${'a'.repeat(1000)}\r\nb\r\n`
  t.strictSame(statusesOf(await ask(t, request('POST / HTTP/1.1', CHUNKED, `${chunk.repeat(16)}0\r\n\r\n`))), [200])
  t.strictSame(statusesOf(await ask(t, request('POST / HTTP/1.1', CHUNKED, `${chunk.repeat(17)}0\r\n\r\n`))), [413])
})

t.test('trailers are not headers', async (t) => {
  const asked = request('POST / HTTP/1.1', CHUNKED, '0\r\nHost: b\r\nContent-Length: 5\r\nTransfer-Encoding: gzip\r\nX: 1\r\nx: 2\r\n\r\n')
  const got = await ask(t, asked + request('GET /next HTTP/1.1'), async ({ headers, body }) => {
    await body.bytes()
    return { body: JSON.stringify([[...headers], [...body.trailers]]) }
  })
  t.match(got, '[["host","a"],["transfer-encoding","chunked"]]')
  t.match(got, '[["x","1, 2"]]')
  t.strictSame(statusesOf(got), [200, 200])
})

t.test('a client that waits for 100 Continue gets it when the handler reads the body', async (t) => {
  const { client } = converse(t, mirror)
  await client.write(request('POST / HTTP/1.1', [HOST, 'Content-Length: 5', 'Expect: 100-Continue']))
  t.equal(await client.readUntil('\r\n\r\n', 'latin1'), 'HTTP/1.1 100 Continue\r\n\r\n')
  await client.write('hello')
  const answered = response('POST a /  [hello]')
  t.equal(undated(await client.readUntil(']', 'latin1')), answered)
  // With the body right behind the head, of HTTP/1.0, and without a body, it is not sent.
  const expect = 'Expect: 100-continue'
  t.equal(await ask(t, request('POST / HTTP/1.1', [HOST, 'Content-Length: 5', expect], 'hello')), answered)
  t.equal(await ask(t, request('GET / HTTP/1.1', [HOST, expect])), response('GET a /  []'))
  t.equal(
    await ask(t, request('POST / HTTP/1.0', [HOST, 'Content-Length: 5', expect], 'hello')),
    response('POST a /  [hello]', 'Connection: close'),
  )
})

t.test('a body that the client does not send, because its answer came instead of 100 Continue, is not awaited', async (t) => {
  const { client, done } = converse(t, () => {
    throw new HttpError(403, 'no')
  })
  await client.write(request('POST / HTTP/1.1', [HOST, 'Content-Length: 5', 'Expect: 100-continue']))
  const got = await client.readToEnd('latin1')
  t.strictSame(statusesOf(got), [403])
  t.match(got, 'Connection: close')
  await client.close()
  await done
})

t.test('100 Continue is never sent behind the head of a response', async (t) => {
  const { client } = converse(t, ({ body }) => ({ body }))
  await client.write(request('POST / HTTP/1.1', [HOST, 'Content-Length: 5', 'Expect: 100-continue']))
  t.equal(await client.readUntil('\r\n\r\n', 'latin1'), 'HTTP/1.1 100 Continue\r\n\r\n')
  await client.write('hello')
  t.match(await client.readUntil('0\r\n\r\n', 'latin1'), /^HTTP\/1\.1 200 [\s\S]*\r\n\r\n5\r\nhello\r\n0\r\n\r\n$/)
})

t.test('a body that a handler does not read is dropped, and the next request is found', async (t) => {
  const bodies = [
    request('POST /1 HTTP/1.1', [HOST, 'Content-Length: 10'], 'GET / HTTP'),
    request('POST /2 HTTP/1.1', CHUNKED, '4\r\nGET \r\n4\r\n/ HT\r\n0\r\nA: b\r\n\r\n'),
    request('GET /3 HTTP/1.1'),
  ].join('')
  const answered = ['/1', '/2', '/3'].map((path) => response(path)).join('')
  t.equal(await ask(t, bodies, ignore), answered)
  t.equal(await ask(t, bodies, ignore, {}, { maxChunk: 1 }), answered)
  // A loop that is left early leaves the rest.
  const first: HttpHandler = async ({ path, body }) => {
    for await (const piece of body) return { body: `${path} ${piece.length > 0}` }
    return { body: path }
  }
  t.equal(await ask(t, bodies, first, {}, { maxChunk: 1 }), [response('/1 true'), response('/2 true'), response('/3')].join(''))
})

t.test('a body of which more is left than is dropped closes the connection', async (t) => {
  const settings = { maxDiscard: 10 }
  const next = request('GET /next HTTP/1.1')
  const of = (length: number): string => request('POST / HTTP/1.1', [HOST, `Content-Length: ${length}`], 'x'.repeat(length))
  t.equal(await ask(t, of(10) + next, ignore, settings), response('/') + response('/next'))
  t.equal(await ask(t, of(11) + next, ignore, settings), response('/', 'Connection: close'))
  const chunks = (size: string, length: number): string =>
    request('POST / HTTP/1.1', CHUNKED, `${size}\r\n${'x'.repeat(length)}\r\n0\r\n\r\n`)
  t.equal(await ask(t, chunks('a', 10) + next, ignore, settings), response('/') + response('/next'))
  t.equal(await ask(t, chunks('b', 11) + next, ignore, settings), response('/'))
  // One that is malformed is not answered a second time.
  t.equal(await ask(t, chunks('x', 10) + next, ignore, settings), response('/'))
})

t.test('a handler that catches the error of a body does not keep the connection', async (t) => {
  const got = await ask(t, request('POST / HTTP/1.1', CHUNKED, 'x\r\n') + request('GET / HTTP/1.1'), async ({ body }) => {
    const first = await body.text().catch(String)
    return { body: [first, await body.text().catch(String)].join() }
  })
  const error = 'HttpError: the size of a chunk is malformed'
  t.equal(got, response(`${error},${error}`, 'Connection: close'))
})

t.test('a body is read as the handler asks for it, and holds the client meanwhile', async (t) => {
  let goOn = (): void => {}
  const { client } = converse(
    t,
    async ({ body }) => {
      await new Promise<void>((resolve) => {
        goOn = resolve
      })
      return { body: String((await body.bytes()).length) }
    },
    { maxBody: 10_000_000 },
  )
  await client.write(request('POST / HTTP/1.1', [HOST, 'Content-Length: 5000000']))
  const writing = client.write(Buffer.alloc(5_000_000)).then(() => true)
  await turns(20)
  t.ok(client.queued > 4_000_000, `${client.queued} bytes wait at the client`)
  goOn()
  t.equal(await writing, true)
  t.match(await client.readUntil('5000000', 'latin1'), /\r\n\r\n5000000$/)
})
