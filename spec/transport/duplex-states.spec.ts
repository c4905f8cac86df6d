// The state in which a stream is given to its carrier, and how it ends.

import { once } from 'node:events'
import { Duplex } from 'node:stream'
import t from 'tap'
import { DuplexCarrier } from '../../lib/transport/duplex.js'
import { duplexes, next, recording, turns } from './support.js'

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
