// The limits of SECURITY.md as bytes: for each, clients that reach it, and the memory that the process then holds, after a
// garbage collection. The factors are generous. The mistakes that they detect are ten times larger.

import t from 'tap'
import { CLIENTS, holds, KIB, OBJECTS, server } from '../support/held.js'

const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')
const tlvs = Buffer.alloc(65_535 - 12 - 3 - ((65_535 - 12 - 3) % 3))
for (let at = 0; at < tlvs.length; at += 3) tlvs[at] = 0xe0
const size = 12 + tlvs.length
const header = Buffer.concat([signature, Buffer.from([0x21, 0x11, size >> 8, size & 255, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 0, 2]), tlvs])

t.test('a connection holds at most twice the size of its PROXY header until it closes', async (t) => {
  const code = server('proxyProtocol: true', '(connection) => connection.readToEnd()')
  const { held } = await holds(t, code, { words: header }, ({ active }) => active === CLIENTS)
  t.ok(held < CLIENTS * (2 * header.length + OBJECTS), `${held} bytes of ${CLIENTS}`)
})

t.test('a connection with a part of a PROXY header holds at most three times its size', async (t) => {
  const code = server('proxyProtocol: true', '() => {}')
  const { held } = await holds(t, code, { words: header.subarray(0, -1) }, ({ pending }) => pending === CLIENTS)
  t.ok(held < CLIENTS * (3 * header.length + OBJECTS), `${held} bytes of ${CLIENTS}`)
})

t.test('pending connections are limited in number, and each holds the read-ahead of Node', async (t) => {
  const code = server('maxConnections: 1, maxPending: 9', '(connection) => connection.closed')
  const { active, pending, held } = await holds(
    t,
    code,
    { words: Buffer.alloc(KIB * KIB) },
    ({ dropped, active }) => dropped >= CLIENTS - 10 && active === 1,
  )
  t.strictSame([active, pending], [1, 9])
  t.ok(held < 10 * (4 * 64 * KIB + OBJECTS), `${held} bytes of 10`)
})

t.test('silent clients hold only their objects, however many maxConnections allows', async (t) => {
  const code = server('', '(connection) => connection.readLine()')
  const { held } = await holds(t, code, {}, ({ active }) => active === CLIENTS)
  t.ok(held < CLIENTS * OBJECTS, `${held} bytes of ${CLIENTS}`)
})

t.test('a message without end holds its limit and the read-ahead', async (t) => {
  const code = server('maxBufferSize: 262144', '(connection) => connection.readLine()')
  const { held } = await holds(t, code, { words: Buffer.alloc(200 * KIB, 'x') }, ({ read }) => read === CLIENTS * 200 * KIB)
  t.ok(held < CLIENTS * (2 * (256 + 128) * KIB + OBJECTS), `${held} bytes of ${CLIENTS}`)
})

// Writes whenever fewer bytes than the limit are queued, and awaits no write. The clients do not read.
const careless = `async (connection) => {
  while (!connection.signal.aborted) {
    while (connection.queued < 262144 && !connection.signal.aborted) void connection.write(Buffer.alloc(32768, 'x'))
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}`

t.test('the queue of a peer that does not read holds maxWriteBuffer, and the write that reaches it', async (t) => {
  const code = server('maxWriteBuffer: 262144', careless)
  const least = CLIENTS * 240 * KIB
  const { held } = await holds(t, code, {}, ({ active, held }) => active === CLIENTS && held > least)
  t.ok(held < CLIENTS * ((256 + 32 + 32) * KIB + OBJECTS), `${held} bytes of ${CLIENTS}`)
})

t.test('the queue is released once writeTimeout has cut the connection', async (t) => {
  const code = server('maxWriteBuffer: 262144, writeTimeout: 1000', careless)
  const { held } = await holds(t, code, {}, ({ over }) => over > CLIENTS)
  t.ok(held < CLIENTS * OBJECTS, `${held} bytes of ${CLIENTS}`)
})

// The beginning of a record of 512 bytes.
const half = Buffer.concat([Buffer.from('1603010200010001fc0303', 'hex'), Buffer.alloc(100, 7)])

t.test('half a TLS handshake holds what Node allocates for one, and nothing after handshakeTimeout', async (t) => {
  const secure = 'tls: { key: process.env.KEY, cert: process.env.CERT }'
  const waits = await holds(t, server(secure, '() => {}'), { words: half }, ({ pending }) => pending === CLIENTS)
  t.ok(waits.held < CLIENTS * (64 * KIB + 2 * OBJECTS), `${waits.held} bytes of ${CLIENTS}`)
  const cut = server(`${secure}, handshakeTimeout: 500`, '() => {}')
  const { held } = await holds(t, cut, { words: half }, ({ handshakeErrors }) => handshakeErrors >= CLIENTS)
  t.ok(held < CLIENTS * OBJECTS, `${held} bytes of ${CLIENTS}`)
})

t.test('half a PROXY header, or an admit that never settles, holds nothing after handshakeTimeout', async (t) => {
  for (const options of ['proxyProtocol: true', 'admit: () => new Promise(() => {})']) {
    const code = server(`${options}, handshakeTimeout: 500`, '() => {}')
    const words = header.subarray(0, -1)
    const { held } = await holds(t, code, { words }, ({ handshakeErrors, dropped }) => handshakeErrors + dropped >= CLIENTS)
    t.ok(held < CLIENTS * OBJECTS, `${held} bytes of ${CLIENTS}: ${options}`)
  }
})
