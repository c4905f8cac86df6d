// Fake timers: the library's own steps use no replaced global, and time limits follow the timers of the test.

import { mock } from 'node:test'
import t, { type Test } from 'tap'
import { connect, listen, TimeoutError } from '../../lib/index.js'
import { pair } from '../../lib/testing/index.js'
import { systemClock } from '../../lib/transport/clock.js'
import { setImmediate } from '../../lib/turn.js'
import { identityOf } from '../support/certificates.js'
import { program } from '../support/program.js'

const { key, cert } = identityOf()
type Apis = ('setTimeout' | 'setInterval' | 'setImmediate' | 'Date')[]

async function mocked(apis: Apis, body: () => Promise<void>): Promise<void> {
  mock.timers.enable({ apis })
  try {
    await body()
  } finally {
    mock.timers.reset()
  }
}

async function line(t: Test) {
  const server = await listen({ port: 0, host: '127.0.0.1' })
  void server.serve(async (connection) => {
    for await (const line of connection.lines()) await connection.write(`${line}\n`)
  })
  const client = await connect({ port: server.port, host: '127.0.0.1' })
  t.teardown(async () => {
    client.abort()
    await server.close({ grace: 0 })
  })
  return { server, client }
}

for (const apis of [['setTimeout'], ['setTimeout', 'Date'], ['setTimeout', 'setInterval', 'setImmediate', 'Date']] as Apis[]) {
  t.test(`with ${apis.join(', ')} mocked reading and writing work`, async (t) => {
    const { server, client } = await line(t)
    await mocked(apis, async () => {
      await client.write('x\n')
      t.equal(await client.readLine(), 'x')
      const stop = new AbortController()
      const read = client.readLine({ signal: stop.signal }).catch((error) => error)
      stop.abort()
      t.equal((await read).name, 'AbortError')
      const secure = await listen({ port: 0, host: '127.0.0.1', tls: { key, cert } })
      void secure.serve((connection) => connection.write('hi\n'))
      const other = await connect({ port: secure.port, host: '127.0.0.1', tls: { ca: cert } })
      t.equal(await other.readLine(), 'hi')
      await other.close()
      await secure.close()
      await client.end()
      await client.readToEnd()
      await client.close()
      await server.close()
    })
  })

  t.test(`with ${apis.join(', ')} mocked time limits expire when the test ticks them, and not before`, async (t) => {
    const { client } = await line(t)
    await mocked(apis, async () => {
      for (let n = 0; n < 2; n++) {
        const read = client.readLine({ timeout: 5000 }).catch((error) => error)
        mock.timers.tick(4999)
        await client.write('x\n')
        t.equal(await read, 'x', 'lifted')
        const late = client.readLine({ timeout: 5000 }).catch((error) => error)
        mock.timers.tick(4999)
        mock.timers.tick(1)
        const error = await late
        t.ok(error instanceof TimeoutError)
        t.equal(error.kind, 'call')
      }
      const [a, b] = pair({ client: { idleTimeout: 100, readTimeout: 50 } })
      const read = a.readLine().catch((error) => error)
      a.unref()
      a.ref()
      await b.write('half')
      await b.flush()
      // Node's own, whatever is mocked.
      for (let turn = 0; turn < 6; turn++) await new Promise((resolve) => setImmediate(resolve))
      mock.timers.tick(100)
      t.equal((await read).kind, 'read')
      b.abort()
    })
  })
}

t.test('a fake timer is cleared by its own clearTimeout, also if timers are numbers', async (t) => {
  const { setTimeout, clearTimeout } = globalThis
  const set: number[] = []
  const cleared: unknown[] = []
  t.equal(systemClock.faked, false)
  Object.assign(globalThis, { setTimeout: () => set.push(1), clearTimeout: (timer: unknown) => cleared.push(timer) })
  t.equal(systemClock.faked, true)
  const timer = systemClock.setTimer(() => {}, 10)
  Object.assign(globalThis, { setTimeout, clearTimeout })
  timer.ref()
  timer.unref()
  timer.clear()
  t.same([set, cleared], [[1], [1]])
})

t.test('a module that Node loads while setImmediate is mocked works: TLS over a stream that is no socket', async (t) => {
  const code = `
    const { mock } = await import('node:test')
    mock.timers.enable({ apis: ['setImmediate'] })
    const mocked = process.getBuiltinModule('node:timers').setImmediate
    const { key, cert } = ${JSON.stringify({ key: String(key), cert: String(cert) })}
    const [a, b] = testing.pair()
    const done = b.startTls({ key, cert })
    await a.startTls({ ca: cert, servername: 'localhost' })
    await done
    await a.write('hello\\n')
    console.log(await b.readLine(), mocked === process.getBuiltinModule('node:timers').setImmediate)
    a.abort()
    b.abort()
    mock.timers.reset()`
  const run = program(t, code)
  await run.says(/^hello true$/m)
  t.equal(await run.ends(), 0, run.stderr)
})
