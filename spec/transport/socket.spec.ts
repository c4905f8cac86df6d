// What a socket reports of its data, its end and its addresses, and the states in which it may be given. One test for each
// trap of Node's that `lib/transport/socket.ts` handles; resets and losses are in socket-breaks.spec.ts.

import net from 'node:net'
import t, { type Test } from 'tap'
import { addressesOf, SocketCarrier } from '../../lib/transport/socket.js'
import { broken, until } from './socket-support.js'
import { fill, next, Recorder, recording, scratch, sockets, turns } from './support.js'

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
  const { remote, local } = addressesOf(server)
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
