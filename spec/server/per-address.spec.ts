// `maxConnectionsPerAddress`: how many connections of one real remote IP address are accepted and have not ended.

import t from 'tap'
import { until, within } from '../support/wait.js'
import type { Service } from './support.js'
import { client, cut, gate, open } from './support.js'

const from = (localAddress: string): { localAddress: string } => ({ localAddress })

t.test('a connection beyond the limit of its address is dropped, and other addresses are not affected', async (t) => {
  const { server, books } = await open(t, 'tcp', { maxConnectionsPerAddress: 2 })
  for (const address of ['127.0.0.1', '127.0.0.1', '127.0.0.2']) {
    await client(t, server, {}, from(address))
    t.ok(await within(server.accept()))
  }
  await cut(t, 'tcp', client(t, server, {}, from('127.0.0.1')))
  await client(t, server, {}, from('127.0.0.2'))
  t.ok(await within(server.accept()))
  t.match(books.drops, [{ reason: 'maxConnectionsPerAddress', remote: { address: '127.0.0.1' } }])
  t.match(server.stats(), { accepted: 5, active: 4, dropped: 1 })
  t.strictSame(books.mistakes, [])
})

t.test('connections that wait for a loop or for admit count', async (t) => {
  const { opened, open: answer } = gate<boolean>()
  let asked = 0
  const admit: Service['admit'] = ({ remote }) => {
    asked++
    return remote.address === '127.0.0.2' ? opened : true
  }
  const { server, books } = await open(t, 'tcp', { maxConnectionsPerAddress: 1, admit })
  await client(t, server, {}, from('127.0.0.1'))
  await client(t, server, {}, from('127.0.0.2'))
  await until(() => asked === 2)
  await cut(t, 'tcp', client(t, server, {}, from('127.0.0.1')))
  await cut(t, 'tcp', client(t, server, {}, from('127.0.0.2')))
  t.strictSame(books.reasons, ['maxConnectionsPerAddress', 'maxConnectionsPerAddress'])
  t.equal(asked, 2)
  answer(false)
  await until(() => books.drops.length === 3)
  await cut(t, 'tcp', client(t, server, {}, from('127.0.0.2')))
  t.equal(asked, 3, 'a refused connection does not count any more')
})

t.test('a connection counts until it has ended, and no longer', async (t) => {
  const { server, books } = await open(t, 'tcp', { maxConnectionsPerAddress: 1 })
  for (let n = 0; n < 20; n++) {
    const one = await client(t, server)
    const connection = await within(server.accept())
    await cut(t, 'tcp', client(t, server))
    if (n % 3 === 0) {
      connection?.abort()
    } else if (n % 3 === 1) {
      one.abort()
    } else {
      await one.end()
      await connection?.close()
    }
    await within(connection!.closed)
  }
  t.equal(books.drops.length, 20)
  t.equal(server.stats().active, 0)
})

t.test('a raised limit applies to the next connection, and a lowered one closes none', async (t) => {
  const { server } = await open(t, 'tcp', { maxConnectionsPerAddress: 1 })
  const first = await client(t, server)
  const connection = await within(server.accept())
  await cut(t, 'tcp', client(t, server))
  server.setLimits({ maxConnectionsPerAddress: 3 })
  for (let n = 0; n < 2; n++) {
    await client(t, server)
    t.ok(await within(server.accept()))
  }
  server.setLimits({ maxConnectionsPerAddress: 1 })
  t.equal(server.stats().active, 3)
  await first.write('still here\n')
  t.equal(await connection?.readLine(), 'still here')
  await cut(t, 'tcp', client(t, server))
})

t.test('an IPv4 client counts as IPv4 on a dual-stack endpoint and on an IPv4 one', async (t) => {
  const { server, books } = await open(t, 'tcp', { maxConnectionsPerAddress: 1, port: 0 } as Service)
  await server.add({ port: 0, host: '127.0.0.1' })
  const ports = server.addresses.map(({ port }) => port)
  await client(t, server, {}, { port: ports[0]!, host: '127.0.0.1' })
  t.equal((await within(server.accept()))?.remote.address, '127.0.0.1')
  await cut(t, 'tcp', client(t, server, {}, { port: ports[1]!, host: '127.0.0.1' }))
  t.match(books.drops, [{ reason: 'maxConnectionsPerAddress', remote: { address: '127.0.0.1', family: 'IPv4' } }])
})

t.test('a connection that was dropped before it was yielded does not count', async (t) => {
  const { server, books, connect } = await open(t, 'tcp', { maxConnectionsPerAddress: 1, maxPending: 0 })
  await cut(t, 'tcp', connect())
  await cut(t, 'tcp', connect())
  t.strictSame(books.reasons, ['maxPending', 'maxPending'])
  const accepting = server.accept()
  await connect()
  t.ok(await within(accepting))
})
