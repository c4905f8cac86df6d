// An end of this side while the peer still sends. Over TLS Node decrypts record by record, and the program's code for the first
// record runs before the second one is decrypted.

import type net from 'node:net'
import { Duplex, Readable, Writable } from 'node:stream'
import tls from 'node:tls'
import t from 'tap'
import { Connection, ConnectionClosedError, ConnectionLostError } from '../../lib/index.js'
import { identityOf } from '../support/certificates.js'
import { ends, everywhere } from '../support/fixture.js'
import { within } from '../support/wait.js'
import { resettable } from '../tls/support.js'

const { key, cert } = identityOf()
const rest = Buffer.alloc(300_000, 'what comes behind the question ')
const all = Buffer.concat([Buffer.from('question\n'), rest])

for (const answer of ['', 'answer\n']) {
  const how = answer === '' ? 'without a word' : 'with an answer'
  everywhere(t, `an end ${how}, right after the first line, loses none of the bytes behind the line`, async (t, connect) => {
    const { a, b } = await connect()
    const server = (async () => {
      await b.readUntil('\n')
      void (answer === '' ? b.end() : b.end(answer))
      return b.readToEnd()
    })()
    void a.end(all)
    t.ok((await within(server, 'what comes behind')).equals(rest), 'all of it is read')
    t.equal(await a.readToEnd('utf8'), answer)
    t.strictSame([(await a.closed).error, (await b.closed).error], [undefined, undefined])
  })
}

everywhere(t, 'a close right after the first line lets the peer end in order', async (t, connect) => {
  const { a, b } = await connect()
  const server = (async () => {
    await b.readUntil('\n')
    await b.close()
  })()
  void a.end(all)
  t.equal(await a.readToEnd('utf8'), '')
  await within(server, 'the close')
  t.strictSame([(await a.closed).error, (await b.closed).error], [undefined, undefined])
})

/** The values that `Connection.from` accepts, made of a TLSSocket of Node's. */
const given: Record<string, (socket: tls.TLSSocket) => Duplex | { readable: Readable; writable: Writable }> = {
  'a TLSSocket': (socket) => socket,
  'both sides of a TLSSocket': (socket) => ({
    readable: new Readable().wrap(socket),
    writable: new Writable({ write: (chunk, _, done) => socket.write(chunk, done), final: (done) => void socket.end(done) }),
  }),
  'the web streams of a TLSSocket': (socket) => Duplex.toWeb(socket) as never,
}

for (const [name, make] of Object.entries(given)) {
  t.test(`an end of a connection made from ${name} loses no bytes either`, async (t) => {
    const server = tls.createServer({ key, cert, allowHalfOpen: true })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.teardown(() => server.close())
    const accepted = new Promise<tls.TLSSocket>((resolve) => server.once('secureConnection', resolve))
    const options = { port: (server.address() as net.AddressInfo).port, ca: cert, servername: 'localhost', allowHalfOpen: true }
    const client = tls.connect(options as tls.ConnectionOptions)
    t.teardown(() => client.destroy())
    client.resume()
    const connection = Connection.from(make(await accepted))
    client.end(all)
    await connection.readUntil('\n')
    void connection.end()
    t.ok((await within(connection.readToEnd(), 'what comes behind')).equals(rest), 'all of it is read')
  })
}

t.test('a reset that meets the end of a given TLSSocket is a loss, and half an answer is not a whole one', async (t) => {
  const { secure, sockets, port } = await resettable(t)
  const socket = tls.connect({ port, ca: cert, servername: 'localhost' })
  const client = Connection.from(socket)
  const ended = new Promise((resolve) => {
    secure.once('secureConnection', (peer) => {
      peer
        .on('error', () => {})
        .once('data', () => {
          // Half an answer and the reset are in the kernel before the client reads again. Then the client ends.
          peer.write('half an answ')
          sockets.at(-1)?.resetAndDestroy()
          resolve(client.end().catch(() => {}))
        })
    })
  })
  void client.write('question\n')
  await within(ended, 'the end of the writing')
  await t.rejects(within(client.readToEnd(), 'the end of the reading'), ConnectionLostError, 'it is no end of stream')
  t.equal((await within(client.closed, 'the end')).by, 'lost')
})

for (const carrier of ['tls', 'starttls'] as const) {
  t.test(`an abort in the turn of an end is a loss for the peer (${carrier})`, async (t) => {
    const { a, b } = await ends(t, carrier)
    const end = a.end()
    a.abort()
    await t.rejects(end, ConnectionClosedError)
    await t.rejects(within(b.readToEnd(), 'the end of the reading'), ConnectionLostError)
  })
}
