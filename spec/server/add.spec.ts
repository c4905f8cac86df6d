// `add` makes a running server listen on one more endpoint. `setTls` rejects on a server without TLS.

import dns from 'node:dns'
import fs from 'node:fs'
import net from 'node:net'
import t from 'tap'
import { DrainingError, InvalidOptionsError, listen } from '../../lib/index.js'
import { opened, socketPath } from '../support/fixture.js'
import { isPending, rejection, turns, until, within } from '../support/wait.js'
import { client, echo, inMemory, talk } from './support.js'

t.test('a port, a TCP endpoint and a Unix socket may be added, and their clients are served', async (t) => {
  const server = await opened(t)
  const served = server.serve(echo)
  const path = socketPath()
  t.equal(await server.add(0), undefined)
  await server.add({ port: 0, host: '127.0.0.2' })
  await server.add({ path })
  const [first, everywhere, second, unix] = server.addresses
  t.strictSame([first?.address, second?.address, unix?.address], ['127.0.0.1', '127.0.0.2', path])
  t.equal(server.port, first?.port, 'port is still the first one')
  await talk(await client(t, server))
  await talk(await client(t, server, {}, { port: everywhere!.port, host: '127.0.0.5' }))
  await talk(await client(t, server, {}, { port: second!.port, host: '127.0.0.2' }))
  await talk(await client(t, server, {}, { path }))
  t.equal(server.stats().active, 4)
  await server.close({ grace: 0 })
  await served
  for (const address of [everywhere!, second!]) {
    t.match(await rejection(client(t, server, {}, { port: address.port, host: '127.0.0.2' })), { code: 'ECONNREFUSED' })
  }
  t.equal(server.addresses.length, 4, 'the addresses stay after the close')
})

t.test('an added endpoint has the endpoint options of listen, unless it has its own', async (t) => {
  const server = await listen({ endpoints: [{ port: 0, host: '::1' }], ipv6Only: true })
  t.teardown(() => server.close({ grace: 0 }))
  await server.add({ port: 0, host: '::' })
  const { port } = server.addresses[1]!
  t.match(await rejection(client(t, server, {}, { port, host: '127.0.0.1' })), { code: 'ECONNREFUSED' })
  await server.add({ port: 0, host: '::', ipv6Only: false })
  await client(t, server, {}, { port: server.addresses[2]!.port, host: '127.0.0.1' })
})

t.test('an add that fails leaves the server as it was', async (t) => {
  const taken = net.createServer().listen(0, '127.0.0.1')
  t.teardown(() => taken.close())
  await new Promise((resolve) => taken.once('listening', resolve))
  const { port } = taken.address() as net.AddressInfo
  const server = await opened(t)
  const before = server.addresses
  t.match(await rejection(server.add({ port, host: '127.0.0.1' })), { code: 'EADDRINUSE', syscall: 'listen' })
  const add = server.add.bind(server) as (endpoint?: unknown) => Promise<void>
  for (const wrong of [
    undefined,
    null,
    '80',
    [],
    {}.toString,
    { prot: 80 },
    { port: -1 },
    { port: 0, path: '/x' },
    { endpoints: [{ port: 0 }] },
    65_536,
  ]) {
    t.ok((await rejection(add(wrong))) instanceof InvalidOptionsError, String(wrong))
  }
  t.strictSame(server.addresses, before)
  void server.serve(echo)
  await talk(await client(t, server))
})

t.test('add rejects with a DrainingError after a close, and after a loop was left', async (t) => {
  const path = socketPath()
  const [closed, left] = [await opened(t), await opened(t)]
  const connection = left.accept()
  await client(t, left)
  await within(connection)
  await left[Symbol.asyncIterator]().return!()
  const closing = closed.close()
  for (const server of [closed, left]) {
    const error = await rejection(server.add({ path }))
    t.ok(error instanceof DrainingError)
    t.match(error, { code: 'ERR_LINNET_DRAINING' })
    t.equal(server.addresses.length, 1)
  }
  await closing
  t.ok((await rejection(closed.add(0))) instanceof DrainingError)
  t.ok((await rejection(closed.add({ prot: 1 } as object))) instanceof InvalidOptionsError, 'arguments are checked first')
})

t.test('an add that is pending at a close rejects, and leaves nothing open', async (t) => {
  for (const endpoint of [{ port: 0, host: '127.0.0.1' }, 0, { path: socketPath() }]) {
    const server = await opened(t)
    const adding = rejection(server.add(endpoint))
    const closing = server.close()
    t.ok((await within(adding)) instanceof DrainingError)
    await within(closing)
    t.equal(server.addresses.length, 1)
    if (typeof endpoint === 'object' && 'path' in endpoint)
      t.match(await rejection(client(t, server, {}, { path: endpoint.path })), { code: 'ENOENT' })
  }
})

t.test('closed resolves only after the socket of a pending add has been removed', async (t) => {
  const path = socketPath()
  const dead = net.createServer().listen(`${path}.dead`)
  await new Promise((resolve) => dead.once('listening', resolve))
  fs.linkSync(`${path}.dead`, path)
  await new Promise((resolve) => dead.close(resolve))
  const { server } = inMemory(t)
  let settled = false
  const adding = rejection(server.add({ path })).finally(() => {
    settled = true
  })
  void server.close()
  await within(server.closed)
  await Promise.resolve()
  t.equal(fs.existsSync(path), false, 'the dead file was taken over, and removed')
  await turns(1)
  t.equal(settled, true)
  t.ok((await adding) instanceof DrainingError)
})

t.test('neither a close nor a pending add waits for a name that is being looked up', async (t) => {
  const { lookup } = dns
  t.teardown(() => {
    dns.lookup = lookup
  })
  let asked = 0
  dns.lookup = (() => asked++) as unknown as typeof dns.lookup
  const { server } = inMemory(t)
  const adding = rejection(server.add({ host: 'never.test', port: 0 }))
  await until(() => asked === 1)
  t.equal(await isPending(adding), true)
  await within(server.close())
  t.ok((await within(adding)) instanceof DrainingError)
})

t.test('concurrent adds all succeed', async (t) => {
  const server = await opened(t)
  await Promise.all([
    server.add({ port: 0, host: '127.0.0.2' }),
    server.add({ port: 0, host: '127.0.0.3' }),
    server.add({ path: socketPath() }),
  ])
  t.equal(server.addresses.length, 4)
  t.equal(new Set(server.addresses.map(String)).size, 4)
})

t.test('setTls rejects on a server without TLS, and the server goes on', async (t) => {
  const { server, connect } = inMemory(t)
  for (const options of [{}, undefined, { key: 'x' }]) {
    t.match(await rejection(server.setTls(options as never)), { code: 'ERR_LINNET_OPTIONS', issues: [{ path: ['tls'] }] })
  }
  void server.serve(echo)
  await talk(await connect())
})
