// How run() judges the error of a handler: one that the connection itself raised is a normal end, reported by `closed`;
// misuse and all other errors are bugs of the handler, which the server emits as handlerError.

import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { type Connection, DrainingError, EndOfStreamError, type Handler, pipe, TimeoutError, together } from '../../lib/index.js'
import { type ManualClock, manualClock, memoryServer } from '../../lib/testing/index.js'
import { turns, within } from '../support/wait.js'

type Act = (client: Connection, connection: Connection, clock: ManualClock) => unknown
const nothing: Act = () => {}

/** The handlerErrors that the server emits, and the error of `closed`. */
async function verdict(handler: Handler, act: Act, options = {}): Promise<{ errors: unknown[]; error: unknown }> {
  const clock = manualClock()
  const { server, connect } = memoryServer({ clock, idleTimeout: 1000, readTimeout: 1000, closeTimeout: 50, ...options })
  const errors: unknown[] = []
  server.on('handlerError', (error) => errors.push(error))
  const client = await connect({ closeTimeout: 50 })
  const connection = (await server.accept()) as Connection
  const run = connection.run(handler)
  await turns()
  await act(client, connection, clock)
  for (let n = 0; n < 5; n++) await clock.advance(20)
  await within(run, 'run')
  client.abort()
  await server.close()
  return { errors, error: (await connection.closed).error }
}

const line: Handler = (connection) => connection.readLine()
/** Errors that a connection raises, each passed on by a handler. */
const normal: Record<string, [handler: Handler, act: Act, options?: object]> = {
  'the end of the stream': [line, (client) => client.end('half')],
  'the end of the stream, of a message': [(c) => c.readMessage((reader) => reader.readExactly(10)), (client) => client.end('half')],
  'a loss, to a read': [line, (client) => client.abort()],
  'a loss, to a write': [(c) => c.write(Buffer.alloc(200_000)).then(() => c.write('x')), (client) => client.abort()],
  'its own close': [line, (_, connection) => void connection.close()],
  'its own abort': [line, (_, connection) => connection.abort('enough')],
  'a write after its own end': [(c) => c.end().then(() => c.write('x')), nothing],
  'a drain': [line, (_, connection) => connection.drain()],
  'a drain, to a message': [(c) => c.readMessage((reader) => reader.readLine()), (_, connection) => connection.drain()],
  'a time limit on silence': [line, (_client, _, clock) => clock.advance(1000)],
  'a time limit on a message': [
    line,
    (client, _, clock) =>
      client
        .write('half')
        .then(turns.bind(null, 6))
        .then(() => clock.advance(1000)),
  ],
  'a time limit of its own': [(c) => c.readLine({ timeout: 10 }), (_client, _, clock) => clock.advance(10)],
  'a size limit': [(c) => c.readLine({ maxBytes: 3 }), (client) => client.write('too long')],
  'a size limit, at once': [(c) => c.readExactly(10, { maxBytes: 3 }), nothing],
  'a size limit, thrown': [async (c) => (await c.peek(8)) && c.tryReadLine({ maxBytes: 3 }), (client) => client.write('too long')],
  'a full queue': [
    (c) => Promise.all([c.write(Buffer.alloc(300_000)), sleep(5).then(() => c.write('x'))]),
    nothing,
    { maxWriteBuffer: 100 },
  ],
  'a peer that takes nothing': [(c) => c.write(Buffer.alloc(500_000)), (_client, _, clock) => clock.advance(2000), { writeTimeout: 1000 }],
  'the reason of its signal': [
    (c) => new Promise((_, reject) => c.signal.addEventListener('abort', () => reject(c.signal.reason))),
    (client) => client.abort(),
  ],
  'the reason of its drainSignal': [
    async (c) => once(c.drainSignal, 'abort').then(() => c.drainSignal.throwIfAborted()),
    (_, connection) => connection.drain(),
  ],
  'an AbortError that its signal caused': [(c) => sleep(1e6, undefined, { signal: c.signal }), (client) => client.abort()],
  'an AbortError that its drainSignal caused': [
    (c) => sleep(1e6, undefined, { signal: c.drainSignal }),
    (_, connection) => connection.drain(),
  ],
  'an AbortError of a library that does not say what caused it': [
    async (c) => {
      await once(c.signal, 'abort')
      throw Object.assign(new Error('stopped'), { name: 'AbortError' })
    },
    (client) => client.abort(),
  ],
  'two of them, from two tasks': [
    (c) =>
      together([
        () => c.readLine(),
        async (signal) => {
          await once(signal, 'abort')
          await c.write('x')
        },
      ]),
    (client) => client.abort(),
  ],
}

for (const [name, [handler, act, options]] of Object.entries(normal)) {
  t.test(`${name} that a handler passes on is a normal end`, async (t) => {
    const { errors, error } = await verdict(handler, act, options)
    t.same(errors, [])
    t.not(error, undefined, 'closed reports it')
  })
}

const bug = new Error('a bug')
const concurrent: Handler = async (c) => {
  void c.readLine().catch(() => {})
  await c.readLine()
}
const abortError = (cause?: unknown): Error =>
  Object.assign(new Error('stopped', cause === undefined ? undefined : { cause }), { name: 'AbortError' })
/** Bugs of a handler. */
const bugs: Record<string, [handler: Handler, act?: Act]> = {
  'an error of its own': [() => Promise.reject(bug)],
  undefined: [() => Promise.reject(undefined)],
  null: [() => Promise.reject(null)],
  'a text': [() => Promise.reject('text')],
  'an error of its own, for which that of the connection is only the cause': [
    (c) =>
      c.readLine().catch((cause) => {
        throw new Error('cannot go on', { cause })
      }),
    (client) => client.end(),
  ],
  'a second read at the same time': [concurrent],
  'a wrong argument': [(c) => c.write(7 as never)],
  'a wrong argument of a read': [(c) => c.readExactly('7' as never)],
  'an impossible argument': [(c) => c.readExactly(-1)],
  'an error of our classes that it made itself': [() => Promise.reject(new EndOfStreamError())],
  'a DrainingError that it made itself': [() => Promise.reject(new DrainingError()), (_, connection) => connection.drain()],
  'an AbortError, while no signal of the connection has aborted': [() => Promise.reject(abortError())],
  'an AbortError of another cause, while its own signal has aborted': [
    (c) => once(c.signal, 'abort').then(() => Promise.reject(abortError(bug))),
    (client) => client.abort(),
  ],
  'two errors, one of them its own': [
    (c) => c.readLine().catch((error) => Promise.reject(new AggregateError([error, bug]))),
    (client) => client.end(),
  ],
  'an AggregateError of nothing': [() => Promise.reject(new AggregateError([]))],
}

for (const [name, [handler, act = nothing]] of Object.entries(bugs)) {
  t.test(`${name} that a handler throws is a handlerError`, async (t) => {
    let thrown: unknown
    const { errors, error } = await verdict(async (connection) => {
      try {
        await handler(connection)
      } catch (error) {
        thrown = error
        throw error
      }
    }, act)
    t.equal(errors.length, 1)
    t.equal(errors[0], thrown)
    if (thrown instanceof Error && act === nothing) t.equal(error, thrown, 'closed tells it too')
  })
}

t.test('a time limit of a pipe is a normal end of both its connections', async (t) => {
  const clock = manualClock()
  const { server, connect } = memoryServer({ clock, closeTimeout: 1 })
  const clients = [await connect(), await connect()]
  const [one, two] = [(await server.accept()) as Connection, (await server.accept()) as Connection]
  const errors: unknown[] = []
  server.on('handlerError', (error) => errors.push(error))
  const piping = pipe(one, two, { idleTimeout: 1000 })
  const runs = [one, two].map((connection) => connection.run(() => piping))
  await clock.advance(1001)
  await within(Promise.all(runs))
  t.same(errors, [])
  t.ok((await one.closed).error instanceof TimeoutError)
  t.equal((await two.closed).error, (await one.closed).error)
  for (const client of clients) client.abort()
  await server.close()
})

t.test('the error of another connection is not a normal end of this one', async (t) => {
  const { server, connect } = memoryServer()
  const [client, other] = [await connect(), await connect()]
  const [one, two] = [(await server.accept()) as Connection, (await server.accept()) as Connection]
  const errors: unknown[] = []
  server.on('handlerError', (error, connection) => errors.push([error, connection]))
  const run = one.run(() => two.readLine())
  await other.end()
  await client.close()
  await within(run)
  t.equal(errors.length, 1)
  t.equal((errors[0] as unknown[])[1], one)
  other.abort()
  await server.close({ grace: 0 })
})

t.test('without a listener a bug is printed, the process lives, and a normal end prints nothing', async (t) => {
  const printed = t.capture(console, 'error')
  for (const [handler, lines] of [
    [line, 0],
    [() => Promise.reject(bug), 1],
  ] as const) {
    const { server, connect } = memoryServer()
    const client = await connect()
    const connection = (await server.accept()) as Connection
    const run = connection.run(handler)
    await client.close()
    await within(run)
    const calls = printed()
    t.equal(calls.length, lines)
    if (lines > 0) t.match(calls[0]?.args, [/handlerError/, bug])
    await server.close()
  }
})
