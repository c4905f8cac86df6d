// Silent clients that take all places do not keep others out: the connection that has been in admission longest is dropped
// for a new one.

import { BlockList } from 'node:net'
import t from 'tap'
import type { Connection } from '../../lib/index.js'
import { type Link, PendingList } from '../../lib/server/pending-list.js'
import { identityOf } from '../support/certificates.js'
import { turns, until, within } from '../support/wait.js'
import { client, cut, open, overEach, talk } from './support.js'

const line = 'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n'
const { key, cert } = identityOf()

overEach(t, 'when clients in their header take all places, a new client replaces the oldest of them', async (t, open, way) => {
  const { server, books, connect } = await open({ proxyProtocol: true, maxConnections: 2, maxPending: 1 })
  const silent: Connection[] = []
  for (let n = 0; n < 3; n++) silent.push(await connect())
  await until(() => server.stats().pending === 3)
  const honest = await connect()
  await honest.write(`${line}hello\n`)
  const connection = await within(server.accept())
  t.equal(await connection?.readLine(), 'hello')
  t.strictSame(books.reasons, ['maxPending'])
  await cut(t, way, silent[0]!)
  t.match(server.stats(), { accepted: 4, dropped: 1, pending: 2, active: 1 })
  await silent[1]!.write(line)
  t.ok(await within(server.accept()), 'the others were left alone')
})

for (const [name, options] of Object.entries({
  'a TLS handshake': { tls: { key, cert } },
  'a first byte': { tls: { key, cert, optional: true } },
  'an answer of admit': {
    admit: ({ remote }: { remote: { address: string } }) => (remote.address === '127.0.0.1' ? new Promise<boolean>(() => {}) : true),
  },
})) {
  t.test(`a new client replaces the oldest of those that wait for ${name}`, async (t) => {
    const { server, books } = await open(t, 'tcp', { ...options, maxConnections: 1, maxPending: 1 })
    const silent = [await client(t, server), await client(t, server)] as const
    await until(() => server.stats().pending === 2)
    await client(t, server, {}, { localAddress: '127.0.0.2' })
    await until(() => books.reasons.length === 1)
    t.strictSame(books.reasons, ['maxPending'])
    await cut(t, 'tcp', silent[0])
    t.match(server.stats(), { dropped: 1 })
    t.strictSame(books.mistakes, [])
  })
}

t.test('without a connection in admission the new client is dropped', async (t) => {
  const { server, books } = await open(t, 'tcp', { maxConnections: 1, maxPending: 1 })
  void server.accept()
  const served = await client(t, server)
  await client(t, server)
  await until(() => server.stats().active === 1 && server.stats().pending === 1)
  await cut(t, 'tcp', client(t, server))
  t.strictSame(books.reasons, ['maxPending'])
  void [...server.connections][0]?.run(async (connection) => connection.write(`${await connection.readLine()}\n`))
  await talk(served)
})

t.test('a client that is blocked, or beyond the limit of its address, replaces no other', async (t) => {
  const blockList = new BlockList()
  blockList.addAddress('127.0.0.9')
  const { server, books } = await open(t, 'tcp', {
    tls: { key, cert },
    blockList,
    maxConnections: 1,
    maxPending: 1,
    maxConnectionsPerAddress: 1,
  })
  const first = await client(t, server, {}, { localAddress: '127.0.0.1' })
  await client(t, server, {}, { localAddress: '127.0.0.2' })
  await until(() => server.stats().pending === 2)
  const dropped = first.closed
  await cut(t, 'tcp', client(t, server, {}, { localAddress: '127.0.0.9' }))
  await cut(t, 'tcp', client(t, server, {}, { localAddress: '127.0.0.1' }))
  t.match(books.drops, [{ remote: { address: '127.0.0.9' } }, { remote: { address: '127.0.0.1' } }])
  t.match(server.stats(), { pending: 2, dropped: 2 })
  await client(t, server, {}, { localAddress: '127.0.0.3' })
  await within(dropped)
  t.match(books.drops.at(-1), { reason: 'maxPending', remote: { address: '127.0.0.1' } })
})

t.test('a server that a drop listener closes drops the new client as well', async (t) => {
  const { server, books } = await open(t, 'tcp', { tls: { key, cert }, maxConnections: 1, maxPending: 0 })
  await client(t, server)
  await until(() => server.stats().pending === 1)
  server.once('drop', () => void server.close({ grace: 0 }))
  await cut(t, 'tcp', client(t, server))
  await within(server.closed)
  await turns()
  t.strictSame(books.reasons, ['maxPending', 'draining'])
  t.strictSame(books.mistakes, [])
})

t.test('the pending list has its oldest entry first, whichever entries were deleted', async (t) => {
  const all = new PendingList<Link & { n: number }>()
  const made = Array.from({ length: 5 }, (_, n) => ({ n, older: undefined, newer: undefined }))
  const order = (): number[] => {
    const found: number[] = []
    for (let one = all.oldest; one !== undefined; one = one.newer as (typeof made)[0] | undefined) found.push(one.n)
    return found
  }
  for (const one of made) all.add(one)
  all.add(made[2]!)
  t.strictSame([order(), all.size], [[0, 1, 2, 3, 4], 5])
  for (const n of [2, 0, 4, 4]) all.delete(made[n]!)
  t.strictSame([order(), all.size], [[1, 3], 2])
  t.strictSame(
    made.map((one) => all.has(one)),
    [false, true, false, true, false],
  )
  all.add(made[0]!)
  t.strictSame(order(), [1, 3, 0])
  for (const n of [1, 3, 0]) all.delete(made[n]!)
  t.strictSame([order(), all.size, all.oldest], [[], 0, undefined])
  all.add(made[3]!)
  t.equal(all.oldest, made[3])
})
