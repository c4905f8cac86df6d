// What the limits of SECURITY.md come to: for each, clients that do their worst, and the bytes that the process then holds. They are
// counted after a collection and not timed; the factors are generous, the mistakes they guard against are ten times larger.

import net from 'node:net'
import t, { type Test } from 'tap'
import { identityOf } from '../support/certificates.js'
import { program } from '../support/program.js'

const KIB = 1024
const CLIENTS = 40

/** What a connection costs whatever it does: its objects here and in Node. */
const OBJECTS = 40 * KIB

const server = (options: string, handler: string): string =>
  `
  const { setFlagsFromString } = await import('node:v8')
  const { runInNewContext } = await import('node:vm')
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc')
  const held = () => { gc(); gc(); const { heapUsed, external } = process.memoryUsage(); return heapUsed + external }
  const server = await linnet.listen({ port: 0, host: '127.0.0.1', ${options} })
  server.on('drop', () => {}).on('handshakeError', () => {})
  void server.serve(${handler})
  // One of each first, so that what is loaded and compiled once is there.
  const warm = require('node:net').connect(server.port, '127.0.0.1')
  warm.on('error', () => {})
  await new Promise((resolve) => warm.once('connect', resolve))
  warm.destroy()
  const before = held()
  console.log('port', server.port)
  process.stdin.on('data', () => {
    const { active, pending, dropped, accepted, handshakeErrors } = server.stats()
    const over = accepted - active - pending - dropped - handshakeErrors
    console.log('stats', active, pending, dropped, [...server.connections].reduce((sum, { bytesRead }) => sum + bytesRead, 0), held() - before, over, handshakeErrors)
  })`.replace("require('node:net')", "(await import('node:net')).default")

interface Stats {
  active: number
  pending: number
  dropped: number
  read: number
  held: number
  /** That were served and are over, the first one included. */
  over: number
  handshakeErrors: number
}

/** Clients that each say `words`, and what the server holds once `ready` says that they have come that far. */
async function holds(t: Test, code: string, words: Buffer, ready: (stats: Stats) => boolean): Promise<Stats> {
  const { key, cert } = identityOf()
  const run = program(t, code, { env: { KEY: key, CERT: cert } })
  const port = Number((await run.says(/^port (\d+)$/m))[1])
  const sockets = Array.from({ length: CLIENTS }, () => net.connect(port, '127.0.0.1').on('error', () => {}))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
  })
  for (const socket of sockets) socket.write(words)
  let asked = 0
  let last = Number.NaN
  for (;;) {
    run.child.stdin?.write('stats\n')
    const [, line = ''] = await run.says(new RegExp(`(?:^stats (.*)$[\\s\\S]*?){${++asked}}`, 'm'))
    const [active = 0, pending = 0, dropped = 0, read = 0, held = 0, over = 0, handshakeErrors = 0] = line.split(' ').map(Number)
    const stats = { active, pending, dropped, read, held, over, handshakeErrors }
    // Twice the same: nothing more comes.
    if (ready(stats) && read === last) return stats
    last = read
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')
const tlvs = Buffer.alloc(65_535 - 12 - 3 - ((65_535 - 12 - 3) % 3))
for (let at = 0; at < tlvs.length; at += 3) tlvs[at] = 0xe0
const size = 12 + tlvs.length
const header = Buffer.concat([signature, Buffer.from([0x21, 0x11, size >> 8, size & 255, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 0, 2]), tlvs])

t.test('a connection holds at most twice its PROXY header, for as long as it lives', async (t) => {
  const code = server('proxyProtocol: true', '(connection) => connection.readToEnd()')
  const { held } = await holds(t, code, header, ({ active }) => active === CLIENTS)
  t.ok(held < CLIENTS * (2 * header.length + OBJECTS), `${held} bytes of ${CLIENTS}`)
})

t.test('so does one whose header is not whole yet', async (t) => {
  const code = server('proxyProtocol: true', '() => {}')
  const { held } = await holds(t, code, header.subarray(0, -1), ({ pending }) => pending === CLIENTS)
  t.ok(held < CLIENTS * (3 * header.length + OBJECTS), `${held} bytes of ${CLIENTS}`)
})

t.test('what waits for room holds what Node has read ahead of it, and there are no more than the limits say', async (t) => {
  const code = server('maxConnections: 1, maxPending: 9', '(connection) => connection.closed')
  const { active, pending, held } = await holds(
    t,
    code,
    Buffer.alloc(KIB * KIB),
    ({ dropped, active }) => dropped >= CLIENTS - 10 && active === 1,
  )
  t.strictSame([active, pending], [1, 9])
  t.ok(held < 10 * (4 * 64 * KIB + OBJECTS), `${held} bytes of 10`)
})

t.test('silent clients hold no more than their objects, however many places there are', async (t) => {
  const code = server('', '(connection) => connection.readLine()')
  const { held } = await holds(t, code, Buffer.alloc(0), ({ active }) => active === CLIENTS)
  t.ok(held < CLIENTS * OBJECTS, `${held} bytes of ${CLIENTS}`)
})

t.test('a message that does not end holds its limit and what is read ahead', async (t) => {
  const code = server('maxBufferSize: 262144', '(connection) => connection.readLine()')
  const { held } = await holds(t, code, Buffer.alloc(200 * KIB, 'x'), ({ read }) => read === CLIENTS * 200 * KIB)
  t.ok(held < CLIENTS * (2 * (256 + 128) * KIB + OBJECTS), `${held} bytes of ${CLIENTS}`)
})

// Writes whenever less than the limit is queued, and awaits none of it. The clients do not read.
const careless = `async (connection) => {
  while (!connection.signal.aborted) {
    while (connection.queued < 262144 && !connection.signal.aborted) void connection.write(Buffer.alloc(32768, 'x'))
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}`

t.test('what is queued for a peer that does not read is maxWriteBuffer, and the write that reaches it', async (t) => {
  const code = server('maxWriteBuffer: 262144', careless)
  const least = CLIENTS * 240 * KIB
  const { held } = await holds(t, code, Buffer.alloc(0), ({ active, held }) => active === CLIENTS && held > least)
  t.ok(held < CLIENTS * ((256 + 32 + 32) * KIB + OBJECTS), `${held} bytes of ${CLIENTS}`)
})

t.test('and nothing of it once writeTimeout has cut the connection', async (t) => {
  const code = server('maxWriteBuffer: 262144, writeTimeout: 1000', careless)
  const { held } = await holds(t, code, Buffer.alloc(0), ({ over }) => over > CLIENTS)
  t.ok(held < CLIENTS * OBJECTS, `${held} bytes of ${CLIENTS}`)
})

// A record of 512 bytes of which a part comes.
const half = Buffer.concat([Buffer.from('1603010200010001fc0303', 'hex'), Buffer.alloc(100, 7)])

t.test('half a TLS handshake holds what Node needs for one, and nothing once handshakeTimeout has cut it', async (t) => {
  const secure = 'tls: { key: process.env.KEY, cert: process.env.CERT }'
  const waits = await holds(t, server(secure, '() => {}'), half, ({ pending }) => pending === CLIENTS)
  t.ok(waits.held < CLIENTS * (64 * KIB + 2 * OBJECTS), `${waits.held} bytes of ${CLIENTS}`)
  const cut = server(`${secure}, handshakeTimeout: 500`, '() => {}')
  const { held } = await holds(t, cut, half, ({ handshakeErrors }) => handshakeErrors >= CLIENTS)
  t.ok(held < CLIENTS * OBJECTS, `${held} bytes of ${CLIENTS}`)
})
