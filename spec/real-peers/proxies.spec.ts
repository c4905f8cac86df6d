// HAProxy and nginx in front of an echo server, which sees the addresses of their clients.

import { networkInterfaces } from 'node:os'
import t, { type Test } from 'tap'
import type { Connection, ListenOptions, Server } from '../../lib/index.js'
import { opened, socketPath } from '../support/fixture.js'
import { pattern, until, within } from '../support/wait.js'
import { type Front, haproxyDefaults, nginxModule, noHaproxy, noNginx, proxy, through } from './support.js'

/** All addresses, of both families where the machine has both. */
const anywhere = Object.values(networkInterfaces()).some((each) => each?.some(({ family }) => family === 'IPv6')) ? ':::' : '0.0.0.0:'

interface Echo {
  server: Server
  connections: Connection[]
}

async function echo(t: Test, options: ListenOptions = {}): Promise<Echo> {
  const server = await opened(t, { proxyProtocol: true, ...options })
  const connections: Connection[] = []
  void server.serve(async (connection) => {
    connections.push(connection)
    await connection.writeFrom(connection.chunks())
    await connection.end()
  })
  return { server, connections }
}

/** A client of the proxy sends a few bytes and many, receives them again, and its connection has its own address. */
async function talks(t: Test, front: Front, { connections, server }: Echo, version: 1 | 2): Promise<Connection> {
  const client = await through(t, front)
  const me = `127.0.0.1:${client.localPort}`
  const data = pattern(1_000_000)
  const chunks: Buffer[] = []
  client.on('data', (chunk) => chunks.push(chunk))
  const end = new Promise((resolve) => client.once('end', resolve))
  client.end(data)
  await within(end, `the echo, of ${front.heard}`)
  t.ok(Buffer.concat(chunks).equals(data))
  const connection = connections.find(({ remote }) => String(remote) === me) as Connection
  t.ok(connection, `${me} is among ${connections.map(({ remote }) => remote).join(', ')}`)
  const { proxy } = connection
  t.equal(proxy?.version, version)
  t.equal(String(proxy?.source), me)
  t.equal(String(proxy?.destination), `127.0.0.1:${front.port}`)
  t.not(String(proxy?.peer), me)
  t.equal(connection.bytesRead, data.length)
  t.equal(server.stats().handshakeErrors, 0)
  return connection
}

/** HAProxy in front of `to`. */
const haproxy = (t: Test, to: string, options: string, bind = '127.0.0.1:', more = ''): Promise<Front> =>
  proxy(
    t,
    'haproxy',
    (port) => `${haproxyDefaults}  timeout check 5s
  ${more}
listen all
  bind ${bind}${port}${bind === ':::' ? ' v4v6' : ''}
  server one ${to} ${options}
`,
  )

t.test('behind HAProxy', { skip: noHaproxy, timeout: 60_000 }, async (t) => {
  t.test('send-proxy is version 1', async (t) => {
    const here = await echo(t, { proxyProtocol: { trust: ['127.0.0.0/8'] } })
    await talks(t, await haproxy(t, `127.0.0.1:${here.server.port}`, 'send-proxy'), here, 1)
  })

  t.test('send-proxy-v2 is version 2', async (t) => {
    const here = await echo(t)
    const connection = await talks(t, await haproxy(t, `127.0.0.1:${here.server.port}`, 'send-proxy-v2'), here, 2)
    t.strictSame(connection.proxy?.tlvs, [])
  })

  t.test('the checksum of the header is verified', async (t) => {
    const here = await echo(t)
    const front = await haproxy(t, `127.0.0.1:${here.server.port}`, 'send-proxy-v2 proxy-v2-options crc32c')
    const connection = await talks(t, front, here, 2)
    t.match(connection.proxy?.tlvs, [{ type: 3, value: { length: 4 } }])
  })

  for (const [name, option] of [
    ['send-proxy', 1],
    ['send-proxy-v2', 2],
  ] as const) {
    t.test(`an IPv4 client of a dual-stack socket has an IPv4 address (${name})`, async (t) => {
      const here = await echo(t)
      const connection = await talks(t, await haproxy(t, `127.0.0.1:${here.server.port}`, name, anywhere), here, option)
      t.equal(connection.remote.family, 'IPv4')
    })

    t.test(`a client on a Unix socket has no IP address (${name})`, async (t) => {
      const here = await echo(t)
      const path = socketPath()
      const front = await haproxy(
        t,
        `127.0.0.1:${here.server.port}`,
        name,
        '127.0.0.1:',
        `\nfrontend unix\n  bind ${path}\n  default_backend behind\nbackend behind\n  server one 127.0.0.1:${here.server.port} ${name}\n`,
      )
      const client = await through(t, front, path)
      client.write('hello')
      await until(() => here.connections.some((connection) => connection.bytesRead === 5))
      const connection = here.connections.find(({ bytesRead }) => bytesRead === 5) as Connection
      t.ok(connection.proxy?.source === undefined || connection.remote.family === 'unix')
    })
  }

  t.test('a Unix socket of linnet trusts its peers', async (t) => {
    const path = socketPath()
    const here = await echo(t, { path, mode: 0o777, proxyProtocol: { trust: ['192.0.2.1'] } })
    const connection = await talks(t, await haproxy(t, `unix@${path}`, 'send-proxy-v2'), here, 2)
    t.equal(connection.proxy?.peer.family, 'unix')
  })

  t.test('a health check passes, as a connection of the proxy itself or dropped as a reset', async (t) => {
    const here = await echo(t)
    const reasons = new Set<string>()
    here.server.on('drop', ({ reason }) => reasons.add(reason))
    const front = await haproxy(t, `127.0.0.1:${here.server.port}`, 'send-proxy-v2 check check-send-proxy inter 50ms')
    // HAProxy resets after a check, mostly before the connection is accepted. Then it has no address any more.
    await until(() => here.connections.length + here.server.stats().dropped > 1)
    for (const { remote, proxy } of here.connections) {
      t.match(proxy, { version: 2, source: undefined, destination: undefined })
      t.equal(remote, proxy?.peer)
    }
    await talks(t, front, here, 2)
    reasons.delete('reset')
    t.same([...reasons], [])
  })
})

t.test('behind nginx', { skip: noNginx, timeout: 60_000 }, async (t) => {
  for (const listen of ['127.0.0.1:', '[::]:']) {
    if (listen === '[::]:' && anywhere !== ':::') continue
    t.test(`proxy_protocol on, at ${listen}`, async (t) => {
      const here = await echo(t)
      const front = await proxy(
        t,
        'nginx',
        (port, directory) => `
${nginxModule}
daemon off;
master_process off;
pid ${directory}/pid;
error_log stderr;
events {}
stream {
  server {
    listen ${listen}${port}${listen === '[::]:' ? ' ipv6only=off' : ''};
    proxy_pass 127.0.0.1:${here.server.port};
    proxy_half_close on;
    proxy_protocol on;
  }
}
`,
      )
      await talks(t, front, here, 1)
    })
  }
})
