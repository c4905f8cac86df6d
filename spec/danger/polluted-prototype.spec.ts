// A program, or one of its packages, that writes to Object.prototype adds members to every object. linnet takes none of them for an
// option, and no call fails because of one. `encoding` and `signal` are left out: Node itself reads them from its own objects, and
// its accepted sockets do not work then.

import t from 'tap'
import { identityOf } from '../support/certificates.js'
import { program } from '../support/program.js'

const pollution: Record<string, string> = {
  'times of nothing':
    '{ grace: 0, timeout: 1, readTimeout: 1, idleTimeout: 1, handshakeTimeout: 1, closeTimeout: 0, latency: 5000, halfCloseTimeout: 1 }',
  'limits of one':
    '{ maxBytes: 1, maxBufferSize: 1, maxWriteBuffer: 1, maxConnections: 1, maxPending: 0, maxConnectionsPerAddress: 1, maxChunk: 1 }',
  'other places':
    "{ port: 1, host: '192.0.2.1', fd: 0, path: '/nowhere/s', systemd: true, localAddress: '192.0.2.1', localPort: 1, family: 6, backlog: 0 }",
  'steps of the way in':
    "{ tls: { optional: true }, proxyProtocol: true, trust: ['192.0.2.1'], admit: () => false, remote: {}, source: {}, destination: {}, tlvs: [1], version: 7, header: 'x', secure: 'x' }",
  'wrong types':
    "{ signals: 5, clock: 1, client: 1, server: 1, faults: 1, endpoints: 1, noDelay: 'x', idle: 'x', mode: 'x', ipv6Only: 'x', reusePort: 'x' }",
  'members of TLS':
    "{ optional: 'x', requestCert: true, rejectUnauthorized: false, isServer: 'x', reply: 'evil', buffered: 'feed', servername: 'evil.test', session: 5, ca: 'x', crl: 'x', key: 'x', pfx: 'x', ciphers: 'x', ALPNProtocols: ['evil'], checkServerIdentity: () => new Error('evil'), pskCallback: 5, SNICallback: 5, sessionIdContext: 'evil', requestOCSP: true, secureContext: 'x', minVersion: 'x' }",
  'details of errors': "{ partial: 'x', operation: 'x', limit: 'x', size: 'x', option: 'x', errors: 'x', remote: 'x' }",
  'members of reads':
    "{ partial: true, delimiter: 'e', overflow: 'skip', maxBytes: 1, timeout: 1, data: 'x', signals: ['SIGUSR2'], delay: 5000 }",
}

const code = (members: string): string => `
  const { PassThrough } = await import('node:stream')
  const { listen, connect, Connection, pipe, together, shutdownOn } = linnet
  const { pair, memoryServer, manualClock } = testing
  const { KEY: key, CERT: cert, CERT: ca } = process.env
  Object.assign(Object.prototype, ${members})
  const host = '127.0.0.1'
  const secure = await listen({ host, port: 0, tls: { key, cert } })
  const echo = async (c) => { for await (const line of c.lines()) await c.write(line + '\\n') }
  const said = async (c) => { await c.write('hello\\n'); const line = await c.readLine(); await c.close(); return line }
  for (const options of [{ host, port: 0 }, Object.assign(Object.create(null), { host, port: 0 })]) {
    const server = await listen(options)
    void server.serve(echo)
    await server.add({ host, port: 0 })
    server.setLimits({})
    console.log(await said(await connect({ host, port: server.port })), await said(await connect({ host, port: server.addresses[1].port })))
    console.log((await server.close({})).aborted)
  }
  const source = { address: '1.2.3.4', port: 5, family: 'IPv4' }
  const behind = await listen({ host, port: 0, proxyProtocol: {} })
  void behind.serve(async (c) => { await c.readLine(); await c.write(c.remote + '\\n') })
  console.log(await said(await connect({ host, port: behind.port, proxyProtocol: { source, destination: source } })))
  await behind.close()
  for (const options of [{}, undefined]) {
    const [a, b] = pair(options)
    void b.run(echo)
    console.log(await said(a))
  }
  const memory = memoryServer()
  void memory.server.serve(echo)
  console.log(await said(await memory.connect({})))
  await memory.server.close()
  console.log(await said(Connection.from(new PassThrough(), {})))
  const taken = await listen({ host, port: 0 })
  const accepting = taken.accept({})
  const client = await connect({ host, port: taken.port })
  const [, accepted] = [await client.write('x\\n'), await accepting]
  accepted.setLimits({})
  console.log(await accepted.readLine())
  client.abort()
  await taken.close()
  void secure.serve(echo)
  const stranger = await connect({ host, port: secure.port, tls: {} }).catch((error) => error.name)
  console.log(stranger)
  const shown = await connect({ host, port: secure.port, tls: { ca } })
  console.log(shown.tls.alpnProtocol ?? 'no protocol', await said(shown))
  await secure.setTls({ key, cert })
  console.log(await said(await connect({ host, port: secure.port, tls: { ca } })))
  await secure.close()
  const plain = await listen({ host, port: 0 })
  void plain.serve(async (c) => { await c.readLine(); await c.startTls({ key, cert, reply: 'go\\n' }); await echo(c) })
  const upgraded = await connect({ host, port: plain.port })
  await upgraded.write('starttls\\n')
  console.log(await upgraded.readLine())
  await upgraded.startTls({ ca })
  console.log(await said(upgraded))
  await plain.close()
  const [left, right] = [pair({}), pair({})]
  const piped = pipe(left[1], right[0], {})
  void right[1].run(echo)
  console.log(await said(left[0]), JSON.stringify(await piped))
  console.log(await together([async () => 'task'], {}))
  const ending = await listen({ host, port: 0 })
  shutdownOn(ending, {})
  process.kill(process.pid, 'SIGTERM')
  await ending.closed
  const clock = manualClock()
  const slept = clock.sleep(5, {})
  await clock.advance(5)
  await slept
  const reads = pair({})
  await reads[0].write('one two three\\nfour\\nrest')
  const into = Buffer.alloc(3)
  console.log([await reads[1].readUntil(' ', {}), await reads[1].readInto(into, {}), await reads[1].readLine({}), await reads[1].readMessage((r) => r.readLine({}), {}), await reads[1].read({})].map(String).join())
  console.log(await listen({ host, prot: 1 }).catch((error) => error.issues.map(({ path }) => path.join()).join()))`

const expected = [
  'hello hello',
  '0',
  'hello hello',
  '0',
  '1.2.3.4:5',
  'hello',
  'hello',
  'hello',
  'hello',
  'x',
  'HandshakeError',
  'no protocol hello',
  'hello',
  'go',
  'hello',
  'hello {"aToB":6,"bToA":6}',
  'task',
  'one ,3, three,four,rest',
  'prot',
  '',
]

for (const [name, members] of Object.entries(pollution)) {
  t.test(`members of Object.prototype are not taken for options: ${name}`, async (t) => {
    const { key, cert } = identityOf()
    const run = program(t, code(members), { env: { KEY: key, CERT: cert } })
    t.equal(await run.ends(), 0, run.stderr)
    t.strictSame(run.stdout.split('\n'), expected)
  })
}

const good = identityOf()
const other = identityOf('DNS:other.test')

const tlsPollution: Record<string, string> = {
  'what a client verifies':
    "{ host: 'other.test', servername: 'other.test', rejectUnauthorized: false, ca: other.cert, checkServerIdentity: () => {} }",
  'what a server asks for':
    "{ requestCert: true, rejectUnauthorized: false, optional: true, ca: other.cert, ALPNProtocols: true, ciphers: 'NONE', pfx: '' }",
  'what is said in plain text':
    "{ reply: 'EVIL', buffered: 'feed', isServer: true, tls: {}, pem: 'x', passphrase: 'x', key: other.key, cert: other.cert }",
  'contexts and limits':
    '{ secureContext: {}, session: 1, path: 1, enableTrace: 1, requestOCSP: 1, pskCallback: 1, port: true, maxConnections: 1, handshakeTimeout: 1 }',
}

const tlsCode = (members: string): string => `
  const [good, other] = ${JSON.stringify([good, other].map(({ key, cert }) => ({ key: String(key), cert: String(cert) })))}
  const { listen, connect } = linnet
  const { pair } = testing
  const { BlockList } = await import('node:net')
  Object.assign(Object.prototype, ${members})
  const host = '127.0.0.1'
  const own = { key: good.key, cert: good.cert }
  const said = async (c) => { await c.write('hello\\n'); const line = await c.readLine(); await c.close(); return line }
  const echo = async (c) => { for await (const line of c.lines()) await c.write(line + '\\n') }
  const code = (promise) => promise.then(() => 'let in', (error) => error.cause?.code ?? error.code)
  const server = await listen({ host, port: 0, tls: own, blockList: new BlockList(), proxyProtocol: { trust: ['192.0.2.1'] } })
  void server.serve(echo)
  console.log(await said(await connect({ host, port: server.port, tls: { ca: good.cert } })))
  console.log(await code(connect({ host, port: server.port, tls: {} })))
  console.log(await code(connect({ host, port: server.port, tls: { ca: good.cert, servername: 'elsewhere.test' } })))
  console.log(await connect({ host, port: server.port }).then(said).catch(() => 'no plain text'))
  await server.setTls(own)
  console.log(await said(await connect({ host, port: server.port, tls: { ca: good.cert } })))
  await server.close({ grace: 0 })
  const asking = await listen({ host, port: 0, tls: { ...own, ca: good.cert, requestCert: true } })
  void asking.serve(echo)
  console.log(await connect({ host, port: asking.port, tls: { ca: good.cert } }).then(said).catch(() => 'no client without a certificate'))
  await asking.close({ grace: 0 })
  const [a, b] = pair({})
  const done = b.startTls(own)
  await a.startTls({ ca: good.cert, servername: 'localhost' })
  await done
  void b.run(echo)
  console.log(await said(a))
  const [c, d] = pair({})
  await c.write('EVIL')
  await d.peek(1)
  console.log(await code(d.startTls(own)))
  c.abort()
  d.abort()`

const tlsExpected = [
  'hello',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'no plain text',
  'hello',
  'no client without a certificate',
  'hello',
  'ERR_LINNET_PLAINTEXT_BUFFERED',
  '',
]

for (const [name, members] of Object.entries(tlsPollution)) {
  t.test(`members of Object.prototype are not taken for TLS options: ${name}`, async (t) => {
    const run = program(t, tlsCode(members))
    t.equal(await run.ends(), 0, run.stderr)
    t.strictSame(run.stdout.split('\n'), tlsExpected)
  })
}
