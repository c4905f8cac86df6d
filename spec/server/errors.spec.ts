// Errors of handlers and of accepting. The server emits them as events, those of accepting at most once a second. Without a
// listener the error of a handler is printed. No such error ends the process.

import net from 'node:net'
import { inspect } from 'node:util'
import t, { type Test } from 'tap'
import { resolveListenOptions } from '../../lib/options/listen.js'
import { ServerCore } from '../../lib/server/core.js'
import { Server } from '../../lib/server/server.js'
import { manualClock, memoryServer } from '../../lib/testing/index.js'
import { rejection, turns, until, within } from '../support/wait.js'
import { Books, echo, ending, inMemory, open, overEach, talk } from './support.js'

/** A server in memory whose events have no listener. */
function unheard(t: Test, handler: Parameters<Server['serve']>[0]): { visit(): Promise<void>; server: Server } {
  const { server, connect } = memoryServer()
  t.teardown(() => server.close({ grace: 0 }))
  void server.serve(handler)
  return {
    server,
    async visit() {
      const client = await connect()
      await client.write('hello\n')
      t.equal(await within(ending(client)), 'end')
    },
  }
}

t.test('without a handlerError listener the error of a handler is printed once, with its connection', async (t) => {
  const printed = t.capture(console, 'error')
  const bug = new Error('a bug in the handler')
  const ids: number[] = []
  const { server, visit } = unheard(t, async (connection) => {
    ids.push(connection.id)
    await connection.readLine()
    throw bug
  })
  await visit()
  await until(() => server.stats().handlerErrors === 1)
  const calls = printed()
  t.equal(calls.length, 1)
  const [text, error] = calls[0]!.args as unknown as [string, unknown]
  t.match(text, /^linnet: .*handler/)
  t.match(text, new RegExp(`connection ${ids[0]}\\b`))
  t.match(text, /handlerError/, 'and how to handle it')
  t.equal(error, bug)
})

t.test('with a handlerError listener nothing is printed', async (t) => {
  const printed = t.capture(console, 'error')
  const { server, visit } = unheard(t, () => {
    throw new Error('a bug')
  })
  const heard: unknown[] = []
  server.on('handlerError', (error, connection) => heard.push((error as Error).message, connection.server === server))
  await visit()
  t.strictSame(heard, ['a bug', true])
  server.removeAllListeners('handlerError')
  await visit()
  t.equal(printed().length, 1, 'without the listener it is printed')
})

t.test('any value that a handler throws is printed, also one whose inspection throws', async (t) => {
  const lines: string[] = []
  t.capture(console, 'error', (...args: unknown[]) => {
    lines.push(args.map((arg) => (typeof arg === 'string' ? arg : inspect(arg))).join(' '))
  })
  const hostile = {
    [inspect.custom]() {
      throw new Error('cannot be shown')
    },
  }
  const values: unknown[] = [undefined, null, 0, 'text', Symbol('s'), hostile]
  let n = 0
  const { server, visit } = unheard(t, () => {
    throw values[n++]
  })
  for (const _ of values) await visit()
  await until(() => server.stats().handlerErrors === values.length)
  t.equal(lines.length, values.length)
  for (const line of lines) t.match(line, /^linnet: /)
})

overEach(t, 'a normal end of a connection is no handlerError', async (t, open) => {
  const { server, books, connect } = await open({ closeTimeout: 1000 })
  const served = server.serve(async (connection) => {
    const line = await connection.readLine()
    if (line === 'time') await connection.readLine({ timeout: 1 })
    if (line === 'limit') await connection.readUntil('\n', { maxBytes: 1, idle: false })
    if (line === 'close') await Promise.all([connection.readLine(), connection.close()])
    if (line === 'abort') connection.abort()
    await echo(connection)
    await connection.readLine()
  })
  for (const word of ['time', 'limit', 'close', 'abort', 'end', 'drain']) {
    const client = await connect()
    await client.write(`${word}\n`)
    if (word === 'limit') await client.write('too long\n')
    if (word === 'end') await client.end()
    if (word !== 'drain') await within(ending(client))
    else {
      void ending(client)
      await within(server.close())
    }
  }
  await within(served)
  t.strictSame(books.handlerErrors, [])
  t.equal(books.over, 6)
})

overEach(t, 'misuse of run is a handlerError with a TypeError', async (t, open) => {
  const { server, books, connect } = await open()
  const accepting = server.accept()
  const client = await connect()
  const connection = await within(accepting)
  const running = connection!.run(echo)
  await connection!.run(echo)
  t.match(books.handlerErrors, [TypeError], 'a second run')
  await talk(client)
  await client.close()
  await running
  const next = server.accept()
  const second = await connect()
  const noFunction = (await within(next))!.run('echo' as never)
  t.equal(await ending(second), 'end')
  await within(noFunction)
  t.match(books.handlerErrors, [TypeError, TypeError])
  t.equal(server.stats().handlerErrors, 2)
})

t.test('calls on a connection that the server has aborted cause no unhandled rejection', async (t) => {
  const { server, connect } = inMemory(t)
  const accepting = server.accept()
  const client = await connect()
  const connection = await within(accepting)
  const reading = rejection(connection!.readLine())
  await server.close({ grace: 0 })
  t.match(await reading, { code: 'ERR_LINNET_CLOSED' })
  void connection!.write('ignored')
  void connection!.flush()
  client.abort()
  await turns()
})

t.test('at most one acceptError a second is emitted, by the clock of the server', async (t) => {
  const clock = manualClock()
  const core = new ServerCore(resolveListenOptions({}), clock)
  const server = new Server(core)
  const books = new Books(server)
  const errors = Array.from({ length: 6 }, (_, n) => new Error(`no ${n}`))
  core.acceptFailed(errors[0]!)
  core.acceptFailed(errors[1]!)
  await clock.advance(999)
  core.acceptFailed(errors[2]!)
  t.strictSame(books.acceptErrors, [errors[0]])
  await clock.advance(1)
  core.acceptFailed(errors[3]!)
  core.acceptFailed(errors[4]!)
  await clock.advance(5000)
  core.acceptFailed(errors[5]!)
  t.strictSame(books.acceptErrors, [errors[0], errors[3], errors[5]])
  server.removeAllListeners('acceptError')
  await clock.advance(5000)
  core.acceptFailed(errors[0]!)
  await server.close()
})

t.test('an error of a listening socket is an acceptError, and the server goes on accepting', async (t) => {
  const { listen } = net.Server.prototype
  const sockets: net.Server[] = []
  t.capture(net.Server.prototype, 'listen', function (this: net.Server, ...where: Parameters<typeof listen>) {
    sockets.push(this)
    return listen.apply(this, where)
  })
  const { server, books, connect } = await open(t, 'tcp')
  const error = new Error('EMFILE, say')
  sockets[0]!.emit('error', error)
  t.strictSame(books.acceptErrors, [error])
  void server.serve(echo)
  await talk(await connect())
})
