// A handshake is found by the stream that its TLSSocket runs over: a socket, or any other stream.

import net from 'node:net'
import type { Duplex } from 'node:stream'
import tls, { type TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { valueOfUnderlying } from '../../lib/tls/beneath.js'
import { identityOf } from '../support/certificates.js'
import { duplexes } from '../support/fixture.js'
import { within } from '../support/wait.js'

const { key, cert } = identityOf()

/** The value found for the socket of a server whose client begins with `hello`, after its handshake has succeeded or failed. */
async function found(t: Test, ours: Duplex, far: Duplex, hello: 'tls' | 'text'): Promise<unknown> {
  const server = tls.createServer({ key, cert })
  const map = new WeakMap<object, string>([[ours, 'the handshake']])
  const asked = new Promise<unknown>((resolve) => {
    const ask = (socket: TLSSocket): void => {
      socket.on('error', () => {})
      resolve(valueOfUnderlying(socket, map))
    }
    server.on('secureConnection', ask).on('tlsClientError', (_, socket) => ask(socket))
  })
  t.teardown(() => {
    ours.destroy()
    far.destroy()
  })
  far.on('error', () => {})
  ours.on('error', () => {})
  server.emit('connection', ours)
  if (hello === 'text') far.write('GET / HTTP/1.0\r\n\r\n')
  else tls.connect({ socket: far, servername: 'localhost', ca: cert }).on('error', () => {})
  return within(asked, 'the end of the handshake')
}

async function sockets(t: Test): Promise<[net.Socket, net.Socket]> {
  const listener = net.createServer({ pauseOnConnect: true })
  t.teardown(() => listener.close())
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const accepted = new Promise<net.Socket>((resolve) => listener.once('connection', resolve))
  const far = net.connect((listener.address() as net.AddressInfo).port, '127.0.0.1')
  return [await accepted, far]
}

for (const hello of ['tls', 'text'] as const) {
  const after = hello === 'tls' ? 'done' : 'failed'
  t.test(`the value of a socket is found when the handshake is ${after}`, async (t) => {
    const [ours, far] = await sockets(t)
    t.equal(await found(t, ours, far, hello), 'the handshake')
  })

  t.test(`the value of a stream that is no socket is found when the handshake is ${after}`, async (t) => {
    const [ours, far] = duplexes()
    t.equal(await found(t, ours, far, hello), 'the handshake')
  })
}

t.test('a socket over another stream has no value', async (t) => {
  const map = new WeakMap<object, string>([[new net.Socket(), 'another']])
  const members = { [Symbol('empty')]: undefined, [Symbol('nothing')]: null, [Symbol('text')]: 'text', [Symbol('object')]: {} }
  for (const parent of [null, undefined, new net.Socket()]) {
    t.equal(valueOfUnderlying({ ...members, _parent: parent } as unknown as TLSSocket, map), undefined)
  }
})

t.test('the value is found by a member that is the stream itself, or that wraps it', async (t) => {
  const stream = new net.Socket()
  const map = new WeakMap<object, string>([[stream, 'the handshake']])
  t.equal(valueOfUnderlying({ [Symbol('upgraded')]: stream } as unknown as TLSSocket, map), 'the handshake')
  t.equal(valueOfUnderlying({ [Symbol('handle')]: { _parentWrap: { stream } } } as unknown as TLSSocket, map), 'the handshake')
})
