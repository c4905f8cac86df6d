// `shutdownOn` in this process: its signals, its delay and its grace, on a manual clock.

import net from 'node:net'
import t, { type Test } from 'tap'
import { type Connection, type Server, shutdownOn } from '../lib/index.js'
import { manualClock, memoryServer } from '../lib/testing/index.js'
import { isPending, turns, until, within } from './support/wait.js'

const unix = { skip: process.platform === 'win32' }

interface Held {
  server: Server
  client: Connection
  connection: Connection
  clock: ReturnType<typeof manualClock>
}
/** A server whose connection is in the middle of a message. */
async function busy(t: Test): Promise<Held> {
  const clock = manualClock()
  const { server, connect } = memoryServer({ clock })
  const client = await connect()
  const connection = (await server.accept()) as Connection
  t.teardown(async () => {
    client.abort()
    await server.close({ grace: 0 })
  })
  void connection.run((connection) => connection.readLine()).catch(() => {})
  await client.write('half')
  await until(() => connection.buffered === 4)
  return { server, client, connection, clock }
}
const raise = async (signal: NodeJS.Signals): Promise<void> => {
  const heard = new Promise((resolve) => process.once(signal, resolve))
  process.kill(process.pid, signal)
  await within(heard, signal)
}
const listeners = (): number[] => ['SIGUSR2', 'SIGCONT', 'SIGTERM', 'SIGINT'].map((signal) => process.listenerCount(signal))

t.test('shutdownOn listens to the given signals only: the first one drains, and a second one aborts', unix, async (t) => {
  const before = listeners()
  const { server, connection, clock } = await busy(t)
  const handle = shutdownOn(server, { signals: ['SIGUSR2', 'SIGCONT', 'SIGUSR2'], grace: 5000 })
  t.same(
    listeners().map((count, n) => count - (before[n] as number)),
    [1, 1, 0, 0],
  )
  await raise('SIGCONT')
  t.equal(server.draining, true)
  await clock.advance(500)
  await raise('SIGUSR2')
  await raise('SIGCONT')
  await turns()
  t.equal(connection.signal.aborted, false, 'within half a second it counts as the same one')
  await clock.advance(1)
  await raise('SIGUSR2')
  t.equal((await within(connection.closed)).by, 'aborted')
  await server.closed
  await turns()
  t.same(listeners(), before, 'its listeners are removed automatically')
  handle[Symbol.dispose]()
})

t.test('the grace is that of close, 10 seconds by default', unix, async (t) => {
  for (const [options, grace] of [
    [{ grace: 300 }, 300],
    [{}, 10_000],
    [{ grace: undefined }, 10_000],
  ] as const) {
    const { server, connection, clock } = await busy(t)
    shutdownOn(server, { signals: ['SIGUSR2'], ...options })
    await raise('SIGUSR2')
    await clock.advance(grace - 1)
    t.equal(connection.signal.aborted, false)
    await clock.advance(1)
    t.equal((await connection.closed).by, 'aborted')
    await server.closed
  }
})

t.test('during the delay the server goes on accepting and is stopping, and then it drains', unix, async (t) => {
  const { server, connection, clock } = await busy(t)
  shutdownOn(server, { signals: ['SIGUSR2'], delay: 3000, grace: 5000 })
  t.equal(server.stopping, false)
  const accepting = server.accept()
  await raise('SIGUSR2')
  t.same([server.stopping, server.draining], [true, false])
  await clock.advance(2999)
  t.same([server.stopping, server.draining], [true, false])
  t.equal(await isPending(accepting), true, 'it goes on accepting')
  await clock.advance(1)
  t.same([server.stopping, server.draining], [true, true])
  t.equal(await within(accepting), null)
  await clock.advance(4999)
  t.equal(connection.signal.aborted, false, 'the grace begins at the end of the delay')
  await clock.advance(1)
  t.equal((await within(connection.closed)).by, 'aborted')
  await server.closed
  t.equal(server.stopping, true)
})

t.test('a second signal ends the delay, and a third one aborts', unix, async (t) => {
  for (const delay of [3000, Number.POSITIVE_INFINITY]) {
    const { server, connection, clock } = await busy(t)
    shutdownOn(server, { signals: ['SIGUSR2'], delay, grace: 600_000 })
    for (const _ of ['one', 'and the same again']) await raise('SIGUSR2')
    await clock.advance(501)
    t.same([server.stopping, server.draining], [true, false])
    await raise('SIGUSR2')
    t.equal(server.draining, true)
    await raise('SIGUSR2')
    await clock.advance(500)
    await raise('SIGUSR2')
    await turns()
    t.equal(connection.signal.aborted, false, 'it counts as the second one')
    await clock.advance(1)
    await raise('SIGUSR2')
    t.equal((await within(connection.closed)).by, 'aborted')
    await server.closed
  }
})

t.test('a second signal after the delay aborts', unix, async (t) => {
  const { server, connection, clock } = await busy(t)
  shutdownOn(server, { signals: ['SIGUSR2'], delay: 1000, grace: 600_000 })
  await raise('SIGUSR2')
  await clock.advance(1000)
  t.equal(server.draining, true)
  await raise('SIGUSR2')
  t.equal((await within(connection.closed)).by, 'aborted')
  await server.closed
})

t.test('many servers share one listener for each signal, and each has its own options', unix, async (t) => {
  const before = listeners()
  const warnings: Error[] = []
  const warned = (warning: Error): void => void warnings.push(warning)
  process.on('warning', warned)
  t.teardown(() => process.off('warning', warned))
  const idle = Array.from({ length: 30 }, () => memoryServer().server)
  const handles = idle.map((server) => shutdownOn(server, { signals: ['SIGUSR2', 'SIGCONT'] }))
  const short = await busy(t)
  const long = await busy(t)
  const other = await busy(t)
  shutdownOn(short.server, { signals: ['SIGUSR2'], grace: 100 })
  shutdownOn(long.server, { signals: ['SIGUSR2'], grace: 200, delay: 50 })
  shutdownOn(other.server, { signals: ['SIGCONT'] })
  const added = (): number[] => listeners().map((count, n) => count - (before[n] as number))
  t.same(added(), [1, 1, 0, 0])
  handles[0]?.[Symbol.dispose]()
  await raise('SIGUSR2')
  t.same([short.server.draining, long.server.draining, long.server.stopping, other.server.stopping], [true, false, true, false])
  t.same(
    idle.map(({ draining }) => draining),
    [false, ...Array(29).fill(true)],
    'except the one whose handle was disposed of',
  )
  for (const [held, ms] of [
    [short, 100],
    [long, 250],
  ] as const) {
    await held.clock.advance(ms - 1)
    t.equal(held.connection.signal.aborted, false)
    await held.clock.advance(1)
    await held.server.closed
  }
  t.same(added(), [0, 1, 0, 0], 'the listener of a signal is removed with its last server')
  await other.server.close({ grace: 0 })
  await idle[0]?.close()
  await turns()
  t.same(listeners(), before)
  t.same(warnings, [])
})

t.test('shutdownOn throws if the system refuses a listener, and leaves none behind', async (t) => {
  const before = listeners()
  const { server } = memoryServer()
  t.teardown(() => server.close())
  const refused = new Error('EINVAL')
  const { on } = process
  t.capture(process, 'on', function (this: NodeJS.Process, event: string, listener: () => void) {
    if (event === 'SIGUSR2') throw refused
    return on.call(this, event, listener)
  } as typeof process.on)
  t.throws(() => shutdownOn(server, { signals: ['SIGCONT', 'SIGUSR2'] }), refused)
  t.same(listeners(), before)
})

t.test('the default signals are SIGTERM and SIGINT, and `using` removes the listeners', async (t) => {
  const { server } = await busy(t)
  const [terms, ints] = [process.listenerCount('SIGTERM'), process.listenerCount('SIGINT')]
  {
    using _ = shutdownOn(server)
    t.same([process.listenerCount('SIGTERM'), process.listenerCount('SIGINT')], [terms + 1, ints + 1])
  }
  t.same([process.listenerCount('SIGTERM'), process.listenerCount('SIGINT')], [terms, ints])
  t.equal(server.draining, false)
})

t.test('shutdownOn leaves no listener behind on a closed server', async (t) => {
  const before = listeners()
  const { server } = memoryServer()
  await server.close()
  shutdownOn(server)
  await turns()
  t.same(listeners(), before)
})

t.test('shutdownOn throws for wrong arguments, and leaves no listener behind', async (t) => {
  const before = listeners()
  const { server } = memoryServer()
  t.teardown(() => server.close())
  for (const wrong of [undefined, null, {}, 'server', new net.Server()]) t.throws(() => shutdownOn(wrong as never), TypeError)
  for (const wrong of [
    null,
    7,
    'SIGTERM',
    { signals: 'SIGTERM' },
    { signals: [15] },
    { signals: ['SIGTERM', null] },
    { grace: '5' },
    { grace: null },
    { delay: '5' },
    { delay: null },
  ]) {
    t.throws(() => shutdownOn(server, wrong as never), TypeError)
  }
  for (const impossible of [
    { signals: ['SIGTERM', 'SIGTREM'] },
    { signals: ['toString'] },
    { grace: -1 },
    { grace: Number.NaN },
    { delay: -1 },
    { delay: Number.NaN },
  ]) {
    t.throws(() => shutdownOn(server, impossible as never), RangeError)
  }
  for (const fatal of ['SIGKILL', 'SIGSTOP'] as const) t.throws(() => shutdownOn(server, { signals: ['SIGTERM', fatal] }), RangeError)
  t.same(listeners(), before)
})
