// `run` on a client's connection: it settles as its handler does, once the connection has ended.

import t, { type Test } from 'tap'
import { type Connection, connect, EndOfStreamError } from '../../lib/index.js'
import { opened } from '../support/fixture.js'
import { rejection, until } from '../support/wait.js'

async function both(t: Test): Promise<[Connection, Connection]> {
  const server = await opened(t, { port: 0, host: '127.0.0.1' })
  const connection = await connect({ host: '127.0.0.1', port: server.port })
  const accepted = (await server.accept()) as Connection
  t.teardown(() => accepted.abort())
  return [connection, accepted]
}

t.test("run resolves with the handler's value, once the connection has ended", async (t) => {
  const [client, server] = await both(t)
  const ran = client.run(async (connection) => {
    await connection.write('ping\n')
    return connection.readLine()
  })
  t.equal(await server.readLine(), 'ping')
  await server.end('pong\n')
  t.equal(await ran, 'pong')
  t.equal(client.signal.aborted, true)
})

t.test('run rejects with whatever the handler threw, also with an error of its own connection', async (t) => {
  const mistakes: [unknown, (connection: Connection) => unknown][] = []
  const own = new Error('my own')
  mistakes.push([own, () => Promise.reject(own)])
  mistakes.push(['text', () => Promise.reject('text')])
  for (const [thrown, handler] of mistakes) {
    const [client, server] = await both(t)
    const ran = rejection(client.run(handler))
    await server.readToEnd()
    await server.close()
    t.equal(await ran, thrown)
    t.equal((await client.closed).error, thrown)
  }
  const [client, server] = await both(t)
  await server.end('half a li')
  t.type(await rejection(client.run((connection) => connection.readLine())), EndOfStreamError)
  t.ok(client.ended)
})

t.test('run rejects with a TypeError for a handler that is no function, and for a second run, and the first goes on', async (t) => {
  const [client, server] = await both(t)
  const ran = client.run((connection) => connection.readLine())
  t.type(await rejection(client.run(() => 'second')), TypeError)
  await server.end('first\n')
  t.equal(await ran, 'first')
  const [other, peer] = await both(t)
  const wrong = rejection(other.run('handler' as never))
  await peer.close()
  t.type(await wrong, TypeError)
  await until(() => other.signal.aborted)
})
