// The counters: at every moment `accepted` is the sum of the active, pending, dropped, failed and ended connections, and
// bytes are payload, those of ended connections included.

import t from 'tap'
import type { Connection } from '../../lib/index.js'
import { pattern, turns, until, within } from '../support/wait.js'
import { echo, ending, overEach } from './support.js'

overEach(t, 'accepted is the sum of the other counters at every event, under many clients of every kind', async (t, open) => {
  let n = 0
  const { server, books, connect } = await open({
    maxConnections: 5,
    maxPending: 5,
    closeTimeout: 1000,
    admit: () => {
      books.check('in admit')
      const turn = n++ % 5
      if (turn === 3) throw new Error('no idea')
      return turn === 0 ? new Promise((resolve) => setImmediate(resolve, n % 2 === 0)) : true
    },
  })
  for (const event of ['connection', 'drop', 'disconnect'] as const) {
    server.on(event, () => {
      books.check(`in a second listener of ${event}`)
      if (n % 7 === 0) server.setLimits({ maxConnections: 4 + (n % 3), maxPending: 4 + (n % 2) })
    })
  }
  const served = server.serve(async (connection) => {
    const line = await connection.readLine()
    if (line === 'bug') throw new Error('a bug')
    if (line === 'abort') connection.abort()
    await connection.write('bye\n')
  })
  const visit = async (word: string): Promise<void> => {
    const client = await connect()
    if (word === 'gone') return client.abort()
    await client.write(`${word}\n`)
    await ending(client)
  }
  const words = ['hello', 'bug', 'abort', 'gone', 'hello', 'hello']
  for (let round = 0; round < 8; round++) {
    const visits = Array.from({ length: 20 }, (_, index) => visit(words[(index + round) % words.length]!).catch(() => {}))
    await within(Promise.all(visits))
    await turns()
  }
  await until(() => server.stats().pending + server.stats().active === 0)
  t.ok(books.count('drop') > 0 && books.over > 0, 'there was something to count')
  t.equal(books.count('connection'), books.over)
  await server.close()
  await within(served)
})

overEach(t, 'accepted is the sum of the other counters at every event of a close with many pending connections', async (t, open) => {
  const { server, books, connect } = await open({ maxConnections: 2 })
  const clients = await Promise.all(Array.from({ length: 10 }, () => connect()))
  await until(() => server.stats().pending === 10)
  const first = await server.accept()
  const seen: number[] = []
  server.on('drop', () => seen.push(server.stats().pending))
  const closing = server.close({ grace: 0 })
  t.strictSame(seen, [8, 7, 6, 5, 4, 3, 2, 1, 0])
  t.equal(first?.ended, true)
  await within(closing)
  t.match(server.stats(), { accepted: 10, dropped: 9, active: 0, pending: 0 })
  t.equal(books.over, 1)
  for (const one of clients) one.abort()
})

overEach(t, 'bytes are counted while a connection is open, and stay counted after its end', async (t, open) => {
  const { server, connect } = await open()
  void server.serve(echo)
  const client = await connect()
  await client.write('1234567\n')
  await client.readLine()
  t.match(server.stats(), { bytesRead: 8, bytesWritten: 8 })
  await client.close()
  await until(() => server.stats().active === 0)
  t.match(server.stats(), { bytesRead: 8, bytesWritten: 8 })
  const other = await connect()
  await other.write('12\n')
  await other.readLine()
  t.match(server.stats(), { bytesRead: 11, bytesWritten: 11 })
})

overEach(t, 'the bytes of many concurrent connections add up', async (t, open) => {
  const { server, connect } = await open()
  const sent = pattern(300_000)
  const served = server.serve(async (connection) => {
    const got = await connection.readToEnd()
    await connection.write(got.subarray(0, 1000))
  })
  const clients = await Promise.all(Array.from({ length: 8 }, () => connect()))
  await within(
    Promise.all(
      clients.map(async (client) => {
        await client.end(sent)
        await client.readToEnd()
        await client.close()
      }),
    ),
  )
  await until(() => server.stats().active === 0)
  t.match(server.stats(), { bytesRead: 8 * 300_000, bytesWritten: 8 * 1000, accepted: 8 })
  await server.close()
  await served
})

overEach(t, 'stats is a snapshot, connections is live, and both can be read after the close', async (t, open) => {
  const { server, connect } = await open()
  const before = server.stats()
  const live = server.connections
  const accepting = server.accept()
  const client = await connect()
  const connection = (await within(accepting)) as Connection
  t.match(before, { active: 0, accepted: 0, pending: 0, dropped: 0, handshakeErrors: 0, handlerErrors: 0, bytesRead: 0, bytesWritten: 0 })
  t.equal(live, server.connections)
  t.strictSame([...live], [connection])
  t.equal(connection.server, server)
  connection.abort()
  t.strictSame([...live], [])
  client.abort()
  await server.close()
  t.match(server.stats(), { active: 0, accepted: 1 })
  t.equal(connection.server, server)
})
