// A client that resets before it is accepted has no address any more, but its bytes can still be read. No block list, count or
// `admit` can judge it. It is dropped, whatever the options are and on every kind of listening socket.

import { spawnSync } from 'node:child_process'
import net from 'node:net'
import t from 'tap'
import { listen } from '../../lib/index.js'
import type { ListenOptions } from '../../lib/options/listen.js'
import { identityOf } from '../support/certificates.js'
import { descriptorOpenedBy } from '../support/descriptors.js'
import { program } from '../support/program.js'
import { until } from '../support/wait.js'

const COUNT = 5

/** A program that connects, sends bytes and resets, COUNT times. The process that starts it is blocked meanwhile. */
const rude = (port: number | string, host: string): string => `
  const net = require('node:net')
  for (let n = 0; n < ${COUNT}; n++) {
    const socket = net.connect(${port}, '${host}', () => {
      socket.write('PROXY TCP4 1.2.3.4 5.6.7.8 9 10\\r\\nDELETE everything\\n')
      setTimeout(() => { socket.resetAndDestroy(); socket.destroy() }, 20)
    })
  }`

const blockList = new net.BlockList()
blockList.addSubnet('127.0.0.0', 8)
blockList.addAddress('::1', 'ipv6')
const { key, cert } = identityOf()

const cases: Record<string, ListenOptions> = {
  'no options': {},
  blockList: { blockList },
  admit: { admit: () => true },
  maxConnectionsPerAddress: { maxConnectionsPerAddress: 1 },
  proxyProtocol: { proxyProtocol: true },
  'trust of others': { proxyProtocol: { trust: ['192.0.2.1'] } },
  'trust of all': { proxyProtocol: { trust: ['0.0.0.0/0', '::/0'] } },
  'optional TLS': { tls: { key, cert, optional: true } },
  TLS: { tls: { key, cert } },
  'no room': { maxConnections: 1, maxPending: 0, admit: () => true },
}

for (const [name, options] of Object.entries(cases)) {
  t.test(`a client that resets before it is accepted is dropped, and its bytes are not read (${name})`, async (t) => {
    for (const host of ['127.0.0.1', '::1', undefined]) {
      const heard: unknown[] = []
      const drops: string[] = []
      const server = await listen({ ...options, ...(host !== undefined && { host }) })
      t.teardown(() => server.close({ grace: 0 }))
      server.on('drop', ({ remote, reason }) => drops.push(`${reason} ${remote.address}${remote.port}`))
      server.on('handshakeError', (error) => heard.push(error))
      void server.serve(async (connection) => heard.push(connection.remote))
      spawnSync(process.execPath, ['-e', rude(server.port, host ?? '127.0.0.1')], { env: {} })
      await until(() => server.stats().accepted === COUNT)
      t.strictSame(drops, new Array(COUNT).fill('reset 0'))
      t.strictSame(heard, [])
      t.match(server.stats(), { accepted: COUNT, dropped: COUNT, pending: 0, active: 0 })
    }
  })
}

for (const place of ['{ fd: 3 }', '{ systemd: true }', "{ systemd: 'unknown' }"]) {
  t.test(`a client that resets before it is accepted is dropped on an inherited socket: ${place}`, async (t) => {
    const shared = net.createServer()
    const fd = await descriptorOpenedBy(() => new Promise<void>((resolve) => shared.listen(0, '127.0.0.1', resolve)))
    t.teardown(() => shared.close())
    const { port } = shared.address() as net.AddressInfo
    const code = `
      const { spawnSync } = await import('node:child_process')
      Object.assign(process.env, { LISTEN_PID: process.pid, LISTEN_FDS: 1 })
      const server = await linnet.listen({ ...${place}, proxyProtocol: { trust: ['10.0.0.0/8'] } })
      server.on('connection', () => console.log('a connection'))
      server.on('drop', ({ reason }) => {
        console.log(reason)
        if (server.stats().dropped === ${COUNT}) void server.close()
      })
      void server.serve(() => {})
      spawnSync(process.execPath, ['-e', ${JSON.stringify(rude(port, '127.0.0.1'))}], { env: {} })`
    // The parent closes its own handle once the child has it. Otherwise both would accept.
    const run = program(t, code, { inherit: [fd] })
    shared.close()
    t.equal(await run.ends(), 0, run.stderr)
    t.strictSame(run.stdout.trim().split('\n'), new Array(COUNT).fill('reset'))
  })
}
