// `accept` resolves with the next connection and leaves the server open. What an abort of its signal does.

import { getEventListeners } from 'node:events'
import t from 'tap'
import type { Connection } from '../../lib/index.js'
import { program } from '../support/program.js'
import { isPending, rejection, turns, until, within } from '../support/wait.js'
import { inMemory, overEach } from './support.js'

overEach(t, 'accept resolves with the next connection and leaves the server open', async (t, open) => {
  const { server, connect } = await open()
  const accepting = server.accept()
  t.equal(await isPending(accepting), true)
  const one = await connect()
  const first = (await within(accepting)) as Connection
  await one.write('one\n')
  t.equal(await first.readLine(), 'one')
  const other = await connect()
  await other.write('other\n')
  const second = (await within(server.accept())) as Connection
  t.equal(await second.readLine(), 'other')
  t.strictSame([...server.connections], [first, second])
})

overEach(t, 'several accepts resolve in call order', async (t, open) => {
  const { server, connect } = await open()
  const accepting = [server.accept(), server.accept(), server.accept()]
  const texts: string[] = []
  for (const text of ['a', 'b', 'c']) {
    const client = await connect()
    await client.write(`${text}\n`)
  }
  for (const connection of await within(Promise.all(accepting))) texts.push(await connection!.readLine())
  t.strictSame(texts, ['a', 'b', 'c'])
})

overEach(t, 'accept resolves with null when the server closes, and afterwards', async (t, open) => {
  const { server } = await open()
  const accepting = [server.accept(), server.accept({ signal: new AbortController().signal })]
  await server.close()
  t.strictSame(await within(Promise.all(accepting)), [null, null])
  t.equal(await server.accept(), null)
})

overEach(t, 'an accept that is cancelled takes no connection', async (t, open) => {
  const { server, connect } = await open()
  const controller = new AbortController()
  const [cancelled, next] = [server.accept({ signal: controller.signal }), server.accept()]
  const refused = rejection(cancelled)
  controller.abort(new Error('changed my mind'))
  t.equal(await within(refused), controller.signal.reason)
  t.equal(getEventListeners(controller.signal, 'abort').length, 0)
  await connect()
  t.ok(await within(next), 'the next one got it')
  await connect()
  await until(() => server.stats().pending === 1)
  t.equal(await rejection(server.accept({ signal: controller.signal })), controller.signal.reason, 'an aborted signal rejects at once')
  t.equal(server.stats().pending, 1)
  t.ok(await within(server.accept()))
})

overEach(t, 'an abort after accept has resolved changes nothing', async (t, open) => {
  const { server, connect } = await open()
  const controller = new AbortController()
  const accepting = server.accept({ signal: controller.signal })
  const client = await connect()
  const connection = (await within(accepting)) as Connection
  t.equal(getEventListeners(controller.signal, 'abort').length, 0, 'nothing is left on the signal')
  controller.abort()
  await client.write('fine\n')
  t.equal(await connection.readLine(), 'fine')
})

t.test('an ignored accept whose signal aborts causes no unhandled rejection, and one with a wrong argument does', async (t) => {
  const run = program(
    t,
    `process.on('unhandledRejection', (error) => console.log('unhandled', error.name))
    const { server } = testing.memoryServer()
    const controller = new AbortController()
    void server.accept({ signal: controller.signal })
    controller.abort()
    void server.accept({ signal: controller.signal })
    void server.accept({ signal: 5 })
    await server.close()
    await new Promise((resolve) => setImmediate(resolve))
    console.log('done')`,
  )
  t.equal(await run.ends(), 0, run.stderr)
  t.equal(run.stdout, 'unhandled TypeError\ndone\n')
})

t.test('an abort within the connection event does not lose the connection', async (t) => {
  const { server, connect } = inMemory(t)
  const controller = new AbortController()
  server.once('connection', () => controller.abort())
  const accepting = server.accept({ signal: controller.signal })
  await connect()
  const connection = await within(accepting)
  t.strictSame([connection], [...server.connections])
})

t.test('an abort of a signal that many accepts share leaves no listener on it', async (t) => {
  const { server } = inMemory(t)
  const controller = new AbortController()
  for (let n = 0; n < 20; n++) {
    const refused = rejection(server.accept({ signal: controller.signal }))
    if (n === 19) controller.abort()
    else void refused
  }
  await turns()
  t.equal(getEventListeners(controller.signal, 'abort').length, 0)
})

t.test('accept rejects for a wrong argument, on a closed server too', async (t) => {
  const { server } = inMemory(t)
  const { signal } = new AbortController()
  const accept = server.accept.bind(server) as (options?: unknown) => Promise<unknown>
  for (const options of [
    null,
    5,
    'signal',
    () => {},
    { signal: null },
    { signal: {} },
    { signal: 'now' },
    { signal: { aborted: false } },
  ]) {
    t.ok((await rejection(accept(options))) instanceof TypeError, String(options))
  }
  await server.close()
  t.ok((await rejection(accept(null))) instanceof TypeError, 'also when it is closed')
  t.equal(await accept({ signal }), null)
  t.equal(await accept({}), null)
  t.equal(await accept({ signal: undefined }), null)
})
