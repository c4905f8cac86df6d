// An abort of a socket that was given as a stream: the peer must not read it as an end of stream.

import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'
import t, { type Test } from 'tap'
import { Connection, ConnectionLostError } from '../../lib/index.js'
import { identityOf } from '../support/certificates.js'
import { socketPath } from '../support/fixture.js'
import { within } from '../support/wait.js'

type Sockets = { client: net.Socket; server: net.Socket }
const { key, cert } = identityOf()

async function plain(t: Test, path?: string): Promise<Sockets> {
  const listener = net.createServer({ allowHalfOpen: true })
  t.teardown(() => listener.close())
  listener.listen(path === undefined ? { port: 0, host: '127.0.0.1' } : { path })
  await once(listener, 'listening')
  const where = path === undefined ? { port: (listener.address() as net.AddressInfo).port, host: '127.0.0.1' } : { path }
  const client = net.connect({ ...where, allowHalfOpen: true })
  const [server] = await once(listener, 'connection')
  if (client.connecting) await once(client, 'connect')
  for (const socket of [client, server]) {
    socket.setEncoding('latin1')
    t.teardown(() => socket.destroy())
  }
  return { client, server }
}

async function encrypted(t: Test): Promise<Sockets> {
  const listener = tls.createServer({ key, cert, allowHalfOpen: true })
  t.teardown(() => listener.close())
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as net.AddressInfo
  const options: tls.ConnectionOptions & { allowHalfOpen: boolean } = { port, host: '127.0.0.1', ca: cert, allowHalfOpen: true }
  const client = tls.connect(options)
  const [server] = await once(listener, 'secureConnection')
  t.teardown(() => client.destroy())
  t.teardown(() => server.destroy())
  return { client, server }
}

for (const [kind, make] of Object.entries({ 'a socket with an encoding': plain, 'a TLSSocket': encrypted })) {
  for (const side of ['client', 'server'] as const) {
    t.test(`an abort of ${kind} that was given (${side}) is a loss for its peer, with and without data under way`, async (t) => {
      for (const size of [0, 3_000_000]) {
        const sockets = await make(t)
        const given = sockets[side]
        const connection = Connection.from(given)
        const peer = Connection.from(sockets[side === 'client' ? 'server' : 'client'], { maxBufferSize: 1e8 })
        if (size > 0) connection.write(Buffer.alloc(size))
        const closed = once(given, 'close').catch(() => {})
        connection.abort()
        await t.rejects(within(peer.readToEnd()), ConnectionLostError)
        await within(closed)
      }
    })
  }
}

t.test('a socket that cannot be reset is closed: a Unix socket, one that is ending, one that is destroyed', async (t) => {
  const unix = await plain(t, socketPath())
  const ending = await plain(t)
  const gone = await plain(t)
  for (const { client } of [unix, ending, gone]) {
    const connection = Connection.from(client)
    const closed = once(client, 'close').catch(() => {})
    if (client === ending.client) void connection.end()
    if (client === gone.client) client.destroy()
    connection.abort()
    await within(closed)
    t.equal(client.destroyed, true)
  }
})
