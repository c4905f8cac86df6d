// console.log of a connection or a server: its id, addresses, state and counts; no payload and no key.

import { inspect } from 'node:util'
import t from 'tap'
import { tcpAddress } from '../../lib/address.js'
import { Connection, connect as dial, LimitExceededError, Server, shutdownOn } from '../../lib/index.js'
import { memoryServer, pair } from '../../lib/testing/index.js'
import { identityOf } from '../support/certificates.js'
import { accepted, everywhere, opened } from '../support/fixture.js'
import { until } from '../support/wait.js'

everywhere(t, 'a connection shows its addresses, its state, its pending operation and its counts', async (t, connect) => {
  const { a, b } = await connect()
  await a.write('a secret')
  await until(() => b.buffered === 8)
  const read = b.readUntil('\n').catch(() => {})
  const text = inspect(b)
  t.match(text, new RegExp(`^Connection ${b.id} \\{`))
  if (b.remote.address !== '') t.ok(text.includes(`remote: '${b.remote}'`), text)
  if (b.local.address !== '') t.ok(text.includes(`local: '${b.local}'`), text)
  if (b.tls !== undefined) t.ok(text.includes(`tls: '${b.tls.protocol}`), text)
  t.match(
    text,
    /state: 'open',\s+waiting: "readUntil\('\\\\n'\) for \d+ ms",\s+bytesRead: 8,\s+bytesWritten: 0,\s+buffered: 8,\s+queued: 0/,
  )
  t.notMatch(text, /secret|BEGIN|raw/)
  t.ok(text.length < 500, 'it is short')
  b.abort()
  await read
})

t.test('a connection shows how it ended', async (t) => {
  const [a, b] = pair()
  await a.end()
  t.match(inspect(a), /state: 'ended'/)
  await until(() => b.peerEnded)
  t.match(inspect(b), /state: 'peer ended'/)
  b.drain()
  t.match(inspect(b), /draining: true/)
  await b.close()
  t.match(inspect(b), /state: 'over',\s+by: 'peer'/)
  t.notMatch(inspect(b), /error|draining: false/)
  for (const [error, shown] of [
    [new LimitExceededError({ limit: 1, size: 2, option: 'maxBytes' }), 'ERR_LINNET_LIMIT'],
    [new RangeError('a secret'), 'RangeError'],
    ['a secret', 'string'],
  ] as const) {
    const [c] = pair()
    c.abort(error)
    t.match(inspect(c), new RegExp(`state: 'over',\\s+by: 'aborted',\\s+error: '${shown}'`))
    t.notMatch(inspect(c), /secret/)
  }
  const [d] = pair()
  void d.close()
  t.match(inspect(d), /state: 'closing',\s+waiting: 'close for \d+ ms'/)
})

t.test('a connection shows what TLS negotiated, and the proxy that it came through', async (t) => {
  const { key, cert } = identityOf()
  const { server, connect } = memoryServer({ tls: { key, cert, ALPNProtocols: ['x'] } })
  const client = await connect({ tls: { ca: cert, servername: 'localhost', ALPNProtocols: ['x'] } })
  t.match(inspect(client), /tls: 'TLSv1\.3, x, localhost, authorized'/)
  client.abort()
  await server.close({ grace: 0 })
  const behind = await opened(t, { proxyProtocol: true })
  const proxied = await dial({
    port: behind.port,
    host: '127.0.0.1',
    proxyProtocol: { source: tcpAddress('1.2.3.4', 5), destination: tcpAddress('1.2.3.4', 6) },
  })
  const connection = (await behind.accept()) as Connection
  t.match(inspect(connection), /remote: '1\.2\.3\.4:5'[\s\S]*proxy: '127\.0\.0\.1:\d+'/)
  proxied.abort()
})

t.test('a server shows where it listens, its state and its counters', async (t) => {
  const server = await opened(t)
  t.match(
    inspect(server),
    new RegExp(`^Server \\{\\s+addresses: \\[ '127\\.0\\.0\\.1:${server.port}' \\],\\s+state: 'listening',\\s+connections: 0`),
  )
  const held = await accepted(t)
  const off = shutdownOn(held.server, { signals: ['SIGUSR2'], delay: 1_000_000 })
  process.emit('SIGUSR2')
  t.match(inspect(held.server), /state: 'stopping',\s+connections: 1,/)
  void held.server.close()
  t.match(inspect(held.server), /state: 'draining'/)
  off[Symbol.dispose]()
  const loop = server[Symbol.asyncIterator]()
  await loop.return?.()
  t.match(inspect(server), /state: '(stopped|closed)'/)
  await server.close()
  t.match(inspect(server), /state: 'closed'/)
})

t.test('deep in other objects only the name is shown, and an object that only inherits is shown by its class', async (t) => {
  const [a] = pair()
  t.equal(inspect({ x: { y: a } }, { depth: 1 }), `{ x: { y: [Connection ${a.id}] } }`)
  const { server } = memoryServer()
  t.equal(inspect({ x: server }, { depth: 0 }), '{ x: [Server] }')
  t.equal(inspect(Object.create(a)), '[Connection]')
  t.equal(inspect(Object.create(server)), '[Server]')
  t.doesNotThrow(() => inspect(Connection.prototype))
  t.doesNotThrow(() => inspect(Server.prototype))
  await server.close()
})
