// `connect` to real servers: HAProxy, which reads PROXY headers and terminates TLS behind them, and OpenSSL's own server.

import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ConnectError, type Connection, type ConnectOptions, connect, type ProxyHeaderOptions } from '../../lib/index.js'
import { identityOf } from '../support/certificates.js'
import { opened } from '../support/fixture.js'
import { pattern, turn, until } from '../support/wait.js'
import { type Front, haproxyDefaults, noHaproxy, proxy } from './support.js'

const identity = identityOf('DNS:front.test')
const tls = { ca: identity.cert, servername: 'front.test' }

/** Connects to a program that may not listen yet. */
async function reached(t: Test, front: Pick<Front, 'child' | 'heard'>, options: ConnectOptions): Promise<Connection> {
  for (;;) {
    try {
      const connection = await connect(options)
      t.teardown(() => connection.abort())
      return connection
    } catch (error) {
      const early = error instanceof ConnectError && error.code === 'ECONNREFUSED' && front.child.exitCode === null
      if (!early) throw new Error(`${error}: ${front.heard}`, { cause: error })
      await turn()
    }
  }
}

const ipv4 = [
  { address: '192.0.2.33', port: 40_000, family: 'IPv4' },
  { address: '198.51.100.7', port: 443, family: 'IPv4' },
] as const
const ipv6 = [
  { address: '2001:db8::33', port: 65_535, family: 'IPv6' },
  { address: '2001:db8::7', port: 1, family: 'IPv6' },
] as const
const checksum = [{ type: 3, value: Buffer.alloc(4) }]

const headers: Record<string, ProxyHeaderOptions> = {
  'version 1, IPv4': { version: 1, source: ipv4[0], destination: ipv4[1] },
  'version 1, IPv6': { version: 1, source: ipv6[0], destination: ipv6[1] },
  'version 2, IPv4': { source: ipv4[0], destination: ipv4[1] },
  'version 2, IPv6, with a checksum': { source: ipv6[0], destination: ipv6[1], tlvs: checksum },
}

t.test('HAProxy accepts the headers that connect sends', { skip: noHaproxy, timeout: 60_000 }, async (t) => {
  const behind = await opened(t, { proxyProtocol: true })
  const front = await proxy(t, 'haproxy', (port, directory) => {
    const both = join(directory, 'both.pem')
    writeFileSync(both, identity.key + identity.cert)
    return `${haproxyDefaults}listen plain
  bind 127.0.0.1:${port} accept-proxy
  server one 127.0.0.1:${behind.port} send-proxy-v2
listen secure
  bind 127.0.0.2:${port} accept-proxy ssl crt ${both}
  server one 127.0.0.1:${behind.port} send-proxy-v2
`
  })
  for (const [name, header] of Object.entries(headers)) {
    for (const host of ['127.0.0.1', '127.0.0.2']) {
      const secure = host === '127.0.0.2'
      await t.test(secure ? `${name}, before TLS` : name, async (t) => {
        const client = await reached(t, front, { port: front.port, host, proxyProtocol: header, ...(secure && { tls }) })
        await client.write('hello\n')
        const connection = (await behind.accept()) as Connection
        t.teardown(() => connection.abort())
        t.equal(await connection.readLine(), 'hello')
        t.match(connection.proxy, { source: header.source, destination: header.destination })
        t.equal(client.tls?.authorized, secure ? true : undefined)
        const data = pattern(1_000_000)
        const [echoed] = await Promise.all([client.readExactly(data.length, { maxBytes: data.length }), connection.write(data)])
        t.ok(echoed.equals(data))
      })
    }
  }
})

t.test('OpenSSL answers over each version of TLS', { timeout: 60_000 }, async (t) => {
  for (const [flag, protocol] of [
    ['-tls1_2', 'TLSv1.2'],
    ['-tls1_3', 'TLSv1.3'],
  ] as const) {
    // It prints the port that it has picked: "ACCEPT 127.0.0.1:40000".
    const flags = ['-accept', '127.0.0.1:0', '-key', identity.files.key, '-cert', identity.files.cert, '-rev', flag]
    const child = spawn('openssl', ['s_server', ...flags], { stdio: ['pipe', 'pipe', 'pipe'] })
    const server = { child, heard: '' }
    for (const output of [child.stdout, child.stderr]) output.setEncoding('utf8').on('data', (text) => void (server.heard += text))
    t.teardown(() => child.kill('SIGKILL'))
    await until(() => /ACCEPT .*:\d+/.test(server.heard) || child.exitCode !== null, 'a port of openssl')
    const port = Number(/ACCEPT .*:(\d+)/.exec(server.heard)?.[1])
    const client = await reached(t, server, { host: '127.0.0.1', port, tls })
    t.equal(client.tls?.protocol, protocol)
    await client.write('hello\n')
    t.equal(await client.readLine(), 'olleh')
    await client.write('CLOSE\n')
    t.equal(await client.readToEnd('utf8'), '')
    await client.close()
  }
})
