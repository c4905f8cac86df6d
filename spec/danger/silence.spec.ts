// The library prints nothing, whatever clients do, so that no client can fill a log. The one exception is an error of a handler if
// `handlerError` has no listener.

import net from 'node:net'
import t, { type Test } from 'tap'
import { type Program, program } from '../support/program.js'
import { turns, until, within } from '../support/wait.js'

const server = `
  const limits = { idleTimeout: 300, readTimeout: 300, writeTimeout: 300, closeTimeout: 300, maxBufferSize: 1000, maxWriteBuffer: 100_000 }
  const server = await linnet.listen({ port: 0, host: '127.0.0.1', ...limits, maxConnectionsPerAddress: 40, admit: ({ remote }) => remote.family === "IPv4" })
  linnet.shutdownOn(server, { grace: 100 })
  console.log('port', server.port)
  const served = server.serve(async (connection) => {
    for await (const line of connection.lines()) {
      if (line === 'bug') throw new Error('this is the bug')
      if (line === 'quick') { connection.write('never read'); return }
      if (line === 'flood') for (;;) { connection.write(Buffer.alloc(50_000)); await connection.flush() }
      if (line === 'stop') server.close({ grace: 100 })
      await connection.write(line + '\\n')
    }
  })
  process.on('SIGUSR2', () => console.log('stats', JSON.stringify(server.stats())))
  await served
  console.log('done')
`

const garbage = Buffer.from(Array.from({ length: 3000 }, (_, n) => (n * 7919) % 256).filter((byte) => byte !== 10))

/** What a client does once it is connected. */
const deeds: Record<string, (socket: net.Socket) => void> = {
  'says nothing and stays': () => {},
  'says nothing and leaves': (socket) => socket.end(),
  'resets at once': (socket) => socket.resetAndDestroy(),
  'resets after a line': (socket) => socket.write('hello\n', () => socket.resetAndDestroy()),
  'resets in the middle of a line': (socket) => socket.write('hel', () => socket.resetAndDestroy()),
  'leaves in the middle of a line': (socket) => socket.end('hel'),
  'stops in the middle of a line': (socket) => socket.write('hel'),
  'is a scanner that speaks TLS': (socket) => socket.end(Buffer.from('16030100c8010000c40303', 'hex')),
  'is a scanner that speaks HTTP': (socket) => socket.end('GET / HTTP/1.0\r\n\r\n'),
  'sends garbage without an end of line': (socket) => socket.write(garbage),
  'sends lines that nobody answers any more': (socket) => socket.write('quick\nmore\nmore\n', () => socket.destroy()),
  'never reads': (socket) => socket.pause().write('flood\n'),
  'reads a little and resets': (socket) => {
    socket.once('data', () => socket.resetAndDestroy())
    socket.write('flood\n')
  },
}

function act(t: Test, port: number, deed: (socket: net.Socket) => void): Promise<void> {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  t.teardown(() => socket.destroy())
  return new Promise((resolve) => {
    socket.on('error', () => {}).on('close', () => resolve())
    socket.on('end', () => socket.end())
    socket.on('connect', () => {
      deed(socket)
      if (!socket.isPaused()) socket.resume()
      // The server cuts a client that does not read long before this one reads again and sees the reset.
      else setTimeout(() => socket.resume(), 3000)
    })
  })
}

async function started(t: Test): Promise<{ run: Program; port: number }> {
  const run = program(t, server)
  return { run, port: Number((await run.says(/^port (\d+)$/m))[1]) }
}

t.test('the server prints nothing for idle, slow, scanning and broken clients, and goes on', async (t) => {
  const { run, port } = await started(t)
  for (let round = 0; round < 2; round++) {
    await within(Promise.all(Object.values(deeds).map((deed) => act(t, port, deed))), 'the end of all clients', 20_000)
  }
  run.signal('SIGUSR2')
  const stats = JSON.parse((await run.says(/^stats (.*)$/m))[1]!)
  t.match(stats, { accepted: 2 * Object.keys(deeds).length, handlerErrors: 0 })
  // A client that resets before it is accepted has no address any more, and is dropped.
  const resetting = Object.keys(deeds).filter((deed) => deed.startsWith('resets')).length
  t.ok(stats.dropped <= 2 * resetting, `${stats.dropped} were dropped`)
  const idle = [
    act(t, port, () => {}),
    act(t, port, (socket) => socket.write('hel')),
    act(t, port, (socket) => socket.pause().write('flood\n')),
  ]
  await turns(20)
  run.signal('SIGTERM')
  await within(Promise.all(idle))
  t.equal(await run.ends(), 0)
  t.match(run.stdout, /^done$/m)
  t.equal(run.stderr, '')
})

t.test('the server prints nothing for clients that it drops', async (t) => {
  const { run, port } = await started(t)
  const crowd = Array.from({ length: 60 }, () => act(t, port, () => {}))
  await within(Promise.all(crowd), 'the end of all clients', 20_000)
  run.signal('SIGUSR2')
  const stats = JSON.parse((await run.says(/^stats (.*)$/m))[1]!)
  t.ok(stats.dropped > 0)
  run.signal('SIGTERM')
  t.equal(await run.ends(), 0)
  t.equal(run.stderr, '')
})

t.test('an error of a handler is printed with its stack, and the server goes on', async (t) => {
  const { run, port } = await started(t)
  await within(act(t, port, (socket) => socket.write('bug\n')))
  await until(() => run.stderr.includes('this is the bug'))
  t.match(run.stderr, /^linnet: .*handler.*\n?.*Error: this is the bug\n +at /)
  const printed = run.stderr
  await within(act(t, port, (socket) => socket.write('stop\n')))
  t.equal(await run.ends(), 0)
  t.match(run.stdout, /^done$/m)
  t.equal(run.stderr, printed, 'nothing else is printed')
})
