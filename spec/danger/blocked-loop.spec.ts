// Time limits of a process whose event loop was blocked, or which was stopped, for longer than the limit. Bytes that the kernel
// received in that time count as received in time. A peer that sent nothing is cut.

import { type ChildProcess, spawn } from 'node:child_process'
import net from 'node:net'
import t, { type Test } from 'tap'
import { connect, HandshakeError, type ListenOptions, listen, pipe, type Server, TimeoutError } from '../../lib/index.js'
import { identityOf } from '../support/certificates.js'
import { program } from '../support/program.js'
import { rejection, until, within } from '../support/wait.js'

const { key, cert } = identityOf()
const TIMEOUT = 300

/** Runs `code` in another process, which goes on while this one is blocked. */
function peer(t: Test, code: string): ChildProcess {
  const child = spawn(process.execPath, ['-e', `const net = require('node:net'), tls = require('node:tls'); ${code}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { KEY: key, CERT: cert },
  })
  t.teardown(() => child.kill('SIGKILL'))
  return child
}

function block(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

async function opened(t: Test, options: ListenOptions): Promise<Server> {
  const server = await listen({ port: 0, host: '127.0.0.1', handshakeTimeout: TIMEOUT, ...options })
  t.teardown(() => server.close({ grace: 0 }))
  return server
}

const talking: [string, ListenOptions, string][] = [
  ['a PROXY header', { proxyProtocol: true }, 's.write("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\\r\\n")'],
  ['a first byte', { tls: { key, cert, optional: true } }, 's.write("hello\\n")'],
  ['a TLS handshake', { tls: { key, cert } }, 'tls.connect({ socket: s, rejectUnauthorized: false }).on("error", () => {})'],
]
for (const [what, options, talk] of talking) {
  t.test(`${what} that arrives while the event loop is blocked is in time`, async (t) => {
    const server = await opened(t, options)
    const failures: unknown[] = []
    server.on('handshakeError', (error) => failures.push(error))
    const taken = server.accept()
    peer(t, `const s = net.connect(${server.port}, '127.0.0.1', () => setTimeout(() => { ${talk} }, 350)).on('error', () => {})`)
    await until(() => server.stats().pending > 0)
    block(900)
    t.not(await within(taken), null)
    t.same(failures, [])
  })
}

t.test('a handshake that has not begun when the event loop is free again times out', async (t) => {
  const server = await opened(t, { tls: { key, cert } })
  const failed = new Promise<HandshakeError>((resolve) => server.once('handshakeError', resolve))
  peer(t, `net.connect(${server.port}, '127.0.0.1').on('error', () => {})`)
  await until(() => server.stats().pending > 0)
  block(700)
  const error = await within(failed)
  t.ok(error instanceof HandshakeError)
  t.ok(error.cause instanceof TimeoutError)
})

t.test('connect does not time out if the peer answered while the event loop was blocked', async (t) => {
  const server = await opened(t, {})
  const connecting = connect({ port: server.port, host: '127.0.0.1', timeout: 200 })
  await new Promise(setImmediate)
  block(500)
  const connection = await within(connecting)
  connection.abort()
  const child = peer(
    t,
    `const s = tls.createServer({ key: process.env.KEY, cert: process.env.CERT }, (c) => c.on('error', () => {})).listen(0, '127.0.0.1', () => console.log(s.address().port))`,
  )
  const port = await new Promise<number>((resolve) => child.stdout?.once('data', (text) => resolve(Number(text))))
  const options = { port, host: '127.0.0.1', tls: { rejectUnauthorized: false } }
  ;(await connect(options)).abort()
  const securing = connect({ ...options, timeout: 250 })
  for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate)
  block(600)
  const secured = await within(securing)
  t.equal(secured.tls?.authorized, false)
  secured.abort()
})

t.test('connect times out if the peer did not answer while the event loop was blocked', async (t) => {
  const silent = net.createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1')
  t.teardown(() => silent.close())
  await new Promise((resolve) => silent.once('listening', resolve))
  const { port } = silent.address() as net.AddressInfo
  const connecting = rejection(connect({ port, host: '127.0.0.1', timeout: 200, tls: { rejectUnauthorized: false } }))
  await new Promise(setImmediate)
  block(400)
  t.match(await within(connecting), { operation: 'connect', kind: 'connect' })
})

t.test('neither a read nor the idle limit of a pipe expires if bytes arrived while the event loop was blocked', async (t) => {
  const server = await opened(t, {})
  const child = peer(
    t,
    `for (const k of [0, 1]) { const s = net.connect(${server.port}, '127.0.0.1').on('error', () => {}); setInterval(() => s.write('x\\n'), 100) }`,
  )
  const [a, b] = [(await server.accept())!, (await server.accept())!]
  const line = a.readLine({ timeout: 250 })
  block(500)
  t.equal(await line, 'x')
  const piping = pipe(a, b, { idleTimeout: 1000 }).catch(() => {})
  block(2000)
  await new Promise((resolve) => setTimeout(resolve, 50))
  t.equal(a.signal.aborted, false)
  child.kill()
  await within(piping)
})

t.test('a process that is stopped and continued cuts no peer that sent data meanwhile', async (t) => {
  const run = program(
    t,
    `const server = await linnet.listen({ port: 0, host: '127.0.0.1', idleTimeout: 500, readTimeout: 500 })
    console.log('port', server.port)
    await server.serve(async (connection) => { for await (const line of connection.lines()) await connection.write(line + '\\n') })`,
  )
  const socket = net.connect(Number((await run.says(/^port (\d+)$/m))[1]), '127.0.0.1').on('error', () => {})
  let heard = ''
  socket.on('data', (chunk) => (heard += chunk))
  t.teardown(() => socket.destroy())
  socket.write('one\n')
  await until(() => heard === 'one\n')
  run.signal('SIGSTOP')
  socket.write('two\n')
  await new Promise((resolve) => setTimeout(resolve, 1200))
  run.signal('SIGCONT')
  await until(() => heard === 'one\ntwo\n')
  t.pass('it answers')
})
