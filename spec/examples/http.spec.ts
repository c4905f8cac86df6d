// examples/http.ts, with curl, wrk, and the two clients of Node: `fetch` and `http.Agent`.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { Agent, type IncomingMessage, type RequestOptions, request } from 'node:http'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { connect } from '../../lib/index.js'
import { identityOf } from '../support/certificates.js'
import { pattern, within } from '../support/wait.js'
import { Example, Running, withoutCurl, withoutWrk } from './support.js'

const { files } = identityOf('DNS:localhost')
const HELLO = 'hello 127.0.0.1\n'

const LARGEST = 3_000_000
// One server for all tests but that of HTTPS; the last one ends it.
const example = await Example.start(t, 'http', { LARGEST: String(LARGEST) })
const { port } = example
const url = `http://localhost:${port}`

/** curl, which sends its standard input. */
function curl(t: Test, ...args: string[]): Running {
  const common = ['--silent', '--show-error', '--max-time', '30', '--ipv4', '--no-buffer', ...args]
  return new Running(t, spawn('curl', common, { stdio: ['pipe', 'pipe', 'pipe'] }))
}

t.test('curl gets pages, their heads and their errors', { skip: withoutCurl }, async (t) => {
  t.equal(await curl(t, url, url).toEnd(), HELLO.repeat(2))
  t.equal(await curl(t, url, url, '--write-out', '%{num_connects} ').toEnd(), `${HELLO}1 ${HELLO}0 `, 'over one connection')
  t.match(
    await curl(t, '--head', url).toEnd(),
    /^HTTP\/1\.1 200 OK\r\nDate: .*\r\ncontent-type: text\/plain; charset=utf-8\r\nContent-Length: 16\r\n\r\n$/,
  )
  t.match(
    await curl(t, '--http1.0', '--include', url).toEnd(),
    /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\nConnection: close\r\n\r\nhello 127\.0\.0\.1\n$/,
  )
  t.match(await curl(t, '--http1.0', '--header', 'Connection: keep-alive', '--include', url).toEnd(), /\r\nConnection: keep-alive\r\n/)
  t.equal(await curl(t, '--write-out', '%{http_code}', `${url}/nowhere`).toEnd(), 'there is no such page\n404')
  t.match(
    await curl(t, '--include', '--request', 'DELETE', url).toEnd(),
    /^HTTP\/1\.1 405 Method Not Allowed\r\n[\s\S]*\r\nallow: GET, HEAD, POST, PUT, OPTIONS\r\n/,
  )
  t.match(await curl(t, '--write-out', '%{http_code}', '--request', 'BREW', url).toEnd(), /501$/)
  t.match(await curl(t, '--write-out', '%{http_code}', '--request', 'TRACE', url).toEnd(), /501$/)
  t.equal(await curl(t, '--http2', url).toEnd(), HELLO, 'an upgrade that is offered is declined')
  t.equal(await curl(t, '--proxy', `http://localhost:${port}`, 'http://elsewhere.test/').toEnd(), HELLO, 'the target is a whole URL')
  t.equal(await curl(t, '--request-target', '*', '--request', 'OPTIONS', '--write-out', '%{http_code}', url).toEnd(), '204')
  t.match(
    await curl(t, '--include', '--request', 'OPTIONS', `${url}/echo`).toEnd(),
    /^HTTP\/1\.1 204 No Content\r\n[\s\S]*allow: POST, PUT, OPTIONS\r\n/,
  )
})

t.test('curl sends bodies with a length and in chunks, with and without 100 Continue', { skip: withoutCurl }, async (t) => {
  const body = 'a line\n'.repeat(400_000)
  for (const flags of [
    [],
    ['--header', 'Expect: 100-continue'],
    ['--header', 'Expect:'],
    ['--header', 'Transfer-Encoding: chunked'],
    ['--http1.0'],
  ]) {
    const length = curl(t, '--data-binary', '@-', ...flags, url)
    length.child.stdin?.end(body)
    t.equal(await length.toEnd(), 'hello 127.0.0.1, you sent 2800000 bytes\n', flags.join())
    const echo = curl(t, '--data-binary', '@-', ...flags, `${url}/echo`)
    echo.child.stdin?.end(body)
    t.ok((await echo.toEnd()) === body, `the same comes back ${flags.join()}`)
  }
  // Of a pipe, curl does not know the length. The answer says 100 first.
  const upload = curl(t, '--upload-file', '-', '--verbose', `${url}/echo`)
  upload.child.stdin?.end('by chunks')
  t.equal(await upload.toEnd(), 'by chunks')
  t.match(upload.complained, /> Transfer-Encoding: chunked[\s\S]*> Expect: 100-continue[\s\S]*< HTTP\/1\.1 100 Continue/)
})

t.test('curl gets the answer to a body that is too large, before it has sent it', { skip: withoutCurl }, async (t) => {
  for (const flags of [
    [],
    ['--header', 'Expect:'],
    ['--header', 'Transfer-Encoding: chunked'],
    ['--header', 'Transfer-Encoding: chunked', '--header', 'Expect:'],
  ]) {
    const sending = curl(t, '--data-binary', '@-', '--write-out', '%{http_code}', ...flags, url)
    sending.child.stdin?.end(pattern(2 * LARGEST))
    t.equal(await sending.toEnd(), `a body has at most ${LARGEST} bytes\n413`, flags.join())
  }
})

t.test('curl speaks HTTPS', { skip: withoutCurl }, async (t) => {
  const { port } = await Example.start(t, 'http', { KEY: files.key, CERT: files.cert })
  t.equal(await curl(t, '--cacert', files.cert, `https://localhost:${port}/`).toEnd(), HELLO)
})

t.test('wrk sees no error, with one request at a time and pipelined', { skip: withoutWrk }, async (t) => {
  const script = join(t.testdir({}), 'pipelined.lua')
  writeFileSync(script, 'init = function() request = function() return string.rep(wrk.format(nil, nil), 16) end end')
  for (const flags of [[], ['--script', script]]) {
    const child = spawn('wrk', ['--threads', '1', '--connections', '16', '--duration', '1', ...flags, `http://127.0.0.1:${port}/`])
    const wrk = new Running(t, child)
    const report = await wrk.toEnd()
    t.notMatch(report, /Socket errors|Non-2xx/)
    t.ok(Number(/(\d+) requests in/.exec(report)?.[1]) > 100, report)
  }
})

t.test('fetch gets and sends bodies of all kinds, many at once', async (t) => {
  const texts = await Promise.all(Array.from({ length: 100 }, async () => (await fetch(url)).text()))
  t.strictSame(new Set(texts), new Set([HELLO]))
  const head = await fetch(url, { method: 'HEAD' })
  t.strictSame([head.status, head.headers.get('content-length'), await head.text()], [200, '16', ''])
  const bytes = pattern(1_000_000)
  for (const body of [bytes, new Blob([bytes]).stream()]) {
    const echoed = await fetch(`${url}/echo`, { method: 'POST', body, duplex: 'half' } as RequestInit)
    t.ok(Buffer.from(await echoed.arrayBuffer()).equals(bytes))
  }
  const refused = await fetch(url, { method: 'POST', body: Buffer.alloc(LARGEST + 1) })
  t.strictSame([refused.status, await refused.text()], [413, `a body has at most ${LARGEST} bytes\n`])
  const missing = await fetch(`${url}/a/b`)
  t.strictSame([missing.status, await missing.text()], [404, 'there is no such page\n'])
})

/** A request of Node's client: its answer, and the text of its body. */
async function ask(options: RequestOptions, ...pieces: (string | Uint8Array)[]): Promise<{ answer: IncomingMessage; text: string }> {
  const asking = request({ host: '127.0.0.1', ...options })
  // It may be in one packet with `100 Continue`.
  const answered = within(once(asking, 'response'), 'a response')
  if (asking.getHeader('expect') !== undefined) {
    asking.flushHeaders()
    await within(once(asking, 'continue'), '100 Continue')
  }
  for (const piece of pieces) asking.write(piece)
  asking.end()
  const [answer] = (await answered) as [IncomingMessage]
  let text = ''
  for await (const piece of answer.setEncoding('utf8')) text += piece
  return { answer, text }
}

t.test("Node's agent keeps its connection over requests, chunks, trailers and 100 Continue", async (t) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => agent.destroy())
  const sockets = new Set<unknown>()
  for (let times = 0; times < 3; times++) {
    const hello = await ask({ port, agent })
    t.equal(hello.text, HELLO)
    const echo = await ask(
      { port, agent, path: '/echo', method: 'POST', headers: { expect: '100-continue' } },
      'one ',
      'two ',
      Buffer.alloc(9, 'x'),
    )
    t.equal(echo.text, 'one two xxxxxxxxx')
    t.equal(echo.answer.headers['transfer-encoding'], 'chunked')
    const missing = await ask({ port, agent, path: '/none', method: 'POST' }, 'a body that no handler reads')
    t.equal(missing.answer.statusCode, 404)
    for (const { answer } of [hello, echo, missing]) sockets.add(answer.socket)
  }
  t.equal(sockets.size, 1)
  const asking = request({ host: '127.0.0.1', port, agent, path: '/echo', method: 'POST' })
  asking.addTrailers({ 'x-sum': '123', 'x-two': 'b' })
  asking.write('abc')
  asking.end()
  const [answer] = (await within(once(asking, 'response'))) as [IncomingMessage]
  await once(answer.resume(), 'end')
  t.strictSame(answer.trailers, { 'x-trailers': 'x-sum,x-two' })
})

t.test('Ctrl-C lets responses in progress end, and then the process', { skip: withoutCurl }, async (t) => {
  const counting = curl(t, `${url}/count`)
  await counting.hears('1\n')
  const sending = await connect({ host: '127.0.0.1', port })
  t.teardown(() => sending.abort())
  await sending.write('PUT /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n8\r\na part, \r\n')
  await sending.readUntil('\r\n8\r\na part, \r\n')
  const idle = await connect({ host: '127.0.0.1', port })
  t.teardown(() => idle.abort())
  await idle.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await idle.readUntil(HELLO)
  example.interrupt()
  t.equal(await idle.read(), null)
  await idle.close()
  await counting.ended()
  t.match(counting.heard, /^1\n(?:2\n)*/)
  t.strictSame(await counting.ended(), { code: 0, signal: null })
  await sending.write('1\r\nb\r\n0\r\n\r\n')
  t.equal(await sending.readToEnd('utf8'), '1\r\nb\r\n0\r\n\r\n')
  await sending.close()
  t.strictSame(await example.ended(), { code: 0, signal: null })
  t.equal(example.complained, '')
})
