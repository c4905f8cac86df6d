// Bytes that are no header cause one `handshakeError`, and no other error: the connection is closed, none of its bytes are
// delivered, and the server goes on.

import fc from 'fast-check'
import t, { type Test } from 'tap'
import { type Connection, HandshakeError } from '../../lib/index.js'
import { binary, four, line4, parse, signature, tcp4, tcp6, tlv } from '../proxy-protocol/support.js'
import { turns, until, within } from '../support/wait.js'
import { cut, echo, ending, inMemory, type Opened, overEach, talk } from './support.js'

const proxyProtocol = true

/** The next handshakeError. */
async function failure({ books }: Opened, knock: () => Promise<unknown>): Promise<HandshakeError> {
  const before = books.handshakeErrors.length
  await knock()
  await until(() => books.handshakeErrors.length > before)
  return books.handshakeErrors.at(-1)!.error
}

async function lives(t: Test, { server, books, connect }: Opened, errors: number): Promise<void> {
  t.equal(books.handshakeErrors.length, errors, 'one event for each')
  t.match(server.stats(), { handshakeErrors: errors, pending: 0, dropped: 0 })
  t.equal(books.count('connection'), 0, 'no connection was yielded')
  const client = await connect()
  await client.write(line4)
  await talk(client)
}

overEach(t, 'bytes that cannot begin a header are refused at once, with the reason', async (t, open, way) => {
  const opened = await open({ proxyProtocol, handshakeTimeout: Number.POSITIVE_INFINITY })
  void opened.server.serve(echo)
  const wrong: [string | Buffer, RegExp][] = [
    ['GET / HTTP/1.1\r\n', /does not begin with one/],
    [Buffer.from([22, 3, 1, 0, 200]), /does not begin with one/],
    ['PROXY TCP5', /TCP4, TCP6 or UNKNOWN/],
    ['PROXY TCP4 300.', /an IPv4 address, got "300."/],
    [Buffer.concat([signature, Buffer.from([0x21, 0x12])]), /got family and protocol 0x12/],
    [binary(0x21, 0x11, Buffer.concat([four, tlv(3, 'abcd')])), /its checksum is wrong/],
  ]
  for (const [bytes, reason] of wrong) {
    const client = await opened.connect()
    const error = await failure(opened, () => client.write(bytes))
    t.match(error.message, /^the PROXY header is malformed: /)
    t.match(error.message, reason)
    t.ok(error.cause instanceof Error)
    t.equal(error.remote?.family, way === 'tcp' ? 'IPv4' : 'unix')
    await cut(t, way, client)
  }
  await lives(t, opened, wrong.length)
})

overEach(t, 'a client that ends or resets before its header is complete is a HandshakeError', async (t, open, way) => {
  const opened = await open({ proxyProtocol, handshakeTimeout: Number.POSITIVE_INFINITY })
  void opened.server.serve(echo)
  let errors = 0
  for (const header of [line4, tcp4.toString('latin1')]) {
    for (const size of [0, 1, 6, 13, 16, header.length - 1]) {
      const client = await opened.connect()
      const error = await failure(opened, async () => {
        await client.write(Buffer.from(header.slice(0, size), 'latin1'))
        await client.end()
      })
      t.match(error.message, /ended before its PROXY header was whole/)
      await within(ending(client), 'the end')
      const leaver = await opened.connect()
      const loss = await failure(opened, async () => {
        await leaver.write(Buffer.from(header.slice(0, size), 'latin1'))
        await leaver.flush()
        leaver.abort()
      })
      t.match(loss.message, way === 'unix' ? /before its PROXY header was whole/ : /lost before its PROXY header was whole/)
      if (way !== 'unix') t.match(loss.cause, { code: 'ECONNRESET' })
      errors += 2
    }
  }
  await lives(t, opened, errors)
})

t.test('any bytes result in exactly one connection or one HandshakeError', async (t) => {
  const opened = inMemory(t, { proxyProtocol })
  const { server, books, connect } = opened
  const yielded: Connection[] = []
  const serving = server.serve(async (connection) => {
    yielded.push(connection)
    await connection.readToEnd()
  })
  const long = binary(0x21, 0x11, Buffer.concat([four, tlv(1, 'h2'), tlv(2, 'example.com')]))
  const flipped = fc
    .tuple(fc.constantFrom(Buffer.from(line4), tcp4, tcp6, long), fc.nat(), fc.integer({ min: 1, max: 255 }))
    .map(([header, at, flip]) => {
      const other = Buffer.from(header)
      other[at % other.length]! ^= flip
      return other
    })
  const truncated = fc
    .tuple(fc.constantFrom(Buffer.from(line4), tcp4, tcp6, long), fc.nat())
    .map(([header, at]) => header.subarray(0, at % header.length))
  const random = fc
    .tuple(fc.constantFrom('', 'PROXY ', 'PROXY TCP4 ', signature.toString('latin1')), fc.uint8Array({ maxLength: 60 }))
    .map(([head, tail]) => Buffer.concat([Buffer.from(head, 'latin1'), tail]))
  const property = fc.asyncProperty(fc.oneof(flipped, truncated, random), fc.nat(), async (bytes, at) => {
    const [connections, errors] = [yielded.length, books.handshakeErrors.length]
    const client = await connect()
    const place = at % (bytes.length + 1)
    for (const piece of [bytes.subarray(0, place), bytes.subarray(place)]) await client.write(piece).catch(() => {})
    await client.end().catch(() => {})
    await until(() => yielded.length + books.handshakeErrors.length > connections + errors)
    await turns(2)
    const one = yielded.length + books.handshakeErrors.length === connections + errors + 1
    client.abort()
    return one && yielded.length > connections === (typeof parse(bytes) === 'object')
  })
  await fc.assert(property, { numRuns: 1500 })
  await until(() => server.stats().active === 0)
  t.ok(books.handshakeErrors.length > 500)
  t.ok(books.handshakeErrors.every(({ error }) => error.constructor === HandshakeError))
  t.strictSame(books.handlerErrors, [])
  t.strictSame(books.mistakes, [])
  await server.close()
  await serving
})

overEach(t, 'a listener of handshakeError may throw, or close the server', async (t, open, way) => {
  const { server, books, connect } = await open({ proxyProtocol })
  const thrown: unknown[] = []
  const caught = (error: unknown): void => void thrown.push(error)
  const others = process.rawListeners('uncaughtException')
  process.removeAllListeners('uncaughtException').on('uncaughtException', caught)
  t.teardown(() => {
    process.removeAllListeners('uncaughtException')
    for (const listener of others) process.on('uncaughtException', listener as () => void)
  })
  const mine = new Error('mine')
  server.once('handshakeError', () => {
    throw mine
  })
  const first = await connect()
  await first.write('wrong')
  await until(() => thrown.length === 1)
  t.strictSame(thrown, [mine])
  await cut(t, way, first)
  const waiting = await connect()
  await until(() => server.stats().pending === 1)
  server.once('handshakeError', () => void server.close())
  const second = await connect()
  await second.write('wrong')
  await within(server.closed)
  await cut(t, way, waiting)
  t.strictSame(books.reasons, ['draining'])
  t.match(server.stats(), { accepted: 3, handshakeErrors: 2, dropped: 1, pending: 0 })
})
