// What a closing server still serves: messages that have begun, requests that have arrived and are unread, wherever their
// bytes are, and answers that are still being sent.

import t from 'tap'
import { type Connection, DrainingError } from '../../lib/index.js'
import { isPending, pattern, turns, until, within } from '../support/wait.js'
import { client, echo, ending, gate, open, overEach, talk } from './support.js'

overEach(t, 'a read in the middle of a message goes on, and the message is answered', async (t, open) => {
  const { server, connect } = await open()
  const served = server.serve(echo)
  const client = await connect()
  await talk(client)
  await client.write('half')
  const [connection] = server.connections
  await until(() => connection!.buffered === 4)
  const closing = server.close()
  t.equal(await isPending(closing), true)
  await client.write(' and half\nnever read\n')
  t.equal(await within(client.readLine()), 'half and half')
  t.equal(await within(client.readLine()), 'never read', 'the line that arrived with it is served too')
  t.equal(await ending(client), 'end')
  t.strictSame(await within(closing), { drained: 1, aborted: 0 })
  await served
})

overEach(t, 'requests that are buffered behind the one that is being served are served', async (t, open) => {
  const { server, connect } = await open()
  const [begun, go] = [gate(), gate()]
  const served = server.serve(async (connection) => {
    for await (const line of connection.lines()) {
      begun.open()
      await go.opened
      await connection.write(`${line}\n`)
    }
  })
  const client = await connect()
  await client.write('1\n2\n3\n')
  await within(begun.opened)
  const [connection] = server.connections
  await until(() => connection!.buffered === 4)
  const closing = server.close()
  await turns()
  go.open()
  for (const line of ['1', '2', '3']) t.equal(await within(client.readLine()), line)
  t.equal(await ending(client), 'end')
  t.strictSame(await within(closing), { drained: 1, aborted: 0 })
  await served
})

overEach(t, 'a request whose bytes the server has not read at the call is served', async (t, open) => {
  for (let n = 0; n < 10; n++) {
    const { server, connect } = await open()
    const served = server.serve(echo)
    const client = await connect()
    await talk(client)
    // In the kernel, or in transit in memory: the server has not read it when it is closed.
    await client.write('in the kernel\n')
    const closing = server.close()
    t.equal(await within(client.readLine()), 'in the kernel')
    t.equal(await ending(client), 'end')
    t.strictSame(await within(closing), { drained: 1, aborted: 0 })
    await served
  }
})

t.test('a request that arrived before the call is served, although its handler starts after the call', async (t) => {
  const { server } = await open(t, 'tcp')
  const accepting = server.accept()
  const peer = await client(t, server)
  await peer.write('early\n')
  const connection = (await within(accepting)) as Connection
  const closing = server.close()
  void connection.run(echo)
  t.equal(await within(peer.readLine()), 'early')
  t.equal(await ending(peer), 'end')
  t.strictSame(await within(closing), { drained: 1, aborted: 0 })
})

overEach(t, 'a message of several reads that has begun is read to its end', async (t, open) => {
  const { server, connect } = await open()
  const served = server.serve(async (connection) => {
    for (;;) {
      const text = await connection.readMessage(async (reader) => {
        const size = Number(await reader.readLine())
        return reader.readExactly(size)
      })
      await connection.write(text)
    }
  })
  const [middle, before] = [await connect(), await connect()]
  await middle.write('5\n')
  await until(() => server.stats().bytesRead === 2 && server.stats().active === 2)
  const ended = ending(before)
  const closing = server.close()
  t.equal(await within(ended), 'end', 'a message without a first byte is interrupted')
  await turns()
  await middle.write('fünf')
  t.equal(String(await within(middle.readExactly(5))), 'fünf')
  t.equal(await ending(middle), 'end')
  t.strictSame(await within(closing), { drained: 2, aborted: 0 })
  await served
})

overEach(t, 'reads after a consumed byte are not idle, and are not interrupted, until the handler writes', async (t, open) => {
  const { server, connect } = await open()
  const served = server.serve(async (connection) => {
    const name = await connection.readLine()
    const word = await connection.readLine()
    await connection.write(`${name} ${word}\n`)
    await connection.readLine().catch((error) => connection.write(`${(error as Error).name}\n`))
  })
  const client = await connect()
  await client.write('name\n')
  await until(() => server.stats().bytesRead === 5)
  await turns()
  const closing = server.close()
  t.equal(await isPending(closing), true)
  await client.write('word\n')
  t.equal(await within(client.readLine()), 'name word')
  t.equal(await within(client.readLine()), DrainingError.name)
  void ending(client)
  t.strictSame(await within(closing), { drained: 1, aborted: 0 })
  await served
})

overEach(t, 'an answer that is still being sent arrives whole', async (t, open) => {
  const { server, connect } = await open()
  const sent = pattern(4 * 1024 * 1024)
  const served = server.serve(async (connection) => {
    await connection.readLine()
    void connection.write(sent)
  })
  const client = await connect()
  await client.write('please\n')
  await until(() => server.stats().bytesRead === 7)
  const closing = server.close()
  const got = await within(client.readToEnd({ maxBytes: sent.length }))
  t.ok(got.equals(sent))
  await client.close()
  t.strictSame(await within(closing), { drained: 1, aborted: 0 })
  await served
})

overEach(t, 'a drain ends although a handler throws, or waits for a message that never ends', async (t, open, way) => {
  const { server, books, connect } = await open()
  let n = 0
  const served = server.serve(async (connection) => {
    const first = n++ === 0
    await connection.readLine().catch(() => {})
    if (first) throw new Error('in the drain')
    await connection.readLine({ idle: false })
  })
  const clients = [await connect(), await connect()]
  await until(() => server.stats().active === 2)
  const ends = clients.map((one) => ending(one))
  t.strictSame(await within(server.close({ grace: 50 })), { drained: 1, aborted: 1 })
  await within(served)
  t.match(books.handlerErrors, [{ message: 'in the drain' }])
  const [first, second] = await Promise.all(ends)
  t.equal(first, 'end')
  t.equal(second, way === 'unix' ? 'end' : 'broken')
})

t.test('each of forty clients that connect while the server closes is served, refused or dropped', async (t) => {
  for (const way of ['tcp', 'unix', 'memory'] as const) {
    const { server, books, connect } = await open(t, way)
    const served = server.serve(echo)
    const visit = async (n: number): Promise<string> => {
      const one = await connect().catch(() => undefined)
      if (one === undefined) return 'refused'
      await one.write(`${n}\n`).catch(() => {})
      const line = await one.readLine().catch(() => undefined)
      const outcome = await ending(one)
      return line === undefined ? outcome : line === `${n}` ? 'served' : line
    }
    const visits = Array.from({ length: 40 }, (_, n) => visit(n))
    await turns(2)
    await within(server.close({ grace: 2000 }))
    await within(served)
    for (const result of await within(Promise.all(visits))) t.match(result, /^(served|refused|end|broken)$/)
    t.match(server.stats(), { active: 0, pending: 0 })
    t.strictSame(books.mistakes, [])
  }
})
