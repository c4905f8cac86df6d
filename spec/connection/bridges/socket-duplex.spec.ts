// The members of `net.Socket` that libraries use on the Duplex of a connection: addresses, TLS, settings, the timeout event,
// and a destroy that cuts nothing off.

import { once } from 'node:events'
import t from 'tap'
import { tcpAddress } from '../../../lib/address.js'
import type { Connection, ConnectionDuplex } from '../../../lib/index.js'
import { connect as dial } from '../../../lib/index.js'
import { manualClock } from '../../../lib/testing/index.js'
import { identityOf } from '../../support/certificates.js'
import { accepted, everywhere, memory, opened } from '../../support/fixture.js'
import { pattern, until, within } from '../../support/wait.js'

const bridge = (connection: Connection): ConnectionDuplex => connection.toDuplex().on('error', () => {})

everywhere(t, 'a Duplex has the properties of a socket', async (t, connect, carrier) => {
  const { b } = await connect()
  const duplex = bridge(b)
  const tcp = b.remote.family !== 'unix'
  t.same(
    [duplex.remoteAddress, duplex.remotePort, duplex.remoteFamily],
    tcp ? [b.remote.address, b.remote.port, b.remote.family] : [undefined, undefined, undefined],
  )
  t.same(
    [duplex.localAddress, duplex.localPort, duplex.localFamily],
    tcp ? [b.local.address, b.local.port, b.local.family] : [undefined, undefined, undefined],
  )
  t.same(duplex.address(), tcp ? { address: b.local.address, port: b.local.port, family: b.local.family } : {})
  const tls = carrier === 'tls' || carrier === 'starttls'
  t.equal(duplex.encrypted, tls)
  t.equal(duplex.authorized, false)
  t.equal(duplex.authorizationError, tls ? (b.tls?.authorizationError ?? null) : null)
  t.equal(duplex.servername, tls ? 'localhost' : false)
  t.equal(duplex.alpnProtocol, false)
  t.same(duplex.getPeerCertificate(), {})
  t.equal(duplex.connecting, false)
  t.equal(duplex.timeout, undefined)
  duplex.destroy()
})

everywhere(t, 'a Duplex counts payload, and accepts the settings of a socket', async (t, connect) => {
  const { a, b } = await connect()
  const duplex = bridge(b)
  await a.write('five!')
  t.equal(String((await once(duplex, 'data'))[0]), 'five!')
  await new Promise((resolve) => duplex.write('six...', resolve))
  t.same([duplex.bytesRead, duplex.bytesWritten], [5, 6])
  for (const set of [
    () => duplex.setNoDelay(),
    () => duplex.setNoDelay(0 as never),
    () => duplex.setKeepAlive(),
    () => duplex.setKeepAlive(true, 1000),
    () => duplex.setKeepAlive(true, 'soon' as never),
    () => duplex.unref(),
    () => duplex.ref(),
    () => duplex.setTimeout(0),
  ])
    t.equal(set(), duplex)
  duplex.destroy()
})

t.test('over TLS a Duplex has the certificate of the peer and whether it verified', async (t) => {
  const { key, cert } = identityOf()
  const server = await opened(t, { tls: { key, cert, ca: cert, requestCert: true, ALPNProtocols: ['http/1.1'] } })
  const client = await dial({ host: 'localhost', family: 4, port: server.port, tls: { key, cert, ca: cert, ALPNProtocols: ['http/1.1'] } })
  t.teardown(() => client.abort())
  const duplex = bridge((await server.accept()) as Connection)
  t.same([duplex.encrypted, duplex.authorized, duplex.authorizationError, duplex.alpnProtocol], [true, true, null, 'http/1.1'])
  t.equal((duplex.getPeerCertificate() as { subject: { CN: string } }).subject.CN, 'linnet')
  duplex.destroy()
})

t.test("behind a proxy the remote address is the real client's", async (t) => {
  const server = await opened(t, { proxyProtocol: true })
  const [source, destination] = [tcpAddress('2001:db8::1', 5), tcpAddress('2001:db8::2', 6)]
  const client = await dial({ host: '127.0.0.1', port: server.port, proxyProtocol: { source, destination } })
  t.teardown(() => client.abort())
  const duplex = bridge((await server.accept()) as Connection)
  t.same([duplex.remoteAddress, duplex.remotePort, duplex.remoteFamily], ['2001:db8::1', 5, 'IPv6'])
  t.equal(duplex.localPort, server.port)
  duplex.destroy()
})

// --- the timeout event -----------------------------------------------------------------------------------------------

t.test('timeout is emitted once after a silence, and any byte restarts it', async (t) => {
  const clock = manualClock()
  const { a, b } = memory(t, { clock })
  const duplex = bridge(b)
  duplex.resume()
  let silences = 0
  let calls = 0
  duplex.on('timeout', () => silences++)
  const call = (): void => void calls++
  t.equal(duplex.setTimeout(10, call), duplex)
  t.equal(duplex.timeout, 10)
  await clock.advance(9)
  await a.write('x')
  await clock.advance(9)
  t.equal(silences, 0, 'a byte has come')
  duplex.write('x')
  await clock.advance(9)
  t.equal(silences, 0, 'a byte has left')
  await clock.advance(1)
  t.same([silences, calls], [1, 1])
  await clock.advance(100)
  t.equal(silences, 1, 'not again before a byte')
  await a.write('x')
  await clock.advance(10)
  t.same([silences, calls], [2, 1], 'the callback is called once')
  duplex.setTimeout(10, call)
  duplex.setTimeout(0, call)
  t.equal(duplex.listenerCount('timeout'), 1, 'and can be taken back')
  await clock.advance(100)
  t.equal(silences, 2)
  duplex.setTimeout(Number.POSITIVE_INFINITY)
  await clock.advance(100)
  duplex.setTimeout(10)
  duplex.destroy()
  await clock.advance(100)
  duplex.setTimeout(10)
  await clock.advance(100)
  t.equal(silences, 2, 'a stream that is gone is not silent')
  t.throws(() => duplex.setTimeout('10' as never), TypeError)
  t.throws(() => duplex.setTimeout(-1), RangeError)
  t.throws(() => duplex.setTimeout(1, 'x' as never), TypeError)
})

t.test('a timeout does not keep the process alive', async (t) => {
  const { connection } = await accepted(t)
  const duplex = bridge(connection)
  const refs = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const before = refs()
  duplex.setTimeout(1_000_000)
  t.equal(refs(), before)
  duplex.destroy()
})

// --- the end ---------------------------------------------------------------------------------------------------------

everywhere(t, 'a write calls back when the system has its bytes', async (t, connect) => {
  const { a, b } = await connect()
  const duplex = bridge(b)
  await new Promise((resolve) => duplex.write('hello', resolve))
  t.equal(b.queued, 0)
  t.equal(await a.readExactly(5, 'utf8'), 'hello')
  duplex.destroy()
})

everywhere(t, 'destroySoon() sends all written bytes, and cuts nothing off', async (t, connect) => {
  const { a, b } = await connect({ a: { maxBufferSize: 1e8 } })
  const duplex = bridge(b)
  const closed = once(duplex, 'close')
  duplex.write(pattern(3_000_000))
  duplex.destroySoon()
  t.ok((await a.readToEnd()).equals(pattern(3_000_000)))
  await within(closed)
  await a.close()
  const { by, error } = await within(b.closed)
  t.same({ by, error }, { by: 'local', error: undefined })
  t.equal((await a.closed).by, 'peer')
  duplex.destroySoon()
  t.equal(duplex.destroyed, true)
})

everywhere(t, 'destroy() after an own end that was sent is no reset, whatever the peer still sends', async (t, connect) => {
  const { a, b } = await connect()
  const duplex = bridge(b)
  duplex.end('the answer')
  await within(once(duplex, 'finish'))
  await a.write('more of the question')
  duplex.destroy()
  t.equal(await a.readToEnd('utf8'), 'the answer')
  await a.close()
  t.equal((await within(b.closed)).by, 'local')
  t.equal((await a.closed).by, 'peer')
})

everywhere(t, 'destroy() while the server drains closes in order if nothing is unsent, and otherwise aborts', async (t, connect) => {
  const { a, b } = await connect()
  const idle = bridge(b)
  await new Promise((resolve) => idle.write('the answer', resolve))
  b.drain()
  idle.destroy()
  t.equal(await a.readToEnd('utf8'), 'the answer')
  await a.close()
  t.equal((await within(b.closed)).by, 'local')
  const { b: d } = await connect()
  const busy = bridge(d)
  busy.write(Buffer.alloc(12_000_000))
  d.drain()
  busy.destroy()
  t.equal((await within(d.closed)).by, 'aborted')
  const { b: f } = await connect()
  const corked = bridge(f)
  corked.cork()
  corked.write('held back')
  f.drain()
  corked.destroy()
  t.equal((await within(f.closed)).by, 'aborted')
})

t.test('destroy() after a timeout event closes in order, unless a byte followed: then it aborts', async (t) => {
  const clock = manualClock()
  for (const byte of [false, true]) {
    const { a, b } = memory(t, { clock })
    const duplex = bridge(b).resume()
    duplex.setTimeout(5)
    await clock.advance(5)
    if (byte) {
      const data = once(duplex, 'data')
      await a.write('x')
      await data
    }
    duplex.destroy()
    void a.close()
    await until(() => b.signal.aborted)
    t.equal((await b.closed).by, byte ? 'aborted' : 'local')
  }
})
