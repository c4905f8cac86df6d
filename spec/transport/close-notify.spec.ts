// An end that this side makes while the peer still sends. Over TLS Node decrypts record by record, and what a program does with
// the first one runs before the second is decrypted.

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
  everywhere(t, `an end ${how}, made as soon as a question has come, takes nothing from what comes behind it`, async (t, connect) => {
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

everywhere(t, 'a close that is made as soon as a question has come lets the peer end in order', async (t, connect) => {
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

/** What a connection may be made from, given a TLSSocket of Node's. */
const given: Record<string, (socket: tls.TLSSocket) => Duplex | { readable: Readable; writable: Writable }> = {
  'a TLSSocket': (socket) => socket,
  'both sides of a TLSSocket': (socket) => ({
    readable: new Readable().wrap(socket),
    writable: new Writable({ write: (chunk, _, done) => socket.write(chunk, done), final: (done) => void socket.end(done) }),
  }),
  'the web streams of a TLSSocket': (socket) => Duplex.toWeb(socket) as never,
}

for (const [name, make] of Object.entries(given)) {
  t.test(`nor does the end of a connection made from ${name}`, async (t) => {
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

t.test('a reset that the end of a given TLSSocket meets is a loss: half an answer is not whole', async (t) => {
  const { secure, sockets, port } = await resettable(t)
  const socket = tls.connect({ port, ca: cert, servername: 'localhost' })
  const client = Connection.from(socket)
  const ended = new Promise((resolve) => {
    secure.once('secureConnection', (peer) => {
      peer
        .on('error', () => {})
        .once('data', () => {
          // In the system before the client looks again: half an answer and the reset. And then the client ends.
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
  t.test(`an end that is cut in the same turn is a cut (${carrier})`, async (t) => {
    const { a, b } = await ends(t, carrier)
    const end = a.end()
    a.abort()
    await t.rejects(end, ConnectionClosedError)
    await t.rejects(within(b.readToEnd(), 'the end of the reading'), ConnectionLostError)
  })
}
