// The order of the admission checks: the total, the block list, the connections of the address, `admit`, room, loop. A
// connection that fails a check is dropped for that reason, and the later checks are not made.

import { BlockList } from 'node:net'
import t from 'tap'
import { tcpAddress } from '../../lib/address.js'
import type { DropReason } from '../../lib/index.js'
import { resolveListenOptions } from '../../lib/options/listen.js'
import { ServerCore } from '../../lib/server/core.js'
import { Server } from '../../lib/server/server.js'
import type { Carrier } from '../../lib/transport/carrier.js'
import { systemClock } from '../../lib/transport/clock.js'
import { memoryPair } from '../../lib/transport/memory/carrier.js'
import { turns, until, within } from '../support/wait.js'
import { Books, client, cut, inMemory, open, overEach, type Service } from './support.js'

overEach(t, 'a dropped connection is reported, counted and reset, and never yielded', async (t, open, way) => {
  const { server, books, connect } = await open({ maxPending: 1, maxConnections: 1 })
  const first = await connect()
  await until(() => server.stats().pending === 1)
  await cut(t, way, connect())
  t.strictSame(books.reasons, ['maxPending'])
  t.match(server.stats(), { active: 0, pending: 1, accepted: 2, dropped: 1, handshakeErrors: 0 })
  const connection = await within(server.accept())
  t.ok(connection)
  await first.write('mine\n')
  t.equal(await connection?.readLine(), 'mine', 'the first one is untouched')
  t.strictSame(books.told, ['drop', 'connection'])
})

t.test('drop has the remote address of the client', async (t) => {
  const { server, books } = await open(t, 'tcp', { maxPending: 0 })
  await cut(t, 'tcp', client(t, server))
  await until(() => books.drops.length === 1)
  const [{ remote, reason }] = books.drops as [(typeof books.drops)[0]]
  t.equal(reason, 'maxPending')
  t.match(remote, { address: '127.0.0.1', family: 'IPv4' })
  t.equal(String(remote), `127.0.0.1:${remote.port}`)
  t.ok(remote.port > 0)
})

t.test('a connection that arrives after the server has stopped listening is dropped as draining', async (t) => {
  const core = new ServerCore(resolveListenOptions({}), systemClock)
  const books = new Books(new Server(core))
  const none = Number.POSITIVE_INFINITY
  const way = {
    maxChunk: none,
    latency: 0,
    highWaterMark: none,
    faults: { resetAfter: none, stallAfter: none, endAfter: none },
    clock: systemClock,
  }
  core.stop()
  core.accepted(memoryPair(way)[0])
  t.strictSame(books.reasons, ['draining'])
  t.strictSame(books.mistakes, [])
})

t.test('the block list is checked before admit is called', async (t) => {
  const blockList = new BlockList()
  let asked = 0
  const { server, books } = await open(t, 'tcp', {
    blockList,
    maxConnections: 1,
    maxPending: 1,
    maxConnectionsPerAddress: 1,
    admit: () => {
      asked++
      return false
    },
  })
  const knock = async (): Promise<DropReason | undefined> => {
    const before = books.drops.length
    await cut(t, 'tcp', client(t, server))
    await until(() => books.drops.length === before + 1)
    return books.drops.at(-1)?.reason
  }
  t.equal(await knock(), 'admit')
  t.equal(asked, 1)
  // A connection that waits for admit takes the one place that the address has.
  server.setLimits({ maxConnectionsPerAddress: 1 })
  blockList.addAddress('127.0.0.1')
  t.equal(await knock(), 'blockList', 'the block list comes before admit')
  t.equal(asked, 1, 'admit is not called for a blocked client')
  t.strictSame(books.mistakes, [])
})

t.test('the total is checked first, then the block list, then the address, then admit', async (t) => {
  const blockList = new BlockList()
  const answers: ((answer: boolean) => void)[] = []
  const { server, books } = await open(t, 'tcp', {
    blockList,
    maxConnections: 1,
    maxPending: 1,
    maxConnectionsPerAddress: 1,
    admit: () => new Promise<boolean>((resolve) => answers.push(resolve)),
  })
  const knock = async (from: string): Promise<DropReason | undefined> => {
    const before = books.drops.length
    await cut(t, 'tcp', client(t, server, {}, { localAddress: from }))
    await until(() => books.drops.length === before + 1)
    return books.drops.at(-1)?.reason
  }
  await client(t, server, {}, { localAddress: '127.0.0.2' })
  await until(() => answers.length === 1)
  t.equal(await knock('127.0.0.2'), 'maxConnectionsPerAddress', 'the address comes before admit')
  blockList.addAddress('127.0.0.2')
  t.equal(await knock('127.0.0.2'), 'blockList', 'and after the block list')
  await client(t, server, {}, { localAddress: '127.0.0.3' })
  await until(() => answers.length === 2)
  t.equal(await knock('127.0.0.2'), 'maxPending', 'the total comes before everything')
  for (const answer of answers) answer(true)
  await turns()
  t.strictSame([server.stats().pending, server.stats().dropped], [1, 4], 'and the queue behind everything')
  t.equal(books.reasons.at(-1), 'maxPending')
  t.equal(answers.length, 2)
  t.strictSame(books.mistakes, [])
})

t.test('an entry that is added to the block list of a running server applies, also if it is a network', async (t) => {
  const blockList = new BlockList()
  const { server, books } = await open(t, 'tcp', { blockList })
  await client(t, server, {}, { localAddress: '127.0.0.1' })
  t.ok(await within(server.accept()))
  blockList.addSubnet('127.0.0.0', 30)
  await cut(t, 'tcp', client(t, server, {}, { localAddress: '127.0.0.3' }))
  await client(t, server, {}, { localAddress: '127.0.0.4' })
  t.ok(await within(server.accept()))
  t.strictSame(books.reasons, ['blockList'])
  t.match(books.drops, [{ remote: { address: '127.0.0.3' } }])
})

t.test('an IPv4 client of a dual-stack server is blocked by its IPv4 address', async (t) => {
  const blockList = new BlockList()
  blockList.addAddress('127.0.0.1')
  const { server, books } = await open(t, 'tcp', { blockList, port: 0 } as Service)
  await cut(t, 'tcp', client(t, server))
  t.match(books.drops, [{ reason: 'blockList', remote: { address: '127.0.0.1', family: 'IPv4' } }])
})

t.test('an IPv6 client is blocked by its IPv6 address', async (t) => {
  const blockList = new BlockList()
  blockList.addAddress('::1', 'ipv6')
  const { server, books } = await open(t, 'tcp', { blockList, host: '::1', port: 0 } as Service)
  await cut(t, 'tcp', client(t, server, {}, { host: '::1' }))
  t.match(books.drops, [{ reason: 'blockList', remote: { address: '::1', family: 'IPv6' } }])
})

t.test('a link-local client is blocked by its address, whatever its zone', async (t) => {
  const blockList = new BlockList()
  blockList.addSubnet('fe80::', 10, 'ipv6')
  const core = new ServerCore(resolveListenOptions({ blockList }), systemClock)
  const books = new Books(new Server(core))
  let reset = 0
  const visitor = (text: string): Carrier => ({
    ...({} as Carrier),
    remote: tcpAddress(text, 5),
    local: tcpAddress('::1', 80),
    reset: () => void reset++,
  })
  core.accepted(visitor('fe80::1%lo'))
  core.accepted(visitor('2001:db8::1'))
  t.strictSame(books.reasons, ['blockList'])
  t.equal(reset, 1)
  t.equal(core.stats.pending, 1)
  core.stop()
  t.equal(reset, 2)
})

t.test('clients on a Unix socket or in memory are neither blocked nor counted by address', async (t) => {
  const blockList = new BlockList()
  blockList.addSubnet('0.0.0.0', 0)
  blockList.addSubnet('::', 0, 'ipv6')
  for (const { server, connect } of [
    await open(t, 'unix', { blockList, maxConnectionsPerAddress: 1 }),
    inMemory(t, { blockList, maxConnectionsPerAddress: 1 }),
  ]) {
    for (let n = 0; n < 3; n++) await connect()
    for (let n = 0; n < 3; n++) t.ok(await within(server.accept()))
    t.equal(server.stats().dropped, 0)
  }
})
