// run(): however the handler ends, its connection is closed afterwards and nothing stays open. A client's `run` settles as
// its handler did.

import t, { type Test } from 'tap'
import type { Connection, Handler, Server } from '../../lib/index.js'
import { manualClock, memoryServer } from '../../lib/testing/index.js'
import { memory } from '../support/fixture.js'
import { isPending, pattern, rejection, turns, within } from '../support/wait.js'

interface Visit {
  server: Server
  client: Connection
  connection: Connection
  errors: { error: unknown; connection: Connection }[]
}

/** A server's connection, and the handlerErrors that the server emits. */
async function visit(t: Test, options = {}): Promise<Visit> {
  const { server, connect } = memoryServer(options)
  const errors: Visit['errors'] = []
  server.on('handlerError', (error, connection) => errors.push({ error, connection }))
  const client = await connect()
  const connection = (await server.accept()) as Connection
  t.teardown(async () => {
    client.abort()
    await server.close({ grace: 0 })
  })
  return { server, client, connection, errors }
}

const bug = new Error('a bug')
const failing: Record<string, Handler> = {
  'throws before its first await': () => {
    throw bug
  },
  'throws after its first await': async (connection) => {
    await connection.readLine()
    throw bug
  },
  'rejects at once': () => Promise.reject(bug),
}

for (const [name, handler] of Object.entries(failing)) {
  t.test(`a handler that ${name} leaves nothing open, and the server emits one handlerError`, async (t) => {
    const { server, client, connection, errors } = await visit(t)
    client.write('line\n')
    const run = connection.run(handler)
    t.equal(await client.readToEnd('utf8'), '', 'the client sees an end')
    await client.close()
    t.equal(await within(run), undefined)
    t.same(errors.length, 1)
    t.equal(errors[0]?.error, bug)
    t.equal(errors[0]?.connection, connection)
    const { by, error } = await connection.closed
    t.same({ by, error }, { by: 'local', error: bug })
    t.same([server.connections.size, server.stats().handlerErrors, server.stats().active], [0, 1, 0])
  })
}

t.test('a handler that returns leaves nothing open: its writes arrive, and then the end', async (t) => {
  for (const returned of [
    undefined,
    'at once',
    new Promise((resolve) => setImmediate(resolve)),
    // biome-ignore lint/suspicious/noThenProperty: a thenable is awaited too
    { then: (done: () => void) => setImmediate(done) },
  ]) {
    const { server, client, connection, errors } = await visit(t)
    const answer = pattern(300_000)
    client.setLimits({ maxBufferSize: 1e6 })
    const run = connection.run((given) => {
      t.equal(given, connection)
      connection.write(answer)
      return returned
    })
    t.equal(await isPending(run), true)
    t.ok((await client.readToEnd()).equals(answer))
    t.equal(await isPending(run), true, 'the client has not ended yet')
    await client.end()
    await within(run)
    t.equal(connection.signal.aborted, true)
    t.same(errors, [])
    t.equal((await connection.closed).by, 'local')
    t.notOk('error' in (await connection.closed))
    t.equal(server.connections.size, 0)
  }
})

t.test('a handler is called at once, and a client that does not end does not keep the connection open', async (t) => {
  const clock = manualClock()
  const { connection } = await visit(t, { clock, closeTimeout: 1000 })
  let called = false
  const run = connection.run(() => {
    called = true
  })
  t.equal(called, true)
  await clock.advance(1000)
  await within(run)
})

t.test('a handler may end, close or abort its connection itself', async (t) => {
  for (const by of ['end', 'close', 'abort'] as const) {
    const { client, connection, errors } = await visit(t)
    const run = connection.run(async () => {
      connection.write('x')
      if (by === 'end') await connection.end('y')
      else if (by === 'close') void connection.close()
      else connection.abort('reason')
    })
    await client.readToEnd().catch(() => {})
    await client.close()
    await within(run)
    t.equal((await connection.closed).by, by === 'abort' ? 'aborted' : 'local')
    t.same(errors, [])
  }
})

t.test('a handler that catches a bug may abort, so that half an answer is not taken for a whole one', async (t) => {
  const { client, connection, errors } = await visit(t)
  const run = connection.run(async () => {
    try {
      await connection.write('half an ans')
      throw bug
    } catch (error) {
      connection.abort(error)
      throw error
    }
  })
  t.equal(((await rejection(client.readToEnd())) as { code: string }).code, 'ECONNRESET')
  await within(run)
  t.equal(errors[0]?.error, bug)
})

t.test('the handler of a closed connection is called too', async (t) => {
  const { client, connection, errors } = await visit(t)
  await client.write('last words')
  await turns()
  client.abort()
  await connection.closed
  let said = ''
  await connection.run(async () => {
    said = await connection.readExactly(10, 'utf8')
    await connection.readLine()
  })
  t.equal(said, 'last words')
  t.same(errors, [])
})

// --- misuse ----------------------------------------------------------------------------------------------------------

t.test('a second run is a handlerError with a TypeError, and does not affect the first', async (t) => {
  const { client, connection, errors } = await visit(t)
  const first = connection.run((connection) => connection.readLine())
  let called = false
  t.equal(await connection.run(() => (called = true)), undefined)
  t.equal(called, false)
  t.ok(errors[0]?.error instanceof TypeError)
  t.equal(errors[0]?.connection, connection)
  t.equal(await isPending(first), true)
  t.equal(connection.ended, false)
  client.end('line\n')
  await within(first)
  t.notOk('error' in (await connection.closed))
  await connection.run(() => {})
  t.equal(errors.length, 2, 'also when the first is over')
})

t.test('a handler that is no function fails as one that throws a TypeError', async (t) => {
  for (const handler of [undefined, null, {}, 'handler']) {
    const { client, connection, errors } = await visit(t)
    const run = connection.run(handler as never)
    t.equal(await client.readToEnd('utf8'), '')
    await client.close()
    await within(run)
    t.ok(errors[0]?.error instanceof TypeError)
    t.equal((await connection.closed).error, errors[0]?.error)
  }
})

t.test('an exception of a handlerError listener is uncaught, and the connection is closed too', async (t) => {
  const { server, connect } = memoryServer()
  server.on('handlerError', () => {
    throw new Error('of the listener')
  })
  const client = await connect()
  const connection = (await server.accept()) as Connection
  const uncaught = new Promise<Error>((resolve) => process.once('uncaughtException', resolve))
  const listeners = process.listeners('uncaughtException').slice(0, -1)
  for (const listener of listeners) process.off('uncaughtException', listener)
  const run = connection.run(() => {
    throw bug
  })
  t.equal((await within(uncaught)).message, 'of the listener')
  for (const listener of listeners) process.on('uncaughtException', listener)
  await client.close()
  await within(run)
  await server.close()
})

// --- a client's ------------------------------------------------------------------------------------------------------

t.test("on a client's connection run resolves with the value of the handler, once the connection is closed", async (t) => {
  const { a, b } = memory(t)
  const run = a.run(async (connection) => {
    await connection.write('question\n')
    return connection.readLine()
  })
  t.equal(await b.readLine(), 'question')
  await b.write('answer\n')
  t.equal(await isPending(run), true)
  t.equal(await b.read(), null)
  await b.close()
  const value: string | undefined = await within(run)
  t.equal(value, 'answer')
  t.equal(a.signal.aborted, true)
})

t.test("on a client's connection run rejects with what the handler threw, once the connection is closed", async (t) => {
  for (const thrown of [bug, undefined, null, 'text']) {
    const { a, b } = memory(t)
    const run = rejection(
      a.run(async (connection) => {
        await connection.readLine()
        throw thrown
      }),
    )
    b.write('x\n')
    t.equal(await b.read(), null)
    t.equal(await isPending(run), true)
    await b.close()
    t.equal(await within(run), thrown)
    t.equal((await a.closed).error, thrown)
  }
  const { a, b } = memory(t)
  const end = rejection(a.run((connection) => connection.readLine()))
  await b.end()
  t.equal(((await end) as { code: string }).code, 'ERR_LINNET_END_OF_STREAM', 'also an error that the connection raised')
  t.equal((await a.closed).error, await end)
})

t.test("on a client's connection misuse is a rejection", async (t) => {
  const { a, b } = memory(t)
  const first = a.run((connection) => connection.readLine())
  t.ok((await rejection(a.run(() => {}))) instanceof TypeError)
  b.end('x\n')
  t.equal(await within(first), 'x')
  const { a: c, b: d } = memory(t)
  const run = rejection(c.run('no function' as never))
  t.equal(await d.read(), null)
  await d.close()
  t.ok((await within(run)) instanceof TypeError)
})
