// `connect` over real sockets: what it connects to, what it rejects with, and that it leaves nothing open.

import t from 'tap'
import { ConnectError, Connection, connect, InvalidOptionsError, TimeoutError } from '../../lib/index.js'
import { opened, socketPath } from '../support/fixture.js'
import { rejection, turns, until } from '../support/wait.js'
import { closedPort, held, name, nothingLeft, rawServer, silentPort } from './support.js'

const bound = { port: 0, host: '127.0.0.1' }

t.test('connect reaches an IPv4 address, an IPv6 address and a name', async (t) => {
  const six = await rawServer(t, { host: '::1' }, (socket) => socket.end('six\n'))
  const four = await rawServer(t, {}, (socket) => socket.end('four\n'))
  name(t, 'name.test', ['127.0.0.1'])
  for (const [host, port, line] of [
    ['127.0.0.1', four.port, 'four'],
    ['::1', six.port, 'six'],
    ['name.test', four.port, 'four'],
  ] as const) {
    const connection = await connect({ host, port })
    t.type(connection, Connection)
    t.equal(await connection.readLine(), line)
    await connection.close()
  }
})

t.test('the host is localhost by default', async (t) => {
  const server = await opened(t, { port: 0, host: 'localhost' })
  const connection = await connect({ port: server.port })
  const accepted = await server.accept()
  t.equal(String(accepted?.remote), String(connection.local))
  t.equal(String(accepted?.local), String(connection.remote))
  await Promise.all([connection.close(), accepted?.close()])
})

t.test('a connection has its addresses and no server, and reads what the peer sent at once', async (t) => {
  const raw = await rawServer(t, {}, (socket) => socket.write('220 welcome\r\n'))
  const connection = await connect({ host: '127.0.0.1', port: raw.port })
  t.match(connection.remote, { address: '127.0.0.1', port: raw.port, family: 'IPv4' })
  t.equal(String(connection.local), `127.0.0.1:${raw.sockets[0]?.remotePort}`)
  t.equal(connection.server, undefined)
  t.equal(connection.tls, undefined)
  t.equal(connection.proxy, undefined)
  t.equal(await connection.readLine(), '220 welcome')
  await connection.abort()
})

t.test('connect uses the given local address and port', async (t) => {
  const raw = await rawServer(t)
  const localPort = await closedPort()
  const connection = await connect({ host: '127.0.0.1', port: raw.port, localAddress: '127.0.0.9', localPort })
  t.equal(String(connection.local), `127.0.0.9:${localPort}`)
  await until(() => raw.sockets.length === 1)
  t.equal(raw.sockets[0]?.remoteAddress, '127.0.0.9')
  connection.abort()
})

t.test('with localAddress only addresses of its family are tried', async (t) => {
  const raw = await rawServer(t)
  name(t, 'both.test', ['::1', '127.0.0.1'])
  const connection = await connect({ host: 'both.test', port: raw.port, localAddress: '127.0.0.1' })
  t.equal(connection.remote.address, '127.0.0.1')
  connection.abort()
  const error = (await rejection(connect({ host: 'both.test', port: raw.port, localAddress: '::1' }))) as ConnectError
  t.equal(error.errors.length, 1, 'only ::1 was tried')
})

t.test('with family only addresses of that family are tried, also if the host is an address', async (t) => {
  const raw = await rawServer(t)
  name(t, 'both.test', ['::1', '127.0.0.1'])
  const connection = await connect({ host: 'both.test', port: raw.port, family: 4 })
  t.equal(connection.remote.address, '127.0.0.1')
  connection.abort()
  t.match(await rejection(connect({ host: '127.0.0.1', port: raw.port, family: 6 })), { name: 'ConnectError', code: 'ENOTFOUND' })
})

t.test('when one address refuses the next one is tried at once', async (t) => {
  const raw = await rawServer(t, { host: '127.0.0.3' })
  name(t, 'some.test', ['127.0.0.2', '::1', '127.0.0.3'])
  const connection = await connect({ host: 'some.test', port: raw.port })
  t.equal(connection.remote.address, '127.0.0.3')
  connection.abort()
})

t.test('after a quarter of a second without an answer the next address is tried, and the silent socket is closed', async (t) => {
  const port = await silentPort(t)
  const raw = await rawServer(t, { host: '127.0.0.2', port })
  name(t, 'some.test', ['127.0.0.1', '127.0.0.2'])
  const before = await held()
  const began = performance.now()
  const connection = await connect({ host: 'some.test', port })
  t.ok(performance.now() - began >= 240, 'it waited for the first address')
  t.equal(connection.remote.address, '127.0.0.2')
  connection.abort()
  await connection.closed
  await until(() => raw.sockets.length === 1)
  raw.sockets[0]?.destroy()
  await nothingLeft(t, before)
})

t.test('a refused connection is a ConnectError that names all attempts, and leaves nothing open', async (t) => {
  const port = await closedPort()
  name(t, 'some.test', ['127.0.0.1', '::1'])
  await connect({ host: '127.0.0.1', port }).catch(() => {})
  const before = await held()
  const error = (await rejection(connect({ host: 'some.test', port }))) as ConnectError
  t.type(error, ConnectError)
  t.equal(error.code, 'ECONNREFUSED')
  t.match(error.message, `some.test, port ${port},`)
  t.strictSame(
    error.errors.map(({ message }) => message),
    [`connect ECONNREFUSED 127.0.0.1:${port}`, `connect ECONNREFUSED ::1:${port}`],
  )
  t.equal(error.cause, error.errors[1])
  await nothingLeft(t, before)
})

t.test('a name that does not exist is a ConnectError', async (t) => {
  t.match(await rejection(connect({ host: 'a..b', port: 80 })), {
    name: 'ConnectError',
    code: 'ENOTFOUND',
    errors: [{ syscall: 'getaddrinfo' }],
  })
})

t.test('a local address that the machine does not have is a ConnectError, and leaves nothing open', async (t) => {
  const raw = await rawServer(t)
  const before = await held()
  t.match(await rejection(connect({ host: '127.0.0.1', port: raw.port, localAddress: '203.0.113.77' })), { code: 'EADDRNOTAVAIL' })
  await nothingLeft(t, before)
})

t.test('a connect to a silent peer times out with a TimeoutError, and leaves nothing open', async (t) => {
  const port = await silentPort(t)
  const before = await held()
  const error = await rejection(connect({ host: '127.0.0.1', port, timeout: 20 }))
  t.type(error, TimeoutError)
  t.match(error, { operation: 'connect', kind: 'connect', timeout: 20 })
  await nothingLeft(t, before)
})

t.test('an abort of a connect to a silent peer rejects with the reason, and leaves nothing open', async (t) => {
  const port = await silentPort(t)
  const before = await held()
  const controller = new AbortController()
  const connecting = connect({ host: '127.0.0.1', port, signal: controller.signal })
  connecting.catch(() => {})
  await until(() => process.getActiveResourcesInfo().includes('TCPSocketWrap'), 'a socket that connects')
  const reason = new Error('changed my mind')
  controller.abort(reason)
  t.equal(await rejection(connecting), reason)
  await nothingLeft(t, before)
})

t.test('connects that are aborted at any moment leave nothing open', async (t) => {
  const raw = await rawServer(t)
  await connect({ host: '127.0.0.1', port: raw.port }).then((connection) => connection.abort())
  await until(() => raw.sockets.length === 1)
  raw.sockets[0]?.destroy()
  await turns(10)
  const before = await held()
  const reason = new Error('now')
  for (let n = 0; n < 60; n++) {
    const controller = new AbortController()
    const connecting = connect({ host: n % 2 ? '127.0.0.1' : 'localhost', port: raw.port, signal: controller.signal })
    const settled = connecting.then(
      (connection) => connection.abort(),
      (error) => t.equal(error, reason),
    )
    for (let step = 0; step < n / 4; step++) await (n % 3 ? turns(1) : undefined)
    controller.abort(reason)
    await settled
  }
  for (const socket of raw.sockets) socket.destroy()
  await until(() => raw.sockets.every(({ destroyed }) => destroyed))
  for (const socket of raw.sockets) socket.destroy()
  await nothingLeft(t, before)
})

t.test('connect rejects for wrong options, and never throws', async (t) => {
  for (const options of [undefined, null, 80, {}, { port: 0 }, { port: 80, path: '/a' }, { prot: 80 }, { port: 80, timeout: 0 }]) {
    let connecting: Promise<unknown> = Promise.resolve()
    t.doesNotThrow(() => {
      connecting = connect(options as never)
    })
    t.type(await rejection(connecting), InvalidOptionsError)
  }
})

t.test('the connection has the options that were given, and the defaults', async (t) => {
  const raw = await rawServer(t, {}, (socket) => socket.write('x'.repeat(100)))
  const connection = await connect({ host: '127.0.0.1', port: raw.port, maxBufferSize: 50, idleTimeout: 5000, keepAlive: true })
  t.match(connection.limits, { maxBufferSize: 50, idleTimeout: 5000, writeTimeout: 60_000 })
  t.match(await rejection(connection.readLine()), { name: 'LimitExceededError', limit: 50 })
  connection.abort()
})

t.test('the peer may end its side first and still be answered', async (t) => {
  const raw = await rawServer(t, {}, (socket) => socket.end('a question\n'))
  const connection = await connect({ host: '127.0.0.1', port: raw.port })
  t.equal(await connection.readToEnd('utf8'), 'a question\n')
  await connection.end('an answer\n')
  const answer = await new Promise((resolve) => raw.sockets[0]?.once('data', (data) => resolve(String(data))))
  t.equal(answer, 'an answer\n')
})

t.test('connect reaches a Unix socket, whose path is the remote address, and rejects if there is no socket', async (t) => {
  const path = socketPath()
  const server = await opened(t, { path })
  const connection = await connect({ path })
  const accepted = (await server.accept()) as Connection
  t.match(connection.remote, { address: path, port: 0, family: 'unix' })
  t.match(connection.local, { address: '', port: 0, family: 'unix' })
  t.equal(String(accepted.local), path)
  await connection.write('hello\n')
  t.equal(await accepted.readLine(), 'hello')
  await Promise.all([connection.close(), accepted.close()])
  const error = await rejection(connect({ path: `${path}.not` }))
  t.match(error, { name: 'ConnectError', code: 'ENOENT', errors: { length: 1 } })
})

t.test('connect reaches an abstract name', { skip: process.platform !== 'linux' }, async (t) => {
  const path = `\0linnet-${process.pid}-${Date.now()}`
  const server = await opened(t, { path })
  const connection = await connect({ path })
  t.equal(connection.remote.address, path)
  const accepted = (await server.accept()) as Connection
  await accepted.write('abstract\n')
  t.equal(await connection.readLine(), 'abstract')
  await Promise.all([connection.close(), accepted.close()])
})

t.test('a path that is too long is a ConnectError, and is not cut', async (t) => {
  const path = socketPath()
  // The longest path that fits, which a longer one would reach if it were cut.
  const longest = path.padEnd(process.platform === 'linux' ? 107 : 103, 'x')
  const raw = await rawServer(t, { path: longest })
  await connect({ path: longest }).then((connection) => connection.abort())
  await until(() => raw.sockets.length === 1)
  t.match(await rejection(connect({ path: `${longest}y` })), { name: 'ConnectError', code: 'EINVAL' })
  await turns()
  t.equal(raw.sockets.length, 1)
})

t.test("a drain of the server does not affect its clients' connections", async (t) => {
  const server = await opened(t, bound)
  const connection = await connect({ host: '127.0.0.1', port: server.port })
  const accepted = (await server.accept()) as Connection
  const read = connection.readLine()
  const closing = server.close({ grace: 10_000 })
  await turns()
  t.equal(connection.drainSignal.aborted, false)
  await accepted.end('goodbye\n')
  t.equal(await read, 'goodbye')
  await connection.close()
  t.strictSame(await closing, { drained: 1, aborted: 0 })
})

t.test("drain() interrupts an idle read of a client's connection", async (t) => {
  const server = await opened(t, bound)
  const connection = await connect({ host: '127.0.0.1', port: server.port })
  connection.drain()
  t.match(await rejection(connection.readLine()), { name: 'DrainingError' })
  connection.abort()
})
