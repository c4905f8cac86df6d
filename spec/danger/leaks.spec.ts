// What must not remain: handles, listeners on signals of the program, closed connections, and anything of a server that has
// closed or could not listen.

import { getEventListeners } from 'node:events'
import t from 'tap'
import { type Connection, listen } from '../../lib/index.js'
import { client, echo, ending, overEach, talk } from '../server/support.js'
import { collect } from '../support/collect.js'
import { opened, socketPath } from '../support/fixture.js'
import { program } from '../support/program.js'
import { rejection, turns, until, within } from '../support/wait.js'

/** The handles that keep this process alive, without those of the test runner. */
const handles = (): number => process.getActiveResourcesInfo().filter((name) => /TCP|Pipe|Timeout|Immediate/.test(name)).length

overEach(t, 'closed connections can be garbage-collected, also while their server is open', async (t, open) => {
  const { server, connect } = await open({ idleTimeout: 60_000 })
  const gone: WeakRef<Connection>[] = []
  const served = server.serve(async (connection) => {
    gone.push(new WeakRef(connection))
    connection.signal.addEventListener('abort', () => {})
    connection.drainSignal.addEventListener('abort', () => {})
    await echo(connection)
  })
  await (async () => {
    for (let n = 0; n < 50; n++) {
      const one = await connect()
      await talk(one)
      if (n % 2) one.abort()
      else await one.close()
    }
  })()
  await until(() => server.stats().active === 0)
  let alive = gone.length
  for (let tries = 0; tries < 50 && alive > 2; tries++) {
    await turns()
    collect()
    alive = gone.filter((connection) => connection.deref() !== undefined).length
  }
  t.ok(alive <= 2, `${alive} of ${gone.length} are still held`)
  await server.close()
  await served
})

overEach(t, 'a closed server leaves no handle, whatever its connections were doing', async (t, open) => {
  await turns()
  const before = handles()
  const limits = { idleTimeout: 60_000, readTimeout: 60_000, writeTimeout: 60_000, closeTimeout: 60_000 }
  const { server, connect } = await open({ ...limits, maxConnections: 6 })
  let n = 0
  const served = server.serve(async (connection) => {
    const kind = n++ % 3
    if (kind === 0) await echo(connection)
    else if (kind === 1) await connection.write(Buffer.alloc(20_000_000)).catch(() => {})
    else await connection.closed
  })
  const clients: Connection[] = []
  for (let count = 0; count < 9; count++) clients.push(await connect())
  await until(() => server.stats().active === 6 && server.stats().pending === 3)
  await within(server.close({ grace: 20 }))
  await within(served)
  for (const one of clients) one.abort()
  await until(() => handles() <= before, `handles as before (${before}), but ${process.getActiveResourcesInfo()}`)
  t.pass()
})

t.test('a listen that fails or is aborted leaves no handle and no listener', async (t) => {
  const taken = await opened(t)
  await turns()
  const before = handles()
  const controller = new AbortController()
  for (let n = 0; n < 20; n++) {
    const endpoints = [{ port: 0 }, { path: socketPath() }, { port: taken.port, host: '127.0.0.1' }]
    t.match(await rejection(listen({ endpoints, signal: controller.signal })), { code: 'EADDRINUSE' })
  }
  t.equal(getEventListeners(controller.signal, 'abort').length, 0)
  for (let n = 0; n < 20; n++) {
    const aborted = new AbortController()
    const listening = rejection(listen({ endpoints: [{ port: 0 }, { path: socketPath() }], signal: aborted.signal }))
    await Promise.resolve()
    aborted.abort('stop')
    t.equal(await within(listening), 'stop')
    t.equal(getEventListeners(aborted.signal, 'abort').length, 0)
  }
  await until(() => handles() <= before, `handles as before (${before})`)
})

overEach(t, 'no listener stays on a signal that outlives a server, a serve or an accept', async (t, open) => {
  const controller = new AbortController()
  const { signal } = controller
  for (let n = 0; n < 5; n++) {
    const { server, connect } = await open({ signal })
    const accepting = server.accept({ signal })
    const first = await connect()
    const connection = (await within(accepting)) as Connection
    const waiting = server.accept({ signal })
    await talkTo(first, connection)
    const served = server.serve(echo, { signal })
    t.equal(getEventListeners(signal, 'abort').length, 1)
    const [closing] = [server.close(), ending(first)]
    await connection.close()
    t.equal(await within(waiting), null)
    await within(closing)
    await within(served)
    t.equal(getEventListeners(signal, 'abort').length, 0)
  }
})

async function talkTo(one: Connection, other: Connection): Promise<void> {
  await one.write('hello\n')
  await other.readLine()
}

t.test('a server that is opened and closed in a loop leaves nothing behind', async (t) => {
  await turns()
  const before = handles()
  for (let n = 0; n < 100; n++) {
    const server = await listen({ port: 0, host: '127.0.0.1' })
    const served = server.serve(echo)
    const one = await client(t, server)
    await talk(one, `${n}`)
    void ending(one)
    t.strictSame(await within(server.close()), { drained: 1, aborted: 0 })
    await served
  }
  await until(() => handles() <= before, `handles as before (${before}), but ${process.getActiveResourcesInfo()}`)
})

t.test('a process ends when its server has closed, also with unread data, open clients and pending time limits', async (t) => {
  const run = program(
    t,
    `const server = await linnet.listen({ port: 0, host: '127.0.0.1', idleTimeout: 60_000, readTimeout: 60_000 })
     const { connect } = await import('node:net')
     const sockets = Array.from({ length: 10 }, () => connect(server.port, '127.0.0.1').on('error', () => {}))
     for (const socket of sockets) socket.write('half a line')
     const served = server.serve(async (connection) => { await connection.readLine() })
     while (server.stats().bytesRead < 110) await new Promise(setImmediate)
     const result = await server.close({ grace: 20 })
     await served
     for (const socket of sockets) socket.destroy()
     console.log(JSON.stringify(result))`,
  )
  t.equal(await run.ends(), 0)
  t.equal(run.stdout, '{"drained":0,"aborted":10}\n')
  t.equal(run.stderr, '')
})
