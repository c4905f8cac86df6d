// `connect` of `memoryServer`, as over a network: addresses, admission, PROXY headers, TLS, time-outs, aborts and a faulty wire.

import { BlockList } from 'node:net'
import t from 'tap'
import { type Address, type Candidate, type Connection, HandshakeError, InvalidOptionsError, TimeoutError } from '../../lib/index.js'
import { manualClock } from '../../lib/testing/index.js'
import { echo, ending, inMemory, talk } from '../server/support.js'
import { identityOf } from '../support/certificates.js'
import { isPending, pattern, rejection, turns, until, within } from '../support/wait.js'

const tcpAddress = (address: string, port: number): Address => ({ address, port, family: address.includes(':') ? 'IPv6' : 'IPv4' })
const unixAddress = (): Address => ({ address: '', port: 0, family: 'unix' })
const text = ({ address, port, family }: Address): string => {
  if (family === 'unix') return address
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`
}

t.test('a client has the address given as remote, on both ends', async (t) => {
  const { server, connect } = inMemory(t)
  const cases = [
    ['192.0.2.1:4000', '127.0.0.1:0'],
    ['[2001:db8::1]:4000', '[::1]:0'],
    [tcpAddress('192.0.2.2', 5), '127.0.0.1:0'],
    ['/run/client.sock', ''],
    [unixAddress(), ''],
  ] as const
  for (const [remote, local] of cases) {
    const accepting = server.accept()
    const client = await connect({ remote })
    const connection = (await within(accepting)) as Connection
    t.strictSame([String(connection.remote), String(connection.local)], [typeof remote === 'string' ? remote : text(remote), local])
    t.equal(client.local, connection.remote)
    t.equal(client.remote, connection.local)
  }
  await server.add({ port: 0, host: '127.0.0.1' })
  const accepting = server.accept()
  await connect({ remote: '192.0.2.1' })
  t.equal((await within(accepting))?.local.port, server.port, 'a port that the server has')
})

t.test('all checks of admission use the address given as remote', async (t) => {
  const blockList = new BlockList()
  blockList.addSubnet('192.0.2.0', 24)
  const asked: Candidate[] = []
  const admit = (candidate: Candidate): boolean => {
    asked.push(candidate)
    return candidate.remote.address !== '10.0.0.9'
  }
  const { server, books, connect } = inMemory(t, { blockList, admit, maxConnectionsPerAddress: 1 })
  void server.serve(echo)
  const dropped = async (remote: string): Promise<void> => {
    t.equal(await within(ending(connect({ remote }))), 'broken', remote)
  }
  await talk(await connect({ remote: '10.0.0.1:1' }))
  await dropped('192.0.2.7:1')
  await dropped('10.0.0.1:2')
  await dropped('10.0.0.9:1')
  await talk(await connect({ remote: '[2001:db8::1]:1' }))
  await dropped('[2001:db8:0::1]:2')
  for (let n = 0; n < 3; n++) await talk(await connect())
  t.strictSame(
    books.drops.map(({ remote, reason }) => `${remote} ${reason}`),
    ['192.0.2.7:1 blockList', '10.0.0.1:2 maxConnectionsPerAddress', '10.0.0.9:1 admit', '[2001:db8::1]:2 maxConnectionsPerAddress'],
  )
  t.strictSame(
    asked.map(({ remote }) => String(remote)),
    ['10.0.0.1:1', '10.0.0.9:1', '[2001:db8::1]:1', '', '', ''],
  )
  t.strictSame(books.mistakes, [])
})

t.test('a PROXY header is sent first, and is read from trusted peers only', async (t) => {
  const { server, books, connect } = inMemory(t, { proxyProtocol: { trust: ['10.0.0.0/8'] } })
  const taken = async (options: Parameters<typeof connect>[0]): Promise<Connection> => {
    const accepting = server.accept()
    const client = await connect(options)
    const connection = (await within(accepting)) as Connection
    await client.write('a line\n')
    t.equal(await within(connection.readLine()), 'a line')
    t.equal(connection.bytesRead, 7, 'the header is not counted')
    t.equal(client.bytesWritten, 7, 'on either side')
    return connection
  }
  const [source, destination] = [tcpAddress('203.0.113.5', 5555), tcpAddress('198.51.100.1', 443)]
  for (const version of [1, 2] as const) {
    const connection = await taken({ remote: '10.1.2.3:9', proxyProtocol: { version, source, destination } })
    t.equal(String(connection.remote), '203.0.113.5:5555')
    t.match(connection.proxy, { version, source, destination, peer: tcpAddress('10.1.2.3', 9) })
    const on = await taken({ remote: '10.1.2.3:9', proxyProtocol: connection })
    t.match([on.remote, on.proxy?.destination], [source, destination], 'the header of an accepted connection')
  }
  t.equal(String((await taken({ remote: '192.0.2.1:9' })).remote), '192.0.2.1:9', 'not trusted: without a header')
  t.match((await taken({ proxyProtocol: {} })).proxy, { source: undefined }, 'a Unix peer is trusted')
  const { length } = books.handshakeErrors
  const silent = await connect({ remote: '10.1.2.3:9' })
  await silent.write('no header\n')
  t.equal(await within(ending(silent)), 'broken')
  t.match(books.handshakeErrors.slice(length), [{ remote: tcpAddress('10.1.2.3', 9) }])
  t.ok((await rejection(connect({ proxyProtocol: { source } }))) instanceof InvalidOptionsError)
})

t.test('a PROXY header arrives whole over a small wire, and bytes that are written at once follow it', async (t) => {
  const { server, connect } = inMemory(t, { proxyProtocol: true })
  const tlvs = [{ type: 0xe0, value: pattern(60_000) }]
  const [source, destination] = [tcpAddress('203.0.113.5', 5555), tcpAddress('198.51.100.1', 443)]
  const accepting = server.accept()
  const client = await connect({ proxyProtocol: { source, destination, tlvs }, highWaterMark: 1, maxChunk: 100 })
  const writing = client.end('payload')
  const connection = (await within(accepting)) as Connection
  t.ok(connection.proxy?.tlvs[0]?.value.equals(tlvs[0]!.value as Buffer))
  t.equal(await within(connection.readToEnd('latin1')), 'payload')
  await within(writing)
})

t.test('the TLS handshake follows the header, over a wire that cuts everything into pieces', async (t) => {
  const { key, cert } = identityOf()
  const { server, connect } = inMemory(t, { tls: { key, cert }, proxyProtocol: true })
  const accepting = server.accept()
  const client = await connect({ tls: { ca: cert }, proxyProtocol: { version: 1 }, maxChunk: 7, highWaterMark: 100 })
  const connection = (await within(accepting)) as Connection
  await client.write('over TLS\n')
  t.equal(await within(connection.readLine()), 'over TLS')
  t.equal(client.tls?.authorized, true)
})

t.test('a TLS failure of connect is a HandshakeError, as over a network', async (t) => {
  const { key, cert } = identityOf()
  const { connect } = inMemory(t, { tls: { key, cert } })
  for (const [tls, code] of [
    [true, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    [{ ca: cert, servername: 'example.com' }, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ] as const) {
    const error = (await rejection(connect({ tls }))) as HandshakeError
    t.ok(error instanceof HandshakeError)
    t.match(error, { cause: { code }, message: /^the TLS handshake with the server in memory failed: / })
  }
})

t.test('timeout is one deadline for connecting and the TLS handshake, on the given clock', async (t) => {
  const clock = manualClock()
  const { key, cert } = identityOf()
  const { connect } = inMemory(t, { tls: { key, cert }, clock, handshakeTimeout: Infinity })
  for (const way of [{ faults: { stallAfter: 0 } }, { latency: 60_000 }]) {
    const connecting = rejection(connect({ tls: { ca: cert }, timeout: 500, ...way }))
    await clock.advance(499)
    t.equal(await isPending(connecting), true)
    await clock.advance(1)
    const error = await within(connecting)
    t.ok(error instanceof TimeoutError)
    t.match(error, { operation: 'connect', timeout: 500, kind: 'connect' })
  }
  const standard = rejection(connect({ tls: { ca: cert }, faults: { stallAfter: 0 } }))
  await clock.advance(30_000)
  t.match(await within(standard), { kind: 'connect', timeout: 30_000 })
})

t.test('an abort ends connect at every stage, and leaves nothing open', async (t) => {
  const { key, cert } = identityOf()
  const stop = new AbortController()
  const reason = new Error('not any more')
  let during: (() => void) | undefined
  const admit = (): boolean => {
    during?.()
    return true
  }
  const { server, connect } = inMemory(t, { admit, tls: { key, cert, optional: true } })
  stop.abort(reason)
  t.equal(await rejection(connect({ signal: stop.signal })), reason, 'before')
  for (const when of [(abort: () => void) => abort(), setImmediate]) {
    const early = new AbortController()
    const calling = rejection(connect({ signal: early.signal }))
    when(() => early.abort(reason))
    t.equal(await calling, reason, 'before it is accepted')
    await turns()
  }
  t.equal(server.stats().accepted, 0)
  const stages: Record<string, (abort: () => void) => () => void> = {
    'while it is admitted': (abort) => abort,
    'right behind that': (abort) => () => queueMicrotask(abort),
    'in its handshake': (abort) => () => setImmediate(abort),
  }
  for (const [stage, when] of Object.entries(stages)) {
    const controller = new AbortController()
    during = when(() => controller.abort(reason))
    t.equal(await rejection(within(connect({ signal: controller.signal, tls: { ca: cert } }))), reason, stage)
    await until(() => server.stats().pending === 0)
  }
  during = undefined
  const controller = new AbortController()
  const client = await connect({ signal: controller.signal, tls: { ca: cert } })
  controller.abort(reason)
  t.equal(await isPending(client.closed), true, 'afterwards it does nothing')
})

t.test('the wire of a client has the maxChunk, latency, highWaterMark and faults that connect is given', async (t) => {
  const clock = manualClock()
  const { server, connect } = inMemory(t, { clock })
  const taken = async (options: Parameters<typeof connect>[0]): Promise<[client: Connection, connection: Connection]> => {
    const accepting = server.accept()
    return [await connect(options), (await within(accepting)) as Connection]
  }
  const [cut, inPieces] = await taken({ maxChunk: 3 })
  const reading = inPieces.read()
  await cut.write('0123456789')
  t.equal((await within(reading))?.length, 3)
  const [slow, late] = await taken({ latency: 100 })
  await slow.write('late\n')
  const line = late.readLine()
  await clock.advance(99)
  t.equal(await isPending(line), true)
  await clock.advance(1)
  t.equal(await within(line), 'late')
  const [sender, receiver] = await taken({ highWaterMark: 10, readHighWaterMark: 1 })
  void receiver.write(pattern(100_000))
  await turns(20)
  t.ok(sender.bytesRead < 100_000 && receiver.queued > 0)
  const [broken, lost] = await taken({ faults: { resetAfter: 4 } })
  void broken.write('hello')
  t.equal(await within(lost.readExactly(4, 'latin1')), 'hell')
  t.match(await within(lost.closed), { by: 'lost', error: { code: 'ECONNRESET' } })
  t.match(await within(broken.closed), { by: 'lost' })
})
