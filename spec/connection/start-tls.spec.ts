// `startTls` over sockets and in memory, on both sides: what waits, what is fed to the handshake, and what survives it.

import tls from 'node:tls'
import t from 'tap'
import { Connection, HandshakeError } from '../../lib/index.js'
import { manualClock, pair } from '../../lib/testing/index.js'
import { accepted, memory } from '../support/fixture.js'
import { isPending, pattern, rejection, turns, until, within } from '../support/wait.js'
import { wired } from './reading/support.js'
import { both, client, server, upgraded } from './start-tls-support.js'

both('an upgrade may be the first call, and reads and writes made meanwhile wait for it', async (t, connect) => {
  const { a, b } = await connect()
  const upgrading = upgraded({ a, b })
  t.match(a.waiting, { operation: 'startTls' })
  const [line, secret] = [b.readLine(), a.write('secret\n')]
  const flushed = a.flush()
  t.equal(a.tls, undefined)
  await upgrading
  await Promise.all([secret, flushed])
  t.equal(await line, 'secret')
  t.equal(a.waiting, undefined)
  t.match(a.tls, { authorized: true, protocol: 'TLSv1.3' })
  t.match(b.tls, { servername: 'localhost' })
  t.same([a.bytesRead, a.bytesWritten, b.bytesRead, b.bytesWritten], [0, 7, 7, 0], 'the payload, and no byte of the handshake')
})

both('earlier writes are sent first, then the reply, in plain text; later writes wait', async (t, connect) => {
  const { a, b } = await connect()
  const before = pattern(3_000_000)
  const first = b.write(before)
  const upgrading = b.startTls({ ...server, isServer: true, reply: Buffer.from('220 grüß\r\n') })
  const later = b.write('later\n')
  const flushed = b.flush()
  t.ok((await a.readExactly(before.length, { maxBytes: before.length })).equals(before))
  t.equal(await a.readLine(), '220 grüß')
  await turns()
  t.equal(a.buffered, 0)
  t.equal(await isPending(flushed), true)
  await Promise.all([a.startTls(client), upgrading])
  t.equal(await a.readLine(), 'later')
  await Promise.all([first, later, flushed])
  t.equal(b.bytesWritten, before.length + Buffer.byteLength('220 grüß\r\n') + 6)
  t.equal(a.bytesRead, b.bytesWritten)
})

both('a reply may be text, and its bytes are counted', async (t, connect) => {
  const { a, b } = await connect()
  const upgrading = b.startTls({ ...server, isServer: true, reply: 'go\n' })
  t.equal(await a.readLine(), 'go')
  await Promise.all([a.startTls(client), upgrading])
  await Promise.all([a.close(), b.close()])
  t.match(await b.closed, { bytesWritten: 3 })
})

both('the memory of a reply may be used again as soon as startTls was called', async (t, connect) => {
  const { a, b } = await connect()
  const reply = Buffer.from('go ahead\n')
  const upgrading = b.startTls({ ...server, isServer: true, reply })
  reply.fill('x')
  t.equal(await a.readLine(), 'go ahead')
  await Promise.all([a.startTls(client), upgrading])
})

// --- feeding ----------------------------------------------------------------------------------------------------------

t.test('a ClientHello in the very packet of the command works with feed, in one piece or cut', async (t) => {
  for (const cut of [Number.POSITIVE_INFINITY, 1, 100]) {
    const [a, b] = pair({ maxChunk: 1_000_000 })
    t.teardown(() => a.abort())
    const [outer, inner] = pair()
    t.teardown(() => outer.abort())
    // The bytes of a TLS client, recorded, and sent behind the command.
    const hello = outer.startTls(client)
    hello.catch(() => {})
    const said = (await inner.read()) as Buffer
    const behind = said.subarray(0, Math.min(cut, said.length))
    await a.write(['STARTTLS\r\n', behind])
    t.equal(await b.readLine(), 'STARTTLS')
    await until(() => b.buffered === behind.length)
    const upgrading = b.startTls({ ...server, buffered: 'feed' })
    t.equal(b.bytesRead, 10, 'these were no bytes of ours')
    if (behind.length < said.length) await a.write(said.subarray(behind.length))
    // And everything else goes between the two.
    inner.writeFrom(a).catch(() => {})
    a.writeFrom(inner).catch(() => {})
    await Promise.all([upgrading, hello])
    await outer.write('first\n')
    t.equal(await b.readLine(), 'first')
    t.equal(b.bytesRead, 16)
  }
})

t.test('unread bytes that are no TLS fail the handshake', async (t) => {
  const { a, b } = memory(t)
  await a.write('STARTTLS\r\nEVIL\r\n')
  t.equal(await b.readLine(), 'STARTTLS')
  t.ok((await rejection(b.startTls({ ...server, buffered: 'feed' }))) instanceof HandshakeError)
})

t.test('the message after an upgrade with feed is a new one', async (t) => {
  const clock = manualClock()
  const [a, b] = pair({ clock, server: { idleTimeout: 100, readTimeout: 200 } })
  t.teardown(() => a.abort())
  await Promise.all([a.startTls(client), b.startTls({ ...server, buffered: 'feed' })])
  const line = rejection(b.readLine())
  await turns()
  await clock.advance(100)
  t.match(await line, { kind: 'idle' })
})

both('limits, time limits, settings and counters survive the upgrade', async (t, connect) => {
  const { a, b } = await connect({ b: { maxBufferSize: 5, idleTimeout: 80 } })
  const { id, remote, local, openedAt } = b
  b.setLimits({ readTimeout: 1234 })
  await upgraded({ a, b })
  t.same({ id: b.id, remote: b.remote, local: b.local, openedAt: b.openedAt }, { id, remote, local, openedAt })
  t.match(b.limits, { maxBufferSize: 5, idleTimeout: 80, readTimeout: 1234 })
  b.setNoDelay(true)
  b.setKeepAlive(true, 1000)
  b.unref()
  b.ref()
  await a.write('too long a line\n')
  t.match(await rejection(b.readLine()), { code: 'ERR_LINNET_LIMIT' })
  await b.skip(16)
  t.match(await rejection(b.readLine({ idle: true })), { kind: 'idle', timeout: 80 })
})

both('twenty megabytes written during the upgrade arrive whole, and then the end', async (t, connect) => {
  const { a, b } = await connect({ b: { maxWriteBuffer: 1e8 } })
  const data = pattern(20_000_000)
  const upgrading = upgraded({ a, b })
  void b.write(data)
  const closing = b.close()
  await upgrading
  t.ok((await a.readToEnd({ maxBytes: 1e8 })).equals(data))
  await a.close()
  await closing
})

// --- other peers ---------------------------------------------------------------------------------------------------------

t.test("a peer made with Node's own TLS upgrades, as client and as server", async (t) => {
  for (const isServer of [true, false]) {
    const { connection, peer } = await accepted(t)
    const upgrading = connection.startTls(isServer ? server : { ...client, isServer })
    const context = tls.createSecureContext(server)
    const far = isServer ? tls.connect({ socket: peer, ...client }) : new tls.TLSSocket(peer, { isServer: true, secureContext: context })
    t.teardown(() => far.destroy())
    await upgrading
    far.on('error', () => {}).write('hello\n')
    t.equal(await connection.readLine(), 'hello')
  }
})

t.test('a connection made from a stream is a client, unless isServer is set', async (t) => {
  const [outer] = pair()
  const wrapped = Connection.from(outer.toDuplex())
  t.teardown(() => wrapped.abort())
  t.match(await rejection(wrapped.startTls({ isServer: true })), { issues: [{ path: ['key'] }] })
})

t.test('bytes and an end that arrive before the handshake begins are part of it', async (t) => {
  const { connection, carrier, push, end } = wired()
  const upgrading = rejection(connection.startTls({ rejectUnauthorized: false }))
  t.equal(carrier.paused, false)
  push('too early')
  t.equal(carrier.paused, true, 'no more of it is taken than one chunk')
  end()
  const error = await within(upgrading)
  t.match(error, { code: 'ERR_LINNET_HANDSHAKE', cause: { message: 'the peer ended before the TLS handshake', code: 'ECONNRESET' } })
  t.match(await within(connection.closed), { by: 'lost', error })
})
