// `shutdownOn` in a process of its own: the first signal drains, a second one aborts, and the process ends once the server has
// closed.

import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { type Program, program } from './support/program.js'
import { isPending, turns, until, within } from './support/wait.js'

const unix = { skip: process.platform === 'win32' }

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

t.test('after SIGTERM or SIGINT the process ends in order, with its own exit code', unix, async (t) => {
  await Promise.all(
    (['SIGTERM', 'SIGINT'] as const).map(async (signal) => {
      const running = program(t, `${echo} linnet.shutdownOn(server); process.exitCode = 7; console.log('port', server.port)`)
      const { socket, text, closed } = await client(t, running)
      socket.write('half')
      await turns()
      running.signal(signal)
      socket.write(' a message\n')
      await within(closed)
      t.equal(await running.ends(), 7)
      t.match(text(), /^hello\nhalf a message\n/, 'a message that had begun was served')
      t.match(running.stdout, /closed[\s\S]*served[\s\S]*exit 7/)
      t.equal(running.stderr, '')
    }),
  )
})

t.test('a signal ends an idle connection at once, and a busy one at the end of the grace', unix, async (t) => {
  const [idle, busy] = ['10_000', '50'].map((grace) =>
    program(t, `${echo} linnet.shutdownOn(server, { grace: ${grace} }); console.log('port', server.port)`),
  ) as [Program, Program]
  await Promise.all([
    (async () => {
      const { closed } = await client(t, idle)
      idle.signal('SIGTERM')
      t.equal(await idle.ends(), 0)
      await closed
    })(),
    (async () => {
      const { socket, closed } = await client(t, busy)
      socket.write('half a message')
      await turns()
      busy.signal('SIGTERM')
      t.equal(await busy.ends(), 0)
      await closed
    })(),
  ])
})

t.test('a second signal aborts the open connections if it arrives more than half a second after the first', unix, async (t) => {
  const running = program(
    t,
    `${echo} linnet.shutdownOn(server, { grace: 600_000 }); server.on('draining', () => console.log('draining')); console.log('port', server.port)`,
  )
  const { socket, closed } = await client(t, running)
  socket.write('half a message')
  await turns()
  running.signal('SIGTERM')
  await running.says(/draining/)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGINT'] as const) running.signal(signal)
  t.equal(await isPending(running.exit), true)
  await sleep(600)
  t.equal(await isPending(running.exit), true)
  running.signal('SIGINT')
  await within(closed)
  t.equal(await running.ends(), 0)
})

t.test('after its disposal, or the close of the server, a signal has its default effect', unix, async (t) => {
  const off = program(t, `${echo} linnet.shutdownOn(server)[Symbol.dispose](); console.log('port', server.port)`)
  const over = program(
    t,
    "const server = await linnet.listen(0); linnet.shutdownOn(server); await server.close(); setInterval(() => {}, 1000); console.log('over')",
  )
  await Promise.all([
    client(t, off).then(async () => {
      off.signal('SIGTERM')
      t.equal(await off.ends(), 'SIGTERM')
    }),
    over.says(/over/).then(async () => {
      over.signal('SIGINT')
      t.equal(await over.ends(), 'SIGINT')
    }),
  ])
})

t.test('shutdownOn does not keep the process alive', unix, async (t) => {
  const running = program(t, "const server = await linnet.listen(0); linnet.shutdownOn(server); server.unref(); console.log('up')")
  t.equal(await running.ends(), 0)
})
