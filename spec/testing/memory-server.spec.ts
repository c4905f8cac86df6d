// `memoryServer`: a whole server without a port. Everything that a server does it does; only the sockets are missing.

import { getEventListeners } from 'node:events'
import { BlockList } from 'node:net'
import t from 'tap'
import {
  type Address,
  type Candidate,
  ConnectError,
  Connection,
  HandshakeError,
  InvalidOptionsError,
  Server,
  TimeoutError,
} from '../../lib/index.js'
import { manualClock, memoryServer } from '../../lib/testing/index.js'
import { client, echo, ending, inMemory, talk } from '../server/support.js'
import { identityOf } from '../support/certificates.js'
import { isPending, pattern, rejection, turns, until, within } from '../support/wait.js'

const tcpAddress = (address: string, port: number): Address => ({ address, port, family: address.includes(':') ? 'IPv6' : 'IPv4' })
const unixAddress = (): Address => ({ address: '', port: 0, family: 'unix' })
const text = ({ address, port, family }: Address): string => {
  if (family === 'unix') return address
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`
}

t.test('a client of it talks to a handler, and both ends are connections', async (t) => {
  const { server, connect } = inMemory(t)
  t.ok(server instanceof Server)
  void server.serve(echo)
  const one = await connect()
  t.ok(one instanceof Connection)
  t.equal(one.server, undefined)
  await talk(one)
  const [connection] = server.connections
  t.equal(connection?.server, server)
  for (const side of [one, connection!]) {
    t.match(side.remote, { address: '', port: 0, family: 'unix' })
    t.match(side.local, { address: '', port: 0, family: 'unix' })
  }
})

t.test('what a client sends before anybody looks is there, whole', async (t) => {
  const { server, connect } = inMemory(t)
  const one = await connect()
  const sent = pattern(1_000_000)
  const writing = one.end(sent)
  await turns(20)
  const connection = (await within(server.accept())) as Connection
  t.ok((await connection.readToEnd()).equals(sent))
  await within(writing)
})

t.test('connect takes the options of a connection', async (t) => {
  const clock = manualClock()
  const { connect } = inMemory(t, { clock })
  const one = await connect({ idleTimeout: 500, maxBufferSize: 99 })
  t.equal(one.limits.maxBufferSize, 99)
  const reading = rejection(one.read())
  await clock.advance(500)
  t.match(await within(reading), { code: 'ERR_LINNET_TIMEOUT', kind: 'idle' })
})

t.test('options that do not fit: the server throws them back, connect rejects', async (t) => {
  const wrong: unknown[] = [
    null,
    5,
    { port: 80 },
    { path: '/x' },
    { endpoints: [] },
    { backlog: 5 },
    { maxConnection: 1 },
    { maxPending: -1 },
    { clock: 1 },
    { tls: {} },
    { tls: { key: 'x', cert: 'y' } },
  ]
  for (const options of wrong) t.throws(() => memoryServer(options as object), InvalidOptionsError)
  const { server, connect } = inMemory(t)
  for (const options of [
    null,
    5,
    { maxBufferSize: 0 },
    { clock: manualClock() },
    { port: 5 },
    { tls: 1 },
    { tls: { key: 'x' } },
    { remote: 'localhost' },
  ]) {
    t.ok((await rejection(connect(options as object))) instanceof InvalidOptionsError)
  }
  t.equal(server.stats().accepted, 0)
})

t.test('when it listens no more, connect rejects as the real one does where nobody listens', async (t) => {
  const [closed, left] = [inMemory(t), inMemory(t)]
  await closed.server.close()
  await left.server[Symbol.asyncIterator]().return!()
  for (const { connect } of [closed, left])
    for (const options of [{}, { remote: '192.0.2.1:4000' }, { tls: true } as const]) {
      const error = (await rejection(connect(options))) as ConnectError
      t.ok(error instanceof ConnectError)
      t.match(error, { code: 'ECONNREFUSED', message: /^no connection to the server in memory could be made \(ECONNREFUSED\)/ })
      t.match(error.cause, { code: 'ECONNREFUSED', syscall: 'connect' })
      t.strictSame(error.errors, [error.cause])
    }
  t.equal(closed.server.stats().accepted, 0)
  t.ok((await rejection(closed.connect({ port: 5 } as object))) instanceof InvalidOptionsError, 'arguments are checked first')
})

t.test('one that is turned away finds out as over a socket: reset', async (t) => {
  const { server, books, connect } = inMemory(t, { admit: () => false })
  const one = await connect()
  t.equal(await within(ending(one)), 'broken')
  t.match(await one.closed, { by: 'lost', error: { code: 'ECONNRESET' } })
  t.match(books.drops, [{ reason: 'admit', remote: { address: '', family: 'unix' } }])
  t.equal(server.stats().dropped, 1)
})

t.test('its drain, and its clients, run on the clock that was given', async (t) => {
  const clock = manualClock()
  const { server, connect } = inMemory(t, { clock })
  const accepting = server.accept()
  const one = await connect({ closeTimeout: 60_000 })
  await within(accepting)
  const closing = server.close({ grace: 3_600_000 })
  await clock.advance(3_599_999)
  t.equal(await isPending(closing), true)
  await clock.advance(1)
  t.strictSame(await within(closing), { drained: 0, aborted: 1 })
  t.equal(await ending(one), 'broken')
})

t.test('it may listen on a real port as well', async (t) => {
  const { server, connect } = inMemory(t)
  await server.add({ port: 0, host: '127.0.0.1' })
  void server.serve(echo)
  t.ok(server.port > 0)
  await talk(await client(t, server, {}, { port: server.port }))
  await talk(await connect())
  t.equal(server.stats().active, 2)
  await server.close({ grace: 0 })
  t.match(await rejection(client(t, server, {}, { port: server.port })), { code: 'ECONNREFUSED' })
})

t.test('a signal that aborts later is close()', async (t) => {
  const controller = new AbortController()
  const { server, connect } = memoryServer({ signal: controller.signal })
  const served = server.serve(echo)
  const one = await connect()
  await talk(one)
  controller.abort()
  t.equal(await within(ending(one)), 'end')
  await within(served)
  t.equal(server.draining, true)
  await until(() => server.stats().active === 0)
})

// --- connecting as over a network ----------------------------------------------------------------------------------------

t.test('a client comes from where it says, and both ends know it', async (t) => {
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

t.test('every check of the way in goes by the address that a client comes from', async (t) => {
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

t.test('a PROXY header goes first, and only those who are trusted send one', async (t) => {
  const { server, books, connect } = inMemory(t, { proxyProtocol: { trust: ['10.0.0.0/8'] } })
  const taken = async (options: Parameters<typeof connect>[0]): Promise<Connection> => {
    const accepting = server.accept()
    const client = await connect(options)
    const connection = (await within(accepting)) as Connection
    await client.write('a line\n')
    t.equal(await within(connection.readLine()), 'a line')
    t.equal(connection.bytesRead, 7, 'the header is no payload')
    t.equal(client.bytesWritten, 7, 'for either side')
    return connection
  }
  const [source, destination] = [tcpAddress('203.0.113.5', 5555), tcpAddress('198.51.100.1', 443)]
  for (const version of [1, 2] as const) {
    const connection = await taken({ remote: '10.1.2.3:9', proxyProtocol: { version, source, destination } })
    t.equal(String(connection.remote), '203.0.113.5:5555')
    t.match(connection.proxy, { version, source, destination, peer: tcpAddress('10.1.2.3', 9) })
    const on = await taken({ remote: '10.1.2.3:9', proxyProtocol: connection })
    t.match([on.remote, on.proxy?.destination], [source, destination], 'a connection is passed on')
  }
  t.equal(String((await taken({ remote: '192.0.2.1:9' })).remote), '192.0.2.1:9', 'not trusted: taken as it is')
  t.match((await taken({ proxyProtocol: {} })).proxy, { source: undefined }, 'a Unix peer is trusted')
  const { length } = books.handshakeErrors
  const silent = await connect({ remote: '10.1.2.3:9' })
  await silent.write('no header\n')
  t.equal(await within(ending(silent)), 'broken')
  t.match(books.handshakeErrors.slice(length), [{ remote: tcpAddress('10.1.2.3', 9) }])
  t.ok((await rejection(connect({ proxyProtocol: { source } }))) instanceof InvalidOptionsError)
})

t.test('a PROXY header is whole, however small the way is, and what is written at once comes behind it', async (t) => {
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

t.test('TLS is shaken hands behind the header, over a way that cuts everything to pieces', async (t) => {
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

t.test('timeout is one deadline over connecting and the TLS handshake, on the clock that was given', async (t) => {
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

t.test('a signal calls connect off at every stage, and nothing is left open', async (t) => {
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

t.test('bytes travel as asked for: in pieces, late, held up, and until something goes wrong', async (t) => {
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

// --- the end of it --------------------------------------------------------------------------------------------------------

t.test('disposed of, it drains and closes both ends of everything', async (t) => {
  const kit = memoryServer()
  const drained: unknown[] = []
  const served = kit.server.serve(async (connection) => {
    try {
      for await (const line of connection.lines()) await connection.write(`${line}\n`)
    } catch (error) {
      drained.push((error as { code: string }).code)
      await connection.write('goodbye\n')
    }
  })
  const client = await kit.connect()
  await client.write('hello\n')
  t.equal(await client.readLine(), 'hello')
  await within(kit[Symbol.asyncDispose]())
  t.equal(kit.server.draining, true)
  await within(served)
  t.ok(client.signal.aborted)
  t.strictSame(drained, ['ERR_LINNET_DRAINING'])
  t.match(kit.server.stats(), { active: 0, pending: 0, handlerErrors: 0 })
  t.match(await rejection(kit.connect()), { code: 'ECONNREFUSED' })
  await within(kit[Symbol.asyncDispose](), 'a second time')
})

t.test('disposed of, it waits neither for handlers nor for a clock', async (t) => {
  const clock = manualClock()
  for (const options of [{}, { clock }, { clock, maxConnections: 1 }]) {
    const kit = memoryServer(options)
    const accepting = kit.server.accept()
    const left = await kit.connect({ latency: 1000, closeTimeout: Infinity })
    const connection = (await within(accepting)) as Connection
    const waiting = await kit.connect({ latency: 1000 })
    void kit.server.serve(() => new Promise(() => {}))
    await turns()
    await within(kit[Symbol.asyncDispose]())
    await within(kit.server.closed)
    for (const side of [left, connection, waiting]) t.equal(side.signal.aborted, true)
  }
})

t.test('disposed of, it calls off what is still in its handshake', async (t) => {
  const { key, cert } = identityOf()
  const kit = memoryServer({ clock: manualClock(), tls: { key, cert } })
  const { signal } = new AbortController()
  const connecting = rejection(kit.connect({ tls: { ca: cert }, latency: 100, signal }))
  await turns()
  await within(kit[Symbol.asyncDispose]())
  t.match(await within(connecting), { code: 'ERR_LINNET_CLOSED', message: /disposed of/ })
  t.equal(getEventListeners(signal, 'abort').length, 0)
})
