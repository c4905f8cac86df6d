// examples/http/: which requests are accepted, which are refused, and with which status (RFC 9112).

import t, { type Test } from 'tap'
import { cuts } from '../support/wait.js'
import { ask, mirror, request, response, statusesOf } from './http.js'

const HOST = 'Host: a'

t.test('requests of each form are understood', async (t) => {
  const rows: [asked: string, answered: string, ...headers: string[]][] = [
    [request('GET / HTTP/1.1'), 'GET a /  []'],
    [request('GET /a%20b/?x=1?y HTTP/1.1'), 'GET a /a%20b/ x=1?y []'],
    [request('DELETE /? HTTP/1.1', ['host:\t [::1]:8080 \t']), 'DELETE [::1]:8080 /  []'],
    [request('GET http://b.test:80/c?d HTTP/1.1'), 'GET b.test:80 /c d []'],
    [request('GET HTTPS://b.test HTTP/1.1'), 'GET b.test /  []'],
    [request('GET http://b.test?d HTTP/1.1'), 'GET b.test / d []'],
    [request('OPTIONS * HTTP/1.1'), 'OPTIONS a *  []'],
    [`\r\n${request('GET / HTTP/1.1')}`, 'GET a /  []'],
    [request('GET / HTTP/1.1', ['Host:']), 'GET  /  []'],
    [request('PUT / HTTP/1.1', [HOST, 'Content-Length: 5'], 'hello'), 'PUT a /  [hello]'],
    [request('PUT / HTTP/1.1', [HOST, 'content-LENGTH:05'], 'hello'), 'PUT a /  [hello]'],
    [request('GET / HTTP/1.1', [HOST, 'Content-Length: 0']), 'GET a /  []'],
    [request('GET / HTTP/1.1', [HOST, 'X: \x80\xff', 'Y:', 'x-empty:   ', "!#$%&'*+-.^_`|~9aZ: odd"]), 'GET a /  []'],
    [request('GET / HTTP/1.0', []), 'GET  /  []', 'Connection: close'],
    [request('GET / HTTP/1.0', [HOST, 'Connection: Keep-Alive']), 'GET a /  []', 'Connection: keep-alive'],
    [request('GET / HTTP/1.0', [HOST, 'Connection: Keep-Alive, close']), 'GET a /  []', 'Connection: close'],
    [request('GET / HTTP/1.1', [HOST, 'Connection: x ,\tClose']), 'GET a /  []', 'Connection: close'],
    [request('GET / HTTP/1.1', [HOST, 'Connection: closed']), 'GET a /  []'],
    [request('GET / HTTP/1.0', [HOST, 'Expect: 200-ok']), 'GET a /  []', 'Connection: close'],
  ]
  for (const [asked, answered, ...headers] of rows) t.equal(await ask(t, asked), response(answered, ...headers), JSON.stringify(asked))
})

t.test('header lines of one name are joined', async (t) => {
  const asked = request('GET / HTTP/1.1', [HOST, 'A: 1', 'Cookie: c=1', 'a: 2', 'cookie: d=2'])
  const got = await ask(t, asked, ({ headers }) => ({ body: JSON.stringify([...headers]) }))
  t.ok(got.endsWith('[["host","a"],["a","1, 2"],["cookie","c=1; d=2"]]'), got)
})

t.test('pipelined requests are answered in their order, wherever the bytes are cut', async (t) => {
  const asked = [
    request('GET /1 HTTP/1.1'),
    request('POST /2 HTTP/1.1', [HOST, 'Content-Length: 5'], 'hello'),
    request(
      'POST /3 HTTP/1.1',
      [HOST, 'Transfer-Encoding: chunked'],
      '3;a;b=c;d="e\\"\t;"\r\nabc\r\n000A\r\n0123456789\r\n0;x\r\nT: 1\r\nu:2 \r\n\r\n',
    ),
    request('GET /4 HTTP/1.1', [HOST, 'Connection: close']),
    request('GET /never HTTP/1.1'),
  ].join('')
  const answered = [
    response('GET a /1  []'),
    response('POST a /2  [hello]'),
    response('POST a /3  [abc0123456789] t=1 u=2'),
    response('GET a /4  []', 'Connection: close'),
  ].join('')
  t.equal(await ask(t, asked), answered)
  t.equal(await ask(t, asked, mirror, {}, { maxChunk: 1 }), answered, 'byte by byte')
  const different = new Set(await Promise.all(Array.from(cuts(asked), (both) => ask(t, both))))
  t.strictSame([...different], [answered])
})

t.test('a slow handler does not let a later request be answered first', async (t) => {
  const asked = [1, 2, 3].map((number) => request(`GET /${number} HTTP/1.1`)).join('')
  const began: string[] = []
  const got = await ask(t, asked, async ({ path }) => {
    began.push(path)
    await new Promise((resolve) => setImmediate(resolve))
    began.push(`${path} is answered`)
    return { body: path }
  })
  t.equal(got, ['/1', '/2', '/3'].map((path) => response(path)).join(''))
  t.strictSame(began, ['/1', '/1 is answered', '/2', '/2 is answered', '/3', '/3 is answered'])
})

/** Each row is refused with this status, `Connection: close`, and nothing behind it is answered. */
async function refuses(t: Test, status: number, rows: readonly string[]): Promise<void> {
  const refusals = rows.map(async (row) => {
    const handled: string[] = []
    const got = await ask(t, row + request('GET /smuggled HTTP/1.1'), async (request) => {
      handled.push(request.path)
      return mirror(request)
    })
    const closes = got.includes('\r\nConnection: close\r\n')
    t.strictSame({ statuses: statusesOf(got), closes, handled }, { statuses: [status], closes: true, handled: [] }, JSON.stringify(row))
  })
  await Promise.all(refusals)
}

t.test('a request line that is ambiguous is refused with 400', async (t) => {
  await refuses(
    t,
    400,
    [
      ...[
        'GET  / HTTP/1.1',
        'GET /  HTTP/1.1',
        ' GET / HTTP/1.1',
        'GET / HTTP/1.1 ',
        'GET\t/ HTTP/1.1',
        'GET /\tHTTP/1.1',
        'GET /a b HTTP/1.1',
      ],
      ...[
        'GET /',
        'GET',
        '',
        'GET / http/1.1',
        'GET / HTTP/1',
        'GET / HTTP/11',
        'GET / HTTP/1.10',
        'GET / HTTP/01.1',
        'GET / XTTP/1.1',
        'GET /HTTP/1.1',
      ],
      ...[
        'G@T / HTTP/1.1',
        '(GET) / HTTP/1.1',
        'G\xe9T / HTTP/1.1',
        'GET /\xe9 HTTP/1.1',
        'GET /\0 HTTP/1.1',
        'GET /\x7f HTTP/1.1',
        'GET /#a HTTP/1.1',
      ],
      ...[
        'GET * HTTP/1.1',
        'GET a HTTP/1.1',
        'GET a:80 HTTP/1.1',
        'GET ftp://a/ HTTP/1.1',
        'GET http:// HTTP/1.1',
        'GET http:///a HTTP/1.1',
      ],
      ...[
        'GET http://u@a/ HTTP/1.1',
        'GET http:/a HTTP/1.1',
        'GET //\r/ HTTP/1.1',
        'GET /\rHTTP/1.1',
        '\rGET / HTTP/1.1',
        '\nGET / HTTP/1.1',
      ],
    ].map((line) => request(line)),
  )
  await refuses(t, 400, [`\r\n\r\n${request('GET / HTTP/1.1')}`, `GET / HTTP/1.1\n${HOST}\r\n\r\n`, `GET / HTTP/1.1\r${HOST}\r\n\r\n`])
})

t.test('a header line that is ambiguous is refused with 400', async (t) => {
  const lines = [
    ...[
      'A : 1',
      'A\t: 1',
      ' A: 1',
      '\tA: 1',
      'A: 1\r\n 2',
      'A: 1\r\n\t2',
      'A: 1\r\n ',
      ': 1',
      'A',
      'A 1',
      '',
      '\xe9: 1',
      'A\0: 1',
      '(A): 1',
      'A/: 1',
    ],
    ...[
      'A: \0',
      'A: 1\x01',
      'A: \x7f',
      'A: \x1b',
      'A: \x0b1',
      'A: \x0c',
      'A: 1\rB: 2',
      'A: 1\nB: 2',
      'A: 1\r',
      'A: 1\r\r',
      'A: \r1',
      '\rA: 1',
      'A\r: 1',
      'A: 1\n',
    ],
  ].filter((line) => line !== '')
  await refuses(
    t,
    400,
    lines.flatMap((line) => [request('GET / HTTP/1.1', [HOST, line]), request('GET / HTTP/1.1', [line, HOST])]),
  )
})

t.test('a head that ends with bare line feeds is refused at once, without a wait for more', async (t) => {
  await refuses(t, 400, [
    `GET / HTTP/1.1\n${HOST}\n\n`,
    `GET / HTTP/1.1\r\n${HOST}\n\n`,
    `GET / HTTP/1.1\r\n${HOST}\n\r\n`,
    'GET / HTTP/1.1\n\n',
  ])
})

t.test('a Host header that is missing, doubled or malformed is refused with 400', async (t) => {
  await refuses(t, 400, [
    request('GET / HTTP/1.1', []),
    request('GET http://a/ HTTP/1.1', []),
    request('GET / HTTP/1.1', [HOST, 'host: a']),
    request('GET / HTTP/1.1', [HOST, 'Host: b']),
    request('GET / HTTP/1.0', [HOST, HOST]),
    ...[
      'a b',
      'a,b',
      'a/b',
      'a@b',
      'a:b',
      'a:1:2',
      'a:123456',
      '[::1',
      '::1',
      '[g]',
      'a%',
      'a%2',
      'a?b',
      'a#b',
      'a\\b',
      'http://a',
      '"a"',
      '\xe9',
    ].map((host) => request('GET / HTTP/1.1', [`Host: ${host}`])),
  ])
})

t.test('a body whose length is ambiguous is refused with 400', async (t) => {
  const headers: string[][] = [
    ['Content-Length: 5', 'Content-Length: 5'],
    ['Content-Length: 5', 'Content-Length: 6'],
    ['Content-Length: 5, 5'],
    ['Content-Length: 5, 6'],
    ['Content-Length: 5,'],
    ...['', '-1', '+5', '0x5', '5 5', '5;', '5.0', '1e1', 'a', '\xb2', '\xa05', '٥', '5\xa0', 'Infinity', '0b1', '5_0'].map((length) => [
      `Content-Length: ${length}`,
    ]),
    ['Content-Length: 5', 'Transfer-Encoding: chunked'],
    ['Transfer-Encoding: chunked', 'Content-Length: 5'],
    ['Transfer-Encoding: chunked', 'Content-Length: 0'],
    ['Transfer-Encoding: identity', 'Content-Length: 5'],
    ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
    ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'],
    ...[
      '',
      'identity',
      'gzip',
      'xchunked',
      'chunkedx',
      'chunked, gzip',
      'chunked, chunked',
      'chunked,',
      ', chunked, x',
      '"chunked"',
      "'chunked'",
    ].map((coding) => [`Transfer-Encoding: ${coding}`]),
    ...['chunked;q=1', 'chunked;', 'chu nked', '\xa0chunked', 'chunked\xa0', '\x85chunked', 'chunked x'].map((coding) => [
      `Transfer-Encoding: ${coding}`,
    ]),
    ['Transfer-Encoding : chunked'],
    ['Transfer-Encoding: \x0bchunked'],
    ['Transfer-Encoding:\r\n chunked'],
    ['Content-Length : 5'],
    [' Content-Length: 5'],
    ['X: y\r\n Transfer-Encoding: chunked'],
    ['X: y\rTransfer-Encoding: chunked'],
    ['X: y\nTransfer-Encoding: chunked'],
  ]
  await refuses(
    t,
    400,
    headers.map((lines) => request('POST / HTTP/1.1', [HOST, ...lines], '5\r\nhello\r\n0\r\n\r\n').replace('٥', '\xd9\xa5')),
  )
  await refuses(t, 400, [request('POST / HTTP/1.0', [HOST, 'Transfer-Encoding: chunked'], '0\r\n\r\n')])
})

t.test('what the server does not implement is refused with a status that says so', async (t) => {
  await refuses(t, 501, [
    ...['gzip, chunked', 'x ,\tGZIP, Chunked', ', chunked'].map((coding) =>
      request('POST / HTTP/1.1', [HOST, `Transfer-Encoding: ${coding}`], '0\r\n\r\n'),
    ),
    ...['FETCH / HTTP/1.1', 'get / HTTP/1.1', 'TRACE / HTTP/1.1', 'CONNECT a:80 HTTP/1.1'].map((line) => request(line)),
  ])
  await refuses(t, 505, [
    ...['0.9', '1.2', '2.0', '3.0', '9.9', '0.0'].map((version) => request(`GET / HTTP/${version}`)),
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  ])
  await refuses(
    t,
    417,
    ['200-ok', '100-continue, x', '100-continue;a', ''].map((value) => request('POST / HTTP/1.1', [HOST, `Expect: ${value}`])),
  )
})

t.test('lines, headers and bodies have exact limits', async (t) => {
  const settings = { maxRequestLine: 100, maxHeaderBytes: 200, maxHeaders: 3, maxBody: 10 }
  const line = (bytes: number): string => `GET /${'a'.repeat(bytes - 16)} HTTP/1.1`
  const header = (bytes: number): string => `A: ${'b'.repeat(bytes - 16)}`
  const rows: [status: number, asked: string][] = [
    [200, request(line(100))],
    [414, request(line(101))],
    [414, request(line(5000))],
    [414, request(`${'a'.repeat(5000)}`)],
    // Nothing but the line that is too long arrives.
    [414, `GET /${'a'.repeat(1000)}`],
    [200, request('GET / HTTP/1.1', [HOST, header(200)])],
    [431, request('GET / HTTP/1.1', [HOST, header(201)])],
    [431, request('GET / HTTP/1.1', [HOST, header(5000)])],
    [431, `GET / HTTP/1.1\r\n${header(1000)}`],
    [200, request('GET / HTTP/1.1', [HOST, 'A: 1', 'A: 2'])],
    [431, request('GET / HTTP/1.1', [HOST, 'A: 1', 'A: 2', 'A: 3'])],
    [200, request('POST / HTTP/1.1', [HOST, 'Content-Length: 10'], '0123456789')],
    [413, request('POST / HTTP/1.1', [HOST, 'Content-Length: 11'])],
    [413, request('POST / HTTP/1.1', [HOST, 'Content-Length: 11', 'Expect: 100-continue'])],
    [413, request('POST / HTTP/1.1', [HOST, `Content-Length: ${'9'.repeat(20)}`])],
    [431, request('POST / HTTP/1.1', [HOST, `Content-Length: ${'9'.repeat(400)}`])],
    [200, request('POST / HTTP/1.1', [HOST, 'Transfer-Encoding: chunked'], '5\r\nabcde\r\n5\r\nfghij\r\n0\r\n\r\n')],
    [413, request('POST / HTTP/1.1', [HOST, 'Transfer-Encoding: chunked'], '5\r\nabcde\r\n6\r\n')],
    [413, request('POST / HTTP/1.1', [HOST, 'Transfer-Encoding: chunked'], 'fffffffffffff\r\n')],
    [431, request('POST / HTTP/1.1', [HOST, 'Transfer-Encoding: chunked'], `0\r\n${header(300)}\r\n\r\n`)],
    [431, request('POST / HTTP/1.1', [HOST, 'Transfer-Encoding: chunked'], `0\r\n${'A: 1\r\n'.repeat(4)}\r\n`)],
    [431, request('POST / HTTP/1.1', [HOST, 'Transfer-Encoding: chunked'], `0\r\n${'A: 1\r\n'.repeat(34)}`)],
  ]
  for (const [status, asked] of rows) {
    const shown = JSON.stringify(asked).slice(0, 200)
    t.strictSame(statusesOf(await ask(t, asked, mirror, settings)), [status], shown)
    t.strictSame(statusesOf(await ask(t, asked, mirror, settings, { maxChunk: 7 })), [status], shown)
  }
  // The limits are those of the settings, whatever the connection's own is.
  const small = { server: { maxBufferSize: 100 } }
  t.strictSame(statusesOf(await ask(t, request(line(1000)), mirror, {}, small)), [200])
  t.strictSame(statusesOf(await ask(t, request(line(30_000)), mirror, {}, small)), [414])
  const digits = request('POST / HTTP/1.1', [HOST, `Content-Length: ${'9'.repeat(400)}`])
  t.strictSame(statusesOf(await ask(t, digits)), [413], 'more digits than a number has')
})

t.test('many blanks in a header take no more than linear time', async (t) => {
  const settings = { maxHeaderBytes: 400_000 }
  for (const name of ['Connection', 'Transfer-Encoding', 'Content-Length', 'Expect', 'Host', 'A']) {
    const began = performance.now()
    await ask(t, request('GET / HTTP/1.1', [HOST, `${name}: a${' '.repeat(300_000)}b`]), mirror, settings)
    // Linear: some milliseconds. A pattern with quadratic time takes a minute.
    t.ok(performance.now() - began < 8000, name)
  }
})

t.test('a request that is cut by the end of the stream is answered with 400, and an end between two with nothing', async (t) => {
  const whole = request('POST / HTTP/1.1', [HOST, 'Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n')
  const answers = Array.from(cuts(whole), async ([begun]) => [begun.toString(), statusesOf(await ask(t, begun.toString()))])
  for (const [begun, statuses] of await Promise.all(answers)) t.strictSame(statuses, [400], JSON.stringify(begun))
  t.equal(await ask(t, ''), '')
})
