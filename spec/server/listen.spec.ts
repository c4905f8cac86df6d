// `listen` binds all of its endpoints, or none. spec/transport/listening has how one endpoint is bound. Here are several, and
// the addresses of the server.

import net from 'node:net'
import t from 'tap'
import { Connection, InvalidOptionsError, listen, Server } from '../../lib/index.js'
import { ServerCore } from '../../lib/server/core.js'
import { opened, socketPath } from '../support/fixture.js'
import { rejection, within } from '../support/wait.js'
import { client, echo, inMemory, talk } from './support.js'

const here = { port: 0, host: '127.0.0.1' }

t.test('listen resolves when it is bound: a client that connects at once is served', async (t) => {
  const server = await opened(t)
  void server.serve(echo)
  await talk(await client(t, server))
  t.ok(server instanceof Server)
  t.equal(server.addresses.length, 1)
  t.match(server.addresses, [{ address: '127.0.0.1', port: server.port, family: 'IPv4' }])
  t.ok(server.port > 0)
})

t.test('a number is a port, no argument is a free port, and both are on all interfaces', async (t) => {
  for (const options of [[0], [], [undefined], [{}]] as const) {
    const server = await listen(...(options as [number]))
    t.teardown(() => server.close({ grace: 0 }))
    void server.serve(echo)
    for (const host of ['127.0.0.1', '127.0.0.7', '::1']) await talk(await client(t, server, {}, { host }))
  }
  const free = net.createServer().listen(0)
  await new Promise((resolve) => free.once('listening', resolve))
  const { port } = free.address() as net.AddressInfo
  await new Promise((resolve) => free.close(resolve))
  const server = await listen(port)
  t.teardown(() => server.close({ grace: 0 }))
  t.equal(server.port, port)
})

t.test('a server of several endpoints has their addresses in order, and the port of the first TCP one', async (t) => {
  const paths = [socketPath(), socketPath()] as const
  const server = await opened(t, { endpoints: [{ path: paths[0] }, { port: 0, host: '127.0.0.2' }, { path: paths[1] }, here] })
  t.strictSame(
    server.addresses.map(({ address, family }) => [address, family]),
    [
      [paths[0], 'unix'],
      ['127.0.0.2', 'IPv4'],
      [paths[1], 'unix'],
      ['127.0.0.1', 'IPv4'],
    ],
  )
  t.equal(server.port, server.addresses[1]?.port)
  t.equal(String(server.addresses[1]), `127.0.0.2:${server.port}`)
  t.equal(String(server.addresses[0]), paths[0])
  void server.serve(echo)
  await talk(await client(t, server, {}, { path: paths[1] }))
  await talk(await client(t, server, {}, { port: server.addresses[3]!.port }))
  const [unix, tcp] = server.connections
  t.match(unix?.local, { address: paths[1], family: 'unix' })
  t.match(tcp?.local, { address: '127.0.0.1', port: server.addresses[3]?.port })
})

t.test('addresses and port stay after the close, and the list of addresses is a copy', async (t) => {
  const server = await opened(t, { endpoints: [here, { path: socketPath() }] })
  const { addresses, port } = server
  ;(server.addresses as unknown[]).pop()
  t.strictSame(server.addresses, addresses)
  await server.close()
  t.strictSame(server.addresses, addresses)
  t.equal(server.port, port)
  const unix = await opened(t, { path: socketPath() })
  t.equal(unix.port, 0)
})

t.test('if one endpoint cannot be bound, none is', async (t) => {
  const taken = await opened(t)
  const free = net.createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => free.once('listening', resolve))
  const { port } = free.address() as net.AddressInfo
  await new Promise((resolve) => free.close(resolve))
  const error = await rejection(
    listen({ endpoints: [{ port, host: '127.0.0.1' }, { path: socketPath() }, { port: taken.port, host: '127.0.0.1' }] }),
  )
  t.match(error, { code: 'EADDRINUSE', syscall: 'listen', port: taken.port })
  t.notOk(error instanceof InvalidOptionsError)
  const again = await listen({ port, host: '127.0.0.1' })
  await again.close()
})

t.test('listen rejects for wrong options, and never throws', async (t) => {
  const wrong: unknown[] = [
    null,
    '8888',
    -1,
    65_536,
    1.5,
    Number.NaN,
    [],
    () => {},
    Symbol('x'),
    { prot: 8888 },
    { port: '80' },
    { endpoints: [] },
    { port: 1, path: '/x' },
  ]
  for (const options of wrong) {
    const error = await rejection(listen(options as number))
    t.ok(error instanceof InvalidOptionsError, String(options))
    t.ok((error as InvalidOptionsError).issues.length > 0)
  }
  const hostile = new Proxy(
    {},
    {
      ownKeys() {
        throw new Error('no keys')
      },
    },
  )
  t.ok((await rejection(listen(hostile))) instanceof InvalidOptionsError)
})

t.test('a program cannot construct a Server or a Connection', async (t) => {
  const Made = Server as unknown as new (core?: unknown) => unknown
  const MadeConnection = Connection as unknown as new (core?: unknown) => unknown
  for (const core of [undefined, {}, null, 5]) {
    t.throws(() => new Made(core), TypeError)
    t.throws(() => new MadeConnection(core), TypeError)
  }
  t.throws(() => new Made(Object.create(ServerCore.prototype)), TypeError)
})

t.test('close, disposal and closed of a closed server resolve again', async (t) => {
  const server = await opened(t)
  t.equal(server.draining, false)
  await within(server[Symbol.asyncDispose]())
  await within(server.closed)
  t.equal(server.draining, true)
  t.strictSame(await server.close({ grace: 0 }), { drained: 0, aborted: 0 })
  t.equal(await server.closed, undefined)
  t.equal(server.closed, server.closed)
  t.match(await rejection(client(t, server)), { code: 'ECONNREFUSED' })
  const again = await opened(t, { port: server.port, host: '127.0.0.1' })
  t.equal(again.port, server.port, 'its port is free at once')
})

t.test('a server in memory has no port and an unnamed address', async (t) => {
  const { server } = inMemory(t)
  t.equal(server.port, 0)
  t.match(server.addresses, [{ address: '', port: 0, family: 'unix' }])
  t.equal(String(server.addresses[0]), '')
})
