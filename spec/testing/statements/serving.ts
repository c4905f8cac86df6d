// Statements about a server: loops and handlers, limits and admission, events, counters and draining.

import { BlockList } from 'node:net'
import type { Connection } from '../../../lib/index.js'
import { turns, until } from '../../support/wait.js'
import { end, fault, letIn, outcome, type Place, type Statement, says } from './world.js'

const welcome = async (connection: Connection): Promise<void> => {
  await connection.write('welcome')
  await connection.readToEnd()
}

/** The reasons of drops, as they come. */
function reasons({ server }: Place): string[] {
  const all: string[] = []
  server.on('drop', ({ reason }) => all.push(reason))
  return all
}

export const serving: readonly Statement[] = [
  says('serve runs a handler for each connection, and resolves when all have ended', [['HELLO', 'THERE'], undefined], async (world) => {
    const { server, connect } = await world.open()
    const served = server.serve(async (connection) => connection.write((await connection.readToEnd('utf8')).toUpperCase()))
    const answers = ['hello', 'there'].map(async (text) => {
      const client = await connect()
      await client.end(text)
      return client.readToEnd('utf8')
    })
    const texts = await Promise.all(answers)
    await server.close()
    return [texts, await served]
  }),
  says('each connection has its server, and a client has none', [true, undefined, true, 1], async (world) => {
    const { server, client, connection } = await world.both()
    return [connection.server === server, client.server, server.connections.has(connection), server.connections.size]
  }),
  says('accept resolves with null once the server is closed', [null, null], async (world) => {
    const { server } = await world.open()
    const waiting = server.accept()
    await server.close()
    return [await waiting, await server.accept()]
  }),
  says(
    'a loop that is left stops accepting, and yielded connections stay open',
    ['ConnectError ECONNREFUSED', 'still here', false],
    async (world) => {
      const { server, connect } = await world.open()
      const connecting = connect()
      let connection: Connection | undefined
      for await (connection of server) break
      const client = await connecting
      await until(() => connection !== undefined)
      const refused = await outcome(connect())
      await client.write('still here\n')
      const line = await connection?.readLine()
      return [refused, line, server.draining]
    },
  ),
  says('connecting to a server that is closed is refused', ['ConnectError ECONNREFUSED', 'ECONNREFUSED', 'connect', 1], async (world) => {
    const { server, connect } = await world.open()
    await server.close()
    const error = await connect().catch((error) => error)
    return [fault(error), error.cause.code, error.cause.syscall, error.errors.length]
  }),
  says('close waits for connections to end, and counts them', [{ drained: 1, aborted: 0 }, 'bye', true, true], async (world) => {
    const { server, connect } = await world.open()
    const served = server.serve(async (connection) => {
      await connection.readLine().catch(() => connection.write('bye'))
    })
    const client = await connect()
    await until(() => server.stats().active === 1)
    const closing = server.close()
    const last = await client.readToEnd('utf8')
    await client.close()
    const result = await closing
    await served
    return [result, last, server.draining, server.stopping]
  }),
  says(
    'connections that are open after the grace are aborted',
    [{ drained: 0, aborted: 1 }, 'lost: ConnectionLostError ECONNRESET'],
    async (world) => {
      const { server, client } = await world.both()
      const result = await server.close({ grace: 0 })
      return [result, await end(client)]
    },
  ),
  says('a message that has begun is read while the server closes', ['message', { drained: 1, aborted: 0 }], async (world) => {
    const { server, client, connection } = await world.both()
    await client.write('mess')
    await until(() => connection.buffered === 4)
    const read = connection.readLine()
    const closing = server.close()
    await client.end('age\n')
    const line = await read
    await connection.close()
    return [line, await closing]
  }),
  says('connections that were never yielded are dropped when the server closes', [['draining'], 'lost'], async (world) => {
    const place = await world.open()
    const dropped = reasons(place)
    const client = await place.connect()
    await until(() => place.server.stats().pending === 1)
    await place.server.close()
    return [dropped, (await client.closed).by]
  }),
  says('events are emitted in order', ['connection', 'disconnect local', 'draining', 'close'], async (world) => {
    const { server, connect } = await world.open()
    const told: string[] = []
    server.on('connection', () => told.push('connection'))
    server.on('disconnect', (_, { by }) => told.push(`disconnect ${by}`))
    server.on('draining', () => told.push('draining'))
    server.on('close', () => told.push('close'))
    void server.serve((connection) => connection.close())
    const client = await connect()
    await client.readToEnd()
    await client.close()
    await until(() => told.length === 2)
    await server.close()
    return told
  }),
  says(
    'stats count everything',
    { active: 0, pending: 0, accepted: 2, dropped: 0, handshakeErrors: 0, handlerErrors: 0, bytesRead: 6, bytesWritten: 4 },
    async (world) => {
      const { server, connect } = await world.open()
      const served = server.serve(async (connection) => {
        await connection.readToEnd()
        await connection.write('ok')
      })
      for (let n = 0; n < 2; n++) {
        const client = await connect()
        await client.end('abc')
        await client.readToEnd()
        await client.close()
      }
      await server.close()
      await served
      return { ...server.stats() }
    },
  ),
  says("a handler's own error is a handlerError, and closes its connection", ['SyntaxError', 'local: SyntaxError', 1], async (world) => {
    const { server, connect } = await world.open()
    const failed = new Promise((resolve) => server.once('handlerError', (error) => resolve(fault(error))))
    const over = new Promise((resolve) => server.once('disconnect', (connection) => resolve(end(connection))))
    void server.serve(() => Promise.reject(new SyntaxError('of the handler')))
    const client = await connect()
    await client.readToEnd()
    await client.close()
    return [await failed, await over, server.stats().handlerErrors]
  }),
  says(
    'an error of its connection that a handler passes on is a normal end',
    [undefined, "peer: EndOfStreamError ERR_LINNET_END_OF_STREAM after 'half'", 0],
    async (world) => {
      const { server, client, connection } = await world.both()
      await client.end('half')
      await until(() => connection.buffered === 4)
      const ran = await outcome(connection.run(async (connection) => `${await connection.readLine()}`))
      return [ran, await end(connection), server.stats().handlerErrors]
    },
  ),
  says(
    'run on a connection of a server resolves with undefined, and a second run is a handlerError',
    [undefined, undefined, 'TypeError'],
    async (world) => {
      const { server, client, connection } = await world.both()
      const failed = new Promise((resolve) => server.once('handlerError', (error) => resolve(fault(error))))
      const first = connection.run(async () => 'value')
      const second = await connection.run(() => {})
      void client.close()
      return [await first, second, await failed]
    },
  ),
  says('beyond maxConnections a client waits until another has ended', [1, 1, 'welcome'], async (world) => {
    const { server, connect } = await world.open({ maxConnections: 1 })
    void server.serve(welcome)
    const first = await connect()
    await first.readExactly(7)
    const second = await connect()
    await until(() => server.stats().pending === 1)
    await turns()
    const { active, pending } = server.stats()
    await first.close()
    return [active, pending, await second.readExactly(7, 'utf8')]
  }),
  says('a raised limit admits waiting clients', 'welcome', async (world) => {
    const { server, connect } = await world.open({ maxConnections: 1 })
    void server.serve(welcome)
    await connect()
    const second = await connect()
    await until(() => server.stats().pending === 1)
    server.setLimits({ maxConnections: 2 })
    return second.readExactly(7, 'utf8')
  }),
  says('beyond maxPending a client is dropped', ['turned away', ['maxPending']], async (world) => {
    const place = await world.open({ maxPending: 1 })
    const dropped = reasons(place)
    await place.connect()
    await until(() => place.server.stats().pending === 1)
    return [await letIn(place.connect()), dropped]
  }),
  says('beyond maxConnectionsPerAddress a client is dropped', ['in', 'turned away', ['maxConnectionsPerAddress']], async (world) => {
    const place = await world.open({ maxConnectionsPerAddress: 1 })
    const dropped = reasons(place)
    void place.server.serve(welcome)
    return [await letIn(place.connect()), await letIn(place.connect()), dropped]
  }),
  says('a client with a blocked address is dropped', ['turned away', ['blockList']], async (world) => {
    const blockList = new BlockList()
    blockList.addAddress('127.0.0.1')
    const place = await world.open({ blockList })
    const dropped = reasons(place)
    void place.server.serve(welcome)
    return [await letIn(place.connect()), dropped]
  }),
  says('only true, or a promise of true, admits a client', ['in', 'in', 'turned away', 'turned away', 4], async (world) => {
    const answers: unknown[] = [true, Promise.resolve(true), false, Promise.resolve('yes')]
    const place = await world.open({ admit: () => answers.shift() as boolean })
    void place.server.serve(welcome)
    const outcomes: unknown[] = []
    for (let n = 0; n < 4; n++) outcomes.push(await letIn(place.connect()))
    return [...outcomes, place.server.stats().accepted]
  }),
  says('admit is called with the address of the client', ['IPv4', '127.0.0.1', undefined], async (world) => {
    const asked: unknown[] = []
    const { connect } = await world.open({
      admit({ remote, proxy }) {
        asked.push(remote.family, remote.address, proxy)
        return true
      },
    })
    await connect()
    await until(() => asked.length === 3)
    return asked
  }),
  says('an admit that throws drops the client, and is an acceptError', ['SyntaxError', 'turned away', ['admit']], async (world) => {
    const place = await world.open({
      admit() {
        throw new SyntaxError('of admit')
      },
    })
    const dropped = reasons(place)
    const failed = new Promise((resolve) => place.server.once('acceptError', (error) => resolve(fault(error))))
    const outcome = await letIn(place.connect())
    return [await failed, outcome, dropped]
  }),
  says('addresses are those of a TCP connection, and each end has the other', ['127.0.0.1', 'IPv4', true, true], async (world) => {
    const { client, connection } = await world.both()
    const { remote, local } = connection
    return [remote.address, remote.family, String(client.local) === String(remote), String(client.remote) === String(local)]
  }),
  says('an abort of its signal closes a server', [null, true], async (world) => {
    const stop = new AbortController()
    const { server } = await world.open({ signal: stop.signal })
    const waiting = server.accept()
    stop.abort()
    return [await waiting, server.draining]
  }),
]
