// `proxyProtocol` of connect: the header that is sent first, with given addresses or those of an accepted connection.

import t, { type Test } from 'tap'
import { type Connection, type ConnectOptions, connect, InvalidOptionsError, type ProxyHeaderOptions } from '../../lib/index.js'
import { opened, socketPath } from '../support/fixture.js'
import { rejection, turns, until } from '../support/wait.js'
import { rawServer } from './support.js'

const source = { address: '192.0.2.33', port: 40_000, family: 'IPv4' } as const
const destination = { address: '198.51.100.7', port: 443, family: 'IPv4' } as const

/** Both ends: a client that sends this header, and the connection of the server that receives it. */
async function behind(t: Test, proxyProtocol: ConnectOptions['proxyProtocol']): Promise<[Connection, Connection]> {
  const server = await opened(t, { proxyProtocol: true })
  const client = await connect({ host: '127.0.0.1', port: server.port, proxyProtocol })
  t.teardown(() => client.abort())
  return [client, (await server.accept()) as Connection]
}

t.test('given addresses and TLVs arrive, and are not counted', async (t) => {
  const tlvs = [
    { type: 2, value: Buffer.from('example.org') },
    { type: 3, value: Buffer.alloc(0) },
  ]
  const [client, server] = await behind(t, { source, destination, tlvs })
  t.equal(String(server.remote), '192.0.2.33:40000')
  t.match(server.proxy, { version: 2, source, destination, tlvs: [tlvs[0], { type: 3 }], peer: { address: '127.0.0.1' } })
  await client.write('hello\n')
  t.equal(await server.readLine(), 'hello')
  t.equal(client.bytesWritten, 6)
  t.equal(client.proxy, undefined)
})

t.test('version 1 is sent as a line of text', async (t) => {
  const [client, server] = await behind(t, { version: 1, source, destination })
  t.match(server.proxy, { version: 1, source, destination, tlvs: [] })
  client.abort()
  let heard = ''
  const raw = await rawServer(t, {}, (socket) => socket.on('data', (data) => (heard += data)))
  const other = await connect({ host: '127.0.0.1', port: raw.port, proxyProtocol: { version: 1, source, destination } })
  await other.write('then this')
  await until(() => heard === 'PROXY TCP4 192.0.2.33 198.51.100.7 40000 443\r\nthen this', 'the header first')
  other.abort()
})

t.test('a header without addresses names no client', async (t) => {
  for (const [version, header] of [
    [1, { version: 1 }],
    [2, {}],
    [2, { source: undefined, destination: undefined, tlvs: [] }],
  ] as const) {
    const [client, server] = await behind(t, header)
    t.match(server.proxy, { version, source: undefined, destination: undefined })
    t.equal(String(server.remote), String(client.local))
    client.abort()
  }
})

t.test('the header of an accepted connection has its client, and the address that the client connected to', async (t) => {
  const front = await opened(t)
  const visitor = await connect({ host: '127.0.0.1', port: front.port })
  t.teardown(() => visitor.abort())
  const accepted = (await front.accept()) as Connection
  const [, server] = await behind(t, accepted)
  t.equal(String(server.remote), String(visitor.local))
  t.equal(String(server.proxy?.destination), `127.0.0.1:${front.port}`)

  // A second proxy sends the addresses of the first one.
  const [, last] = await behind(t, server)
  t.equal(String(last.remote), String(visitor.local))
  t.equal(String(last.proxy?.destination), `127.0.0.1:${front.port}`)
})

t.test('the header of a connection on a Unix socket has its path, also if it is sent over a Unix socket', async (t) => {
  const front = await opened(t, { path: socketPath() })
  const visitor = await connect({ path: front.addresses[0]?.address })
  t.teardown(() => visitor.abort())
  const accepted = (await front.accept()) as Connection
  const path = socketPath()
  const server = await opened(t, { path, proxyProtocol: true })
  const client = await connect({ path, proxyProtocol: accepted })
  const passed = (await server.accept()) as Connection
  t.match(passed.proxy, { source: { family: 'unix', address: '' }, destination: { family: 'unix', address: front.addresses[0]?.address } })
  client.abort()
})

t.test('with false, or without the option, no header is sent', async (t) => {
  const server = await opened(t)
  for (const proxyProtocol of [false, undefined] as const) {
    const client = await connect({ host: '127.0.0.1', port: server.port, proxyProtocol })
    await client.end('plain')
    const accepted = (await server.accept()) as Connection
    t.equal(await accepted.readToEnd('utf8'), 'plain')
    await accepted.close()
  }
})

t.test('a header that its version cannot express is refused before connecting', async (t) => {
  const raw = await rawServer(t)
  const unix = { address: '/run/a', port: 0, family: 'unix' } as const
  const cases: [ProxyHeaderOptions, string][] = [
    [{ version: 1, source: unix, destination: unix }, 'proxyProtocol.source'],
    [{ version: 1, source, destination, tlvs: [{ type: 2, value: Buffer.from('a') }] }, 'proxyProtocol.tlvs'],
    [{ source }, 'proxyProtocol.destination'],
    [{ destination }, 'proxyProtocol.source'],
    [{ source, destination: unix }, 'proxyProtocol.destination'],
    [{ source, destination, tlvs: [{ type: 2, value: Buffer.alloc(70_000) }] }, 'proxyProtocol.tlvs'],
  ]
  for (const [proxyProtocol, path] of cases) {
    const error = (await rejection(connect({ host: '127.0.0.1', port: raw.port, proxyProtocol }))) as InvalidOptionsError
    t.type(error, InvalidOptionsError)
    t.equal(error.issues.map((issue) => issue.path.join('.')).join(), path)
  }
  await turns()
  t.equal(raw.sockets.length, 0)
})
