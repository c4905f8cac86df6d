// `startTls`: what is checked at the call, what waits, and how it fails, over sockets and in memory, on both sides.

import tls from 'node:tls'
import t, { type Test } from 'tap'
import {
  ConcurrentReadError,
  Connection,
  ConnectionClosedError,
  ConnectionLostError,
  type ConnectionOptions,
  HandshakeError,
  InvalidOptionsError,
  PlaintextBufferedError,
  type StartTlsOptions,
  TimeoutError,
} from '../../lib/index.js'
import { manualClock, pair } from '../../lib/testing/index.js'
// Loaded here, so that no handshake under a manual clock waits for it.
import '../../lib/tls/client.js'
import '../../lib/tls/server.js'
import { identityOf } from '../support/certificates.js'
import { accepted, type Ends, ends, memory } from '../support/fixture.js'
import { isPending, pattern, rejection, turns, until, within } from '../support/wait.js'
import { wired } from './reading/support.js'

const { key, cert } = identityOf()
const server = { key, cert }
const client = { ca: cert, servername: 'localhost' }

/** Each test over sockets and in memory. */
function both(
  name: string,
  body: (t: Test, connect: (options?: { a?: ConnectionOptions; b?: ConnectionOptions }) => Promise<Ends>) => Promise<void>,
): void {
  for (const carrier of ['tcp', 'memory', 'duplex'] as const)
    void t.test(`${name} (${carrier})`, (t) => body(t, (options) => ends(t, carrier, options)))
}

/** The options of both sides: over a Duplex, each side is a client unless `isServer` is set. */
const upgraded = ({ a, b }: Ends, there: StartTlsOptions = {}): Promise<unknown> =>
  Promise.all([a.startTls(client), b.startTls({ ...server, isServer: true, ...there })])

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

// --- decided at the call ----------------------------------------------------------------------------------------------

both('with a read pending, or another reader, it rejects, and the plain connection goes on', async (t, connect) => {
  const { a, b } = await connect()
  const line = b.readLine()
  t.ok((await rejection(b.startTls({ ...server, isServer: true }))) instanceof ConcurrentReadError)
  await a.write('plain\n')
  t.equal(await line, 'plain')
  const message = b.readMessage(async (reader) => {
    t.ok((await rejection(b.startTls({ ...server, isServer: true }))) instanceof ConcurrentReadError)
    return reader.readLine()
  })
  await a.write('message\n')
  t.equal(await message, 'message')
})

both('injected plain text makes it reject, on either side, and can still be read', async (t, connect) => {
  const { a, b } = await connect()
  await a.write('STARTTLS\r\nEVIL\r\n')
  t.equal(await b.readLine(), 'STARTTLS')
  t.ok((await rejection(b.startTls({ ...server, isServer: true, reply: 'never said' }))) instanceof PlaintextBufferedError)
  t.equal(await b.readLine(), 'EVIL')
  await b.write('220 go\r\n250 EVIL\r\n')
  t.equal(await a.readLine(), '220 go')
  t.ok((await rejection(a.startTls(client))) instanceof PlaintextBufferedError)
  t.equal(await a.readLine(), '250 EVIL')
  t.equal(a.bytesRead, 18)
})

both('options that do not load, or are not valid, make it reject with nothing sent', async (t, connect) => {
  const { a, b } = await connect()
  const wrong: [unknown, (string | number)[]][] = [
    [5, []],
    [null, []],
    [new Map(), []],
    [{ ...server, buffered: 'discard' }, ['buffered']],
    [{ ...server, reply: 5 }, ['reply']],
    [{ ...server, isServer: 'yes' }, ['isServer']],
    [{ isServer: true }, ['key']],
    [{ isServer: true, key }, ['cert']],
    [{ isServer: true, key: 'x', cert }, ['key']],
    [{ isServer: false, ca: 'x' }, ['ca']],
    [{ isServer: true, key, buffered: 'feed', reply: 'never said' }, ['cert']],
  ]
  for (const [options, path] of wrong) {
    await a.write('one\n')
    await until(() => b.bytesRead === a.bytesWritten && a.queued === 0)
    if ((options as { buffered?: string } | null)?.buffered !== 'feed') t.equal(await b.readLine(), 'one')
    const refused = rejection(b.startTls(options as never))
    const line = b.readLine()
    await a.write('two\n')
    const error = await refused
    t.ok(error instanceof InvalidOptionsError, String(path))
    t.same((error as InvalidOptionsError).issues[0]?.path, path)
    if ((options as { buffered?: string } | null)?.buffered === 'feed') t.equal(await line, 'one')
    else t.equal(await line, 'two')
    await b.write('still plain\n')
    t.equal(await a.readLine(), 'still plain')
  }
  t.equal(b.waiting, undefined)
})

both('an end that arrives while options fail to load is an end', async (t, connect) => {
  const { a, b } = await connect()
  const refused = rejection(b.startTls({ isServer: true, key }))
  const ended = a.end('last words\n')
  t.ok((await refused) instanceof InvalidOptionsError)
  await ended
  t.equal(await b.readLine(), 'last words')
  t.equal(await b.read(), null)
})

both('over TLS, or during an upgrade, a second startTls is a TypeError', async (t, connect) => {
  const { a, b } = await connect()
  const upgrading = upgraded({ a, b })
  t.ok((await rejection(a.startTls(client))) instanceof TypeError)
  await upgrading
  for (const side of [a, b]) t.ok((await rejection(side.startTls(client))) instanceof TypeError)
  await a.write('fine\n')
  t.equal(await b.readLine(), 'fine')
})

both('after an end, a close, an abort or a loss it rejects as a write does', async (t, connect) => {
  const one = await connect()
  void one.a.end()
  t.ok((await rejection(one.a.startTls(client))) instanceof ConnectionClosedError)
  one.a.abort()
  t.ok((await rejection(one.a.startTls(client))) instanceof ConnectionClosedError)
  await one.b.closed
  t.ok(await rejection(one.b.startTls({ ...server, isServer: true })))
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

// --- failing ----------------------------------------------------------------------------------------------------------

both('a failed handshake closes the connection, and pending calls reject with a loss', async (t, connect) => {
  const { a, b } = await connect()
  const upgrading = rejection(b.startTls({ ...server, isServer: true }))
  const [line, write] = [rejection(b.readLine()), rejection(b.write('secret\n').then(() => b.flush()))]
  await a.write('this is not TLS\r\n'.repeat(3))
  const error = await within(upgrading)
  t.ok(error instanceof HandshakeError)
  t.equal((error as HandshakeError).remote, b.remote)
  for (const each of [await line, await write, await rejection(b.read()), await rejection(b.write('x'))])
    t.ok(each instanceof ConnectionLostError)
  t.match(await b.closed, { by: 'lost', error })
  t.notMatch(await a.readToEnd('utf8').catch(() => ''), /secret/)
})

both('a handler that passes on a failed handshake has ended normally', async (t, connect) => {
  const { a, b } = await connect()
  const run = b.run(async (connection) => connection.startTls({ ...server, isServer: true }))
  await a.write('no TLS'.repeat(9))
  await run.catch((error) => t.ok(error instanceof HandshakeError))
  t.match(await b.closed, { by: 'lost', error: HandshakeError })
})

both('a certificate that does not verify fails the client', async (t, connect) => {
  const other = identityOf('DNS:other.test')
  for (const [theirs, mine, code] of [
    [server, { servername: 'localhost' }, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    [server, { ca: cert, servername: 'elsewhere.test' }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    [{ key: other.key, cert: other.cert }, { ca: other.cert }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ] as const) {
    const { a, b } = await connect()
    const there = b.startTls({ ...theirs, isServer: true }).catch(() => {})
    t.match(await rejection(a.startTls(mine)), { code: 'ERR_LINNET_HANDSHAKE', cause: { code } })
    t.match(await a.closed, { by: 'lost' })
    await there
    await b.closed.catch(() => {})
    b.abort()
  }
})

both('a peer that disconnects before, during or instead of the handshake fails it', async (t, connect) => {
  for (const leave of [(a: Connection) => a.end(), (a: Connection) => a.abort(), (a: Connection) => a.end(Buffer.from([22, 3, 1, 2, 0]))]) {
    const { a, b } = await connect()
    const failing = rejection(b.startTls({ ...server, isServer: true }))
    void leave(a)
    t.ok((await within(failing)) instanceof HandshakeError)
    t.match(await b.closed, { by: 'lost' })
  }
  const { a, b } = await connect()
  await a.end()
  await until(() => b.peerEnded)
  t.ok((await within(rejection(b.startTls({ ...server, isServer: true })))) instanceof HandshakeError)
})

t.test('a handshake that takes too long fails with a TimeoutError as its cause, and both sides are released', async (t) => {
  for (const side of ['server', 'client'] as const) {
    const [a, b] = pair({ client: { handshakeTimeout: 300 }, server: { handshakeTimeout: 300 } })
    const [late, silent] = side === 'server' ? [b, a] : [a, b]
    const failing = rejection(late.startTls(side === 'server' ? server : client))
    await turns()
    t.equal(await isPending(failing), true)
    const error = (await within(failing)) as HandshakeError
    t.match(error, { code: 'ERR_LINNET_HANDSHAKE', cause: { operation: 'startTls', kind: 'handshake', timeout: 300 } })
    t.ok(error.cause instanceof TimeoutError)
    t.match(await late.closed, { by: 'timeout', error })
    t.ok((await rejection(late.read())) instanceof ConnectionLostError)
    t.match(await within(silent.closed), { by: 'lost' })
  }
})

t.test('handshakeTimeout counts from the end of the flush', async (t) => {
  const clock = manualClock()
  const [a, b] = pair({ clock, highWaterMark: 10, server: { handshakeTimeout: 100, writeTimeout: 10_000 } })
  t.teardown(() => a.abort())
  void b.write(Buffer.alloc(100_000))
  const upgrading = b.startTls(server)
  await turns()
  await clock.advance(5000)
  t.equal(await isPending(upgrading), true)
  t.equal(b.waiting?.operation, 'startTls')
  await a.skip(100_000)
  await Promise.all([upgrading, a.startTls(client)])
})

both('an abort, a close or an end during the upgrade rejects it as it rejects a write', async (t, connect) => {
  const first = await connect()
  const reason = new Error('enough')
  const aborted = rejection(first.b.startTls({ ...server, isServer: true }))
  first.b.abort(reason)
  t.match(await within(aborted), { code: 'ERR_LINNET_CLOSED', cause: reason })
  const second = await connect()
  const cut = rejection(second.b.startTls({ ...server, isServer: true }))
  await turns()
  second.b.abort(reason)
  t.match(await within(cut), { code: 'ERR_LINNET_CLOSED', cause: reason })
  t.match(await within(second.b.closed), { by: 'aborted' })
  const third = await connect()
  const upgrading = upgraded(third)
  const closing = third.b.close()
  await upgrading
  t.equal(await third.a.read(), null)
  await third.a.close()
  await within(closing)
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

both('an abort while options load, or in the turn of the last step, ends it in order', async (t, connect) => {
  const first = await connect()
  const refused = rejection(first.b.startTls({ isServer: true, key }))
  first.b.abort()
  t.ok((await refused) instanceof InvalidOptionsError)
  const good = rejection((await connect()).b.startTls({ ...server, isServer: true }))
  t.ok(await isPending(good))
  const late = await connect()
  const there = late.b.startTls({ ...server, isServer: true }).catch(() => {})
  const checkServerIdentity = (): undefined => void process.nextTick(() => late.a.abort(new Error('too late')))
  t.match(await within(rejection(late.a.startTls({ ...client, checkServerIdentity }))), {
    code: 'ERR_LINNET_CLOSED',
    cause: { message: 'too late' },
  })
  await there
  late.b.abort()
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
