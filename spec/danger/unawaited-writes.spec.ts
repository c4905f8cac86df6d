// Writes that the program does not await. They take memory and time for their bytes and not for each call, and one that fails
// affects its own connection only.

import { Duplex } from 'node:stream'
import t from 'tap'
import { Connection, ConnectionClosedError, ConnectionLostError, LimitExceededError } from '../../lib/index.js'
import { everywhere, memory } from '../support/fixture.js'
import { program } from '../support/program.js'
import { rejection, turns, within } from '../support/wait.js'

t.test('16 MiB of 10-byte writes to a peer that does not read hold at most twice their bytes', async (t) => {
  const running = program(
    t,
    `
    const [a] = testing.pair({ highWaterMark: 1 })
    const before = process.memoryUsage().rss
    let over = false
    let most = 0
    let writes = 0
    a.closed.then(({ error }) => { over = error.code })
    while (!over) {
      for (let n = 0; n < 2000; n++, writes++) a.write(writes % 2 ? '0123456789' : Buffer.from('0123456789'))
      if (writes % 100_000 === 0) most = Math.max(most, process.memoryUsage().rss - before)
      await new Promise(setImmediate)
    }
    console.log(over, writes > 1_600_000, most < 64 * 1024 * 1024 ? 'little' : most)`,
  )
  t.equal(await running.ends(), 0)
  t.equal(running.stdout, 'ERR_LINNET_LIMIT true little\n')
})

t.test('a broadcast to many slow peers that awaits no write fits a small heap', async (t) => {
  const running = program(
    t,
    `
    const pairs = Array.from({ length: 200 }, () => testing.pair({ highWaterMark: 1, client: { maxWriteBuffer: 200_000 } }))
    let over = false
    let most = 0
    Promise.all(pairs.map(([a]) => a.closed)).then((infos) => { over = infos.map(({ error }) => error.code) })
    while (!over) {
      for (const [a] of pairs) for (let n = 0; n < 100; n++) a.write('a message\\n')
      most = Math.max(most, process.memoryUsage().heapUsed)
      await new Promise(setImmediate)
    }
    console.log([...new Set(over)].join(), most < 200 * 1024 * 1024)`,
  )
  t.equal(await running.ends(), 0)
  t.equal(running.stdout, 'ERR_LINNET_LIMIT true\n')
})

everywhere(t, 'all pending promises of a connection reject with one error, and another connection has its own', async (t, connect) => {
  const [{ a }, { a: other }] = await Promise.all([connect(), connect()])
  const refusals: unknown[] = []
  for (const connection of [a, other]) {
    const waiting = Array.from({ length: 50 }, () => connection.write('x'.repeat(1_000_000)))
    waiting.push(connection.flush())
    connection.abort()
    const errors = await Promise.all([...waiting, connection.write('late'), connection.flush(), connection.end()].map(rejection))
    t.ok(errors[49] instanceof ConnectionClosedError || errors[49] instanceof LimitExceededError)
    t.equal(new Set(errors.filter((error) => error instanceof ConnectionClosedError)).size, 1)
    refusals.push(errors.at(-1))
  }
  t.not(refusals[0], refusals[1])
})

t.test('a stream whose write throws fails its own connection, and no other that writes in the same turn', async (t) => {
  const thrown = new Error("a mistake in somebody's _write")
  const ways: Record<string, () => Duplex> = {
    _write: () =>
      new Duplex({
        read() {},
        write() {
          throw thrown
        },
      }),
    write: () =>
      Object.assign(new Duplex({ read() {} }), {
        write: () => {
          throw thrown
        },
      }),
  }
  for (const [way, make] of Object.entries(ways)) {
    const bad = Connection.from(make())
    const { a, b } = memory(t)
    const writes = [bad.write('boom'), bad.flush()] as const
    a.write('hello')
    t.equal(await within(b.readExactly(5, 'latin1')), 'hello', way)
    const error = await rejection(writes[1])
    t.ok(error instanceof ConnectionLostError, way)
    t.equal((error as Error).cause, thrown, way)
    t.equal((await within(bad.closed)).by, 'lost', way)
    a.write('again')
    t.equal(await within(b.readExactly(5, 'latin1')), 'again', way)
  }
  await turns()
})
