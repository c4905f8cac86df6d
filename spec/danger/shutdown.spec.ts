// The end of a server from several sides at once, and the end of a process that serves: by one signal, by two, and without any.

import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { Connection, DrainResult } from '../../lib/index.js'
import { echo, ending, overEach, talk } from '../server/support.js'
import { program } from '../support/program.js'
import { turns, until, within } from '../support/wait.js'

const serving = (shutdown: string): string => `
  const server = await linnet.listen({ port: 0, host: '127.0.0.1' })
  ${shutdown}
  process.exitCode = 7
  console.log('port', server.port)
  const served = server.serve(async (connection) => {
    await connection.write('hello\\n')
    for await (const line of connection.lines()) {
      if (line === 'stay') await new Promise(() => {})
      await connection.write(line + '\\n')
    }
  })
  // Not awaited at the top level: Node exits with code 13 if that never settles, and Bun does not exit.
  served.then(() => console.log('served', JSON.stringify(server.stats())))
`

/** A raw client, the text that it receives, and how its connection ends. */
function caller(t: Test, port: number, word?: string): { socket: net.Socket; heard: { text: string; end: string } } {
  const heard = { text: '', end: '' }
  const socket = net.connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.on('data', (data) => {
    heard.text += data
  })
  socket.on('end', () => {
    heard.end ||= 'end'
  })
  socket.on('error', () => {
    heard.end ||= 'reset'
  })
  if (word !== undefined) socket.write(`${word}\n`)
  return { socket, heard }
}

t.test('the first signal drains: idle clients see an end, and the process ends with its own exit code', async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const run = program(t, serving('linnet.shutdownOn(server)'))
    const port = Number((await run.says(/^port (\d+)$/m))[1])
    const callers = Array.from({ length: 5 }, () => caller(t, port))
    await until(() => callers.every(({ heard }) => heard.text === 'hello\n'))
    run.signal(signal)
    t.equal(await run.ends(), 7)
    await until(() => callers.every(({ heard }) => heard.end !== ''))
    t.strictSame(
      callers.map(({ heard }) => heard.end),
      Array(5).fill('end'),
    )
    t.match(run.stdout, /served \{"active":0,"pending":0,"accepted":5,/)
    t.equal(run.stderr, '')
  }
})

t.test('a second signal cuts the connections that the first one waits for', async (t) => {
  const run = program(t, serving('linnet.shutdownOn(server, { grace: 600_000 }); server.on("draining", () => console.log("draining"))'))
  const port = Number((await run.says(/^port (\d+)$/m))[1])
  const [busy, idle] = [caller(t, port, 'stay'), caller(t, port)]
  await until(() => busy.heard.text === 'hello\n' && idle.heard.text === 'hello\n')
  run.signal('SIGTERM')
  await run.says(/^draining$/m)
  await until(() => idle.heard.end !== '')
  t.strictSame([busy.heard.end, idle.heard.end], ['', 'end'])
  await sleep(600)
  run.signal('SIGTERM')
  await until(() => busy.heard.end !== '')
  t.equal(busy.heard.end, 'reset')
  // A handler that never returns keeps `serve` pending, but not the process alive.
  t.equal(await run.ends(), 7)
  t.equal(run.stderr, '')
})

t.test('connections that are open after the grace of a shutdown are cut', async (t) => {
  const run = program(t, serving('linnet.shutdownOn(server, { grace: 50, signals: ["SIGUSR2"] })'))
  const port = Number((await run.says(/^port (\d+)$/m))[1])
  const busy = caller(t, port, 'stay')
  await until(() => busy.heard.text === 'hello\n')
  run.signal('SIGUSR2')
  t.equal(await run.ends(), 7)
  await until(() => busy.heard.end !== '')
  t.equal(busy.heard.end, 'reset')
})

overEach(t, 'all calls that end a server, made at once, cause one drain, one result and one close event', async (t, open) => {
  const controller = new AbortController()
  const { server, books, connect } = await open({ signal: controller.signal })
  const served = server.serve(echo, { signal: controller.signal })
  const loop = server[Symbol.asyncIterator]()
  const first = loop.next()
  const clients = [await connect(), await connect()]
  void first.then(({ value }) => (value as Connection).run(echo))
  for (const one of clients) await talk(one)
  const next = loop.next()
  const results: Promise<DrainResult>[] = [server.close()]
  controller.abort()
  await loop.return!()
  results.push(server.close({ grace: 5000 }))
  await server.accept()
  void server[Symbol.asyncDispose]()
  results.push(server.close())
  for (const one of clients) void ending(one)
  t.equal((await within(next)).done, true)
  for (const result of await within(Promise.all(results))) t.strictSame(result, { drained: 2, aborted: 0 })
  await within(Promise.all([served, server.closed]))
  t.equal(books.count('draining'), 1)
  t.equal(books.count('close'), 1)
  t.equal(books.count('disconnect'), 2)
})

overEach(t, 'a close within any event of a server resolves', async (t, open) => {
  for (const event of ['connection', 'disconnect', 'drop', 'handlerError', 'draining', 'close'] as const) {
    const { server, books, connect } = await open({ maxConnections: 2, maxPending: 0 })
    server.once(event, () => void server.close({ grace: 20 }))
    const served = server.serve(async (connection) => {
      await connection.readLine()
      if (event === 'drop') await connection.closed
      throw new Error('a bug')
    })
    const clients: Connection[] = []
    for (let n = 0; n < 3; n++) {
      const one = await connect().catch(() => undefined)
      if (one === undefined) break
      clients.push(one)
      void ending(one)
      void one.write('x\n').catch(() => {})
      await turns()
    }
    if (event === 'draining' || event === 'close') void server.close({ grace: 20 })
    await within(server.closed, `the end by ${event}`)
    await within(served)
    // A handler may fail after its server has closed.
    t.equal(books.told.filter((name) => name !== 'handlerError').at(-1), 'close')
    t.equal(books.count('close'), 1)
    t.strictSame(books.mistakes, [])
    for (const one of clients) one.abort()
  }
})

t.test('clients are refused while a server drains, and its address is free when close() resolves', async (t) => {
  const run = program(t, serving('linnet.shutdownOn(server, { grace: 600_000 }); server.on("draining", () => console.log("draining"))'))
  const port = Number((await run.says(/^port (\d+)$/m))[1])
  const busy = caller(t, port, 'stay')
  await until(() => busy.heard.text === 'hello\n')
  run.signal('SIGTERM')
  await run.says(/^draining$/m)
  const late = caller(t, port)
  await until(() => late.heard.end !== '')
  t.equal(late.heard.end, 'reset')
  t.equal(late.heard.text, '')
})
