// The grace of a close, and its result: `drained` counts the connections that ended in time, `aborted` those that the close
// aborted.

import t, { type Test } from 'tap'
import { type Connection, DrainingError } from '../../lib/index.js'
import { manualClock } from '../../lib/testing/index.js'
import { isPending, rejection, turns, until, within } from '../support/wait.js'
import { countingClock, cut, echo, inMemory, type Opened, overEach, type Service } from './support.js'

/** A server in memory with this many connections, which no handler reads, and its clients. */
async function holding(
  t: Test,
  count: number,
  options: Service = {},
): Promise<Opened & { clock: ReturnType<typeof manualClock>; held: Connection[]; clients: Connection[] }> {
  const clock = manualClock()
  const one = inMemory(t, { clock, ...options })
  const held: Connection[] = []
  const clients: Connection[] = []
  for (let n = 0; n < count; n++) {
    const accepting = one.server.accept()
    clients.push(await one.connect())
    held.push((await within(accepting)) as Connection)
  }
  return { ...one, clock, held, clients }
}

t.test('connections that are open at the end of the grace are aborted, to the millisecond', async (t) => {
  const { server, books, clock, held, clients } = await holding(t, 3)
  const closing = server.close({ grace: 500 })
  await clock.advance(499)
  t.equal(await isPending(closing), true)
  t.equal(server.stats().active, 3)
  await clock.advance(1)
  t.strictSame(await within(closing), { drained: 0, aborted: 3 })
  for (const connection of held) {
    const { by, error } = await connection.closed
    t.equal(by, 'aborted')
    t.ok(error instanceof DrainingError)
    t.match(await rejection(connection.readLine()), { code: 'ERR_LINNET_CLOSED', cause: error as Error })
  }
  for (const one of clients) await cut(t, 'memory', one)
  t.strictSame(books.told.slice(3), ['draining', 'disconnect', 'disconnect', 'disconnect', 'close'])
})

t.test('the grace is ten seconds by default', async (t) => {
  const { server, clock } = await holding(t, 1)
  const closing = server.close()
  await clock.advance(9_999)
  t.equal(await isPending(closing), true)
  await clock.advance(1)
  t.strictSame(await within(closing), { drained: 0, aborted: 1 })
  const other = await holding(t, 1)
  const disposing = other.server[Symbol.asyncDispose]()
  await other.clock.advance(9_999)
  t.equal(await isPending(disposing), true)
  await other.clock.advance(1)
  t.equal(await within(disposing), undefined)
})

t.test('drained counts the connections that ended in time, whichever side ended them', async (t) => {
  const { server, clock, held, clients } = await holding(t, 6)
  held[5]!.abort('before the call')
  const closing = server.close({ grace: 1000 })
  await clock.advance(500)
  void clients[0]!.end()
  await within(Promise.all([held[0]!.close(), clients[0]!.close()]))
  clients[1]!.abort()
  held[2]!.abort('by the program')
  await until(() => server.stats().active === 3)
  await held[1]!.read().catch(() => {})
  // This one has ended its own side in time and waits for its peer, which is no end.
  void held[3]!.end()
  await clock.advance(499)
  t.equal(await isPending(closing), true)
  await clock.advance(1)
  t.strictSame(await within(closing), { drained: 3, aborted: 2 })
})

t.test('a connection that is still closing at the end of the grace counts as aborted', async (t) => {
  const { server, clock, held } = await holding(t, 1, { closeTimeout: 5000 })
  const ended = held[0]!.close()
  const closing = server.close({ grace: 1000 })
  await clock.advance(1000)
  t.strictSame(await within(closing), { drained: 0, aborted: 1 })
  await within(ended)
  t.match(await held[0]!.closed, { by: 'aborted' })
})

overEach(t, 'a connection whose message never ends is aborted after the grace', async (t, open, way) => {
  const { server, books, connect } = await open()
  const served = server.serve(echo)
  const client = await connect()
  await client.write('never finished')
  await until(() => server.stats().bytesRead === 14)
  t.strictSame(await within(server.close({ grace: 30 })), { drained: 0, aborted: 1 })
  await cut(t, way, client)
  await within(served)
  t.strictSame(books.handlerErrors, [])
})

overEach(t, 'close({ grace: 0 }) resets all connections within the call', async (t, open, way) => {
  const { server, books, connect } = await open({ maxConnections: 3 })
  const clients: Connection[] = []
  for (let n = 0; n < 3; n++) {
    const accepting = server.accept()
    clients.push(await connect())
    await within(accepting)
  }
  clients.push(await connect())
  await until(() => server.stats().pending === 1)
  const closing = server.close({ grace: 0 })
  t.match(server.stats(), { active: 0, pending: 0, dropped: 1 })
  t.equal(books.over, 3)
  t.strictSame(await within(closing), { drained: 0, aborted: 3 })
  for (const one of clients) await cut(t, way, one)
})

t.test('of several closes the grace that ends first applies, and all resolve with the same result', async (t) => {
  const { server, clock } = await holding(t, 2)
  const results = [server.close({ grace: 10_000 }), server.close({ grace: 20_000 }), server.close()]
  await clock.advance(1000)
  results.push(server.close({ grace: 500 }), server.close({ grace: 100_000 }), server.close({ grace: Number.POSITIVE_INFINITY }))
  await clock.advance(499)
  t.equal(server.stats().active, 2)
  await clock.advance(1)
  results.push(server.close(), server.close({ grace: 0 }))
  const all = await within(Promise.all(results))
  for (const result of all) t.strictSame(result, { drained: 0, aborted: 2 })
})

t.test('graces are compared by when they end, and one that no timer can hold is no limit', async (t) => {
  const { server, clock } = await holding(t, 1)
  const closing = server.close({ grace: 1000 })
  await clock.advance(900)
  void server.close({ grace: 200 })
  await clock.advance(100)
  t.strictSame(await within(closing), { drained: 0, aborted: 1 }, 'the first one ends sooner')
  const other = await holding(t, 1)
  const slow = other.server.close({ grace: Number.POSITIVE_INFINITY })
  await other.clock.advance(2 ** 45)
  t.equal(await isPending(slow), true, 'Infinity is no limit')
  void other.server.close({ grace: 2 ** 40 })
  await other.clock.advance(2 ** 42)
  t.equal(await isPending(slow), true, 'and so is what no timer can hold')
  void other.server.close({ grace: 1 })
  await other.clock.advance(1)
  t.strictSame(await within(slow), { drained: 0, aborted: 1 })
})

t.test('close({ grace: 0 }) after another close aborts at once', async (t) => {
  const { server, held } = await holding(t, 2)
  const closing = server.close()
  held[0]!.abort()
  void server.close({ grace: 0 })
  t.equal(server.stats().active, 0)
  t.strictSame(await within(closing), { drained: 1, aborted: 1 })
})

t.test('the timer of a grace is cleared when the last connection has ended, and an empty server sets none', async (t) => {
  const clock = countingClock()
  const { server, connect } = inMemory(t, { clock })
  const accepting = server.accept()
  const client = await connect()
  const connection = (await within(accepting)) as Connection
  const closing = server.close({ grace: 60_000 })
  t.equal(clock.running, 1)
  await within(Promise.all([client.close(), connection.close()]))
  t.strictSame(await within(closing), { drained: 1, aborted: 0 })
  t.equal(clock.running, 0)
  t.strictSame(await server.close(), { drained: 1, aborted: 0 })
  t.equal(clock.running, 0)
  const { server: empty } = inMemory(t, { clock })
  t.strictSame(await within(empty.close()), { drained: 0, aborted: 0 })
  t.equal(clock.running, 0)
})

t.test('connections that were yielded before a loop was left are drained by a later close', async (t) => {
  const { server, clock, held } = await holding(t, 2)
  await server[Symbol.asyncIterator]().return!()
  held[0]!.abort()
  await clock.advance(60_000)
  t.equal(held[1]!.drainSignal.aborted, false)
  const closing = server.close({ grace: 10 })
  t.equal(held[1]!.drainSignal.aborted, true)
  await clock.advance(10)
  t.strictSame(await within(closing), { drained: 0, aborted: 1 }, 'one had ended before the call')
})

t.test('a wrong grace rejects and closes nothing', async (t) => {
  const { server, connect } = inMemory(t)
  const close = server.close.bind(server) as (options?: unknown) => Promise<unknown>
  for (const options of [null, 5, '5', [], { grace: '5' }, { grace: null }, { graces: 5 }, () => {}]) {
    t.ok((await rejection(close(options))) instanceof TypeError, String(options))
  }
  for (const grace of [-1, Number.NaN, Number.NEGATIVE_INFINITY]) t.ok((await rejection(close({ grace }))) instanceof RangeError)
  t.equal(server.draining, false)
  const accepting = server.accept()
  await connect()
  t.ok(await within(accepting))
  const gentle = close({ grace: undefined })
  t.equal(await isPending(gentle), true)
  void server.close({ grace: 0 })
  t.strictSame(await within(gentle), { drained: 0, aborted: 1 })
})

t.test('a close within the last disconnect event resolves with nothing drained', async (t) => {
  const { server, held, books } = await holding(t, 1)
  let result: unknown
  server.once('disconnect', () => {
    void server.close().then((value) => {
      result = value
    })
  })
  held[0]!.abort()
  await within(server.closed)
  await turns()
  t.strictSame(result, { drained: 0, aborted: 0 })
  t.strictSame(books.mistakes, [])
})

overEach(t, 'the error of a handler is reported, also if the grace ends while its connection closes', async (t, open) => {
  for (const bug of [new Error('a bug'), undefined]) {
    const { server, connect } = await open()
    const heard: unknown[] = []
    server.on('handlerError', (error) => heard.push(error))
    let thrown: unknown
    const accepted = new Promise<Connection>((resolve) => server.once('connection', resolve))
    const served = server.serve(async (connection) => {
      try {
        await connection.readLine({ maxBytes: 1 })
      } catch (error) {
        thrown = bug ?? error
        throw thrown
      }
    })
    // A client that does not end: the close waits for it.
    const client = await connect()
    await client.write('too long\n')
    const connection = await within(accepted)
    await until(() => connection.waiting?.operation === 'close')
    t.strictSame(await within(server.close({ grace: 0 })), { drained: 0, aborted: 1 })
    const { by, error } = await connection.closed
    t.equal(by, 'aborted')
    t.equal(error, thrown)
    t.strictSame(heard, bug === undefined ? [] : [bug])
    await within(served)
  }
})
