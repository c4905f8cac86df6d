// Node reports nothing when descriptors run out: libuv accepts a connection and closes it. By default a server of linnet keeps
// below the limit, emits `drop` for each connection that it drops, and serves again once clients have left.

import net from 'node:net'
import t, { type Test } from 'tap'
import type { ServerStats } from '../../lib/index.js'
import { program } from '../support/program.js'
import { until, within } from '../support/wait.js'

interface Caller {
  socket: net.Socket
  text: string
  over: boolean
}

/** A client that sends a line once it is connected, and records the answer and the end. */
function call(t: Test, port: number): Caller {
  const socket = net.connect(port, '127.0.0.1')
  const caller: Caller = { socket, text: '', over: false }
  socket.on('data', (data) => {
    caller.text += data
  })
  socket
    .on('error', () => {})
    .on('close', () => {
      caller.over = true
    })
  socket.write('hello\n')
  t.teardown(() => socket.destroy())
  return caller
}

const server = (options: string): string => `
  const server = await linnet.listen({ port: 0, host: '127.0.0.1'${options} })
  const reasons = {}
  server.on('drop', ({ reason }) => { reasons[reason] = (reasons[reason] ?? 0) + 1 })
  server.serve(async (connection) => {
    for await (const line of connection.lines()) await connection.write(line + '\\n')
  })
  console.log('port', server.port)
  process.stdin.on('data', async (word) => {
    if (String(word).trim() === 'stats') console.log('stats', JSON.stringify({ ...server.stats(), reasons }))
    else { await server.close({ grace: 0 }); process.stdin.destroy() }
  })
`

t.test('with 128 descriptors and 250 clients a server drops some, reports each, and serves new clients once they have left', async (t) => {
  const run = program(t, server(''), { descriptors: 128 })
  const port = Number((await run.says(/^port (\d+)$/m))[1])
  const callers = Array.from({ length: 250 }, () => call(t, port))
  let asked = 0
  const statsWhen = async (holds: (stats: ServerStats & { reasons: object }) => boolean): Promise<ServerStats & { reasons: object }> => {
    for (;;) {
      run.child.stdin?.write('stats\n')
      const [, answer] = await run.says(new RegExp(`(?:^stats (.*)$[\\s\\S]*?){${++asked}}`, 'm'))
      const stats = JSON.parse(answer!)
      if (holds(stats)) return stats
    }
  }
  const stats = await statsWhen(({ accepted }) => accepted === 250)
  const count = (what: (caller: Caller) => boolean): number => callers.filter(what).length
  await until(() => count(({ text }) => text === 'hello\n') === stats.active && count(({ over }) => over) === stats.dropped, 'as it says')
  t.match(stats, { accepted: 250, handlerErrors: 0 }, 'each client was accepted')
  t.equal(stats.active + stats.pending + stats.dropped, 250)
  t.ok(stats.active >= 10 && stats.active + stats.pending < 128, `${stats.active} were served, ${stats.pending} wait`)
  t.strictSame(stats.reasons, { maxPending: stats.dropped }, 'and it has said whom it dropped')
  for (const { socket } of callers) socket.destroy()
  await statsWhen(({ active, pending }) => active + pending === 0)
  for (let n = 0; n < 20; n++) {
    const late = call(t, port)
    await until(() => late.text === 'hello\n' || late.over)
    t.equal(late.text, 'hello\n', 'a new client is served')
    late.socket.destroy()
  }
  run.child.stdin?.write('close\n')
  t.equal(await run.ends(), 0)
  t.equal(run.stderr, '')
})

t.test('a server whose limits exceed those of the system serves new clients once the others have left', async (t) => {
  const run = program(t, server(', maxConnections: Infinity, maxPending: Infinity'), { descriptors: 128 })
  const port = Number((await run.says(/^port (\d+)$/m))[1])
  const callers = Array.from({ length: 250 }, () => call(t, port))
  await within(
    until(() => callers.every(({ text, over }) => over || text !== ''), 'an end or an answer for each client', 20_000),
    'the answers',
    25_000,
  )
  for (const { socket } of callers) socket.destroy()
  // The system refuses new connections until the server has closed the old ones.
  let late = call(t, port)
  await until(() => {
    if (late.over) late = call(t, port)
    return late.text === 'hello\n'
  }, 'an answer once the others have left')
  late.socket.destroy()
  run.child.stdin?.write('close\n')
  t.equal(await run.ends(), 0)
  t.equal(run.stderr, '')
})

t.test('an option that has to be probed is not reported as unsupported because no descriptor is free', async (t) => {
  const code = `
    const { openSync, closeSync } = await import('node:fs')
    const options = { port: 0, host: '127.0.0.1', reusePort: true }
    const held = []
    try { for (;;) held.push(openSync('/dev/null')) } catch {}
    const first = await linnet.listen(options).catch((error) => error.code)
    for (const each of held) closeSync(each)
    console.log(first)
    const again = await linnet.listen(options).catch((error) => error.code)
    if (typeof again === 'string') console.log(again)
    else { console.log('listens'); await again.close() }`
  const run = program(t, code, { descriptors: 128 })
  t.equal(await run.ends(), 0, run.stderr)
  const [first, again] = run.stdout.split('\n')
  t.equal(first, 'EMFILE')
  t.match(again, /^(listens|ERR_LINNET_OPTIONS)$/, 'with free descriptors the system decides')
})
