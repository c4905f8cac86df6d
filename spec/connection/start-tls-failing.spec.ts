// How an upgrade fails, and how it ends with the connection.

import t from 'tap'
import { type Connection, ConnectionLostError, HandshakeError, InvalidOptionsError, TimeoutError } from '../../lib/index.js'
import { manualClock, pair } from '../../lib/testing/index.js'
import { identityOf } from '../support/certificates.js'
import { isPending, rejection, turns, until, within } from '../support/wait.js'
import { both, cert, client, key, server, upgraded } from './start-tls-support.js'

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
