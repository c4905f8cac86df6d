// Peers that read slowly without ever stopping. The kernel wakes a writer in steps of a third of its send buffer. For these peers a
// step takes longer than any limit here, and only the kernel's send queue shows that they read.

import t, { type Test } from 'tap'
import { type CloseInfo, type Connection, connect, type ListenOptions, listen, pipe } from '../../lib/index.js'
import { identityOf } from '../support/certificates.js'
import { skip, slowPeer } from '../support/slow-peer.js'
import { rejection, within } from '../support/wait.js'

const LIMIT = 1200
const SLOW = 4
// More than any send buffer holds by default.
const answer = Buffer.alloc(5_000_000, 'x')
const KiB = 1024

async function serving(
  t: Test,
  options: ListenOptions,
  handler: (connection: Connection) => unknown,
): Promise<{ port: number; info: Promise<CloseInfo> }> {
  const server = await listen({ port: 0, host: '127.0.0.1', writeTimeout: LIMIT, closeTimeout: LIMIT, ...options })
  t.teardown(() => server.close({ grace: 0 }))
  const info = new Promise<CloseInfo>((resolve) => server.once('disconnect', (_, info) => resolve(info)))
  void server.serve(handler)
  return { port: server.port, info }
}

const { key, cert } = identityOf()
const hosts = ['127.0.0.1', '::'] as const

t.jobs = 4

for (const tls of [false, true]) {
  for (const rate of [4, 16, 64, 256]) {
    t.test(`a reader of ${rate} KiB a second gets the whole answer${tls ? ' over TLS' : ''}`, { skip, buffered: true }, async (t) => {
      // Also over a socket of both families, which is in another table of the kernel.
      const host = hosts[rate % 16 === 0 ? 0 : 1]
      const { port, info } = await serving(t, { host, ...(tls && { tls: { key, cert } }) }, (connection) => void connection.write(answer))
      const peer = await within(slowPeer(t, { port, rate: rate * KiB, seconds: SLOW, tls }), 'its end', 40_000)
      t.same(peer, { how: 'end', got: answer.length })
      t.match(await within(info), { by: 'local', bytesWritten: answer.length })
    })
  }
}

t.test('neither writeTimeout nor the flush before startTls cuts a slow reader', { skip, buffered: true }, async (t) => {
  let upgrade: Promise<unknown> | undefined
  const { port, info } = await serving(t, { closeTimeout: 60_000 }, async (connection) => {
    await connection.write(answer)
    upgrade = rejection(connection.startTls({ key, cert, reply: 'now' }))
    await upgrade
  })
  const peer = await within(slowPeer(t, { port, rate: 16 * KiB, seconds: SLOW, stop: 0, quits: answer.length + 3 }), 'its end', 40_000)
  t.equal(peer.got, answer.length + 3)
  t.match(await within(info), { error: { code: 'ERR_LINNET_HANDSHAKE' } }, 'the handshake fails because the peer leaves')
})

t.test('the idle limit of a pipe does not cut a slow reader', { skip, buffered: true }, async (t) => {
  const origin = await serving(
    t,
    { writeTimeout: Number.POSITIVE_INFINITY, closeTimeout: Number.POSITIVE_INFINITY },
    (connection) => void connection.write(answer),
  )
  let piping: Promise<unknown> | undefined
  const { port } = await serving(t, { writeTimeout: Number.POSITIVE_INFINITY }, async (connection) => {
    const upstream = await connect({ port: origin.port, host: '127.0.0.1' })
    piping = pipe(connection, upstream, { idleTimeout: LIMIT, halfCloseTimeout: LIMIT }).catch((error) => error)
    await piping
  })
  const peer = await within(slowPeer(t, { port, rate: 16 * KiB, seconds: SLOW }), 'its end', 40_000)
  t.same(peer, { how: 'end', got: answer.length })
  t.match(await within(piping!), { bToA: answer.length, aToB: 0 })
})

for (const tls of [false, true]) {
  t.test(`a reader that stops reading is cut${tls ? ' over TLS' : ''}`, { skip, buffered: true }, async (t) => {
    const { port, info } = await serving(t, { ...(tls && { tls: { key, cert } }) }, (connection) => void connection.write(answer))
    const peer = slowPeer(t, { port, rate: 64 * KiB, seconds: 1, stop: 15, tls })
    const { by, duration } = await within(info, 'the cut', 14_000)
    t.equal(by, 'timeout')
    t.ok(duration > LIMIT)
    void peer
  })
}
