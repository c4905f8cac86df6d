// What a closing server does to connections between two messages: a read that waits for a new message rejects with a
// DrainingError one turn later, and nothing else changes.

import t from 'tap'
import { type Connection, DrainingError } from '../../lib/index.js'
import { isPending, rejection, turn, turns, until, within } from '../support/wait.js'
import { echo, ending, gate, overEach, talk } from './support.js'

overEach(t, 'a drain ends all idle connections at once, and their clients see an end of stream', async (t, open) => {
  const { server, books, connect } = await open()
  const served = server.serve(echo)
  const clients = await Promise.all(Array.from({ length: 20 }, () => connect()))
  for (const [n, one] of clients.entries()) if (n % 2) await talk(one)
  await until(() => server.stats().active === 20)
  const ends = clients.map((one) => ending(one))
  t.strictSame(await within(server.close()), { drained: 20, aborted: 0 })
  t.strictSame(await within(Promise.all(ends)), Array(20).fill('end'))
  await within(served)
  t.strictSame(books.handlerErrors, [], 'being drained is a normal end')
})

overEach(t, 'a drained connection is closed by this side with a DrainingError, and its drainSignal has aborted', async (t, open) => {
  const { server, connect } = await open()
  const served = server.serve(echo)
  const client = await connect()
  await talk(client)
  const [connection] = server.connections
  void ending(client)
  await server.close()
  await served
  const info = await connection!.closed
  t.equal(info.by, 'local')
  t.ok(info.error instanceof DrainingError)
  t.equal(connection!.drainSignal.aborted, true)
  t.ok(connection!.drainSignal.reason instanceof DrainingError)
})

overEach(t, 'the pending read rejects with a DrainingError one turn after the call', async (t, open) => {
  const { server, connect } = await open()
  const accepting = server.accept()
  const client = await connect()
  const connection = (await within(accepting)) as Connection
  let told = false
  const reading = rejection(connection.readLine()).finally(() => {
    told = true
  })
  await turns()
  const closing = server.close()
  await Promise.resolve()
  t.equal(told, false)
  const error = (await within(reading)) as DrainingError
  t.ok(error instanceof DrainingError)
  t.equal(error.code, 'ERR_LINNET_DRAINING')
  void ending(client)
  await connection.close()
  t.strictSame(await within(closing), { drained: 1, aborted: 0 })
})

overEach(t, 'later idle reads reject too, each one turn after its call, and buffered messages are still read', async (t, open) => {
  const { server, connect } = await open()
  const accepting = server.accept()
  const client = await connect()
  const connection = (await within(accepting)) as Connection
  const closing = server.close()
  t.equal(connection.drainSignal.aborted, true)
  for (let n = 0; n < 2; n++) {
    let told = false
    const reading = rejection(connection.readLine()).finally(() => {
      told = true
    })
    await Promise.resolve()
    t.equal(told, false)
    t.ok((await within(reading)) instanceof DrainingError)
  }
  await client.write('one\ntwo\n')
  await until(() => connection.buffered === 8)
  t.equal(await connection.readLine(), 'one', 'what has arrived is served')
  t.equal(connection.tryReadLine(), 'two')
  t.equal(connection.tryReadLine(), undefined, 'a read that does not wait never rejects for it')
  await connection.write('bye\n')
  t.ok((await within(rejection(connection.read()))) instanceof DrainingError)
  void ending(client)
  await connection.close()
  t.strictSame(await within(closing), { drained: 1, aborted: 0 })
})

overEach(t, 'every kind of idle read rejects with a DrainingError', async (t, open) => {
  const { server, connect } = await open()
  const reads: ((connection: Connection) => Promise<unknown>)[] = [
    (connection) => connection.read(),
    (connection) => connection.readUntil('\n'),
    (connection) => connection.readExactly(4),
    (connection) => connection.readToEnd(),
    (connection) => connection.peek(1),
    (connection) => connection.skip(1),
    (connection) => connection.readMessage((reader) => reader.readLine()),
    (connection) => connection.lines()[Symbol.asyncIterator]().next(),
    (connection) => connection[Symbol.asyncIterator]().next(),
    (connection) => connection.readLine({ timeout: 60_000 }),
  ]
  const outcomes: unknown[] = []
  for (const read of reads) {
    const accepting = server.accept()
    const client = await connect()
    const connection = (await within(accepting)) as Connection
    void ending(client)
    void rejection(read(connection)).then((error) => {
      outcomes.push(error)
      return connection.close()
    })
  }
  await turns()
  t.strictSame(await within(server.close()), { drained: reads.length, aborted: 0 })
  t.equal(outcomes.length, reads.length)
  for (const error of outcomes) t.ok(error instanceof DrainingError, String(error))
})

overEach(t, 'a drain aborts drainSignal, and does nothing else to a handler that is not reading', async (t, open) => {
  const { server, connect } = await open()
  const [working, finish] = [gate(), gate()]
  let heard: unknown
  const served = server.serve(async (connection) => {
    connection.drainSignal.addEventListener('abort', () => {
      heard = connection.drainSignal.reason
    })
    working.open()
    await finish.opened
    await connection.write('the work is done\n')
  })
  const client = await connect()
  await within(working.opened)
  const closing = server.close()
  t.ok(heard instanceof DrainingError)
  t.equal(await isPending(closing), true)
  finish.open()
  t.equal(await within(client.readLine()), 'the work is done')
  t.equal(await ending(client), 'end')
  t.strictSame(await within(closing), { drained: 1, aborted: 0 })
  await served
})

overEach(t, 'a handler can write after a DrainingError', async (t, open) => {
  const { server, connect } = await open()
  const served = server.serve(async (connection) => {
    try {
      await echo(connection)
    } catch (error) {
      if (!(error instanceof DrainingError)) throw error
      await connection.write('421 goodbye\n')
    }
  })
  const clients = await Promise.all(Array.from({ length: 5 }, () => connect()))
  await until(() => server.stats().active === 5)
  const closing = server.close()
  for (const one of clients) {
    t.equal(await within(one.readLine()), '421 goodbye')
    void ending(one)
  }
  t.strictSame(await within(closing), { drained: 5, aborted: 0 })
  await served
})

overEach(t, 'a drain does not interrupt a read with idle: false', async (t, open) => {
  const { server, connect } = await open()
  const served = server.serve(async (connection) => {
    await connection.write('> \n')
    await connection.write(await connection.readUntil('\n', { idle: false }))
  })
  const client = await connect()
  t.equal(await client.readLine(), '> ')
  const closing = server.close()
  t.equal(await isPending(closing), true)
  await client.write('in time\n')
  t.equal(await within(client.readLine()), 'in time')
  void ending(client)
  t.strictSame(await within(closing), { drained: 1, aborted: 0 })
  await served
})

overEach(t, 'a drain ends the loop, and connections without a handler stay open until they are closed', async (t, open) => {
  const { server, connect } = await open()
  const loop = server[Symbol.asyncIterator]()
  const next = loop.next()
  const client = await connect()
  const connection = (await within(next)).value as Connection
  const closing = server.close()
  t.equal((await within(loop.next())).done, true)
  await turn()
  await connection.write('still here\n')
  t.equal(await client.readLine(), 'still here')
  t.equal(await isPending(closing), true)
  void ending(client)
  await connection.close()
  t.strictSame(await within(closing), { drained: 1, aborted: 0 })
})

overEach(t, 'the drainSignal of a connection that drains already is not aborted again', async (t, open) => {
  const { server, connect } = await open()
  const accepting = server.accept()
  const client = await connect()
  const connection = (await within(accepting)) as Connection
  let heard = 0
  connection.drainSignal.addEventListener('abort', () => heard++)
  connection.drain()
  t.equal(server.draining, false)
  const closing = server.close()
  t.equal(heard, 1)
  void ending(client)
  await connection.close()
  t.strictSame(await within(closing), { drained: 1, aborted: 0 })
})
