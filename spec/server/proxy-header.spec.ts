// Connections behind a proxy: `remote` is the client that the header names, on every transport, and no byte after the header
// is lost.

import t from 'tap'
import type { Connection, ProxyInfo } from '../../lib/index.js'
import { binary, four, line4, line6, tcp4, tcp6, tlv, unix } from '../proxy-protocol/support.js'
import { accepted, dial, opened } from '../support/fixture.js'
import { cuts, pattern, turns, until, within } from '../support/wait.js'
import { overEach } from './support.js'

const proxyProtocol = true

interface Case {
  header: string | Buffer
  version: 1 | 2
  ends?: [source: string, destination: string]
  tlvs?: [type: number, value: string][]
}

const ends4: Case['ends'] = ['192.0.2.33:40000', '198.51.100.7:443']
const ends6: Case['ends'] = ['[2001:db8::1]:40000', '[fe80::abcd]:443']

const cases: readonly Case[] = [
  { header: line4, version: 1, ends: ends4 },
  { header: line6, version: 1, ends: ends6 },
  { header: tcp4, version: 2, ends: ends4 },
  { header: tcp6, version: 2, ends: ends6 },
  { header: unix, version: 2, ends: ['/run/client', '/run/server'] },
  {
    header: binary(0x21, 0x11, Buffer.concat([four, tlv(2, 'example.com'), tlv(1, 'h2')])),
    version: 2,
    ends: ends4,
    tlvs: [
      [2, 'example.com'],
      [1, 'h2'],
    ],
  },
  { header: 'PROXY UNKNOWN 192.0.2.33 198.51.100.7 1 2\r\n', version: 1 },
  { header: binary(0x20, 0x11, four), version: 2 },
  { header: binary(0x21, 0x00, tlv(5, 'id')), version: 2, tlvs: [[5, 'id']] },
]

const text = (address: unknown): string | undefined => (address === undefined ? undefined : String(address))

overEach(t, 'remote is the real client, and local and peer are the ends of the socket', async (t, open, way) => {
  const { server, connect } = await open({ proxyProtocol })
  for (const { header, version, ends: [source, destination] = [], tlvs = [] } of cases) {
    const client = await connect()
    await client.write(header)
    const connection = (await within(server.accept())) as Connection
    const proxy = connection.proxy as ProxyInfo
    const { peer } = proxy
    t.strictSame(Object.keys(proxy).sort(), ['destination', 'peer', 'source', 'tlvs', 'version'])
    t.strictSame([proxy.version, text(proxy.source), text(proxy.destination)], [version, source, destination])
    t.strictSame(
      proxy.tlvs.map(({ type, value }) => [type, value.toString()]),
      tlvs,
    )
    t.equal(connection.remote, proxy.source ?? peer, 'a header without addresses leaves it as it is')
    t.equal(connection.proxy, proxy, 'the same each time')
    t.equal(peer.family, way === 'tcp' ? 'IPv4' : 'unix')
    if (way === 'tcp') t.equal(String(connection.local), `127.0.0.1:${server.port}`)
    connection.abort()
    await connection.closed
    t.equal(connection.remote, proxy.source ?? peer, 'also after the end')
  }
})

overEach(t, 'the bytes of a header are not counted', async (t, open) => {
  const { server, connect } = await open({ proxyProtocol })
  let sum = 0
  for (const { header } of cases) {
    const client = await connect()
    await client.write(Buffer.concat([Buffer.from(header as string), Buffer.from('hello\n')]))
    const connection = (await within(server.accept())) as Connection
    t.equal(await connection.readLine(), 'hello')
    t.equal(connection.bytesRead, 6)
    sum += 6
    t.equal(server.stats().bytesRead, sum)
    await Promise.all([client.close(), connection.close()])
    t.equal((await connection.closed).bytesRead, 6)
  }
  t.equal(server.stats().bytesRead, sum)
})

overEach(t, 'the bytes after a header arrive whole, wherever packets are cut', async (t, open) => {
  const { server, connect } = await open({ proxyProtocol })
  const payload = '\r\nPROXY TCP4 9.9.9.9 9.9.9.9 9 9\r\n'
  for (const header of [line4, tcp4]) {
    for (const [head, tail] of cuts(Buffer.concat([Buffer.from(header as string), Buffer.from(payload)]))) {
      const client = await connect()
      await client.write(head)
      await client.flush()
      // Some certainly as two packets.
      if (head.length % 7 === 0) await turns()
      await client.write(tail)
      await client.end()
      const connection = (await within(server.accept())) as Connection
      if ((await connection.readToEnd('latin1')) !== payload) t.fail(`cut at ${head.length}`)
      t.equal(String(connection.remote), '192.0.2.33:40000')
      await connection.close()
    }
  }
})

overEach(t, 'a megabyte after a header arrives whole, also if the connection waits for a loop', async (t, open) => {
  const { server, connect } = await open({ proxyProtocol })
  const data = pattern(1_000_000)
  for (const wait of [false, true]) {
    const client = await connect()
    const written = client.write(Buffer.concat([tcp4, data])).then(() => client.end())
    if (wait) await until(() => server.stats().pending === 1)
    if (wait) await turns(20)
    const connection = (await within(server.accept())) as Connection
    t.ok((await connection.readToEnd()).equals(data))
    await written
    await connection.close()
  }
})

overEach(t, 'a header may be longer than maxBufferSize', async (t, open) => {
  const { server, connect } = await open({ proxyProtocol, maxBufferSize: 1, readHighWaterMark: 1 })
  const client = await connect()
  const value = Buffer.alloc(0xffff - 12 - 3, 'v')
  void client.write(Buffer.concat([binary(0x21, 0x11, Buffer.concat([four, tlv(0xe0, value)])), Buffer.from('x')]))
  const connection = (await within(server.accept())) as Connection
  t.ok(connection.proxy?.tlvs[0]?.value.equals(value))
  t.equal(await connection.readExactly(1, 'utf8'), 'x')
})

overEach(t, 'a client that has ended or reset after its header is yielded', async (t, open) => {
  let asked = 0
  const { server, connect } = await open({ proxyProtocol, admit: () => ++asked > 0 })
  const client = await connect()
  await client.write(`${line4}goodbye\n`)
  await client.end()
  await until(() => asked === 1)
  await turns()
  const connection = (await within(server.accept())) as Connection
  t.equal(await connection.readToEnd('utf8'), 'goodbye\n')
  const gone = await connect()
  await gone.write(line4)
  await until(() => asked === 2)
  gone.abort()
  await turns()
  const left = (await within(server.accept())) as Connection
  t.equal(await left.read().catch(() => null), null)
  t.equal(String(left.remote), '192.0.2.33:40000')
  t.equal(server.stats().handshakeErrors, 0)
})

t.test('without the option a header is data, and a connection has no proxy', async (t) => {
  const { connection, peer } = await accepted(t)
  peer.write(line4)
  t.equal(connection.proxy, undefined)
  t.equal(await connection.readLine(), line4.trimEnd())
  t.equal(connection.remote.address, '127.0.0.1')
})

t.test('with trust the listed peers must send a header, and others are accepted without one', async (t) => {
  const server = await opened(t, { proxyProtocol: { trust: ['127.0.0.9', '127.1.0.0/16'] } })
  for (const [localAddress, trusted] of [
    ['127.0.0.9', true],
    ['127.1.2.3', true],
    ['127.0.0.10', false],
  ] as const) {
    const peer = await dial(t, server, { localAddress })
    // The others may be silent: the server waits for no header from them.
    if (trusted) peer.write(line4)
    const connection = (await within(server.accept())) as Connection
    t.equal(connection.remote.address, trusted ? '192.0.2.33' : localAddress)
    t.equal(connection.proxy?.peer.address, trusted ? localAddress : undefined)
    if (trusted) continue
    peer.write(line4)
    t.equal(await connection.readLine(), line4.trimEnd(), 'what they send is data')
  }
})

t.test('an IPv4 peer of a dual-stack socket counts as IPv4', async (t) => {
  const server = await opened(t, { port: 0, proxyProtocol: { trust: ['127.0.0.1'] } })
  const peer = await dial(t, server)
  peer.write(line4)
  const connection = (await within(server.accept())) as Connection
  t.equal(connection.remote.address, '192.0.2.33')
  t.equal(String(connection.proxy?.peer), `127.0.0.1:${peer.localPort}`)
})

t.test('each endpoint has its own proxyProtocol option, also an added one', async (t) => {
  const here = { port: 0, host: '127.0.0.1' }
  const server = await opened(t, { endpoints: [here, { ...here, proxyProtocol: false }], proxyProtocol })
  await server.add(here)
  await server.add({ ...here, proxyProtocol: { trust: ['127.0.0.9'] } })
  const remotes: string[] = []
  for (const { port } of server.addresses) {
    const peer = await dial(t, server, { port })
    peer.write(line4)
    remotes.push(((await within(server.accept())) as Connection).remote.address)
  }
  t.strictSame(remotes, ['192.0.2.33', '127.0.0.1', '192.0.2.33', '127.0.0.1'])
})
