// Each name of an option, a TLS option or an error detail, set on Object.prototype alone: the same calls have the same results.
// polluted-prototype.spec.ts sets several names together. Left out are the names that Node itself reads from its own objects:
// `encoding`, `signal`, `highWaterMark`, `keepAliveInitialDelay`, `handshakeTimeout`.

import t from 'tap'
import { identityOf } from '../support/certificates.js'
import { program } from '../support/program.js'

const options = `port host path mode fd systemd endpoints backlog ipv6Only reusePort tls proxyProtocol trust admit blockList maxConnections
  maxPending maxConnectionsPerAddress maxBufferSize readHighWaterMark writeHighWaterMark maxWriteBuffer readTimeout idleTimeout writeTimeout
  closeTimeout allowHalfOpen noDelay keepAlive grace delay signals family localAddress localPort timeout version source destination tlvs
  halfCloseTimeout client server maxChunk latency faults resetAfter stallAfter endAfter clock remote idle maxBytes delimiter overflow partial
  optional isServer reply buffered header secure from to`
const tls = `key cert ca pfx passphrase crl ciphers minVersion maxVersion secureProtocol ecdhCurve dhparam honorCipherOrder secureOptions
  secureContext sessionIdContext sessionTimeout ticketKeys privateKeyEngine privateKeyIdentifier clientCertEngine sigalgs requestCert
  rejectUnauthorized ALPNProtocols ALPNCallback SNICallback pskCallback pskIdentityHint servername session minDHSize checkServerIdentity
  requestOCSP enableTrace allowPartialTrustChain lookup`
const errors = 'message code cause errors operation kind limit size option frame issues remote partial address syscall errno'

const common = `
  const said = async (c) => { await c.write('hello\\n'); const line = await c.readLine(); await c.close(); return line }
  const echo = async (c) => { for await (const line of c.lines()) await c.write(line + '\\n') }
  const told = (e) => [e.name, e.message, e.code, Object.hasOwn(e, 'cause'), JSON.stringify(e).replace(/"port":\\d+/g, '')].join(' ')
  const failure = (p) => p.then(() => 'fulfilled', told)`

const plain = `
  const host = '127.0.0.1'
  const scenario = async () => {
    const server = await linnet.listen({ host, port: 0 })
    void server.serve(echo)
    const results = [await said(await linnet.connect({ host, port: server.port })), (await server.close({})).aborted]
    const [a, b] = testing.pair()
    await a.write('xy')
    results.push(await failure(b.readUntil('\\n', { maxBytes: 1 })), await failure(b.readUntil('\\n', { timeout: 1 })))
    const pending = b.readUntil('\\n')
    results.push(await failure(b.readUntil('\\n')))
    a.abort()
    results.push(await failure(pending), await failure(b.write('x')), await failure(a.read()), await failure(linnet.listen({ prot: 1 })))
    for (const [name, make] of Object.entries(linnet)) {
      if (!name.endsWith('Error')) continue
      const needed = { limit: 1, size: 2, option: 'o', operation: 'p', timeout: 1, kind: 'read' }
      const given = name === 'LinnetError' ? ['C', 'm'] : ['LimitExceededError', 'TimeoutError'].includes(name) ? [needed] : []
      results.push(told(new make(...given)))
    }
    results.push(told(new linnet.ConnectionLostError({ cause: new Error('without a code') })))
    results.push(told(new linnet.ConnectionLostError({ cause: Object.assign(new Error('with a code'), { code: 'EPIPE' }) })))
    return results.map(String)
  }`

const secure = `
  const { KEY: key, CERT: cert, CERT: ca } = process.env
  const host = '127.0.0.1'
  const scenario = async () => {
    const server = await linnet.listen({ host, port: 0, tls: { key, cert } })
    void server.serve(echo)
    const results = [await said(await linnet.connect({ host, port: server.port, tls: { ca } }))]
    await server.setTls({ key, cert })
    results.push(await failure(linnet.connect({ host, port: server.port, tls: {} })))
    await server.close()
    const [a, b] = testing.pair()
    const done = b.startTls({ key, cert })
    await a.startTls({ ca, servername: 'localhost' })
    await done
    void b.run(echo)
    results.push(await said(a))
    return results.map(String)
  }`

const loop = (names: string): string => `
  const expected = await scenario()
  for (const name of ${JSON.stringify(names.split(/\s+/))}) {
    for (const value of ['x', 7, true, {}]) {
      Object.defineProperty(Object.prototype, name, { value, configurable: true, enumerable: true, writable: true })
      const results = await scenario().catch((error) => [String(error)])
      delete Object.prototype[name]
      results.forEach((result, n) => result === expected[n] || console.log(name, JSON.stringify(value), result))
    }
  }
  console.log('done')`

const cases: Record<string, [scenario: string, names: string]> = {
  'an option of ours': [plain, options],
  'a detail of an error': [plain, errors],
  'an option of TLS': [secure, `${tls} ${options}`],
}

for (const [what, [scenario, names]] of Object.entries(cases)) {
  t.test(`a member of Object.prototype is never taken for ${what}`, async (t) => {
    const { key, cert } = identityOf()
    const run = program(t, `${common}${scenario}${loop(names)}`, { env: { KEY: key, CERT: cert } })
    t.equal(await run.ends(200_000), 0, run.stderr)
    t.equal(run.stdout, 'done\n')
  })
}
