// `reconnect` over TCP, TLS and Unix sockets, with a manual clock or with short delays.

import t from 'tap'
import { type Connection, HandshakeError, listen, type ReconnectFailure, reconnect } from '../../lib/index.js'
import { manualClock } from '../../lib/testing/index.js'
import { identityOf } from '../support/certificates.js'
import { opened, socketPath } from '../support/fixture.js'
import { program } from '../support/program.js'
import { rejection, within } from '../support/wait.js'
import { closedPort, held, nothingLeft } from './support.js'

/** A promise, and the function that resolves it with each call's argument in turn. */
function calls<T>(): { add: (value: T) => void; next: () => Promise<T> } {
  const values: T[] = []
  const waiting: ((value: T) => void)[] = []
  return {
    add(value) {
      const first = waiting.shift()
      if (first === undefined) values.push(value)
      else first(value)
    },
    next: () => within(new Promise<T>((resolve) => (values.length > 0 ? resolve(values.shift() as T) : waiting.push(resolve)))),
  }
}

for (const carrier of ['TCP', 'a Unix socket'] as const) {
  t.test(`a loop over ${carrier} returns to a server that was restarted, and leaves nothing open`, async (t) => {
    const before = await held()
    const place = carrier === 'TCP' ? { host: '127.0.0.1', port: await closedPort() } : { path: socketPath() }
    const clock = manualClock()
    const stop = new AbortController()
    const failures = calls<ReconnectFailure>()
    const lines = calls<string>()
    const looped = (async () => {
      const settings = { clock, signal: stop.signal, onFailure: (_: Error, failure: ReconnectFailure) => failures.add(failure) }
      for await (const connection of reconnect(place, settings)) {
        await connection.write('hello\n')
        const line = await connection.readLine()
        lines.add(line)
        await connection.readToEnd().catch(() => {})
      }
    })()
    const serving = async (line: string): Promise<void> => {
      const server = await listen(place)
      void server.serve(async (connection) => {
        t.equal(await connection.readLine(), 'hello')
        await connection.write(`${line}\n`)
        await connection.readLine()
      })
      await clock.advance(30_000)
      t.equal(await lines.next(), line)
      await server.close({ grace: 0 })
    }
    t.match(await failures.next(), { attempt: 1, delay: Number })
    await clock.advance(100)
    t.match(await failures.next(), { attempt: 2, delay: Number })
    await serving('first')
    // The connection has lived for no time.
    await clock.advance(30_000)
    t.match(await failures.next(), { attempt: 1 })
    await serving('second')
    stop.abort()
    await within(looped)
    await nothingLeft(t, before)
  })
}

t.test('a TLS handshake that fails is tried again', async (t) => {
  const { key, cert } = identityOf()
  const server = await opened(t, { tls: { key, cert } })
  server.on('handshakeError', () => {})
  void server.serve((connection) => connection.end('safe\n'))
  const clock = manualClock()
  const errors: Error[] = []
  const failed = calls<void>()
  // The certificate is not trusted before the second attempt.
  const target = () => ({ host: '127.0.0.1', port: server.port, tls: errors.length === 0 ? true : { ca: cert, servername: 'localhost' } })
  const settings = {
    clock,
    onFailure(error: Error) {
      errors.push(error)
      failed.add()
    },
  }
  const lines = (async () => {
    for await (const connection of reconnect(target, settings)) return await connection.readLine()
    return undefined
  })()
  await failed.next()
  t.match(errors, [HandshakeError])
  await clock.advance(100)
  t.equal(await within(lines), 'safe')
})

t.test('an abort of an attempt over TCP leaves no socket', async (t) => {
  const before = await held()
  const server = await listen({ port: 0, host: '127.0.0.1' })
  const place = { host: '127.0.0.1', port: server.port, tls: true }
  for (const by of ['signal', 'return'] as const) {
    const stop = new AbortController()
    const iterator = reconnect(place, { signal: stop.signal })[Symbol.asyncIterator]()
    const next = iterator.next()
    // The server never answers the handshake.
    const accepted = (await within(server.accept())) as Connection
    if (by === 'signal') stop.abort()
    else void iterator.return?.()
    t.strictSame(await within(next), { value: undefined, done: true })
    await within(accepted.readToEnd().catch(() => {}))
    accepted.abort()
  }
  await server.close({ grace: 0 })
  await nothingLeft(t, before)
})

t.test('an exception in the body ends the loop and closes the connection', async (t) => {
  const server = await opened(t)
  const closed = calls<string>()
  void server.serve(async (connection) => {
    await connection.readToEnd()
    closed.add('closed')
  })
  const bug = new Error('a bug')
  const loop = (async () => {
    for await (const _ of reconnect({ host: '127.0.0.1', port: server.port })) throw bug
  })()
  t.equal(await rejection(loop), bug)
  t.equal(await closed.next(), 'closed')
})

t.test('each loop over one iterable is a course of its own', async (t) => {
  const server = await opened(t)
  void server.serve(async (connection) => {
    await connection.write(`${server.stats().accepted}\n`)
    await connection.readToEnd()
  })
  const connections = reconnect({ host: '127.0.0.1', port: server.port })
  const [one, other] = [connections[Symbol.asyncIterator](), connections[Symbol.asyncIterator]()]
  const [first, second] = [(await one.next()).value as Connection, (await other.next()).value as Connection]
  t.not(first, second)
  await one.return?.()
  t.equal(first.ended, true)
  t.equal(second.ended, false)
  await other.return?.()
})

t.test('a delay keeps the process alive, and the end of the loop lets it go', async (t) => {
  const port = await closedPort()
  const run = program(
    t,
    `
    const stop = new AbortController()
    const onFailure = () => console.log('waiting')
    process.stdin.once('data', () => { process.stdin.destroy(); stop.abort() })
    for await (const _ of linnet.reconnect({ host: '127.0.0.1', port: ${port} }, { minDelay: 3_600_000, signal: stop.signal, onFailure })) ;
    console.log('done')`,
  )
  await run.says(/waiting/)
  run.child.stdin?.write('stop\n')
  await run.says(/done/)
  t.equal(await run.ends(), 0)
})

t.test('the time that a connection has to live does not keep the process alive', async (t) => {
  const server = await opened(t)
  void server.serve(async (connection) => void (await connection.readToEnd()))
  const run = program(
    t,
    `
    const iterator = linnet.reconnect({ host: '127.0.0.1', port: ${server.port} }, { resetAfter: 3_600_000 })[Symbol.asyncIterator]()
    iterator.next().then(({ value: connection }) => connection.unref())`,
  )
  t.equal(await run.ends(), 0)
})
