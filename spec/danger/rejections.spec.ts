// Promises that nobody looks at: that a connection failed must never end a process, and that an argument is wrong must not
// go unnoticed. Asked of whole processes, since what is unhandled is theirs to judge.

import t from 'tap'
import { memory } from '../support/fixture.js'
import { program } from '../support/program.js'
import { rejection, turns } from '../support/wait.js'

// Writes and ends in every way there is, and looks at none of the promises.
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

t.test('also over a socket whose peer resets, and in a handler', async (t) => {
  const running = program(
    t,
    `${ignoring}
    const net = await import('node:net')
    const server = await linnet.listen({ port: 0, host: '127.0.0.1' })
    let handled = 0
    server.on('disconnect', () => { if (++handled === 5) server.close() })
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

t.test("an ignored close, closed, drain, run of a server's connection or close of a server causes none", async (t) => {
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

t.test('a wrong argument ends a process that ignores it, as any bug does', async (t) => {
  const calls = ['a.write(7)', "a.write(['x', 7])", 'a.end(7)', 'a.writeFrom(7)', '(await a.close(b.close()), a.write(7))']
  await Promise.all(
    calls.map(async (call) => {
      const running = program(t, `const [a, b] = testing.pair(); ${call}; setInterval(() => {}, 1000)`)
      t.equal(await running.ends(), 1, call)
      t.match(running.stderr, /TypeError/, call)
    }),
  )
})

t.test('what is looked at is told all the same', async (t) => {
  const { a } = memory(t, { highWaterMark: 10 })
  const promises = [a.write(Buffer.alloc(100_000)), a.flush(), a.end()]
  await turns()
  a.abort()
  for (const promise of promises) t.equal(((await rejection(promise)) as { code: string }).code, 'ERR_LINNET_CLOSED')
  t.equal(((await rejection(a.write('x'))) as { code: string }).code, 'ERR_LINNET_CLOSED')
})
