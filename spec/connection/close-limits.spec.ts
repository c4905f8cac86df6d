// The time limit of a close starts late: a close that completes at once has no timer of its own.

import t from 'tap'
import { closeLimits, type LimitedClose, SHORT } from '../../lib/connection/close-limits.js'
import { connect, listen } from '../../lib/index.js'
import { program } from '../support/program.js'

/** A close, and the time that had passed when its limit was started. */
class Close implements LimitedClose {
  started: number[] = []
  resolve!: (elapsed: number) => void
  readonly done: Promise<number> = new Promise((resolve) => void (this.resolve = resolve))
  startCloseLimit(elapsed: number): void {
    this.started.push(elapsed)
    this.resolve(elapsed)
  }
}

t.test('a close that is still under way after a while gets its limit, for the time that remains', async (t) => {
  const [one, other] = [new Close(), new Close()]
  closeLimits.add(one)
  closeLimits.add(other)
  closeLimits.add(one)
  t.ok((await one.done) > 0)
  t.ok((await other.done) > 0)
  t.equal(one.started.length, 1, 'once, if its time was started again')
})

t.test('a close that has completed gets no limit', async (t) => {
  const [done, late] = [new Close(), new Close()]
  closeLimits.add(done)
  closeLimits.remove(done)
  closeLimits.add(late)
  await late.done
  t.same(done.started, [])
})

t.test('the time in which a close waited for its limit is part of closeTimeout', async (t) => {
  const closeTimeout = SHORT + 50
  const server = await listen({ port: 0, host: '127.0.0.1', closeTimeout })
  t.teardown(() => server.close({ grace: 0 }))
  const client = await connect({ port: server.port as number, host: '127.0.0.1' })
  t.teardown(() => client.abort())
  for await (const connection of server) {
    const began = performance.now()
    await connection.close()
    const took = performance.now() - began
    t.ok(took > closeTimeout - 2, `the client, which does not end, was waited for ${took} ms`)
    t.equal((await connection.closed).by, 'local')
    break
  }
})

t.test('a process in which nothing but a close waits does not end before it has completed', async (t) => {
  const run = program(t, `const [a] = testing.pair({ client: { closeTimeout: ${SHORT + 50} } }); await a.close(); console.log('closed')`)
  t.equal(await run.ends(), 0, run.stderr)
  t.equal(run.stdout, 'closed\n')
})

t.test('the close of a connection that does not keep the process alive does not either', async (t) => {
  const run = program(t, 'const [a] = testing.pair({ client: { closeTimeout: 60_000 } }); a.unref(); void a.close()')
  t.equal(await run.ends(), 0, run.stderr)
})
