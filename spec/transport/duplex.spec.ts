// The carrier over any stream: the kinds of streams, and the values that they bring.

import net from 'node:net'
import { Duplex, PassThrough, Readable, Writable } from 'node:stream'
import { TransformStream } from 'node:stream/web'
import t from 'tap'
import { carrierFor, DuplexCarrier, duplexOf } from '../../lib/transport/duplex.js'
import { SocketCarrier } from '../../lib/transport/socket.js'
import { pattern, Recorder, recording, sockets, writeAll } from './support.js'

const sink = (): Writable => new Writable({ write: (_chunk, _encoding, done) => done() })

t.test('a value that is no stream, or only half of one, is refused', async (t) => {
  const readable = new PassThrough()
  const web = new TransformStream()
  const refused = [
    undefined,
    null,
    'stream',
    1,
    () => {},
    {},
    [],
    new Readable({ read() {} }),
    sink(),
    { readable },
    { writable: sink() },
    { readable: true, writable: true },
    { readable: web.readable, writable: sink() },
    { readable, writable: web.writable },
    { readable: web.writable, writable: web.readable },
    web.readable,
  ]
  for (const stream of refused) {
    t.equal(duplexOf(stream), undefined)
    t.equal(carrierFor(stream), undefined)
  }
})

t.test('a plain socket gets a SocketCarrier, a socket that decodes or encrypts does not', async (t) => {
  const { client, server } = await sockets(t)
  t.ok(carrierFor(client) instanceof SocketCarrier)
  server.setEncoding('latin1')
  const carrier = carrierFor(server)
  t.ok(carrier instanceof DuplexCarrier)
  const recorder = recording(carrier!)
  client.write(Buffer.from([0xff, 0x00, 0xe9]))
  await recorder.waitFor('data')
  t.same(recorder.all, Buffer.from([0xff, 0x00, 0xe9]))
  carrier?.setNoDelay(true)
  carrier?.setKeepAlive(true, 1)
  carrier?.unref()
  carrier?.ref()
  const secure = Object.assign(new net.Socket(), { encrypted: true })
  t.ok(carrierFor(secure) instanceof DuplexCarrier)
  secure.destroy()
})

t.test('a stream echoes through itself', async (t) => {
  const carrier = new DuplexCarrier(new PassThrough())
  t.same([carrier.remote.family, carrier.remote.address], ['unix', ''])
  const recorder = recording(carrier)
  const data = pattern(300_000)
  await writeAll(carrier, recorder, data, 10_000)
  carrier.end()
  await recorder.waitFor('end')
  t.ok(recorder.all.equals(data))
})

t.test('text and plain bytes arrive as Buffers, empty chunks do not arrive, and bytes are copied', async (t) => {
  const brought = new Uint8Array([1, 2, 3, 4]).subarray(1, 3)
  const stream = new Duplex({ readableObjectMode: true, read() {}, write: (_chunk, _encoding, done) => done() })
  const recorder = recording(new DuplexCarrier(stream))
  stream.push(brought)
  stream.push('grüße')
  stream.push(Buffer.alloc(0))
  stream.push('')
  stream.push(null)
  await recorder.waitFor('end')
  brought.fill(0)
  t.same(recorder.chunks, [Buffer.from([2, 3]), Buffer.from('grüße')])
  t.not(recorder.chunks[0]?.buffer, brought.buffer)
})

t.test('a stream that brings neither bytes nor text is lost', async (t) => {
  for (const early of [true, false]) {
    const stream = new Duplex({ objectMode: true, read() {}, write: (_chunk, _encoding, done) => done() })
    const carrier = new DuplexCarrier(stream)
    const recorder = early ? new Recorder() : recording(carrier)
    stream.push({ not: 'bytes' })
    if (early) {
      carrier.attach(recorder)
      carrier.resume()
    }
    await recorder.waitFor('lost')
    t.type(recorder.loss, TypeError)
    t.ok(stream.destroyed)
  }
})

t.test('an object-mode stream is given Buffers', async (t) => {
  const got: unknown[] = []
  const stream = new Duplex({
    objectMode: true,
    read() {},
    write(chunk, _encoding, done) {
      got.push(chunk)
      done()
    },
  })
  const carrier = new DuplexCarrier(stream)
  recording(carrier)
  t.equal(carrier.write(new Uint8Array([1, 2])), true)
  t.equal(carrier.writeBatch([new Uint8Array([3]), Buffer.from([4])]), true)
  t.same(got, [Buffer.from([1, 2]), Buffer.from([3]), Buffer.from([4])])
  t.ok(got.every(Buffer.isBuffer))
})

t.test('a stream with an encoding delivers its bytes', async (t) => {
  const stream = new PassThrough()
  stream.setEncoding('hex')
  const carrier = new DuplexCarrier(stream)
  const recorder = recording(carrier)
  const data = Buffer.from([0, 0xff, 0x80, 0x7f])
  carrier.write(data)
  carrier.end()
  await recorder.waitFor('end')
  t.same(recorder.all, data)
})

t.test('a stream with `_writev` is given a batch in one call', async (t) => {
  const got: number[] = []
  const stream = new Duplex({
    read() {},
    writev(chunks, done) {
      got.push(chunks.length)
      setImmediate(done)
    },
  })
  const carrier = new DuplexCarrier(stream)
  const recorder = recording(carrier)
  t.equal(carrier.writeBatch([Buffer.from('a'), Buffer.from('b'), Buffer.from('c')]), false)
  await recorder.waitFor('sent')
  t.same(got, [3])
  t.same(recorder.events, ['sent'])
})
