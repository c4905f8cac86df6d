// Anything that is a stream as a carrier: what kinds there are, what they may bring, and in which state they may come.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import { Duplex, PassThrough, Readable, Writable } from 'node:stream'
import { ReadableStream, TransformStream, WritableStream } from 'node:stream/web'
import t from 'tap'
import { carrierFor, DuplexCarrier, duplexOf } from '../../lib/transport/duplex.js'
import { SocketCarrier } from '../../lib/transport/socket.js'
import { duplexes, Ear, listening, next, pattern, sockets, turns, writeAll } from './support.js'

const sink = (): Writable => new Writable({ write: (_chunk, _encoding, done) => done() })

t.test('what is no stream, or only one half of one, is refused', async (t) => {
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

t.test('a plain socket gets the carrier of sockets, anything that decodes or encrypts does not', async (t) => {
  const { client, server } = await sockets(t)
  t.ok(carrierFor(client) instanceof SocketCarrier)
  server.setEncoding('latin1')
  const carrier = carrierFor(server)
  t.ok(carrier instanceof DuplexCarrier)
  const ear = listening(carrier!)
  client.write(Buffer.from([0xff, 0x00, 0xe9]))
  await ear.hears('data')
  t.same(ear.all, Buffer.from([0xff, 0x00, 0xe9]))
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
  const ear = listening(carrier)
  const data = pattern(300_000)
  await writeAll(carrier, ear, data, 10_000)
  carrier.end()
  await ear.hears('end')
  t.ok(ear.all.equals(data))
})

t.test('text, plain bytes and nothing at all arrive as Buffers, and bytes as a copy that their producer does not change', async (t) => {
  const brought = new Uint8Array([1, 2, 3, 4]).subarray(1, 3)
  const stream = new Duplex({ readableObjectMode: true, read() {}, write: (_chunk, _encoding, done) => done() })
  const ear = listening(new DuplexCarrier(stream))
  stream.push(brought)
  stream.push('grüße')
  stream.push(Buffer.alloc(0))
  stream.push('')
  stream.push(null)
  await ear.hears('end')
  brought.fill(0)
  t.same(ear.chunks, [Buffer.from([2, 3]), Buffer.from('grüße')])
  t.not(ear.chunks[0]?.buffer, brought.buffer)
})

t.test('a stream that brings neither bytes nor text is lost', async (t) => {
  for (const early of [true, false]) {
    const stream = new Duplex({ objectMode: true, read() {}, write: (_chunk, _encoding, done) => done() })
    const carrier = new DuplexCarrier(stream)
    const ear = early ? new Ear() : listening(carrier)
    stream.push({ not: 'bytes' })
    if (early) {
      carrier.attach(ear)
      carrier.resume()
    }
    await ear.hears('lost')
    t.type(ear.loss, TypeError)
    t.ok(stream.destroyed)
  }
})

t.test('a stream of objects gets Buffers', async (t) => {
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
  listening(carrier)
  t.equal(carrier.write(new Uint8Array([1, 2])), true)
  t.equal(carrier.writeBatch([new Uint8Array([3]), Buffer.from([4])]), true)
  t.same(got, [Buffer.from([1, 2]), Buffer.from([3]), Buffer.from([4])])
  t.ok(got.every(Buffer.isBuffer))
})

t.test('a stream that decodes gives its bytes back', async (t) => {
  const stream = new PassThrough()
  stream.setEncoding('hex')
  const carrier = new DuplexCarrier(stream)
  const ear = listening(carrier)
  const data = Buffer.from([0, 0xff, 0x80, 0x7f])
  carrier.write(data)
  carrier.end()
  await ear.hears('end')
  t.same(ear.all, data)
})

t.test('a batch is one piece of work for a stream that can take one', async (t) => {
  const got: number[] = []
  const stream = new Duplex({
    read() {},
    writev(chunks, done) {
      got.push(chunks.length)
      setImmediate(done)
    },
  })
  const carrier = new DuplexCarrier(stream)
  const ear = listening(carrier)
  t.equal(carrier.writeBatch([Buffer.from('a'), Buffer.from('b'), Buffer.from('c')]), false)
  await ear.hears('sent')
  t.same(got, [3])
  t.same(ear.told, ['sent'])
})

// --- in which state it comes -----------------------------------------------------------------------------------------

t.test('bytes that a stream has buffered, or is about to let flow, are not lost', async (t) => {
  for (const flowing of [true, false]) {
    const [near, far] = duplexes()
    far.write('early ')
    await turns(2)
    if (flowing) near.resume()
    const carrier = new DuplexCarrier(near)
    await turns(2)
    far.write('late')
    const ear = listening(carrier)
    await ear.until(() => ear.bytes === 10)
    t.equal(ear.text, 'early late')
    carrier.reset()
  }
})

t.test('a stream that has ended, was destroyed or has failed says so', async (t) => {
  const make = (): Duplex => new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() }).on('error', () => {})
  const failure = new Error('failed before')

  const ended = make().resume()
  ended.push(null)
  await once(ended, 'end')
  const ofEnded = listening(new DuplexCarrier(ended))
  await ofEnded.hears('end')

  const over = make().resume()
  over.push(null)
  over.end()
  await once(over, 'close')
  const carrierOfOver = new DuplexCarrier(over)
  const ofOver = listening(carrierOfOver)
  await ofOver.hears('end')
  carrierOfOver.end()
  await ofOver.hears('finished')

  const destroyed = make()
  destroyed.destroy()
  const ofDestroyed = listening(new DuplexCarrier(destroyed))
  await ofDestroyed.hears('lost')

  const failed = make()
  failed.destroy(failure)
  await next(failed, 'close')
  const ofFailed = listening(new DuplexCarrier(failed))
  await ofFailed.hears('lost')
  t.equal(ofFailed.loss, failure)

  // The error is emitted only after the carrier was made.
  const failing = new Duplex({ read() {} })
  failing.push('kept')
  failing.destroy(failure)
  const ofFailing = listening(new DuplexCarrier(failing))
  await ofFailing.hears('lost')

  await turns(5)
  t.same(ofEnded.told, ['end'])
  t.same(ofOver.told, ['end', 'finished'])
  t.same(ofDestroyed.told, ['lost'])
  t.same(ofFailed.told, ['lost'])
  t.same(ofFailing.told, ['data', 'lost'])
  t.equal(ofFailing.loss, failure)
})

t.test('a stream that cannot be read is at its end, one that cannot be written has finished', async (t) => {
  // Not in the types.
  const deafOptions = { readable: false, write: (_chunk: unknown, _encoding: unknown, done: () => void) => done() }
  const muteOptions = { writable: false, read() {} }
  const deaf = new DuplexCarrier(new Duplex(deafOptions))
  const ofDeaf = listening(deaf)
  await ofDeaf.hears('end')
  const mute = new DuplexCarrier(new Duplex(muteOptions))
  const ofMute = listening(mute)
  mute.end()
  t.same(ofMute.told, [])
  await ofMute.hears('finished')
})

t.test('a stream that would end with its peer does not any more', async (t) => {
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
  const ear = listening(carrier)
  stream.push(null)
  await ear.hears('end')
  await turns(2)
  t.equal(carrier.write(Buffer.from('reply')), true)
  carrier.end()
  await ear.hears('finished')
  t.same(Buffer.concat(written), Buffer.from('reply'))
})

// --- how it ends -----------------------------------------------------------------------------------------------------

t.test('destroyed before its end, with or without an error, is a loss behind what it had', async (t) => {
  for (const error of [undefined, Object.assign(new Error('broken'), { code: 'EPIPE' })]) {
    const [near] = duplexes()
    const carrier = new DuplexCarrier(near)
    const ear = listening(carrier)
    near.push('first')
    await ear.hears('data')
    carrier.pause()
    near.push('second')
    near.destroy(error)
    await ear.hears('lost')
    t.equal(ear.text, 'firstsecond')
    t.equal(ear.loss?.code, error?.code)
    await turns(5)
    t.same(ear.told, ['data', 'lost'])
  }
})

t.test('an error of a stream that does not destroy itself is a loss, and destroys it', async (t) => {
  const stream = new Duplex({ autoDestroy: false, read() {}, write: (_chunk, _encoding, done) => done(new Error('no')) })
  const carrier = new DuplexCarrier(stream)
  const ear = listening(carrier)
  t.equal(carrier.write(Buffer.from('x')), false)
  await ear.hears('lost')
  t.ok(stream.destroyed)
  await turns(3)
  t.same(ear.told, ['lost'])
})

t.test('after reset and release nobody listens any more, but for errors, which hurt nobody', async (t) => {
  for (const leave of ['reset', 'release'] as const) {
    const [near, far] = duplexes()
    far.on('error', () => {})
    const carrier = new DuplexCarrier(near)
    const ear = listening(carrier)
    carrier[leave]()
    t.ok(near.destroyed)
    near.emit('error', new Error('late'))
    carrier[leave]()
    await turns(5)
    t.same(ear.told, [])
    t.same([near.listenerCount('data'), near.listenerCount('end'), near.listenerCount('close'), near.listenerCount('error')], [0, 0, 0, 1])
  }
})

// --- pairs -----------------------------------------------------------------------------------------------------------

t.test('a pair of Node streams is one stream', async (t) => {
  const [there, back] = [new PassThrough(), new PassThrough()]
  const carrier = carrierFor({ readable: there, writable: back })!
  const ear = listening(carrier)
  there.end('hello')
  await ear.hears('end')
  t.equal(ear.text, 'hello')
  carrier.write(Buffer.from('world'))
  carrier.end()
  await ear.hears('finished')
  t.equal(String(back.read()), 'world')
})

t.test('a pair that is reset takes both its streams with it, and no error goes unheard', async (t) => {
  const [there, back] = [new PassThrough(), new PassThrough()]
  const carrier = carrierFor({ readable: there, writable: back })!
  const ear = listening(carrier)
  carrier.reset()
  await turns(5)
  t.ok(there.destroyed && back.destroyed)
  t.same(ear.told, [])
})

t.test('a pair of which one stream fails is lost', async (t) => {
  const [there, back] = [new PassThrough(), new PassThrough()]
  const ear = listening(carrierFor({ readable: there, writable: back })!)
  back.destroy(new Error('broken'))
  await ear.hears('lost')
  t.equal(ear.loss?.message, 'broken')
})

t.test('a pair of web streams is one stream', async (t) => {
  const [there, back] = [new TransformStream(), new TransformStream()]
  const carrier = carrierFor({ readable: there.readable, writable: back.writable })!
  const ear = listening(carrier)
  const writer = there.writable.getWriter()
  const reader = back.readable.getReader()
  await Promise.all([writer.write(new TextEncoder().encode('bytes, ')), ear.until(() => ear.bytes === 7)])
  await Promise.all([writer.write('and text'), ear.until(() => ear.bytes === 15)])
  t.equal(ear.text, 'bytes, and text')
  const left = carrier.write(Buffer.from('answer'))
  t.equal(Buffer.from((await reader.read()).value).toString(), 'answer')
  if (!left) await ear.hears('sent')
  carrier.end()
  t.equal((await reader.read()).done, true)
  await writer.close()
  await ear.hears('end')
  await ear.hears('finished')
  t.equal(ear.has('lost'), false)
})

t.test('web streams hear of a reset, and tell when they fail', async (t) => {
  let cancelled: unknown
  let aborted: unknown
  const readable = new ReadableStream({ cancel: (reason) => void (cancelled = reason) })
  const writable = new WritableStream({ abort: (reason) => void (aborted = reason) })
  const carrier = carrierFor({ readable, writable })!
  const ear = listening(carrier)
  await turns(2)
  carrier.reset()
  await turns(5)
  t.type(cancelled, Error)
  t.type(aborted, Error)
  t.same(ear.told, [])

  const failing = new ReadableStream({ start: (controller) => controller.error(new Error('broken')) })
  const ofFailing = listening(carrierFor({ readable: failing, writable: new WritableStream() })!)
  await ofFailing.hears('lost')
  t.equal(ofFailing.loss?.message, 'broken')
})

t.test('a child process is one stream', async (t) => {
  for (const given of ['pair', 'duplex']) {
    const child = spawn('cat', [], { stdio: ['pipe', 'pipe', 'ignore'] })
    const closed = once(child, 'close')
    const streams = { readable: child.stdout, writable: child.stdin }
    const carrier = carrierFor(given === 'pair' ? streams : Duplex.from(streams as unknown as Iterable<Buffer>))!
    const ear = listening(carrier)
    const data = pattern(500_000)
    await writeAll(carrier, ear, data)
    carrier.end()
    await ear.hears('end')
    t.ok(ear.all.equals(data))
    await turns(3)
    carrier.release()
    await closed
    t.equal(ear.has('lost'), false)
  }
})

t.test('a child process that is killed is no crash', async (t) => {
  const child = spawn('cat', [], { stdio: ['pipe', 'pipe', 'ignore'] })
  const carrier = carrierFor({ readable: child.stdout, writable: child.stdin })!
  const ear = listening(carrier)
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await Promise.all([exited, ear.until(() => ear.has('end') || ear.has('lost'))])
  // Pipes know no reset: what shows it is a write, and the end.
  if (!ear.has('lost')) carrier.write(Buffer.from('anybody?'))
  await ear.hears('lost')
  t.equal(ear.count('lost'), 1)
})
