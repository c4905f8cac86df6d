// Resets and losses of sockets: one test for each trap of Node's that `lib/transport/socket.ts` handles.

import net from 'node:net'
import t from 'tap'
import { SocketCarrier } from '../../lib/transport/socket.js'
import { broken, until } from './socket-support.js'
import { fill, fillUp, next, Recorder, recording, scratch, sockets, turns } from './support.js'

const open = (): number => process.getActiveResourcesInfo().filter((name) => /^(TCP|Pipe)(Socket)?Wrap$/.test(name)).length

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
  // On Deno a large write never leaves within the call, so the system may still have room behind it.
  const given = await fillUp(carrier, recorder)
  const before = recorder.events.length
  const sent = recorder.count('sent')
  client.end('question')
  await recorder.waitFor('end')
  t.same(recorder.events.slice(before), ['data', 'end'])
  let got = 0
  client.on('data', (chunk) => {
    got += chunk.length
  })
  await recorder.waitFor('sent', sent + 1)
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
