// `run` of a `pair`: the client's settles as its handler does, the server's distinguishes normal ends from errors as a server does.

import t from 'tap'
import { ConcurrentReadError, type Connection, EndOfStreamError, type Handler } from '../../lib/index.js'
import { rejection, within } from '../support/wait.js'
import { made } from './support.js'

t.test("run of a pair's client settles as its handler does", async (t) => {
  const [client, server] = made(t)
  const running = client.run(async (connection) => connection.readLine())
  await server.write('value\n')
  void server.close()
  t.equal(await within(running), 'value')
  const [failing, other] = made(t)
  void other.end()
  t.ok((await within(rejection(failing.run((connection) => connection.readLine())))) instanceof EndOfStreamError, 'also by a normal end')
})

t.test("run of a pair's server resolves with undefined at what is a normal end on a server", async (t) => {
  const endings: Record<string, [Handler, (client: Connection, server: Connection) => unknown]> = {
    'it returns': [async () => 'value', () => {}],
    'it is no async function': [() => 5, () => {}],
    'the peer ends in the middle': [(connection) => connection.readLine(), (client) => client.end('half')],
    'the peer breaks off': [(connection) => connection.readLine(), (client) => client.abort()],
    'a time limit runs out': [(connection) => connection.readLine({ timeout: 1 }), () => {}],
    'a message is too large': [(connection) => connection.readLine({ maxBytes: 2 }), (client) => client.write('12345')],
    'it is asked to drain': [(connection) => connection.readLine(), (_, server) => server.drain()],
    'it is aborted': [(connection) => connection.readLine(), (_, server) => server.abort()],
    'its signal aborts other work': [
      (connection) => new Promise((_, reject) => connection.signal.addEventListener('abort', () => reject(connection.signal.reason))),
      (client) => client.abort(),
    ],
  }
  for (const [name, [handler, then]] of Object.entries(endings)) {
    const [client, server] = made(t)
    const running = server.run(handler)
    await then(client, server)
    void client.close()
    t.equal(await within(running), undefined, name)
    t.equal(server.signal.aborted, true, 'and it has closed')
  }
})

t.test("run of a pair's server rejects with what is a handlerError on a server", async (t) => {
  const wrong = new Error('of the handler')
  const errors: [Handler, unknown][] = [
    [() => Promise.reject(wrong), wrong],
    [
      () => {
        throw wrong
      },
      wrong,
    ],
    [() => Promise.reject(undefined), undefined],
    [(connection) => connection.readExactly(-1), RangeError],
    [(connection) => Promise.all([connection.readLine(), connection.readLine()]), ConcurrentReadError],
    [(connection) => Promise.reject(new AggregateError([wrong, connection])), AggregateError],
    [5 as never, TypeError],
  ]
  for (const [handler, expected] of errors) {
    const [client, server] = made(t)
    void client.close()
    const error = await within(rejection(server.run(handler)))
    if (typeof expected === 'function') t.ok(error instanceof expected, `${error}`)
    else t.equal(error, expected)
    t.equal((await server.closed).error, error)
  }
  const [foreign, server] = made(t)
  const other = await rejection(made(t, { faults: { endAfter: 0 } })[1].readLine())
  void foreign.close()
  t.equal(await within(rejection(server.run(() => Promise.reject(other)))), other, "another connection's end is an error of this handler")
})

t.test("a second run of a pair's server is a TypeError, and the first goes on", async (t) => {
  const [client, server] = made(t)
  const running = server.run((connection) => connection.readLine())
  t.ok((await rejection(server.run(() => {}))) instanceof TypeError)
  await client.end('line\n')
  t.equal(await within(running), undefined)
})
