// examples/http-front.ts: an HTTP server and WebSockets behind linnet, with curl, Node's client and `ws` as clients; with PROXY
// headers, over TLS, and while it drains.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { tcpAddress } from '../../lib/address.js'
import { type Connection, connect } from '../../lib/index.js'
import { identityOf } from '../support/certificates.js'
import { until, within } from '../support/wait.js'
import { Example, Running, withoutCurl } from './support.js'

const skip = withoutCurl
const { files } = identityOf('DNS:localhost')

/** curl, which sends its standard input. */
class Asking extends Running {
  static start(t: Test, url: string, ...flags: string[]): Asking {
    const common = ['--silent', '--show-error', '--max-time', '30', '--ipv4', ...flags]
    return new Asking(t, spawn('curl', [...common, url], { stdio: ['pipe', 'pipe', 'pipe'] }))
  }
}

const front = (t: Test, variables?: NodeJS.ProcessEnv): Promise<Example> => Example.start(t, 'http-front', variables)

const closed = async (socket: WebSocket): Promise<{ code: number; reason: string }> => {
  const [code, reason] = await within(once(socket, 'close'), 'the end of a WebSocket')
  return { code, reason: String(reason) }
}

/** A connection of a client behind a proxy. */
async function passedOn(t: Test, port: number): Promise<Connection> {
  const proxyProtocol = { source: tcpAddress('203.0.113.5', 40_000), destination: tcpAddress('198.51.100.7', 80) }
  const connection = await connect({ host: '127.0.0.1', port, proxyProtocol })
  t.teardown(() => connection.abort())
  return connection
}

t.test('curl gets an answer, also twice on one connection, and its request body arrives', { skip }, async (t) => {
  const { port } = await front(t)
  const url = `http://localhost:${port}/`
  const twice = Asking.start(t, url, url)
  t.equal(await twice.toEnd(), 'hello 127.0.0.1, you sent 0 bytes by http\n'.repeat(2))
  const sending = Asking.start(t, url, '--data-binary', '@-')
  sending.child.stdin?.end('x'.repeat(3_000_000))
  t.equal(await sending.toEnd(), 'hello 127.0.0.1, you sent 3000000 bytes by http\n')
  t.strictSame(await sending.ended(), { code: 0, signal: null })
})

t.test('over TLS the HTTP server sees https', { skip }, async (t) => {
  const { port } = await front(t, { KEY: files.key, CERT: files.cert })
  const asking = Asking.start(t, `https://localhost:${port}/`, '--cacert', files.cert)
  t.equal(await asking.toEnd(), 'hello 127.0.0.1, you sent 0 bytes by https\n')
})

t.test('behind a proxy the HTTP server sees the address of the client, with curl and with a WebSocket', { skip }, async (t) => {
  const { port } = await front(t, { TRUST: '127.0.0.0/8' })
  const asking = Asking.start(t, `http://localhost:${port}/`, '--haproxy-protocol')
  t.equal(await asking.toEnd(), 'hello 127.0.0.1, you sent 0 bytes by http\n')
  const connection = await passedOn(t, port)
  await connection.write('GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n')
  t.match(await connection.readToEnd('utf8'), /^HTTP\/1\.1 200 [\s\S]*\r\n\r\nhello 203\.0\.113\.5, you sent 0 bytes by http\n$/)
  // The client's side of the WebSocket runs over a Duplex of linnet too.
  const under = await passedOn(t, port)
  const socket = new WebSocket(`ws://here:${port}/`, { createConnection: () => under.toDuplex() as never })
  await within(once(socket, 'open'))
  socket.send('x'.repeat(200_000))
  t.equal(String((await within(once(socket, 'message')))[0]), `203.0.113.5 says ${'x'.repeat(200_000)}`)
  socket.close(1000, 'bye')
  t.strictSame(await closed(socket), { code: 1000, reason: 'bye' })
})

t.test('a request that is not HTTP gets an answer, and no reset', async (t) => {
  const { port } = await front(t)
  const peer = net.connect(port, '127.0.0.1')
  let answer = ''
  peer.setEncoding('utf8').on('data', (text) => {
    answer += text
  })
  peer.write('what is this?\r\n\r\n')
  await within(once(peer, 'close'))
  t.equal(answer, 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
})

t.test('a drain lets answers end, sends WebSockets a close frame, and ends idle connections in order', { skip }, async (t) => {
  const example = await front(t)
  const { port } = example
  const url = `http://localhost:${port}/`
  // A client that has its answer and keeps its connection.
  const ends: string[] = []
  let heard = ''
  const idle = net.connect(port, '127.0.0.1').setEncoding('utf8')
  const over = once(idle, 'close')
  idle.on('error', (error) => ends.push(String(error))).on('end', () => ends.push('end'))
  idle.on('data', (text) => {
    heard += text
  })
  idle.write('GET / HTTP/1.1\r\nHost: here\r\n\r\n')
  await until(() => heard.endsWith('by http\n'))
  // A client that has sent nothing.
  const silent = net.connect(port, '127.0.0.1').on('error', (error) => ends.push(String(error)))
  await within(once(silent, 'connect'))
  const left = once(silent.resume(), 'close')
  // A WebSocket, which gets a close frame.
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`)
  await within(once(socket, 'open'))
  const told = closed(socket)
  // A client whose request is in progress.
  const sending = Asking.start(t, url, '--upload-file', '-', '--include')
  sending.child.stdin?.write('the first part, ')
  await example.hears('PUT /')
  example.interrupt()
  t.strictSame(await told, { code: 1001, reason: 'the server goes' })
  await within(left, 'the end of one that has said nothing')
  await within(over, 'the end of the one that was idle')
  t.strictSame(ends, ['end'], 'no reset')
  sending.child.stdin?.end('and the rest')
  const answer = await sending.toEnd()
  t.match(answer, /\r\nConnection: close\r\n/i)
  t.match(answer, /hello 127\.0\.0\.1, you sent 28 bytes by http\n$/)
  t.strictSame(await example.ended(), { code: 0, signal: null })
  t.equal(example.complained, '')
})
