// `serve` is the loop with `run`. When it resolves, when it rejects, and what its signal does.

import { getEventListeners } from 'node:events'
import t from 'tap'
import type { Connection } from '../../lib/index.js'
import { memoryServer } from '../../lib/testing/index.js'
import { isPending, rejection, turns, until, within } from '../support/wait.js'
import { echo, ending, gate, inMemory, overEach, talk } from './support.js'

overEach(t, 'serve calls the handler for each connection, and a slow handler delays no other', async (t, open) => {
  const { server, connect } = await open()
  const slow = gate()
  const served = server.serve(async (connection) => {
    if ((await connection.peek(1)).toString() === 's') await slow.opened
    await echo(connection)
  })
  const [one, other] = [await connect(), await connect()]
  const first = talk(one, 'slow')
  await talk(other, 'quick')
  t.equal(await isPending(first), true)
  slow.open()
  await within(first)
  void ending(one)
  void ending(other)
  t.strictSame(await within(server.close()), { drained: 2, aborted: 0 })
  await within(served)
})

overEach(t, 'serve resolves when the server has closed and every handler it started has settled', async (t, open) => {
  const { server, books, connect } = await open()
  const [started, finish] = [gate(), gate()]
  const served = server.serve(async (connection) => {
    await connection.close()
    started.open()
    await finish.opened
  })
  t.equal(await within(ending(await connect())), 'end')
  await within(started.opened)
  await within(server.close())
  t.equal(books.told.at(-1), 'close')
  t.equal(await isPending(served), true, 'a handler still works')
  finish.open()
  t.equal(await within(served), undefined)
})

overEach(t, 'after another loop was left, serve resolves once its connections have ended', async (t, open) => {
  const { server, connect } = await open()
  const served = server.serve(echo)
  const client = await connect()
  await talk(client)
  await server[Symbol.asyncIterator]().return!()
  await talk(client, 'still served')
  t.equal(await isPending(served), true)
  await client.close()
  await within(served)
  t.equal(server.draining, false)
})

overEach(t, 'serve resolves only when the server has closed, also if it has no connection', async (t, open) => {
  const { server, connect } = await open()
  const accepting = server.accept()
  const client = await connect()
  const held = (await within(accepting)) as Connection
  const served = server.serve(echo)
  void server.close()
  t.equal(await isPending(served), true)
  void ending(client)
  await held.close()
  await within(served)
})

overEach(t, 'handlers that fail, or are not async, do not end serve', async (t, open) => {
  const { server, books, connect } = await open()
  const failures = [new Error('async'), new Error('sync'), undefined, null]
  let n = 0
  const served = server.serve((connection) => {
    if (n === failures.length) return echo(connection)
    const failure = failures[n++]
    if (failure === failures[0]) return Promise.reject(failure)
    throw failure
  })
  for (const _ of failures) t.equal(await within(ending(await connect())), 'end')
  const client = await connect()
  await talk(client)
  t.strictSame(books.handlerErrors, failures)
  t.equal(server.stats().handlerErrors, failures.length)
  await client.close()
  await server.close()
  await within(served)
})

overEach(t, 'an abort of its signal closes the server, and serve resolves', async (t, open) => {
  const { server, connect } = await open()
  const controller = new AbortController()
  const served = server.serve(echo, { signal: controller.signal })
  const client = await connect()
  await talk(client)
  controller.abort(new Error('never seen'))
  t.equal(server.draining, true)
  t.equal(await within(ending(client)), 'end')
  t.equal(await within(served), undefined)
  t.strictSame(await server.close(), { drained: 1, aborted: 0 })
  t.equal(getEventListeners(controller.signal, 'abort').length, 0)
})

overEach(t, 'serve with an aborted signal closes the server', async (t, open) => {
  const { server, connect } = await open()
  const waiting = await connect()
  await until(() => server.stats().pending === 1)
  let called = false
  const served = server.serve(
    () => {
      called = true
    },
    { signal: AbortSignal.abort() },
  )
  await within(served)
  t.equal(server.draining, true)
  t.equal(called, false)
  await waiting.close()
})

t.test('serve on a closed server resolves, also with an aborted signal', async (t) => {
  const { server } = inMemory(t)
  await server.close()
  const controller = new AbortController()
  await within(server.serve(echo, { signal: controller.signal }))
  t.equal(getEventListeners(controller.signal, 'abort').length, 0)
  controller.abort()
  await within(server.serve(echo, { signal: controller.signal }))
})

t.test('serve rejects for a wrong argument, and takes no connection', async (t) => {
  const { server, connect } = inMemory(t)
  await connect()
  const serve = server.serve.bind(server) as (...args: unknown[]) => Promise<void>
  const wrong: unknown[][] = [[], [null], ['echo'], [{}], [echo, null], [echo, 5], [echo, { signal: 'x' }], [echo, { signal: null }]]
  for (const args of wrong) t.ok((await rejection(serve(...args))) instanceof TypeError)
  t.match(server.stats(), { pending: 1, active: 0 })
  t.equal(server.draining, false)
  await server.close()
  t.ok((await rejection(serve())) instanceof TypeError, 'also when it is closed')
})

t.test('a handler that awaits close() is aborted after the grace', async (t) => {
  const { server, connect } = inMemory(t)
  let result: unknown
  const served = server.serve(async (connection) => {
    await connection.readLine()
    result = await server.close({ grace: 20 })
  })
  const client = await connect()
  await client.write('shutdown\n')
  t.equal(await within(ending(client)), 'broken')
  await within(served)
  t.strictSame(result, { drained: 0, aborted: 1 })
})

overEach(t, 'a handler may close the server, and can still write its answer', async (t, open) => {
  const { server, connect } = await open()
  const served = server.serve(async (connection) => {
    for await (const line of connection.lines()) {
      if (line === 'shutdown') void server.close()
      await connection.write(`${line}\n`)
    }
  })
  const [other, admin] = [await connect(), await connect()]
  await talk(other)
  await talk(admin, 'shutdown')
  t.strictSame(await within(Promise.all([ending(admin), ending(other)])), ['end', 'end'])
  await within(served)
  t.strictSame(await server.close(), { drained: 2, aborted: 0 })
})

t.test('serve takes thousands of waiting connections without a stack overflow', async (t) => {
  const many = 5000
  const { server, connect } = memoryServer({ maxPending: many })
  await Promise.all(Array.from({ length: many }, () => connect()))
  t.equal(server.stats().pending, many)
  const served = server.serve(() => {})
  await until(() => server.stats().pending === 0)
  t.match(server.stats(), { accepted: many, handlerErrors: 0 })
  await server.close({ grace: 0 })
  await within(served)
})

t.test('serve does not run a connection that a listener runs already, and reports a TypeError', async (t) => {
  const { server, books, connect } = inMemory(t)
  const ran: string[] = []
  server.on('connection', (connection) => {
    void connection.run(async () => {
      ran.push('listener')
    })
  })
  const served = server.serve(() => {
    ran.push('serve')
  })
  await ending(await connect())
  t.strictSame(ran, ['listener'])
  t.match(books.handlerErrors, [TypeError])
  await server.close()
  await within(served)
})

overEach(t, 'a thousand clients leave no connection and no running handler', async (t, open) => {
  const { server, connect } = await open()
  let running = 0
  const served = server.serve(async (connection: Connection) => {
    running++
    await echo(connection)
    running--
  })
  for (let n = 0; n < 100; n++) {
    const clients = await Promise.all(Array.from({ length: 10 }, () => connect()))
    await Promise.all(clients.map((client, index) => talk(client, `${n}.${index}`)))
    await Promise.all(clients.map((client) => client.close()))
  }
  await until(() => server.stats().active === 0)
  await turns()
  t.equal(running, 0)
  t.match(server.stats(), { accepted: 1000, pending: 0, dropped: 0 })
  await server.close()
  await within(served)
})
