// The state that is read by a socket's descriptor, and the fallback without one.

import type { Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import t from 'tap'
import { descriptorOf, errorAtEnd, readRemaining } from '../../lib/transport/descriptor.js'
import { SocketCarrier } from '../../lib/transport/socket.js'
import { fill, next, recording, scratch, sockets, turns } from './support.js'

/** The same socket on a runtime that shows no descriptor, or another one. */
function showing(socket: Socket, fd: unknown): Socket {
  Object.defineProperty((socket as unknown as { _handle: object })._handle, 'fd', { value: fd })
  return socket
}

t.test('an open socket of Node has a descriptor; a terminal and any other stream have none', async (t) => {
  const { client, server } = await sockets(t)
  t.type(descriptorOf(server), 'number')
  t.equal(descriptorOf(Object.assign(client, { isTTY: true })), undefined)
  for (const stream of [new PassThrough(), undefined, { _handle: { fd: 0 } }]) t.equal(descriptorOf(stream), undefined)
  server.destroy()
  t.equal(descriptorOf(server), undefined)
  t.equal(errorAtEnd(server), 'unknown')
  t.same(readRemaining(server, 100), [])
})

t.test('an open idle socket is not broken, and the state of one that cannot be read is unknown', async (t) => {
  const { server } = await sockets(t)
  t.equal(errorAtEnd(server), undefined)
  t.same(readRemaining(server, 100), [])
  t.equal(errorAtEnd(showing(server, 999_999)), 'unknown')
  t.same(readRemaining(server, 100), [])
})

t.test('the bytes in the kernel are read in order, and at most as many as requested', async (t) => {
  const { client, server } = await sockets(t)
  client.write('0123456789')
  t.equal(String(Buffer.concat(readRemaining(server, 4))), '0123')
  t.equal(String(Buffer.concat(readRemaining(server, 100))), '456789')
})

// --- without a descriptor ------------------------------------------------------------------------------------------------

t.test('without a descriptor an empty write distinguishes a reset from an end', async (t) => {
  for (let n = 0; n < 5; n++) {
    const { client, server } = await sockets(t)
    const recorder = recording(new SocketCarrier(showing(server, -1)))
    client.write('half a mess')
    client.resetAndDestroy()
    client.destroy()
    await recorder.until(() => recorder.has('lost') || recorder.has('end'))
    t.same(recorder.events, ['data', 'lost'])
  }
})

t.test('without a descriptor an end is an end, with bytes queued, behind the own end, and on a Unix socket', async (t) => {
  for (const state of ['idle', 'queued', 'ended', 'unix']) {
    const { client, server } = await sockets(t, state === 'unix' ? { path: scratch() } : undefined)
    const carrier = new SocketCarrier(showing(server, -1))
    const recorder = recording(carrier)
    if (state === 'queued') fill(carrier)
    if (state === 'ended') {
      carrier.end()
      await recorder.waitFor('finished')
      const ended = next(client, 'end')
      client.resume()
      await ended
    }
    client.end('all of it')
    await recorder.waitFor('end')
    await turns(3)
    t.equal(recorder.count('end'), 1, state)
    t.equal(recorder.has('lost'), false)
    t.equal(recorder.text, 'all of it')
    carrier.reset()
  }
})
