// The behaviour of sockets: one test for each trap of Node's that `lib/transport/socket.ts` handles.

import net from 'node:net'
import t, { type Test } from 'tap'
import { endsOf, SocketCarrier } from '../../lib/transport/socket.js'
import { fill, next, Recorder, recording, scratch, sockets, turns } from './support.js'

/** Waits, turn by turn, for a state without an event. */
async function until(condition: () => boolean): Promise<void> {
  for (let n = 0; n < 10_000 && !condition(); n++) await turns()
  if (!condition()) throw new Error(`never: ${condition}`)
}

const open = (): number => process.getActiveResourcesInfo().filter((name) => /^(TCP|Pipe)(Socket)?Wrap$/.test(name)).length

const broken = (socket: net.Socket): void => {
  socket.resetAndDestroy()
  socket.destroy()
}

t.test('a reset in the turn of data is a loss behind the data, not an end', async (t) => {
  for (let n = 0; n < 20; n++) {
    const { client, server } = await sockets(t)
    const recorder = recording(new SocketCarrier(server))
    client.write('half a mess')
    broken(client)
    await recorder.until(() => recorder.has('lost') || recorder.has('end'))
    t.same(recorder.events, ['data', 'lost'])
    t.equal(recorder.text, 'half a mess')
    t.match(recorder.loss?.code, /^(ECONNRESET|EPIPE)$/)
  }
})

t.test('a reset in the turn of data is a loss also while bytes are queued on this side', async (t) => {
  for (let n = 0; n < 5; n++) {
    const { client, server } = await sockets(t)
    const carrier = new SocketCarrier(server)
    const recorder = recording(carrier)
    fill(carrier)
    client.write('half a mess')
    broken(client)
    await recorder.until(() => recorder.has('lost') || recorder.has('end'))
    t.equal(recorder.events.at(-1), 'lost')
    t.equal(recorder.text, 'half a mess')
  }
})

t.test('an end is reported without delay while bytes are queued on this side', async (t) => {
  const { client, server } = await sockets(t)
  const carrier = new SocketCarrier(server)
  const recorder = recording(carrier)
  const given = fill(carrier)
  client.end('question')
  await recorder.waitFor('end')
  t.same(recorder.events, ['data', 'end'])
  let got = 0
  client.on('data', (chunk) => {
    got += chunk.length
  })
  await recorder.waitFor('sent')
  carrier.end()
  await next(client, 'end')
  t.equal(got, given)
})

t.test('an end behind the own end is reported at once', async (t) => {
  const { client, server } = await sockets(t)
  const carrier = new SocketCarrier(server)
  const recorder = recording(carrier)
  const closed = next(server, 'close')
  carrier.end()
  await recorder.waitFor('finished')
  client.resume().end()
  await recorder.waitFor('end')
  await closed
  t.same(recorder.events, ['finished', 'end'])
})

t.test('bytes that a paused socket has read are passed on before the reset that destroyed it', async (t) => {
  const { client, server } = await sockets(t)
  const carrier = new SocketCarrier(server)
  const recorder = recording(carrier)
  client.write('first')
  await recorder.waitFor('data')
  carrier.pause()
  client.write('second')
  await until(() => server.readableLength === 6)
  client.write('third')
  await until(() => server.readableLength === 11)
  t.equal(recorder.text, 'first')
  broken(client)
  await recorder.waitFor('lost')
  t.equal(recorder.text, 'firstsecondthird')
  t.same(recorder.events, ['data', 'lost'])
})

t.test('bytes and a reset from before the first listener are kept for it', async (t) => {
  const { client, server } = await sockets(t)
  const carrier = new SocketCarrier(server)
  server.read(0) // lets the paused socket read into its own buffer, as one does that was paused late
  client.write('kept')
  await until(() => server.readableLength === 4)
  broken(client)
  await next(server, 'close')
  const recorder = new Recorder()
  carrier.attach(recorder)
  await turns(3)
  t.same(recorder.events, [])
  carrier.resume()
  t.same(recorder.events, [])
  await recorder.waitFor('lost')
  t.same(recorder.events, ['data', 'lost'])
  t.equal(recorder.text, 'kept')
})

t.test('a reset within the replay of kept bytes stops the replay', async (t) => {
  const { client, server } = await sockets(t)
  const carrier = new SocketCarrier(server)
  server.read(0)
  client.write('kept')
  await until(() => server.readableLength === 4)
  broken(client)
  await next(server, 'close')
  const recorder = new Recorder()
  recorder.onData = () => carrier.reset()
  carrier.attach(recorder)
  carrier.resume()
  carrier.resume()
  await turns(3)
  t.same(recorder.events, ['data'])
})

t.test('a reset between the first resume and the replay prevents all events', async (t) => {
  const { client, server } = await sockets(t)
  const carrier = new SocketCarrier(server)
  server.resume()
  client.end()
  await next(server, 'end')
  await turns(2)
  const recorder = new Recorder()
  carrier.attach(recorder)
  carrier.resume()
  carrier.reset()
  await turns(3)
  t.same(recorder.events, [])
})

t.test('`sent` and `finished` are reported before the first resume', async (t) => {
  const { client, server } = await sockets(t)
  const carrier = new SocketCarrier(server)
  const recorder = new Recorder()
  carrier.attach(recorder)
  fill(carrier)
  client.resume()
  await recorder.waitFor('sent')
  carrier.end()
  await recorder.waitFor('finished')
  t.same(recorder.events, ['sent', 'finished'])
})

t.test('the addresses remain known after the socket is closed', async (t) => {
  const { client, server } = await sockets(t)
  const { localAddress, localPort } = client
  const carrier = new SocketCarrier(server)
  broken(client)
  await next(server.resume(), 'close')
  t.equal(String(carrier.remote), `${localAddress}:${localPort}`)
})

t.test('an IPv4 client of an IPv6 socket has an IPv4 address', async (t) => {
  const listener = net.createServer({ pauseOnConnect: true })
  await new Promise<void>((resolve) => void listener.listen(0, '::', resolve))
  const { port } = listener.address() as net.AddressInfo
  const client = net.connect(port, '127.0.0.1')
  const [server] = await next<[net.Socket]>(listener, 'connection')
  listener.close()
  t.equal(server.remoteAddress, '::ffff:127.0.0.1')
  const { remote, local } = endsOf(server)
  t.same([remote.family, remote.address], ['IPv4', '127.0.0.1'])
  t.equal(String(local), `127.0.0.1:${port}`)
  client.destroy()
  server.destroy()
})

t.test('Unix sockets have empty addresses', async (t) => {
  const { server } = await sockets(t, { path: scratch() })
  const { remote, local } = new SocketCarrier(server)
  t.same([remote.family, remote.address, local.family], ['unix', '', 'unix'])
})

// --- resets ----------------------------------------------------------------------------------------------------------

const states: Record<string, (carrier: SocketCarrier, recorder: Recorder) => unknown> = {
  'that is idle': () => {},
  'that has just been given bytes': (carrier) => carrier.write(Buffer.from('dropped?')),
  'behind queued bytes': (carrier) => fill(carrier),
  'behind an end that waits behind queued bytes': (carrier) => {
    fill(carrier)
    carrier.end()
  },
  'while its sending side is being shut down': (carrier) => carrier.end(),
  'a tick later': async (carrier) => {
    carrier.end()
    await null
  },
  'that has just been shut down': async (carrier, recorder) => {
    carrier.end()
    await recorder.waitFor('finished')
  },
}

for (const [state, bring] of Object.entries(states)) {
  for (const kind of ['TCP', 'Unix']) {
    t.test(`a ${kind} socket ${state} is reset and leaves nothing open`, async (t) => {
      await turns(3)
      const before = open()
      const { client, server } = await sockets(t, kind === 'TCP' ? { host: '127.0.0.1', port: 0 } : { path: scratch() })
      const carrier = new SocketCarrier(server)
      const recorder = recording(carrier)
      await bring(carrier, recorder)
      const closed = next(server, 'close')
      const heard = [...recorder.events]
      carrier.reset()
      carrier.release()
      await closed
      client.destroy()
      await until(() => open() <= before)
      t.same(recorder.events, heard)
    })
  }
}

t.test('a reset reaches a TCP peer as ECONNRESET', async (t) => {
  const { client, server } = await sockets(t)
  const error = next<[NodeJS.ErrnoException]>(client.resume(), 'error')
  new SocketCarrier(server).reset()
  t.equal((await error)[0].code, 'ECONNRESET')
})

t.test('a reset that comes while the sending side is shut down breaks the other direction', async (t) => {
  const { client, server } = await sockets(t)
  const carrier = new SocketCarrier(server)
  recording(carrier)
  const error = next<[NodeJS.ErrnoException]>(client, 'error')
  const ended = next(client.resume(), 'end')
  carrier.end()
  carrier.reset()
  await ended
  while (!client.destroyed) {
    client.write('still there?')
    await turns()
  }
  t.match((await error)[0].code, /^(ECONNRESET|EPIPE)$/)
})

t.test('a socket that another part of the program destroys is lost, without a code', async (t) => {
  const { server } = await sockets(t)
  const recorder = recording(new SocketCarrier(server))
  server.destroy()
  await recorder.waitFor('lost')
  t.equal(recorder.loss?.code, undefined)
  t.match(recorder.loss?.message, /closed before its end/)
})

t.test("a socket that is destroyed behind the peer's end is lost too", async (t) => {
  const { client, server } = await sockets(t)
  const recorder = recording(new SocketCarrier(server))
  client.end()
  await recorder.waitFor('end')
  server.destroy()
  await recorder.waitFor('lost')
  t.same(recorder.events, ['end', 'lost'])
})

t.test('a write that fails within the call has not left', async (t) => {
  const { client, server } = await sockets(t)
  const carrier = new SocketCarrier(server)
  const recorder = new Recorder()
  carrier.attach(recorder)
  broken(client)
  await turns(5)
  // Not resumed, so the reset is not detected yet.
  t.equal(server.destroyed, false)
  t.equal(carrier.write(Buffer.from('gone')), false)
  t.equal(carrier.writeBatch([Buffer.from('gone'), Buffer.from('too')]), false)
  await next(server, 'close')
  t.same(recorder.events, [])
  carrier.resume()
  await recorder.waitFor('lost')
  t.match(recorder.loss?.code, /^(ECONNRESET|EPIPE)$/)
  t.same(recorder.events, ['lost'])
  t.equal(carrier.write(Buffer.from('gone')), false)
  carrier.end()
  await turns(3)
  t.same(recorder.events, ['lost'])
})

t.test('an error from before the first listener is not uncaught, and is reported', async (t) => {
  const { client, server } = await sockets(t)
  const carrier = new SocketCarrier(server)
  server.destroy(Object.assign(new Error('early'), { code: 'EHOSTUNREACH' }))
  await next(server, 'close')
  const recorder = recording(carrier)
  await recorder.waitFor('lost')
  t.equal(recorder.loss?.code, 'EHOSTUNREACH')
  client.destroy()
})

t.test('a socket that is given destroyed is lost', async (t) => {
  const { server } = await sockets(t)
  server.destroy()
  const recorder = recording(new SocketCarrier(server))
  await recorder.waitFor('lost')
  await turns(5)
  t.same(recorder.events, ['lost'])
})

t.test('a socket that is given after its end reports the end, can be written to, and is not lost', async (t) => {
  const { client, server } = await sockets(t)
  client.end()
  server.resume()
  await next(server, 'end')
  const carrier = new SocketCarrier(server)
  const recorder = recording(carrier)
  await recorder.waitFor('end')
  const answered = next<[Buffer]>(client, 'data')
  carrier.write(Buffer.from('answer'))
  const [answer] = await answered
  t.equal(String(answer), 'answer')
  t.same([recorder.count('end'), recorder.loss], [1, undefined])
})

t.test('a flowing socket with allowHalfOpen: false is paused, and does not end with its peer', async (t: Test) => {
  const listener = net.createServer((socket) => {
    socket.write('greeting')
  })
  await new Promise<void>((resolve) => void listener.listen(0, '127.0.0.1', resolve))
  const accepted = next<[net.Socket]>(listener, 'connection')
  const client = net.connect((listener.address() as net.AddressInfo).port, '127.0.0.1')
  t.teardown(() => {
    client.destroy()
    listener.close()
  })
  await next(client, 'connect')
  client.resume()
  const carrier = new SocketCarrier(client)
  const [server] = await accepted
  await turns(5)
  const recorder = recording(carrier)
  await recorder.until(() => recorder.bytes === 8)
  t.equal(recorder.text, 'greeting')
  server.end()
  await recorder.waitFor('end')
  const said = next<[Buffer]>(server, 'data')
  carrier.write(Buffer.from('reply'))
  t.equal(String((await said)[0]), 'reply')
  carrier.end()
  await recorder.waitFor('finished')
})

t.test('settings on a closed socket add no listener', async (t) => {
  const { server } = await sockets(t)
  const carrier = new SocketCarrier(server)
  carrier.reset()
  await next(server, 'close')
  carrier.ref()
  carrier.unref()
  t.equal(server.listenerCount('connect'), 0)
})

t.test('a peer on a Unix socket that simply closes is taken for a loss', async (t) => {
  for (let n = 0; n < 5; n++) {
    const { client, server } = await sockets(t, { path: scratch() })
    const recorder = recording(new SocketCarrier(server))
    client.end('all of it')
    client.destroy()
    await recorder.until(() => recorder.has('lost') || recorder.has('end'))
    await turns(3)
    t.same(recorder.events, ['data', 'end'])
  }
})

t.test('a peer on a Unix socket that closes with bytes unread is an end', async (t) => {
  for (let n = 0; n < 5; n++) {
    const { client, server } = await sockets(t, { path: scratch() })
    const recorder = recording(new SocketCarrier(server))
    client.pause()
    // More bytes than Node reads for a paused socket.
    server.write(Buffer.alloc(1_000_000))
    await turns(5)
    client.write('half a mess')
    await recorder.waitFor('data')
    client.destroy()
    await recorder.until(() => recorder.has('lost') || recorder.has('end'))
    t.same(recorder.events, ['data', 'lost'])
    t.equal(recorder.loss?.code, 'ECONNRESET')
  }
})

t.test('a socket that is reset while it connects shows its peer an end, or never connects', async (t) => {
  const server = net.createServer({ allowHalfOpen: true })
  t.teardown(() => server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const seen: unknown[] = []
  server.on('connection', (socket) => {
    socket
      .on('error', ({ code }: NodeJS.ErrnoException) => seen.push(code))
      .on('end', () => seen.push('end'))
      .resume()
  })
  for (let n = 0; n < 10; n++) {
    const socket = net.connect({ port: (server.address() as net.AddressInfo).port, host: '127.0.0.1' })
    const carrier = new SocketCarrier(socket)
    if (n % 2 === 1) await turns(1)
    const closed = next(socket, 'close')
    carrier.reset()
    await closed
    await turns(3)
  }
  t.notOk(seen.includes('end'), `${seen}`)
})

t.test('a connecting socket has no addresses until it is connected', async (t) => {
  const server = net.createServer((socket) => socket.on('error', () => {}))
  t.teardown(() => server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  const socket = net.connect({ port, host: '127.0.0.1' })
  const carrier = new SocketCarrier(socket)
  t.equal(carrier.remote.family, 'unix')
  await next(socket, 'connect')
  t.equal(String(carrier.remote), `127.0.0.1:${port}`)
  t.equal(carrier.local.port, socket.localPort)
  carrier.reset()
})
