// A handshake over carriers in every state, and the cut of a handshake.

import t from 'tap'
import { ClientTls } from '../../lib/tls/client.js'
import { TlsHandshake } from '../../lib/tls/handshake.js'
import { ServerTls } from '../../lib/tls/server.js'
import { SocketCarrier } from '../../lib/transport/socket.js'
import { identityOf } from '../support/certificates.js'
import { rejection } from '../support/wait.js'
import { inMemory, overDuplexes, Recorder, recording, sockets, tcpPair } from '../transport/support.js'

const { key, cert } = identityOf()
const server = new ServerTls({ key, cert })
const client = new ClientTls({ tls: { ca: cert } })

t.test('a handshake over a carrier that is already reset rejects and does not throw', async (t) => {
  const [a, b] = await tcpPair(t)
  a.reset()
  const failing = [client.secure(a), server.secure(b)].map(({ done }) => rejection(done))
  for (const error of await Promise.all(failing)) t.ok(error instanceof Error)
})

t.test('a handshake over a socket that has ended, with unread bytes, rejects', async (t) => {
  const { client: peer, server: socket } = await sockets(t)
  const carrier = new SocketCarrier(socket)
  const recorder = recording(carrier)
  peer.end(Buffer.from([22, 3, 1]))
  await recorder.waitFor('end')
  carrier.detach(recorder.all)
  t.match(await rejection(server.secure(carrier).done), { code: 'ECONNRESET' })
})

t.test('a cut frees both sides; after the handshake it resets the carrier; a second cut changes nothing', async (t) => {
  for (const make of [tcpPair, inMemory, overDuplexes]) {
    const [a, b] = await make(t)
    const [here, there] = [client.secure(a), server.secure(b)]
    there.cut()
    there.cut()
    t.ok(await rejection(there.done))
    t.ok(await rejection(here.done))
    const [c, d] = await make(t)
    const [mine, theirs] = [client.secure(c), server.secure(d)]
    const recorder = new Recorder()
    const carrier = await mine.done
    carrier.attach(recorder)
    carrier.resume()
    await theirs.done
    theirs.cut()
    theirs.cut()
    await recorder.waitFor('lost')
    mine.cut()
  }
})

t.test('a handshake whose stream closes without an event of TLS rejects', async (t) => {
  for (const make of [tcpPair, inMemory]) {
    const [a, b] = await make(t)
    const handshake = new TlsHandshake(a, (stream) => stream.destroy())
    t.match(await rejection(handshake.done), { code: 'ECONNRESET' })
    b.reset()
  }
})

t.test('options that Node refuses only when it connects fail the handshake', async (t) => {
  const [a, b] = await inMemory()
  t.match(await rejection(new ClientTls({ tls: { ca: cert, minDHSize: -1 } }).secure(a).done), { message: /minDHSize/ })
  b.reset()
})

t.test('a handshake that is cut in its last step rejects', async (t) => {
  for (const make of [tcpPair, inMemory]) {
    const [a, b] = await make(t)
    const there = server.secure(b)
    const checkServerIdentity = (): undefined => void handshake.cut()
    const handshake = new ClientTls({ tls: { ca: cert, checkServerIdentity } }).secure(a)
    t.match(await rejection(handshake.done), { message: /given up/ })
    const recorder = new Recorder()
    await there.done.then(
      (carrier) => {
        carrier.attach(recorder)
        carrier.resume()
        return recorder.waitFor('lost')
      },
      () => {},
    )
  }
})
