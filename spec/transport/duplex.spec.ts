// The carrier over any stream: the kinds of streams, the values that they bring, and the states in which they are given.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import { Duplex, PassThrough, Readable, Writable } from 'node:stream'
import { ReadableStream, TransformStream, WritableStream } from 'node:stream/web'
import t from 'tap'
import { carrierFor, DuplexCarrier, duplexOf } from '../../lib/transport/duplex.js'
import { SocketCarrier } from '../../lib/transport/socket.js'
import { duplexes, next, pattern, Recorder, recording, sockets, turns, writeAll } from './support.js'

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

// --- the state in which it is given -----------------------------------------------------------------------------------------

t.test('bytes that a stream has buffered, or is about to emit, are not lost', async (t) => {
  for (const flowing of [true, false]) {
    const [near, far] = duplexes()
    far.write('early ')
    await turns(2)
    if (flowing) near.resume()
    const carrier = new DuplexCarrier(near)
    await turns(2)
    far.write('late')
    const recorder = recording(carrier)
    await recorder.until(() => recorder.bytes === 10)
    t.equal(recorder.text, 'early late')
    carrier.reset()
  }
})

t.test('an end or a loss from before the carrier was made is reported', async (t) => {
  const make = (): Duplex => new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() }).on('error', () => {})
  const failure = new Error('failed before')

  const ended = make().resume()
  ended.push(null)
  await once(ended, 'end')
  const ofEnded = recording(new DuplexCarrier(ended))
  await ofEnded.waitFor('end')

  const over = make().resume()
  over.push(null)
  over.end()
  await once(over, 'close')
  const carrierOfOver = new DuplexCarrier(over)
  const ofOver = recording(carrierOfOver)
  await ofOver.waitFor('end')
  carrierOfOver.end()
  await ofOver.waitFor('finished')

  const destroyed = make()
  destroyed.destroy()
  const ofDestroyed = recording(new DuplexCarrier(destroyed))
  await ofDestroyed.waitFor('lost')

  const failed = make()
  failed.destroy(failure)
  await next(failed, 'close')
  const ofFailed = recording(new DuplexCarrier(failed))
  await ofFailed.waitFor('lost')
  t.equal(ofFailed.loss, failure)

  // The error is emitted after the carrier was made.
  const failing = new Duplex({ read() {} })
  failing.push('kept')
  failing.destroy(failure)
  const ofFailing = recording(new DuplexCarrier(failing))
  await ofFailing.waitFor('lost')

  await turns(5)
  t.same(ofEnded.events, ['end'])
  t.same(ofOver.events, ['end', 'finished'])
  t.same(ofDestroyed.events, ['lost'])
  t.same(ofFailed.events, ['lost'])
  t.same(ofFailing.events, ['data', 'lost'])
  t.equal(ofFailing.loss, failure)
})

t.test('a stream that cannot be read is at its end, one that cannot be written has finished', async (t) => {
  // Missing in Node's types.
  const deafOptions = { readable: false, write: (_chunk: unknown, _encoding: unknown, done: () => void) => done() }
  const muteOptions = { writable: false, read() {} }
  const deaf = new DuplexCarrier(new Duplex(deafOptions))
  const ofDeaf = recording(deaf)
  await ofDeaf.waitFor('end')
  const mute = new DuplexCarrier(new Duplex(muteOptions))
  const ofMute = recording(mute)
  mute.end()
  t.same(ofMute.events, [])
  await ofMute.waitFor('finished')
})

t.test('a stream with allowHalfOpen: false does not end with its peer', async (t) => {
  const written: Buffer[] = []
  const stream = new Duplex({
    allowHalfOpen: false,
    read() {},
    write(chunk, _encoding, done) {
      written.push(chunk)
      done()
    },
  })
  const carrier = new DuplexCarrier(stream)
  const recorder = recording(carrier)
  stream.push(null)
  await recorder.waitFor('end')
  await turns(2)
  t.equal(carrier.write(Buffer.from('reply')), true)
  carrier.end()
  await recorder.waitFor('finished')
  t.same(Buffer.concat(written), Buffer.from('reply'))
})

// --- how it ends -----------------------------------------------------------------------------------------------------

t.test('a destroy before the end, with or without an error, is a loss behind the buffered bytes', async (t) => {
  for (const error of [undefined, Object.assign(new Error('broken'), { code: 'EPIPE' })]) {
    const [near] = duplexes()
    const carrier = new DuplexCarrier(near)
    const recorder = recording(carrier)
    near.push('first')
    await recorder.waitFor('data')
    carrier.pause()
    near.push('second')
    near.destroy(error)
    await recorder.waitFor('lost')
    t.equal(recorder.text, 'firstsecond')
    t.equal(recorder.loss?.code, error?.code)
    await turns(5)
    t.same(recorder.events, ['data', 'lost'])
  }
})

t.test('an error of a stream with autoDestroy: false is a loss, and the stream is destroyed', async (t) => {
  const stream = new Duplex({ autoDestroy: false, read() {}, write: (_chunk, _encoding, done) => done(new Error('no')) })
  const carrier = new DuplexCarrier(stream)
  const recorder = recording(carrier)
  t.equal(carrier.write(Buffer.from('x')), false)
  await recorder.waitFor('lost')
  t.ok(stream.destroyed)
  await turns(3)
  t.same(recorder.events, ['lost'])
})

t.test('reset and release remove all listeners but one, which ignores later errors', async (t) => {
  for (const leave of ['reset', 'release'] as const) {
    const [near, far] = duplexes()
    far.on('error', () => {})
    const carrier = new DuplexCarrier(near)
    const recorder = recording(carrier)
    carrier[leave]()
    t.ok(near.destroyed)
    near.emit('error', new Error('late'))
    carrier[leave]()
    await turns(5)
    t.same(recorder.events, [])
    t.same([near.listenerCount('data'), near.listenerCount('end'), near.listenerCount('close'), near.listenerCount('error')], [0, 0, 0, 1])
  }
})

// --- pairs -----------------------------------------------------------------------------------------------------------

t.test('a pair of Node streams works as one stream', async (t) => {
  const [there, back] = [new PassThrough(), new PassThrough()]
  const carrier = carrierFor({ readable: there, writable: back })!
  const recorder = recording(carrier)
  there.end('hello')
  await recorder.waitFor('end')
  t.equal(recorder.text, 'hello')
  carrier.write(Buffer.from('world'))
  carrier.end()
  await recorder.waitFor('finished')
  t.equal(String(back.read()), 'world')
})

t.test('a reset of a pair destroys both streams, and no error is uncaught', async (t) => {
  const [there, back] = [new PassThrough(), new PassThrough()]
  const carrier = carrierFor({ readable: there, writable: back })!
  const recorder = recording(carrier)
  carrier.reset()
  await turns(5)
  t.ok(there.destroyed && back.destroyed)
  t.same(recorder.events, [])
})

t.test('the failure of one stream of a pair is a loss', async (t) => {
  const [there, back] = [new PassThrough(), new PassThrough()]
  const recorder = recording(carrierFor({ readable: there, writable: back })!)
  back.destroy(new Error('broken'))
  await recorder.waitFor('lost')
  t.equal(recorder.loss?.message, 'broken')
})

t.test('a pair of web streams works as one stream', async (t) => {
  const [there, back] = [new TransformStream(), new TransformStream()]
  const carrier = carrierFor({ readable: there.readable, writable: back.writable })!
  const recorder = recording(carrier)
  const writer = there.writable.getWriter()
  const reader = back.readable.getReader()
  await Promise.all([writer.write(new TextEncoder().encode('bytes, ')), recorder.until(() => recorder.bytes === 7)])
  await Promise.all([writer.write('and text'), recorder.until(() => recorder.bytes === 15)])
  t.equal(recorder.text, 'bytes, and text')
  const left = carrier.write(Buffer.from('answer'))
  t.equal(Buffer.from((await reader.read()).value).toString(), 'answer')
  if (!left) await recorder.waitFor('sent')
  carrier.end()
  t.equal((await reader.read()).done, true)
  await writer.close()
  await recorder.waitFor('end')
  await recorder.waitFor('finished')
  t.equal(recorder.has('lost'), false)
})

t.test('a reset cancels and aborts web streams, and their failure is a loss', async (t) => {
  let cancelled: unknown
  let aborted: unknown
  const readable = new ReadableStream({ cancel: (reason) => void (cancelled = reason) })
  const writable = new WritableStream({ abort: (reason) => void (aborted = reason) })
  const carrier = carrierFor({ readable, writable })!
  const recorder = recording(carrier)
  await turns(2)
  carrier.reset()
  await turns(5)
  t.type(cancelled, Error)
  t.type(aborted, Error)
  t.same(recorder.events, [])

  const failing = new ReadableStream({ start: (controller) => controller.error(new Error('broken')) })
  const ofFailing = recording(carrierFor({ readable: failing, writable: new WritableStream() })!)
  await ofFailing.waitFor('lost')
  t.equal(ofFailing.loss?.message, 'broken')
})

t.test('the pipes of a child process work as one stream', async (t) => {
  for (const given of ['pair', 'duplex']) {
    const child = spawn('cat', [], { stdio: ['pipe', 'pipe', 'ignore'] })
    const closed = once(child, 'close')
    const streams = { readable: child.stdout, writable: child.stdin }
    const carrier = carrierFor(given === 'pair' ? streams : Duplex.from(streams as unknown as Iterable<Buffer>))!
    const recorder = recording(carrier)
    const data = pattern(500_000)
    await writeAll(carrier, recorder, data)
    carrier.end()
    await recorder.waitFor('end')
    t.ok(recorder.all.equals(data))
    await turns(3)
    carrier.release()
    await closed
    t.equal(recorder.has('lost'), false)
  }
})

// The kernel may close the output of a dying process before its input: an end does not mean yet that a write fails. In 23 of
// 100 runs a write that followed the end at once succeeded, and nothing reported a loss later, because nothing reads from the
// input. Once 'exit' was emitted the kernel has closed both, and Node has destroyed the input.
t.test('a killed child process ends its output, and a write to it after its exit is one loss', async (t) => {
  const child = spawn('cat', [], { stdio: ['pipe', 'pipe', 'ignore'] })
  const carrier = carrierFor({ readable: child.stdout, writable: child.stdin })!
  const recorder = recording(carrier)
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await Promise.all([exited, recorder.until(() => recorder.has('end') || recorder.has('lost'))])
  // A pipe has no reset: its break looks like an end until a write fails.
  if (!recorder.has('lost')) carrier.write(Buffer.from('unread'))
  await recorder.waitFor('lost')
  await turns(5)
  t.equal(recorder.count('lost'), 1)
})
