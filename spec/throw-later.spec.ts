// An exception of the program within the work of the library is an uncaught exception of the program, and the work for
// others goes on.

import t from 'tap'
import { type Connection, shutdownOn } from '../lib/index.js'
import { addAbortListener } from '../lib/signals.js'
import { memoryServer, pair } from '../lib/testing/index.js'
import { uncaught } from './support/uncaught.js'
import { turns, until, within } from './support/wait.js'

const thrower = (message: string) => (): never => {
  throw new Error(message)
}
const messages = (errors: readonly unknown[]): string[] => errors.map((error) => (error as Error).message)

t.test('a listener that throws does not prevent the next listeners from being called', async (t) => {
  const errors = uncaught(t)
  const { server, connect } = memoryServer()
  const told: string[] = []
  for (const event of ['connection', 'disconnect', 'handlerError', 'draining', 'close'] as const) {
    server.on(event, thrower(`the first of ${event}`))
    server.once(event, () => told.push(event))
    server.on(event, thrower(`the last of ${event}`))
  }
  const served = server.serve(thrower('a bug'))
  const client = await connect()
  t.equal(await within(client.read()), null)
  await client.close()
  await until(() => told.includes('disconnect'))
  await within(server.close())
  await within(served)
  await turns()
  t.strictSame(told, ['connection', 'handlerError', 'disconnect', 'draining', 'close'])
  t.strictSame(
    messages(errors),
    told.flatMap((event) => [`the first of ${event}`, `the last of ${event}`]),
  )
  t.equal(server.emit('close'), true, 'emit returns whether there is a listener')
  t.equal(server.emit('drop', { remote: client.remote, reason: 'admit' }), false)
  await turns()
})

t.test('a connection whose drain and abort throw does not prevent the others from being aborted', async (t) => {
  const errors = uncaught(t)
  const { server, connect } = memoryServer()
  const clients = [await connect(), await connect(), await connect()]
  const held = [await server.accept(), await server.accept(), await server.accept()] as Connection[]
  const [, second] = held as [Connection, Connection, Connection]
  const { abort } = second
  second.drain = thrower('in drain')
  second.abort = thrower('in abort')
  const closing = server.close({ grace: 0 })
  for (const each of held) if (each !== second) t.equal((await within(each.closed)).by, 'aborted')
  await turns()
  t.strictSame(messages(errors), ['in drain', 'in abort'])
  abort.call(second)
  await within(closing)
  for (const client of clients) client.abort()
})

t.test('a waiter that throws does not prevent the other waiters of the signal from being called', async (t) => {
  const errors = uncaught(t)
  const controller = new AbortController()
  const told: unknown[] = []
  addAbortListener(controller.signal, { fail: thrower('in fail') })
  addAbortListener(controller.signal, { fail: (reason) => told.push(reason) })
  controller.abort('enough')
  t.strictSame(told, ['enough'])
  await turns()
  t.strictSame(messages(errors), ['in fail'])
})

t.test('a Duplex whose destroy throws does not prevent the connection from closing', async (t) => {
  const errors = uncaught(t)
  const [a] = pair()
  const duplex = a.toDuplex()
  duplex.destroy = thrower('in destroy')
  const closed = a.closed
  a.abort('enough')
  t.equal((await within(closed)).by, 'aborted')
  await turns()
  t.strictSame(messages(errors), ['in destroy'])
})

t.test(
  'a server whose close throws does not prevent a signal from closing the others',
  { skip: process.platform === 'win32' },
  async (t) => {
    const errors = uncaught(t)
    const before = process.listenerCount('SIGUSR2')
    const [one, other] = [memoryServer().server, memoryServer().server]
    for (const server of [one, other]) shutdownOn(server, { signals: ['SIGUSR2'] })
    const { close } = one
    one.close = thrower('in close')
    process.kill(process.pid, 'SIGUSR2')
    await within(other.closed)
    await until(() => errors.length > 0)
    t.strictSame(messages(errors), ['in close'])
    await close.call(one)
    await turns()
    t.equal(process.listenerCount('SIGUSR2'), before)
  },
)
