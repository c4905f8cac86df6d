// examples/http/ while time passes: slow heads and bodies, idle connections, a client that does not read, and a drain in the middle of
// each kind of exchange.

import t, { type Test } from 'tap'
import type { HttpHandler } from '../../examples/http/server.js'
import type { Settings } from '../../examples/http/settings.js'
import type { Connection, Server } from '../../lib/index.js'
import { type ManualClock, manualClock, memoryServer } from '../../lib/testing/index.js'
import { rejection, turns, until, within } from '../support/wait.js'
import { converse, defaultSettings, mirror, request, response, serve, statusesOf, undated } from './http.js'

const GET = request('GET / HTTP/1.1')
const { keepAliveTimeout, readTimeout } = defaultSettings

/** A connection whose time is moved by hand. */
function timed(
  t: Test,
  handler: HttpHandler = mirror,
  settings?: Partial<Settings>,
): { client: Connection; done: Promise<unknown>; clock: ManualClock } {
  const clock = manualClock()
  return { ...converse(t, handler, settings, { clock }), clock }
}

t.test('a connection that waits for a request is closed without an answer', async (t) => {
  const first = timed(t)
  await first.clock.advance(keepAliveTimeout)
  t.equal(await first.client.readToEnd('latin1'), '')
  // Behind a response too, also if the body of its request was read after it was sent.
  for (const [asked, answered] of [
    [GET, response('GET a /  []')],
    [request('POST / HTTP/1.1', ['Host: a', 'Content-Length: 2'], 'ab'), response('')],
  ] as const) {
    const { client, clock } = timed(t, async (request) => (request.method === 'GET' ? mirror(request) : { body: '' }))
    await client.write(asked)
    t.equal(undated(await client.readExactly(answered.length + 37, 'latin1')), answered)
    await turns()
    await clock.advance(keepAliveTimeout - 1)
    t.equal(client.peerEnded, false)
    await clock.advance(1)
    t.equal(await client.readToEnd('latin1'), '')
  }
})

t.test('a head that takes too long from its first byte is answered with 408', async (t) => {
  for (const begun of ['G', 'GET / HTTP/1.1\r\n', `GET / HTTP/1.1\r\nHost: a\r\n`]) {
    const { client, clock } = timed(t)
    await clock.advance(keepAliveTimeout - 1)
    await client.write(begun)
    await turns()
    // A byte now and then does not help.
    for (let at = 0; at < 9; at++) {
      await clock.advance(readTimeout / 10)
      await client.write('A')
      await turns()
    }
    t.equal(client.peerEnded, false)
    await clock.advance(readTimeout / 10)
    const got = await client.readToEnd('latin1')
    t.strictSame(statusesOf(got), [408], begun)
    t.match(got, 'Connection: close')
  }
})

t.test('a body that stops, or takes too long in all, is answered with 408', async (t) => {
  for (const head of ['Content-Length: 9', 'Transfer-Encoding: chunked']) {
    const { client, clock } = timed(t)
    await client.write(request('POST / HTTP/1.1', ['Host: a', head], head.endsWith('d') ? '9\r\nabc' : 'abc'))
    await turns()
    await clock.advance(readTimeout)
    t.strictSame(statusesOf(await client.readToEnd('latin1')), [408], head)
  }
  // Each piece is in time, but not all of them: bytes, chunks, trailers.
  const rows: [header: string, first: string, piece: string][] = [
    ['Content-Length: 1000000', '', 'a'],
    ['Transfer-Encoding: chunked', '', '1\r\na\r\n'],
    ['Transfer-Encoding: chunked', '0\r\n', 'A: 1\r\n'],
  ]
  for (const [header, first, piece] of rows) {
    const { client } = converse(t, mirror, { bodyTimeout: 20, maxHeaderBytes: 10_000_000 })
    await client.write(request('POST / HTTP/1.1', ['Host: a', header], first))
    const answered = client.readToEnd('latin1')
    while (!client.peerEnded) {
      await client.write(piece).catch(() => {})
      await turns(1)
    }
    t.strictSame(statusesOf(await answered), [408], piece)
  }
})

t.test('a body that is dropped has time limits too, and no second answer', async (t) => {
  const { client, clock, done } = timed(t, () => ({ body: '' }))
  await client.write(request('POST / HTTP/1.1', ['Host: a', 'Content-Length: 9'], 'abc'))
  const answered = client.readToEnd('latin1')
  await turns()
  await clock.advance(readTimeout)
  t.equal(undated(await answered), response(''))
  await client.close()
  await done
})

t.test('a client that pipelines and does not read is held, and then cut', async (t) => {
  let answered = 0
  const body = 'x'.repeat(10_000)
  const { client, server, done } = converse(t, () => {
    answered++
    return { body }
  })
  server.setLimits({ writeTimeout: 50 })
  client.write(GET.repeat(10_000)).catch(() => {})
  await within(done)
  t.match(await server.closed, { by: 'timeout', error: { kind: 'write' } })
  t.ok(answered < 100, `${answered} responses were made`)
})

t.test('a client that does not read a long response is cut', async (t) => {
  let made = 0
  async function* endless(): AsyncGenerator<Buffer> {
    for (;;) {
      made++
      yield Buffer.alloc(10_000)
    }
  }
  const { client, server, done } = converse(t, () => ({ body: endless() }))
  server.setLimits({ writeTimeout: 50 })
  await client.write(GET)
  await within(done)
  t.match(await server.closed, { by: 'timeout' })
  t.ok(made < 100, `${made} pieces were made`)
})

// --- draining --------------------------------------------------------------------------------------------------------

interface Draining {
  server: Server
  connect: () => Promise<Connection>
  served: Promise<void>
}

function draining(t: Test, handler: HttpHandler, settings?: Partial<Settings>): Draining {
  const { server, connect } = memoryServer()
  server.on('handlerError', (error) => t.fail(String(error)))
  t.teardown(() => server.close({ grace: 0 }))
  return { server, connect: () => connect(), served: serve(server, handler, settings) }
}

const CLOSE = 'Connection: close'

t.test('a drain ends connections that are idle, without a word', async (t) => {
  const { server, connect, served } = draining(t, mirror)
  const [fresh, used] = [await connect(), await connect()]
  await used.write(GET)
  t.equal(undated(await used.readUntil(']', 'latin1')), response('GET a /  []'))
  await turns()
  const closed = server.close()
  t.equal(await fresh.readToEnd('latin1'), '')
  t.equal(await used.readToEnd('latin1'), '')
  await Promise.all([fresh.close(), used.close()])
  t.strictSame(await closed, { drained: 2, aborted: 0 })
  await served
})

t.test('in a drain a request whose head or body is under way is completed, and its response says so', async (t) => {
  const whole = request('POST / HTTP/1.1', ['Host: a', 'Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n')
  for (const at of [1, 20, whole.indexOf('\r\n\r\n') + 4, whole.indexOf('hello') + 2, whole.length - 3]) {
    const { server, connect, served } = draining(t, mirror)
    const client = await connect()
    await client.write(whole.slice(0, at))
    await turns()
    const closed = server.close()
    await turns()
    await client.write(whole.slice(at))
    t.equal(undated(await client.readToEnd('latin1')), response('POST a /  [hello]', CLOSE), `after ${at} bytes`)
    await client.close()
    t.strictSame(await closed, { drained: 1, aborted: 0 })
    await served
  }
})

t.test('in a drain a handler in progress ends its response, and pipelined requests that have arrived are answered', async (t) => {
  let goOn = (): void => {}
  const { server, connect, served } = draining(t, async (request) => {
    if (request.path === '/slow') {
      await new Promise<void>((resolve) => {
        goOn = resolve
      })
    }
    return mirror(request)
  })
  const client = await connect()
  await client.write(
    request('GET /slow HTTP/1.1') + request('POST /2 HTTP/1.1', ['Host: a', 'Content-Length: 2'], 'ab') + request('GET /3 HTTP/1.1'),
  )
  await turns()
  const closed = server.close()
  await turns()
  goOn()
  const got = undated(await client.readToEnd('latin1'))
  // Only the last one says that no other request is read.
  t.equal(got, response('GET a /slow  []') + response('POST a /2  [ab]') + response('GET a /3  []', CLOSE))
  await client.close()
  t.strictSame(await closed, { drained: 1, aborted: 0 })
  await served
})

t.test('in a drain a response in chunks goes on to its end, and a body that waits for 100 Continue comes', async (t) => {
  const { server, connect, served } = draining(t, async (asked) => {
    if (asked.method === 'POST') return mirror(asked)
    async function* numbers(): AsyncGenerator<string> {
      yield '1'
      // What a program without an end waits for.
      await new Promise((resolve) => asked.connection.drainSignal.addEventListener('abort', resolve))
      yield '2'
    }
    return { body: numbers() }
  })
  const [streaming, expecting] = [await connect(), await connect()]
  await streaming.write(GET)
  await streaming.readUntil('1\r\n1\r\n')
  await expecting.write(request('POST / HTTP/1.1', ['Host: a', 'Content-Length: 5', 'Expect: 100-continue']))
  await expecting.readUntil('100 Continue\r\n\r\n')
  const closed = server.close()
  t.equal(await streaming.readToEnd('latin1'), '1\r\n2\r\n0\r\n\r\n')
  await expecting.write('hello')
  t.equal(undated(await expecting.readToEnd('latin1')), response('POST a /  [hello]', CLOSE))
  await Promise.all([streaming.close(), expecting.close()])
  t.strictSame(await closed, { drained: 2, aborted: 0 })
  await served
})

t.test('in a drain a request whose body is not read is answered, and the connection closed', async (t) => {
  const { server, connect, served } = draining(t, async ({ path }) => {
    if (path === '/') await until(() => server.draining)
    return { body: path }
  })
  const client = await connect()
  await client.write(request('POST / HTTP/1.1', ['Host: a', 'Content-Length: 5'], 'he'))
  await turns()
  const closed = server.close()
  t.equal(undated(await client.readToEnd('latin1')), response('/', CLOSE))
  await client.close()
  await closed
  await served
})

t.test('a server that was asked to stop at once aborts a handler that does not end', async (t) => {
  const { server, connect, served } = draining(t, () => new Promise(() => {}))
  const client = await connect()
  await client.write(GET)
  await turns()
  t.strictSame(await server.close({ grace: 0 }), { drained: 0, aborted: 1 })
  t.match(await rejection(client.readToEnd()), { code: 'ECONNRESET' })
  void served
})
