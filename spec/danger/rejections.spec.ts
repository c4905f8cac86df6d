// Promises that the program ignores. The failure of a connection never ends a process by an unhandled rejection, and a wrong
// argument always does. Each test runs a process of its own, since unhandled rejections concern the whole process.

import t from 'tap'
import { memory } from '../support/fixture.js'
import { program } from '../support/program.js'
import { rejection, turns } from '../support/wait.js'

// Writes and ends in every way, and ignores each promise.
const ignoring = `
const careless = (c) => {
  c.write('x')
  c.write(Buffer.alloc(300_000))
  c.write(['x', 'y'])
  c.flush()
  c.end('z')
  c.end()
  c.write('too late')
  c.flush()
  c.close()
}
const turns = async () => { for (let n = 0; n < 30; n++) await new Promise((resolve) => setImmediate(resolve)) }
const slow = { highWaterMark: 100, server: { readHighWaterMark: 1 } }
`

t.test('ignored promises of write, flush and end cause no unhandled rejection, however the connection fails', async (t) => {
  const running = program(
    t,
    `${ignoring}
    process.on('unhandledRejection', (error) => console.log('unhandled', name, error))
    let name
    const ways = {
      'an abort': (a) => a.abort(new Error('why')),
      'a loss': (a, b) => b.abort(),
      'a close': (a, b) => { a.close(); b.close() },
      'an end of both': (a, b) => { a.end(); b.end() },
      'a full queue': (a) => { a.setLimits({ maxWriteBuffer: 1 }); a.write('x') },
      'writeTimeout': (a, b, clock) => clock.advance(100_000),
      'closeTimeout': (a, b, clock) => { a.close(); return clock.advance(10_000) },
    }
    for (const [way, act] of Object.entries(ways)) {
      name = way
      for (const when of ['before', 'after', 'both']) {
        const clock = testing.manualClock()
        const [a, b] = testing.pair({ ...slow, clock })
        if (when !== 'after') careless(a)
        await act(a, b, clock)
        await turns()
        if (when !== 'before') careless(a)
        await turns()
        a.abort()
        b.abort()
      }
    }
    console.log('done')`,
  )
  t.equal(await running.ends(), 0)
  t.equal(running.stdout, 'done\n')
  t.equal(running.stderr, '')
})

t.test('ignored promises cause no unhandled rejection over a socket whose peer resets, nor in a handler', async (t) => {
  const running = program(
    t,
    `${ignoring}
    const net = await import('node:net')
    const server = await linnet.listen({ port: 0, host: '127.0.0.1' })
    let gone = 0
    // A client that resets before it is accepted is dropped.
    for (const event of ['disconnect', 'drop']) server.on(event, () => { if (++gone === 5) server.close() })
    server.serve(async (connection) => { careless(connection); await turns(); careless(connection) })
    for (let n = 0; n < 5; n++) {
      const peer = net.connect(server.port, '127.0.0.1').on('error', () => {}).pause()
      peer.once('connect', () => setTimeout(() => peer.resetAndDestroy(), n * 5))
    }
    await server.closed
    console.log('done')`,
  )
  t.equal(await running.ends(), 0)
  t.equal(running.stdout, 'done\n')
  t.equal(running.stderr, '')
})

t.test("an ignored close, closed, drain, run of a server's connection or close of a server causes no unhandled rejection", async (t) => {
  const running = program(
    t,
    `${ignoring}
    const { server, connect } = testing.memoryServer()
    server.on('handlerError', () => {})
    const clients = []
    for (let n = 0; n < 3; n++) {
      clients.push(await connect())
      const connection = await server.accept()
      connection.closed
      connection.run(async (c) => { careless(c); if (n === 0) throw new Error('a bug'); await c.readLine() })
      connection.run(() => {})
      connection.drain()
      connection.close()
    }
    server.close()
    for (const client of clients) { client.abort(); client.close() }
    await server.closed
    await turns()
    console.log('done')`,
  )
  t.equal(await running.ends(), 0)
  t.equal(running.stdout, 'done\n')
  t.equal(running.stderr, '')
})

// Starts every kind of read, each on its own connection, and ignores each promise.
const reading = `
const reads = {
  readLine: (c, o) => c.readLine(o),
  readUntil: (c, o) => c.readUntil('\\n', o),
  readExactly: (c, o) => c.readExactly(9, o),
  read: (c, o) => c.read(o),
  readToEnd: (c, o) => c.readToEnd(o),
  readInto: (c, o) => c.readInto(Buffer.alloc(9), o),
  readUntilMatch: (c, o) => c.readUntilMatch(/\\n/, o),
  peek: (c, o) => c.peek(9, o),
  skip: (c, o) => c.skip(9, o),
  skipUntil: (c, o) => c.skipUntil('\\n', o),
  lines: (c, o) => c.lines(o).next(),
  skipping: (c, o) => c.lines({ ...o, overflow: 'skip' }).next(),
  lineBatches: (c, o) => c.lineBatches(o).next(),
  batches: (c, o) => c.batches('\\n', o).next(),
  chunks: (c, o) => c.chunks(9, o).next(),
  itself: (c) => c[Symbol.asyncIterator]().next(),
  message: (c, o) => c.readMessage((r) => r.readLine(), o),
  'a read in a message': (c, o) => c.readMessage((r) => r.readLine(o)),
  'an ignored read in a message': (c, o) => c.readMessage((r) => { r.readLine(o); return c.closed }),
  pipe: (c, o) => { const [x] = testing.pair(); linnet.pipe(c, x, o) },
  startTls: (c) => { c.startTls({ rejectUnauthorized: false }) },
}
let name
process.on('unhandledRejection', (error) => console.log('unhandled', name, error))
const turns = async () => { for (let n = 0; n < 30; n++) await new Promise((resolve) => setImmediate(resolve)) }
`

t.test('ignored promises of reads, iterators, messages, pipe and startTls cause no unhandled rejection, however they fail', async (t) => {
  const running = program(
    t,
    `${reading}
    const aborted = new AbortController()
    aborted.abort(new Error('by the program'))
    const ways = {
      'an end': (a, b) => { b.end('x') },
      'a loss': (a, b) => b.abort(),
      'an abort': (a) => a.abort(new Error('why')),
      'a close': (a) => { a.close() },
      'a drain': (a) => a.drain(),
      'a limit': (a, b) => { a.setLimits({ maxBufferSize: 4 }); b.write('too long'.repeat(10)) },
      'a time': (a, b, clock) => clock.advance(100),
      'a signal': (a, b, clock, controller) => controller.abort(new Error('by the program')),
    }
    for (const [way, act] of Object.entries(ways)) {
      for (const [read, begin] of Object.entries(reads)) {
        name = way + ', ' + read
        const clock = testing.manualClock()
        const [a, b] = testing.pair({ clock, client: { idleTimeout: 50, readTimeout: 50, maxBufferSize: way === 'a limit' ? 4 : 1000 } })
        const controller = new AbortController()
        const options = way === 'a signal' ? { signal: controller.signal } : undefined
        begin(a, options)
        await act(a, b, clock, controller)
        await turns()
        // Calls that fail immediately. The others may be pending still, and a second read is a mistake.
        if (!['an ignored read in a message', 'pipe', 'startTls'].includes(read) && a.waiting === undefined) begin(a, options)
        await turns()
        if (way === 'a signal' && a.waiting === undefined) begin(a, { signal: aborted.signal })
        await turns()
        a.abort()
        b.abort()
        await turns()
      }
    }
    console.log('done')`,
  )
  t.equal(await running.ends(60_000), 0)
  t.equal(running.stdout, 'done\n')
  t.equal(running.stderr, '')
})

t.test('a read that is still pending when the function of its message returns or throws causes no unhandled rejection', async (t) => {
  const running = program(
    t,
    `${reading}
    for (const end of [() => 'done', () => { throw new Error('its own') }]) {
      const [a, b] = testing.pair()
      await a.readMessage((reader) => { reader.readLine(); reader.lines().next().catch(() => {}); return end() }).catch(() => {})
      await turns()
      b.abort()
    }
    const [a, b] = testing.pair()
    const lines = a.lines()
    lines.next()
    lines.return()
    a.run(async (c) => { await Promise.race([c.readLine(), turns()]) }).catch(() => {})
    await turns()
    console.log('done')`,
  )
  t.equal(await running.ends(), 0)
  t.equal(running.stdout, 'done\n')
  t.equal(running.stderr, '')
})

t.test('an ignored promise that rejects because of misuse, or of an error of the program, is an unhandled rejection', async (t) => {
  const calls = [
    ['a.readUntil(7)', /TypeError/],
    ['a.readExactly(-1)', /RangeError/],
    ['a.readLine(); a.readLine()', /ConcurrentReadError/],
    ['a.lines({ maxBytes: 0 }).next()', /RangeError/],
    ['a.readLine(); a.lines().next()', /ConcurrentReadError/],
    ['a.lineBatches({ maxBytes: 0 }).next()', /RangeError/],
    ["a.readLine(); a.batches('x').next()", /ConcurrentReadError/],
    ["a.readMessage('x')", /TypeError/],
    ["a.readMessage(() => { throw new Error('its own') })", /its own/],
    ["a.readMessage(async () => { throw new linnet.EndOfStreamError({ message: 'its own' }) })", /its own/],
    ["a.readMessage((r) => r.readExactly('x'))", /TypeError/],
    ['a.readMessage((r) => { r.readLine().catch(() => {}); return r.readLine() })', /ConcurrentReadError/],
    ['let r; await a.readMessage((reader) => { r = reader }); r.readLine()', /TypeError/],
    ['linnet.pipe(a, a)', /TypeError/],
    ['a.readLine(); linnet.pipe(a, b)', /ConcurrentReadError/],
    ["a.startTls('x')", /InvalidOptionsError/],
    ['a.readLine(); a.startTls()', /ConcurrentReadError/],
  ] as const
  await Promise.all(
    calls.map(async ([call, error]) => {
      const running = program(t, `const [a, b] = testing.pair(); ${call}; setInterval(() => {}, 1000)`)
      t.equal(await running.ends(), 1, call)
      t.match(running.stderr, error, call)
    }),
  )
})

t.test('an ignored rejection because of a wrong argument ends the process', async (t) => {
  const calls = ['a.write(7)', "a.write(['x', 7])", 'a.end(7)', 'a.writeFrom(7)', '(await a.close(b.close()), a.write(7))']
  await Promise.all(
    calls.map(async (call) => {
      const running = program(t, `const [a, b] = testing.pair(); ${call}; setInterval(() => {}, 1000)`)
      t.equal(await running.ends(), 1, call)
      t.match(running.stderr, /TypeError/, call)
    }),
  )
})

t.test('promises that are awaited reject all the same', async (t) => {
  const { a } = memory(t, { highWaterMark: 10 })
  const promises = [a.write(Buffer.alloc(100_000)), a.flush(), a.end()]
  await turns()
  a.abort()
  for (const promise of promises) t.equal(((await rejection(promise)) as { code: string }).code, 'ERR_LINNET_CLOSED')
  t.equal(((await rejection(a.write('x'))) as { code: string }).code, 'ERR_LINNET_CLOSED')
})
