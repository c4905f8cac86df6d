// The limits of admission apply to the real client, once its header is complete. A connection in its header takes no place
// and delays no other. One deadline covers all steps.

import { BlockList } from 'node:net'
import t from 'tap'
import type { Candidate, Connection } from '../../lib/index.js'
import { manualClock } from '../../lib/testing/index.js'
import { line4, line6, unix } from '../proxy-protocol/support.js'
import { turns, until, within } from '../support/wait.js'
import { countingClock, cut, echo, gate, inMemory, overEach } from './support.js'

const proxyProtocol = true
const from = (address: string): string => `PROXY TCP4 ${address} 198.51.100.7 40000 443\r\n`

overEach(t, 'the block list applies to the real client, and not to the proxy', async (t, open, way) => {
  const blockList = new BlockList()
  blockList.addSubnet('192.0.2.0', 24)
  blockList.addSubnet('127.0.0.0', 8)
  const { server, books, connect } = await open({ proxyProtocol, blockList })
  const blocked = await connect()
  await blocked.write(line4)
  await cut(t, way, blocked)
  t.match(books.drops, [{ reason: 'blockList', remote: { address: '192.0.2.33', port: 40_000 } }])
  const client = await connect()
  await client.write(line6)
  t.equal(String((await within(server.accept()))?.remote), '[2001:db8::1]:40000')
})

overEach(t, 'maxConnectionsPerAddress counts real clients, and dropped ones no longer', async (t, open, way) => {
  const { server, books, connect } = await open({ proxyProtocol, maxConnectionsPerAddress: 1 })
  void server.serve(echo)
  const come = async (header: string | Buffer): Promise<void> => {
    const client = await connect()
    const { active, dropped } = server.stats()
    await client.write(header)
    await until(() => server.stats().active > active || server.stats().dropped > dropped)
    if (server.stats().dropped > dropped) await cut(t, way, client)
  }
  await come(from('192.0.2.1'))
  await come(from('192.0.2.2'))
  await come(from('192.0.2.1'))
  t.match(books.drops, [{ reason: 'maxConnectionsPerAddress', remote: { address: '192.0.2.1' } }])
  for (const connection of server.connections) if (connection.remote.address === '192.0.2.1') connection.abort()
  await come(from('192.0.2.1'))
  t.equal(books.drops.length, 1)
  for (let n = 0; n < 3; n++) await come(unix)
  t.equal(books.drops.length, 1, 'a Unix client has no address')
})

overEach(t, 'admit is called once the header is complete, with its contents', async (t, open) => {
  const asked: Candidate[] = []
  const { server, connect } = await open({ proxyProtocol, admit: (candidate) => asked.push(candidate) > 0 })
  const client = await connect()
  await client.write(line4.slice(0, 20))
  await turns()
  t.equal(asked.length, 0)
  await client.write(line4.slice(20))
  const connection = await within(server.accept())
  t.strictSame(Object.keys(asked[0]!).sort(), ['local', 'proxy', 'remote'])
  t.equal(asked[0]?.remote, connection?.remote)
  t.equal(asked[0]?.local, connection?.local)
  t.equal(asked[0]?.proxy, connection?.proxy)
})

overEach(t, 'a connection in its header is pending and counts in the total, takes no place and delays no other', async (t, open, way) => {
  const { server, books, connect } = await open({ proxyProtocol, maxConnections: 1, maxPending: 2 })
  const slow = [await connect(), await connect()]
  await until(() => server.stats().pending === 2)
  const quick = await connect()
  await quick.write(`${line4}quick\n`)
  const connection = (await within(server.accept())) as Connection
  t.equal(await connection.readLine(), 'quick')
  t.match(server.stats(), { active: 1, pending: 2 })
  await connect()
  await until(() => books.drops.length === 1)
  t.strictSame(books.reasons, ['maxPending'])
  await cut(t, way, slow[0]!)
  // In the order in which their headers were complete, not in order of arrival.
  connection.abort()
  await slow[1]!.write(from('192.0.2.2'))
  t.equal((await within(server.accept()))?.remote.address, '192.0.2.2')
})

overEach(t, 'a connection that finds the queue full after its header is dropped, with its real address', async (t, open, way) => {
  const { books, server, connect } = await open({ proxyProtocol, maxConnections: 2, maxPending: 1 })
  const clients = [await connect(), await connect()]
  await until(() => server.stats().pending === 2)
  await clients[0]!.write(line4)
  await turns()
  await clients[1]!.write(from('192.0.2.2'))
  await until(() => books.drops.length === 1)
  t.match(books.drops, [{ reason: 'maxPending', remote: { address: '192.0.2.2' } }])
  await cut(t, way, clients[1]!)
})

// --- time --------------------------------------------------------------------------------------------------------------

t.test('a header that is incomplete after handshakeTimeout is a HandshakeError, to the millisecond', async (t) => {
  const clock = manualClock()
  const { server, books, connect } = inMemory(t, { clock, handshakeTimeout: 1000, proxyProtocol })
  const silent = await connect()
  await clock.advance(500)
  const slow = await connect()
  await slow.write('PROXY TCP4 ')
  await clock.advance(499)
  t.equal(server.stats().pending, 2)
  await clock.advance(1)
  t.match(books.handshakeErrors, [
    {
      error: {
        code: 'ERR_LINNET_HANDSHAKE',
        cause: { code: 'ERR_LINNET_TIMEOUT', operation: 'handshake', timeout: 1000, kind: 'handshake' },
      },
    },
  ])
  await cut(t, 'memory', silent)
  t.equal(server.stats().pending, 1)
  // Single bytes do not extend the limit.
  await slow.write('1')
  await clock.advance(499)
  await slow.write('.')
  await clock.advance(1)
  await cut(t, 'memory', slow)
  t.match(server.stats(), { accepted: 2, handshakeErrors: 2, pending: 0, dropped: 0 })
  t.strictSame(books.mistakes, [])
})

t.test('header and admit share handshakeTimeout, and a connection that exceeds it in admit is dropped', async (t) => {
  const clock = manualClock()
  const { opened, open } = gate<boolean>()
  const { server, books, connect } = inMemory(t, { clock, handshakeTimeout: 1000, proxyProtocol, admit: () => opened })
  const client = await connect()
  await clock.advance(600)
  await client.write(line4)
  await clock.advance(399)
  t.equal(server.stats().pending, 1)
  await clock.advance(1)
  t.match(books.drops, [{ reason: 'admit', remote: { address: '192.0.2.33' } }])
  await cut(t, 'memory', client)
  open(true)
  await turns()
  t.match(server.stats(), { accepted: 1, dropped: 1, pending: 0, handshakeErrors: 0 })
  t.strictSame(books.mistakes, [])
})

t.test('no timer is left after admission, and with handshakeTimeout: Infinity there is no limit', async (t) => {
  const counting = countingClock()
  const { server, connect } = inMemory(t, { clock: counting, handshakeTimeout: 1000, proxyProtocol, admit: async () => true })
  const [good, wrong, gone] = [await connect(), await connect(), await connect()]
  t.equal(counting.running, 3, 'one for each')
  await good.write(line4)
  await wrong.write('wrong')
  gone.abort()
  t.ok(await within(server.accept()))
  await until(() => server.stats().handshakeErrors === 2)
  t.equal(counting.running, 0)
  const clock = manualClock()
  const patient = inMemory(t, { clock, handshakeTimeout: Number.POSITIVE_INFINITY, proxyProtocol })
  await patient.connect()
  await clock.advance(2 ** 40)
  t.equal(patient.server.stats().pending, 1)
})

// --- the end -----------------------------------------------------------------------------------------------------------

overEach(t, 'a close, and leaving a loop, drop connections in their header', async (t, open, way) => {
  for (const leave of [false, true]) {
    const { server, books, connect } = await open({ proxyProtocol, admit: () => new Promise<boolean>(() => {}) })
    const clients = [await connect(), await connect(), await connect()]
    await until(() => server.stats().pending === 3)
    await clients[1]!.write('PROXY ')
    await clients[2]!.write(line4)
    await turns()
    if (leave) await server[Symbol.asyncIterator]().return?.()
    else void server.close()
    t.strictSame(books.reasons, ['draining', 'draining', 'draining'])
    // In the order in which their steps began.
    t.equal(books.drops.filter(({ remote }) => remote.address === '192.0.2.33').length, 1, 'the real client, where it is known')
    t.match(server.stats(), { pending: 0, accepted: 3, dropped: 3, handshakeErrors: 0 })
    for (const client of clients) await cut(t, way, client)
    await within(server.closed)
    await turns()
    t.strictSame(books.mistakes, [])
    t.equal(books.handshakeErrors.length, 0)
  }
})

overEach(t, 'a connection whose header is completed as the server closes is dropped', async (t, open) => {
  const { server, books, connect } = await open({ proxyProtocol })
  const client = await connect()
  await client.write(line4.slice(0, -1))
  await until(() => server.stats().pending === 1)
  void client.write('\n').catch(() => {})
  void server.close()
  await within(server.closed)
  t.strictSame(books.reasons, ['draining'])
  t.equal(books.count('connection'), 0)
})
