// Mistakes in connecting: TLS on one side only, an untrusted certificate, a missing PROXY header, and no server.

import net from 'node:net'
import t from 'tap'
import { ConnectError, connect, HandshakeError, type Server } from '../../lib/index.js'
import { pair } from '../../lib/testing/index.js'
import { identityOf } from '../support/certificates.js'
import { opened } from '../support/fixture.js'
import { rejection, within } from '../support/wait.js'
import { table } from './support.js'

const { key, cert } = identityOf()

/** A server that sends this in plain text to each client. */
async function plain(t: { teardown(done: () => unknown): void }, says: string): Promise<number> {
  const server = net.createServer((socket) => socket.on('error', () => {}).end(says)).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  return (server.address() as net.AddressInfo).port
}

const failed = async (server: Server): Promise<Error> => new Promise((resolve) => server.once('handshakeError', resolve))

t.test('the error of a TLS client names plain text of the server, and `ca` for an untrusted certificate', async (t) => {
  const host = '127.0.0.1'
  const speaksFirst = (await rejection(connect({ host, port: await plain(t, '220 hello\r\n'), tls: true }))) as Error
  t.ok(speaksFirst instanceof HandshakeError)
  t.match(
    speaksFirst.message,
    /^the TLS handshake with 127\.0\.0\.1 failed: [^:]*; the server answers in plain text: connect without `tls`, .* startTls\(\)$|startTls/,
  )
  t.match(speaksFirst.message, /; the server answers in plain text: connect without `tls`/)
  const silent = (await rejection(connect({ host, port: await plain(t, ''), tls: true }))) as Error
  t.match(silent.message, /; the server has closed the connection: it may not speak TLS there$/)
  const server = await opened(t, { tls: { key, cert } })
  const { port } = server
  const failure = failed(server)
  const strange = (await rejection(connect({ host, port, tls: true }))) as Error
  // From Node 24 on the message has more in between. Bun writes `self signed`.
  t.match(
    strange.message,
    /^the TLS handshake with 127\.0\.0\.1 failed: self.signed certificate.*; the server's certificate is self-signed: give it, or the authority's, as `ca`$/,
  )
  await within(failure)
  const other = (await rejection(connect({ host, port, tls: { ca: cert, servername: 'other.example' } }))) as Error
  t.match(other.message, /; connect by a name that is in the server's certificate, or give such a name as `servername`$/)
})

t.test('the error of a TLS server names the client that sent plain text', async (t) => {
  const server = await opened(t, { tls: { key, cert } })
  const failure = failed(server)
  const socket = net.connect(server.port, '127.0.0.1').on('error', () => {})
  t.teardown(() => socket.destroy())
  socket.write('GET / HTTP/1.1\r\n\r\n')
  const { message } = await within(failure)
  t.match(message, /^the TLS handshake with 127\.0\.0\.1:\d+ failed: .*; the client sends plain text: it must connect by TLS/)
})

t.test('the error of a TLS server names a client that ended first, and the probable reasons', async (t) => {
  const server = await opened(t, { tls: { key, cert } })
  const failure = failed(server)
  const socket = net.connect(server.port, '127.0.0.1').on('error', () => {})
  t.teardown(() => socket.destroy())
  socket.end()
  t.match(
    (await within(failure)).message,
    /; the client has ended first: it may not trust the certificate, or only check that the port is open$/,
  )
})

t.test('the error of startTls names the side that sent plain text', async (t) => {
  const [a, b] = pair()
  const upgrade = rejection(a.startTls({ ca: cert, servername: 'localhost' }))
  await b.write('502 not implemented\r\n')
  t.match(
    ((await within(upgrade)) as Error).message,
    /^the TLS handshake with the server failed: .*; the server answers in plain text: it must have agreed to TLS before startTls\(\) is called$/,
  )
  const [c, d] = pair()
  const served = rejection(d.startTls({ key, cert, isServer: true }))
  await c.write('EHLO you\r\n')
  t.match(((await within(served)) as Error).message, /^the TLS handshake with the client failed: .*; the client sends plain text/)
})

t.test('the error of a missing PROXY header names the settings of the proxy and of the server', async (t) => {
  const server = await opened(t, { proxyProtocol: true })
  const failure = failed(server)
  const socket = net.connect(server.port, '127.0.0.1').on('error', () => {})
  t.teardown(() => socket.destroy())
  socket.write('GET / HTTP/1.1\r\n\r\n')
  t.equal(
    (await within(failure)).message,
    'the PROXY header is malformed: the connection does not begin with one: configure the proxy to send it, or name the proxies that do in `trust`',
  )
})

table(t, 'the error of a refused connection explains its code', [
  [
    'a port without a listener',
    ConnectError,
    'no connection to 127.0.0.1, port 1, could be made (ECONNREFUSED); nothing listens there: is the server running? `errors` has the error of each attempt',
    () => connect({ host: '127.0.0.1', port: 1 }),
  ],
  [
    'a path without a socket',
    ConnectError,
    'no connection to /nowhere.sock could be made (ENOENT); there is no such socket: is the server running? `errors` has the error of each attempt',
    () => connect({ path: '/nowhere.sock' }),
  ],
])
