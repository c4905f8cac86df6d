// Ending a process in order: the first signal drains, the second cuts, and the process ends by itself.

import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { type Connection, type Server, shutdownOn } from '../lib/index.js'
import { manualClock, memoryServer } from '../lib/testing/index.js'
import { type Program, program } from './support/program.js'
import { isPending, turns, until, within } from './support/wait.js'

const unix = { skip: process.platform === 'win32' }

// --- in a process of its own -----------------------------------------------------------------------------------------

const echo = `
const server = await linnet.listen({ port: 0, host: '127.0.0.1' })
server.on('close', () => console.log('closed'))
process.on('exit', (code) => console.log('exit', code))
const served = server.serve(async (connection) => {
  for await (const line of connection.lines()) await connection.write(line + '\\n')
  await connection.write('bye\\n')
}).then(() => console.log('served'))
`

/** A client of a program that listens, once it has had an answer. */
async function client(t: Test, program: Program): Promise<{ socket: net.Socket; text: () => string; closed: Promise<void> }> {
  const [, port] = await program.says(/port (\d+)/)
  const socket = net.connect(Number(port), '127.0.0.1').setEncoding('utf8')
  t.teardown(() => socket.destroy())
  let text = ''
  socket.on('data', (chunk) => (text += chunk)).on('error', () => {})
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.write('hello\n')
  await until(() => text === 'hello\n')
  return { socket, text: () => text, closed }
}

t.test('SIGTERM and SIGINT let the process end in order, with the exit code of the program', unix, async (t) => {
  await Promise.all(
    (['SIGTERM', 'SIGINT'] as const).map(async (signal) => {
      const running = program(t, `${echo} linnet.shutdownOn(server); process.exitCode = 7; console.log('port', server.port)`)
      const { socket, text, closed } = await client(t, running)
      socket.write('half')
      await turns()
      running.child.kill(signal)
      socket.write(' a message\n')
      await within(closed)
      t.equal(await running.ends(), 7)
      t.match(text(), /^hello\nhalf a message\n/, 'a message that had begun was served')
      t.match(running.stdout, /closed[\s\S]*served[\s\S]*exit 7/)
      t.equal(running.stderr, '')
    }),
  )
})

t.test('an idle connection is let go at once, and one that is busy has its grace', unix, async (t) => {
  const [idle, busy] = ['10_000', '50'].map((grace) =>
    program(t, `${echo} linnet.shutdownOn(server, { grace: ${grace} }); console.log('port', server.port)`),
  ) as [Program, Program]
  await Promise.all([
    (async () => {
      const { closed } = await client(t, idle)
      idle.child.kill('SIGTERM')
      t.equal(await idle.ends(), 0)
      await closed
    })(),
    (async () => {
      const { socket, closed } = await client(t, busy)
      socket.write('half a message')
      await turns()
      busy.child.kill('SIGTERM')
      t.equal(await busy.ends(), 0)
      await closed
    })(),
  ])
})

t.test('a second signal, more than half a second later, cuts what is left; one that comes at once does not', unix, async (t) => {
  const running = program(
    t,
    `${echo} linnet.shutdownOn(server, { grace: 600_000 }); server.on('draining', () => console.log('draining')); console.log('port', server.port)`,
  )
  const { socket, closed } = await client(t, running)
  socket.write('half a message')
  await turns()
  running.child.kill('SIGTERM')
  await running.says(/draining/)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGINT'] as const) running.child.kill(signal)
  t.equal(await isPending(running.exit), true)
  await sleep(600)
  t.equal(await isPending(running.exit), true)
  running.child.kill('SIGINT')
  await within(closed)
  t.equal(await running.ends(), 0)
})

t.test('once it is taken off, or the server has closed, a signal does what it does to any process', unix, async (t) => {
  const off = program(t, `${echo} linnet.shutdownOn(server)[Symbol.dispose](); console.log('port', server.port)`)
  const over = program(
    t,
    "const server = await linnet.listen(0); linnet.shutdownOn(server); await server.close(); setInterval(() => {}, 1000); console.log('over')",
  )
  await Promise.all([
    client(t, off).then(async () => {
      off.child.kill('SIGTERM')
      t.equal(await off.ends(), 'SIGTERM')
    }),
    over.says(/over/).then(async () => {
      over.child.kill('SIGINT')
      t.equal(await over.ends(), 'SIGINT')
    }),
  ])
})

t.test('it keeps no process alive by itself', unix, async (t) => {
  const running = program(t, "const server = await linnet.listen(0); linnet.shutdownOn(server); server.unref(); console.log('up')")
  t.equal(await running.ends(), 0)
})

// --- in this process -------------------------------------------------------------------------------------------------

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

t.test('it listens to the signals it is given and to no others; the first drains, any second one cuts', unix, async (t) => {
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
  t.equal(connection.signal.aborted, false, 'within half a second it is the same one')
  await clock.advance(1)
  await raise('SIGUSR2')
  t.equal((await within(connection.closed)).by, 'aborted')
  await server.closed
  await turns()
  t.same(listeners(), before, 'its listeners go by themselves')
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

t.test('with a delay the server goes on accepting, and says so; then it drains', unix, async (t) => {
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
  t.equal(connection.signal.aborted, false, 'the grace begins when the delay is over')
  await clock.advance(1)
  t.equal((await within(connection.closed)).by, 'aborted')
  await server.closed
  t.equal(server.stopping, true)
})

t.test('a second signal ends the delay, and a third one cuts', unix, async (t) => {
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
    t.equal(connection.signal.aborted, false, 'the second one again')
    await clock.advance(1)
    await raise('SIGUSR2')
    t.equal((await within(connection.closed)).by, 'aborted')
    await server.closed
  }
})

t.test('a second signal behind a delay that has passed cuts', unix, async (t) => {
  const { server, connection, clock } = await busy(t)
  shutdownOn(server, { signals: ['SIGUSR2'], delay: 1000, grace: 600_000 })
  await raise('SIGUSR2')
  await clock.advance(1000)
  t.equal(server.draining, true)
  await raise('SIGUSR2')
  t.equal((await within(connection.closed)).by, 'aborted')
  await server.closed
})

t.test('however many servers there are, the process has one listener for each signal, and each server its options', unix, async (t) => {
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
    'but for the one that was taken off',
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
  t.same(added(), [0, 1, 0, 0], 'that of a signal goes with its last server')
  await other.server.close({ grace: 0 })
  await idle[0]?.close()
  await turns()
  t.same(listeners(), before)
  t.same(warnings, [])
})

t.test('a signal that the system does not let a process listen to throws, and then nothing is listened to', async (t) => {
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

t.test('by default it listens to SIGTERM and SIGINT; taken off, also by `using`, it does nothing any more', async (t) => {
  const { server } = await busy(t)
  const [terms, ints] = [process.listenerCount('SIGTERM'), process.listenerCount('SIGINT')]
  {
    using _ = shutdownOn(server)
    t.same([process.listenerCount('SIGTERM'), process.listenerCount('SIGINT')], [terms + 1, ints + 1])
  }
  t.same([process.listenerCount('SIGTERM'), process.listenerCount('SIGINT')], [terms, ints])
  t.equal(server.draining, false)
})

t.test('a server that has closed is listened for no more', async (t) => {
  const before = listeners()
  const { server } = memoryServer()
  await server.close()
  shutdownOn(server)
  await turns()
  t.same(listeners(), before)
})

t.test('wrong arguments throw, and then nothing is listened to', async (t) => {
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
  for (const deaf of ['SIGKILL', 'SIGSTOP'] as const) t.throws(() => shutdownOn(server, { signals: ['SIGTERM', deaf] }), RangeError)
  t.same(listeners(), before)
})
