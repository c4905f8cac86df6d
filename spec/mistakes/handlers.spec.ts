// Mistakes with handlers and other functions: calls that are not awaited, and functions that are called too early.

import t from 'tap'
import { ConnectionClosedError, connect, listen, together } from '../../lib/index.js'
import { memoryServer, pair } from '../../lib/testing/index.js'
import { rejection, turns } from '../support/wait.js'
import { type Any, table } from './support.js'

table(t, 'a function that was called too early, or is passed where none is taken, is named', [
  [
    'a callback of connect()',
    TypeError,
    'connect() takes no callback: await the connection that it promises',
    () => (connect as Any)({ port: 1 }, () => {}),
  ],
  ['a handler of listen()', TypeError, 'listen() takes no handler: give it to `server.serve(handler)`', () => (listen as Any)(0, () => {})],
  [
    'a task that was started',
    TypeError,
    'a task must be a function, not a Promise: pass the function itself, without calling it',
    () => together([Promise.resolve()] as Any),
  ],
  ['one task alone', TypeError, 'tasks must be an array of functions, not a function', () => together((() => {}) as Any)],
  [
    'a handler that was called',
    TypeError,
    'handler must be a function, not a Promise: pass the function itself, without calling it',
    () => memoryServer().server.serve((async () => {})() as Any),
  ],
])

t.test('a read or a write that outlives its handler rejects with the advice to await it', async (t) => {
  const { server, connect } = memoryServer()
  t.teardown(() => server.close({ grace: 0 }))
  const late: Promise<unknown>[] = []
  void server.serve((connection) => {
    late.push(rejection(connection.readLine()), rejection(turns().then(() => connection.write('late'))))
  })
  await (await connect()).close()
  for (const error of (await Promise.all(late)) as Error[]) {
    t.ok(error instanceof ConnectionClosedError)
    t.equal(error.message, 'the connection was closed when its handler returned: await in the handler whatever still reads or writes')
  }
})

t.test('a read that outlives the function of readMessage() rejects with the advice to await it', async (t) => {
  const [a] = pair()
  let late: Promise<unknown> | undefined
  await a.readMessage((reader) => {
    late = rejection(reader.readLine())
  })
  const error = (await late) as Error
  t.ok(error instanceof TypeError)
  t.equal(error.message, 'readMessage() is done while its readLine() is pending: await each read in its function')
})

t.test('the error of an idle read during a drain names the call that caused it', async (t) => {
  const [a] = pair()
  const reading = rejection(a.readLine())
  a.drain()
  t.equal(
    ((await reading) as Error).message,
    '`server.close()` or `drain()` asks this connection to finish, and no new message is begun; say goodbye and return',
  )
})
