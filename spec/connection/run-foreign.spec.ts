// Handlers throw any value. Whatever it is: the connection is closed, the server keeps running and emits one `handlerError`
// with that very value, printing it does not throw, and a client's `run` rejects with it.

import { runInNewContext } from 'node:vm'
import t from 'tap'
import { type Connection, type Handler, pipe } from '../../lib/index.js'
import { memoryServer, pair } from '../../lib/testing/index.js'
import { hostile, rejectsWith } from '../support/hostile.js'
import { rejection, turns, within } from '../support/wait.js'

const ways: Record<string, (value: unknown) => Handler> = {
  thrown: (value) => () => {
    throw value
  },
  rejected: (value) => async () => {
    throw value
  },
  'rejected by a thenable': (value) => () => ({
    // biome-ignore lint/suspicious/noThenProperty: a thenable has this method
    then(_resolve: unknown, reject: (error: unknown) => void) {
      reject(value)
    },
  }),
  'thrown by a thenable': (value) => () =>
    Object.defineProperty({}, 'then', {
      get() {
        throw value
      },
    }),
}

t.test('whatever a handler throws, its connection is closed and the server emits one handlerError', async (t) => {
  const { server, connect } = memoryServer()
  t.teardown(() => server.close({ grace: 0 }))
  const errors: unknown[] = []
  server.on('handlerError', (error) => errors.push(error))
  let handler: Handler = () => {}
  const served = server.serve((connection) => handler(connection))
  for (const [how, make] of Object.entries(ways)) {
    for (const [name, value] of Object.entries(hostile)) {
      const thrown = value()
      handler = make(thrown)
      const client = await connect()
      t.equal(await within(client.read()), null, `${name}, ${how}`)
      await client.close()
      t.equal(errors.length, 1, `${name}, ${how}`)
      t.ok(Object.is(errors.pop(), thrown), `${name}, ${how}`)
    }
  }
  handler = (connection) => connection.write('alive')
  const client = await connect()
  t.equal(await client.readToEnd('utf8'), 'alive')
  await client.close()
  await server.close()
  await within(served)
  t.equal(server.stats().handlerErrors, Object.keys(ways).length * Object.keys(hostile).length)
})

t.test('printing any value that a handler threw does not throw', async (t) => {
  const printed: unknown[] = []
  t.capture(console, 'error', (...args: unknown[]) => {
    // An error that cannot be shown is left out, and the line is printed without it.
    printed.push(String(args[0]).replace(/:\n%O$/, ''))
    // Node does the same with a value that cannot be shown.
    if (args.length > 1) String(args[1])
  })
  const { server, connect } = memoryServer()
  const values = Object.values(hostile)
  const served = server.serve((connection) => {
    throw values[connection.server?.stats().handlerErrors as number]?.()
  })
  for (const _ of values) {
    const client = await connect()
    await within(client.read())
    await client.close()
  }
  await server.close()
  await served
  t.equal(new Set(printed).size, values.length)
  for (const line of printed) t.match(line, /^linnet: the handler of connection/)
})

t.test("a client's run rejects with whatever its handler throws", async (t) => {
  for (const [how, make] of Object.entries(ways)) {
    for (const [name, value] of Object.entries(hostile)) {
      const [client, server] = pair()
      const thrown = value()
      const running = client.run(make(thrown))
      void server.close()
      t.ok(await rejectsWith(running, thrown), `${name}, ${how}`)
    }
  }
})

t.test('whatever a handler resolves with, also by a thenable, is a normal end', async (t) => {
  const { server, connect } = memoryServer()
  const errors: unknown[] = []
  server.on('handlerError', (error) => errors.push(error))
  const twice = {
    // biome-ignore lint/suspicious/noThenProperty: a thenable has this method
    then(resolve: (value: unknown) => void, reject: (error: unknown) => void) {
      resolve('first')
      reject(new Error('second'))
      throw new Error('third')
    },
  }
  const results = [undefined, null, 7, 'text', Symbol('s'), twice, runInNewContext('Promise.resolve(1)')]
  let n = 0
  const served = server.serve(() => results[n++])
  for (const _ of results) {
    const client = await connect()
    t.equal(await within(client.read()), null)
    await client.close()
  }
  await server.close()
  await within(served)
  t.strictSame(errors, [])
})

t.test('an AbortError that the signals of the connection caused is a normal end, from any realm', async (t) => {
  const causes: Record<string, (connection: Connection) => unknown> = {
    'another realm': () => runInNewContext("Object.assign(new Error('stop'), { name: 'AbortError' })"),
    'no Error at all': () => ({ name: 'AbortError' }),
    'a DOMException': () => new DOMException('stop', 'AbortError'),
    'through another one': ({ drainSignal }) => ({ name: 'AbortError', cause: { name: 'AbortError', cause: drainSignal.reason } }),
    'several together, of another realm': ({ drainSignal }) =>
      Object.assign(runInNewContext('new AggregateError([])'), { errors: [drainSignal.reason, { name: 'AbortError' }] }),
  }
  for (const [name, make] of Object.entries(causes)) {
    const { server, connect } = memoryServer()
    const errors: unknown[] = []
    server.on('handlerError', (error) => errors.push(error))
    const client = await connect()
    const connection = (await server.accept()) as Connection
    const running = connection.run(async (connection) => {
      await new Promise((resolve) => connection.drainSignal.addEventListener('abort', resolve))
      throw make(connection)
    })
    await turns()
    connection.drain()
    void client.close()
    await within(running)
    t.strictSame(errors, [], name)
    await server.close()
  }
})

t.test('a signal may abort with anything: a read, an iterator, a message rejects with that very value', async (t) => {
  for (const [name, value] of Object.entries(hostile)) {
    const [a] = pair()
    const reason = value() === undefined ? 'aborted' : value()
    const waits: ((signal: AbortSignal) => Promise<unknown>)[] = [
      (signal) => a.readLine({ signal }),
      (signal) => a.lines({ signal }).next(),
      (signal) => a.readMessage((reader) => reader.readLine(), { signal }),
      (signal) => a.readMessage((reader) => reader.lines({ signal }).next()),
    ]
    for (const wait of waits) {
      const controller = new AbortController()
      const failed = rejectsWith(wait(controller.signal), reason)
      await turns(1)
      controller.abort(reason)
      t.ok(await failed, name)
      t.ok(await rejectsWith(wait(controller.signal), reason), `${name}, aborted before`)
    }
    a.abort(reason)
    t.match(await rejection(a.readLine()), { code: 'ERR_LINNET_CLOSED' }, name)
  }
})

t.test('a connection aborted with any value ends its Duplex and its pipe', async (t) => {
  for (const [name, value] of Object.entries(hostile)) {
    const [a, b] = pair()
    const duplex = a.toDuplex()
    const failed = new Promise((resolve) => duplex.once('error', resolve))
    a.abort(value())
    t.ok((await within(failed)) instanceof Error, name)
    const [c] = pair()
    const [d] = pair()
    const controller = new AbortController()
    const reason = value() === undefined ? 'aborted' : value()
    const failing = rejectsWith(pipe(c, d, { signal: controller.signal }), reason)
    await turns(1)
    controller.abort(reason)
    t.ok(await failing, name)
    t.equal((await c.closed).by, 'aborted')
    b.abort()
  }
})
