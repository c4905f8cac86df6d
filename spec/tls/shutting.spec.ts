// A handshake that is cut while the TLSSocket shuts the sending side down, because its peer has ended. A reset fails in that state,
// and Node never closes a handle whose reset has failed.

import { once } from 'node:events'
import { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import tls, { TLSSocket } from 'node:tls'
import t from 'tap'
import { ServerTls } from '../../lib/tls/server.js'
import { SocketCarrier } from '../../lib/transport/socket.js'
import { nextTick, setImmediate } from '../../lib/turn.js'
import { identityOf } from '../support/certificates.js'
import { fateOf } from '../support/peer.js'
import { rejection, within } from '../support/wait.js'
import { fillUp, Recorder, sockets } from '../transport/support.js'

const { key, cert } = identityOf()
const tlsServer = new ServerTls({ key, cert })
/** The first bytes of a TLS client, to be sent by plain sockets. */
const hello = await firstWords()
const CLOSE_NOTIFY = Buffer.from([21, 3, 3, 0, 2, 1, 0])

function firstWords(): Promise<Buffer> {
  return new Promise((resolve) => {
    const write = (chunk: Buffer, _: unknown, done: () => void): void => {
      resolve(chunk)
      done()
    }
    tls.connect({ socket: new Duplex({ read() {}, write }) }).on('error', () => {})
  })
}

// Node shuts a socket down in `_final`. No event shows when an unfinished TLSSocket does so.
type Final = (this: Socket, done: () => void) => void
const prototype = Socket.prototype as unknown as { _final: Final }
const final = prototype._final
let shuts = (): void => {}
prototype._final = function (done) {
  final.call(this, done)
  if (this instanceof TLSSocket) shuts()
}
t.teardown(() => {
  prototype._final = final
})

/** Resolves once `cut` was called, at the given moment after the shutdown has begun. */
function atShutdown(moment: (cut: () => void) => void, cut: () => void): Promise<void> {
  return new Promise((resolve) => {
    shuts = () => {
      shuts = () => {}
      moment(() => {
        cut()
        resolve()
      })
    }
  })
}

const moments: Record<string, (cut: () => void) => void> = {
  'in the same call': (cut) => cut(),
  'in the next tick': (cut) => nextTick(cut),
  'in a microtask': (cut) => queueMicrotask(cut),
  'in the next turn': (cut) => void setImmediate(cut),
}

const leaving: Record<string, (peer: Socket) => unknown> = {
  'ends without a word': (peer) => peer.end(),
  'ends in its hello': (peer) => peer.end(hello.subarray(0, 100)),
  'ends behind its hello': (peer) => peer.end(hello),
  'ends when it has our answer': (peer) => {
    peer.write(hello)
    peer.once('data', () => peer.end())
  },
  'sends a close_notify when it has our answer': (peer) => {
    peer.write(hello)
    peer.once('data', () => peer.write(CLOSE_NOTIFY))
  },
}

for (const [how, leave] of Object.entries(leaving))
  t.test(`the handle of a client that ${how} is closed, whenever its handshake is cut`, async (t) => {
    for (const [when, moment] of Object.entries(moments)) {
      const { client, server } = await sockets(t)
      const closed = once(server, 'close')
      const handshake = tlsServer.secure(new SocketCarrier(server))
      const cut = atShutdown(moment, () => handshake.cut())
      leave(client.resume())
      await within(cut, `the cut ${when}`)
      await within(closed, `the close of a handle that is cut ${when}`)
      t.ok(await rejection(handshake.done))
    }
  })

t.test('a shutdown behind bytes that the peer does not read leaves no handle open either', async (t) => {
  const { client, server } = await sockets(t)
  const carrier = new SocketCarrier(server)
  const recorder = new Recorder()
  carrier.attach(recorder)
  await fillUp(carrier, recorder)
  carrier.detach()
  const closed = once(server, 'close')
  const handshake = tlsServer.secure(carrier)
  const shutting = atShutdown(
    (cut) => void setImmediate(() => setImmediate(cut)),
    () => handshake.cut(),
  )
  client.pause().end(hello)
  await within(shutting, 'the cut')
  await within(closed, 'the close')
  t.ok(await rejection(handshake.done))
})

t.test('a handshake whose peer has not ended is cut by a reset', async (t) => {
  for (const words of ['', hello.subarray(0, 100), hello]) {
    const { client, server } = await sockets(t)
    const closed = once(server, 'close')
    const handshake = tlsServer.secure(new SocketCarrier(server))
    client.write(words)
    if (words === hello) await within(once(client, 'readable'))
    const fate = fateOf(client)
    handshake.cut()
    t.equal((await within(fate)).how, 'reset')
    await within(closed)
    t.ok(await rejection(handshake.done))
  }
})
