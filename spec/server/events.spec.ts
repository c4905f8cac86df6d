// The events of a server: each connection has one `connection` and one `disconnect` event, an event is emitted when what it
// reports has happened, and a listener that throws does not affect the server.

import t from 'tap'
import type { CloseInfo, Connection, Server } from '../../lib/index.js'
import { program } from '../support/program.js'
import { uncaught } from '../support/uncaught.js'
import { turns, until, within } from '../support/wait.js'
import { echo, ending, inMemory, overEach, talk } from './support.js'

overEach(t, 'each connection has one connection event and one disconnect event, with how it ended', async (t, open) => {
  const { server, books, connect } = await open()
  const told = new Map<Connection, (CloseInfo | undefined)[]>()
  server.on('connection', (connection) => told.set(connection, [...(told.get(connection) ?? []), undefined]))
  server.on('disconnect', (connection, info) => told.get(connection)?.push(info))
  const served = server.serve(async (connection) => {
    if ((await connection.readLine()) === 'abort') connection.abort('enough')
  })
  for (const word of ['abort', 'return', 'abort', 'return']) {
    const client = await connect()
    await client.write(`${word}\n`)
    await ending(client)
  }
  await until(() => books.over === 4)
  t.equal(told.size, 4)
  const ends: string[] = []
  for (const [connection, [first, info, ...more]] of told) {
    t.strictSame([first, more], [undefined, []])
    t.equal(info, await connection.closed)
    ends.push(info!.by)
  }
  t.strictSame(ends, ['aborted', 'local', 'aborted', 'local'])
  await server.close()
  await served
  t.strictSame(books.told.at(-1), 'close')
  t.equal(books.count('disconnect'), 4)
})

overEach(t, 'connection is emitted just before the loop gets the connection, when nothing has been read', async (t, open) => {
  const { server, connect } = await open()
  const order: string[] = []
  server.on('connection', (connection) => {
    order.push('event')
    t.equal(connection.waiting, undefined)
    t.equal(connection.bytesRead, 0)
  })
  const loop = (async () => {
    for await (const connection of server) {
      order.push('loop')
      await connection.readLine()
      break
    }
  })()
  const client = await connect()
  await client.write('x\n')
  await within(loop)
  t.strictSame(order, ['event', 'loop'])
})

overEach(t, 'connections that outlive the loop have a disconnect event, and close follows the last one', async (t, open) => {
  const { server, books, connect } = await open()
  const accepting = [server.accept(), server.accept()]
  await connect()
  await connect()
  const [one, other] = await within(Promise.all(accepting))
  await server[Symbol.asyncIterator]().return!()
  await turns()
  one?.abort()
  await turns()
  t.strictSame(books.told, ['connection', 'connection', 'disconnect'])
  let closed = false
  void server.closed.then(() => {
    closed = true
  })
  server.once('disconnect', () => t.equal(closed, false))
  other?.abort()
  t.equal(books.over, 2)
  await within(server.closed)
  t.strictSame(books.told.slice(-2), ['disconnect', 'close'])
})

t.test('close follows every disconnect event, also if a disconnect listener ends the last connection', async (t) => {
  const { server, connect } = inMemory(t)
  const accepting = [server.accept(), server.accept()]
  await connect()
  await connect()
  const [one, other] = await within(Promise.all(accepting))
  await server[Symbol.asyncIterator]().return!()
  await turns()
  const order: string[] = []
  server.on('disconnect', (connection) => {
    if (connection === one) other?.abort()
  })
  server.on('disconnect', (connection) => order.push(connection === one ? 'one' : 'other'))
  server.on('close', () => order.push('close'))
  one?.abort()
  await within(server.closed)
  t.strictSame(order, ['other', 'one', 'close'])
})

overEach(t, 'a close emits draining, and close after the last disconnect, each once', async (t, open) => {
  const { server, books, connect } = await open()
  const served = server.serve(echo)
  const client = await connect()
  await talk(client)
  const closing = server.close()
  void server.close()
  void ending(client)
  t.strictSame(books.told.slice(1), ['draining'])
  await within(closing)
  await served
  await server[Symbol.asyncDispose]()
  t.strictSame(books.told, ['connection', 'draining', 'disconnect', 'close'])
})

overEach(t, 'closed and close() resolve after the close event', async (t, open) => {
  const { server, books, connect } = await open()
  void server.serve(echo)
  const client = await connect()
  await talk(client)
  const order: string[] = []
  void server.closed.then(() => order.push(`closed after ${books.told.at(-1)}`))
  void ending(client)
  await within(server.close().then(() => order.push('close()')))
  t.strictSame(order, ['closed after close', 'close()'])
})

t.test('a connection listener may abort the connection', async (t) => {
  const { server, books, connect } = inMemory(t)
  server.on('connection', (connection) => connection.abort('not you'))
  const accepting = server.accept()
  const client = await connect()
  const connection = await within(accepting)
  t.match(await connection?.closed, { by: 'aborted', error: 'not you' })
  t.equal(await ending(client), 'broken')
  t.strictSame(books.told, ['connection', 'disconnect'])
  t.equal(server.stats().active, 0)
})

t.test('a connection listener may close the server, and its connection is yielded', async (t) => {
  const { server, books, connect } = inMemory(t)
  server.once('connection', () => void server.close())
  const accepting = [server.accept(), server.accept()]
  const client = await connect()
  const [first, second] = await within(Promise.all(accepting))
  t.ok(first, 'the connection of the event is yielded')
  t.equal(second, null)
  t.strictSame(await within(Promise.all([ending(client), first?.close()])), ['end', undefined])
  await within(server.closed)
  t.strictSame(books.mistakes, [])
})

t.test('a server has the methods of an EventEmitter', async (t) => {
  const { server } = inMemory(t)
  const emitter: Server = server
  t.equal(emitter.listenerCount('close'), 1)
  const once = new Promise<void>((resolve) => void emitter.once('close', resolve))
  await server.close()
  await within(once)
})

t.test('an exception of a listener is thrown again after the server has yielded the connection', async (t) => {
  const { server, connect } = inMemory(t)
  const wrong = new Error('of a listener')
  server.once('connection', () => {
    throw wrong
  })
  const errors = uncaught(t)
  const accepting = server.accept()
  await connect()
  t.ok(await within(accepting), 'the connection is yielded')
  await turns()
  t.strictSame(errors, [wrong])
})

t.test('an exception of any listener is an uncaught exception of the program, and the server goes on', async (t) => {
  const run = program(
    t,
    `
    const caught = []
    process.on('uncaughtException', (error) => caught.push(error.message))
    const { server, connect } = testing.memoryServer({
      admit: () => { throw new Error('in admit') }, maxPending: 1, maxConnections: 2,
    })
    for (const event of ['connection', 'disconnect', 'drop', 'handlerError', 'acceptError', 'draining', 'close']) {
      server.on(event, () => { throw new Error('listener of ' + event) })
    }
    await connect()
    await new Promise(setImmediate)
    const other = testing.memoryServer()
    for (const event of ['connection', 'disconnect', 'handlerError', 'draining', 'close']) {
      other.server.on(event, () => { throw new Error('listener of ' + event) })
    }
    const served = other.server.serve(async (connection) => {
      await connection.write(await connection.readLine())
      throw new Error('a bug')
    })
    for (let n = 0; n < 2; n++) {
      const client = await other.connect()
      await client.write('hello\\n')
      console.log('heard', String(await client.readToEnd()))
      await client.close()
    }
    await new Promise(setImmediate)
    await Promise.all([other.server.close(), served, server.close()])
    await new Promise(setImmediate)
    console.log(JSON.stringify(caught.map((text) => text.replace('listener of ', ''))))
    console.log(JSON.stringify(other.server.stats()))
  `,
  )
  t.equal(await run.ends(), 0)
  const [one, two, caught, stats] = run.stdout.trim().split('\n')
  t.strictSame([one, two], ['heard hello', 'heard hello'])
  t.strictSame(JSON.parse(caught!).sort(), [
    ...['acceptError', 'close', 'close', 'connection', 'connection', 'disconnect', 'disconnect'],
    ...['draining', 'draining', 'drop', 'handlerError', 'handlerError'],
  ])
  t.match(JSON.parse(stats!), { accepted: 2, active: 0, pending: 0, handlerErrors: 2 })
  t.equal(run.stderr, '', 'an error that has a listener is not printed, though that failed')
})
