// A peer that answers early and breaks off. A write of this side fails first, while the answer is still in the kernel's receive
// buffer, beyond the read-ahead. The answer is delivered before the loss. A reset that arrives with data never reads as an end of
// stream, whatever this side does.

import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'
import t, { type Test } from 'tap'
import { Connection, ConnectionLostError, type Server } from '../../lib/index.js'
import { identityOf } from '../support/certificates.js'
import { dial, opened, socketPath } from '../support/fixture.js'
import { pattern, rejection, turns, until, within } from '../support/wait.js'

const { key, cert } = identityOf()

/** A connection of a server, on TCP or a Unix socket, and the raw socket at its other end. */
async function accepted(t: Test, kind: 'tcp' | 'unix', options = {}): Promise<{ connection: Connection; peer: net.Socket }> {
  const where = kind === 'tcp' ? { port: 0, host: '127.0.0.1' } : { path: socketPath() }
  const server: Server = await opened(t, { ...where, ...options })
  const peer = await dial(t, server)
  const connection = (await server.accept()) as Connection
  t.teardown(() => connection.abort())
  return { connection, peer }
}

/** Breaks off like a process that is killed with bytes unread. */
const breakOff = (peer: net.Socket): void => {
  try {
    peer.resetAndDestroy()
  } catch {
    // Unix sockets have no such method. A close with bytes unread resets them.
  }
  peer.destroy()
}

/** Writes `data`, and resolves once the system has taken it. */
async function say(peer: net.Socket, data: Buffer): Promise<void> {
  const taken = new Promise<void>((resolve) => peer.write(data, () => resolve()))
  await within(taken, 'the system has room')
}

for (const kind of ['tcp', 'unix'] as const) {
  t.test(`an answer that arrived before a write of this side failed is read whole, and the loss after it (${kind})`, async (t) => {
    for (const batch of [false, true]) {
      const { connection, peer } = await accepted(t, kind)
      const answer = pattern(40_000)
      peer.pause()
      // A close with unread bytes is a reset, also on a Unix socket.
      await connection.write('question')
      await turns()
      // In the same turn as the write of this side, which fails by the reset.
      peer.write(answer)
      breakOff(peer)
      const pieces = batch ? [Buffer.alloc(20_000), Buffer.alloc(20_000)] : Buffer.alloc(20_000)
      const written = Promise.allSettled([connection.write(pieces), connection.flush()])
      const { partial } = (await rejection(within(connection.readExactly(1_000_000)))) as { partial?: Buffer }
      t.equal(partial, undefined, 'the error is not an EndOfStreamError')
      t.ok((await connection.read())?.equals(answer))
      t.ok((await rejection(connection.read())) instanceof ConnectionLostError)
      await written
      t.match(await connection.closed, { by: 'lost', bytesRead: answer.length })
    }
  })

  t.test(`an answer beyond the read-ahead of a paused connection is read whole, and the loss after it (${kind})`, async (t) => {
    const { connection, peer } = await accepted(t, kind, { readHighWaterMark: 1000 })
    const answer = pattern(150_000)
    peer.pause()
    await connection.write('question')
    const said = say(peer, answer.subarray(0, 100_000))
    await until(() => connection.buffered > 0)
    await said
    await turns()
    t.ok(connection.buffered < 100_000, 'the connection is paused, and the rest is in the system')
    breakOff(peer)
    connection.write(Buffer.alloc(1_000_000)).catch(() => {})
    await within(connection.closed)
    t.ok((await connection.readExactly(100_000)).equals(answer.subarray(0, 100_000)))
    t.ok((await rejection(connection.read())) instanceof ConnectionLostError)
  })
}

t.test('at most 1 MiB beyond the read-ahead is taken from the system when a connection is lost', async (t) => {
  const { connection, peer } = await accepted(t, 'unix', { readHighWaterMark: 1000 })
  let said = 0
  peer.on('error', () => {})
  for (let full = false; !full; await turns(1)) {
    full = !peer.write(Buffer.alloc(64 * 1024)) && peer.writableLength > 64 * 1024
    said += 64 * 1024
  }
  breakOff(peer)
  connection.write('x').catch(() => {})
  await within(connection.closed)
  t.ok(connection.buffered <= said)
  t.ok(connection.buffered <= 1024 * 1024 + 3 * 64 * 1024)
})

// --- a reset in every state of this side ---------------------------------------------------------------------------------

const states: Record<string, (connection: Connection) => unknown> = {
  'that is idle': () => {},
  'that has just written': (connection) => connection.write('x'),
  'behind its own end': (connection) => connection.end(),
  'with bytes queued': (connection) => connection.write(Buffer.alloc(20_000_000)).catch(() => {}),
  'behind an end that waits behind queued bytes': (connection) => connection.end(Buffer.alloc(20_000_000)).catch(() => {}),
}

const kinds: Record<string, (t: Test) => Promise<{ connection: Connection; peer: net.Socket; say: (text: string) => void }>> = {
  tcp: async (t) => {
    const { connection, peer } = await accepted(t, 'tcp')
    return { connection, peer, say: (text) => peer.write(text) }
  },
  unix: async (t) => {
    const { connection, peer } = await accepted(t, 'unix')
    peer.pause()
    // More than a paused socket still reads.
    await connection.write(Buffer.alloc(150_000))
    await connection.flush()
    return { connection, peer, say: (text) => peer.write(text) }
  },
  'from a socket that decodes': async (t) => {
    const { one, peer } = await sockets(t)
    return { connection: Connection.from(one.setEncoding('latin1')), peer, say: (text) => peer.write(text) }
  },
  'from a pair of one socket': async (t) => {
    const { one, peer } = await sockets(t)
    return { connection: Connection.from({ readable: one, writable: one }), peer, say: (text) => peer.write(text) }
  },
  'from a Duplex of a connection': async (t) => {
    const { connection, peer } = await accepted(t, 'tcp')
    return { connection: Connection.from(connection.toDuplex()), peer, say: (text) => peer.write(text) }
  },
}
for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  kinds[version] = async (t) => {
    const server = await opened(t, { tls: { key, cert, minVersion: version, maxVersion: version } })
    const { peer, secure } = await secured(t, server.port)
    const connection = (await server.accept()) as Connection
    t.teardown(() => connection.abort())
    return { connection, peer, say: (text) => secure.write(text) }
  }
  kinds[`from a TLSSocket (${version})`] = async (t) => {
    const listener = tls.createServer({ key, cert, minVersion: version, maxVersion: version, allowHalfOpen: true }).listen(0, '127.0.0.1')
    t.teardown(() => listener.close())
    await once(listener, 'listening')
    const came = once(listener, 'secureConnection')
    const { peer, secure } = await secured(t, (listener.address() as net.AddressInfo).port)
    const connection = Connection.from((await came)[0])
    t.teardown(() => connection.abort())
    return { connection, peer, say: (text) => secure.write(text) }
  }
}
kinds['by startTls'] = async (t) => {
  const { connection, peer } = await accepted(t, 'tcp')
  const upgrading = connection.startTls({ key, cert })
  const secure = tls.connect(over(peer))
  secure.on('error', () => {})
  await Promise.all([upgrading, once(secure, 'secureConnect')])
  await turns()
  return { connection, peer, say: (text) => secure.write(text) }
}

/** Two ends of a plain connection. */
async function sockets(t: Test): Promise<{ one: net.Socket; peer: net.Socket }> {
  const listener = net.createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  t.teardown(() => listener.close())
  await once(listener, 'listening')
  const came = once(listener, 'connection')
  const peer = net
    .connect({ port: (listener.address() as net.AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true })
    .on('error', () => {})
  const [one] = (await came) as [net.Socket]
  await turns()
  t.teardown(() => {
    one.destroy()
    peer.destroy()
  })
  return { one, peer }
}

// The types lack `allowHalfOpen`.
const over = (socket: net.Socket): tls.ConnectionOptions =>
  ({ socket, ca: cert, servername: 'localhost', allowHalfOpen: true }) as tls.ConnectionOptions

/** A client of TLS over a raw socket, which can be reset. */
async function secured(t: Test, port: number): Promise<{ peer: net.Socket; secure: tls.TLSSocket }> {
  const peer = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {})
  t.teardown(() => peer.destroy())
  await once(peer, 'connect')
  const secure = tls.connect(over(peer)).on('error', () => {})
  await once(secure, 'secureConnect')
  await turns()
  return { peer, secure }
}

for (const [kind, make] of Object.entries(kinds)) {
  t.test(`data and a reset that arrive together are a loss, whatever this side does (${kind})`, async (t) => {
    for (const [state, bring] of Object.entries(states)) {
      if (kind === 'from a Duplex of a connection' && state.startsWith('behind')) continue
      for (let n = 0; n < 3; n++) {
        const { connection, peer, say } = await make(t)
        peer.pause()
        void Promise.resolve(bring(connection)).catch(() => {})
        if (n > 0) await turns(n)
        say('half an answ')
        breakOff(peer)
        const error = await within(rejection(connection.readToEnd()), `${state}, the loss`)
        t.ok(error instanceof ConnectionLostError, `${state}: ${error}`)
        connection.abort()
      }
    }
  })
}
