// Streams that break the rules of streams: each loses its own connection, once, and affects nothing else. No exception leaves the
// carrier, from any call.

import { Duplex, PassThrough, Readable, Writable } from 'node:stream'
import t from 'tap'
import { DuplexCarrier } from '../../lib/transport/duplex.js'
import { Joined } from '../../lib/transport/joined.js'
import { Recorder, recording, turns } from './support.js'

const wrong = new Error('this stream is wrong')
const fail = (): never => {
  throw wrong
}

/** A Duplex that accepts everything and brings nothing. */
const plain = (): Duplex => new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
const changed = (changes: object): Duplex => Object.assign(plain(), changes)

const act: Record<string, (carrier: DuplexCarrier) => unknown> = {
  write: (carrier) => carrier.write(Buffer.from('x')),
  'a batch': (carrier) => carrier.writeBatch([Buffer.from('x'), Buffer.from('y')]),
  end: (carrier) => carrier.end(),
  pause: (carrier) => carrier.pause(),
  resume: (carrier) => carrier.resume(),
}

const throwing: [string, keyof typeof act, () => Duplex][] = [
  ['write', 'write', () => changed({ write: fail })],
  ['_write', 'write', () => changed({ _write: fail })],
  ['cork', 'a batch', () => changed({ cork: fail, _writev: fail })],
  ['_writev', 'a batch', () => changed({ _writev: fail })],
  ['end', 'end', () => changed({ end: fail })],
  ['_final', 'end', () => changed({ _final: fail })],
  [
    'the second pause',
    'pause',
    () => {
      const stream = plain()
      const { pause } = stream
      let calls = 0
      return Object.assign(stream, { pause: () => (++calls > 1 ? fail() : pause.call(stream)) })
    },
  ],
  [
    'the second resume',
    'resume',
    () => {
      const stream = plain()
      const { resume } = stream
      let calls = 0
      return Object.assign(stream, { resume: () => (++calls > 1 ? fail() : resume.call(stream)) })
    },
  ],
]

for (const [name, step, make] of throwing) {
  t.test(`a stream whose ${name} throws is one loss, reported after the call`, async (t) => {
    const carrier = new DuplexCarrier(make())
    const recorder = recording(carrier)
    act[step]?.(carrier)
    t.same(recorder.events, [])
    await recorder.waitFor('lost')
    t.equal(recorder.loss, wrong)
    await turns(5)
    t.same(recorder.events, ['lost'])
  })
}

t.test('a stream that throws when listeners are added, or when its last bytes are read, is one loss', async (t) => {
  for (const changes of [{ pause: fail }, { on: fail }, {}]) {
    const stream = changed(changes)
    const carrier = new DuplexCarrier(stream)
    const recorder = recording(carrier)
    await turns(2)
    Object.assign(stream, { read: fail })
    if (!recorder.has('lost')) stream.emit('error', wrong)
    t.equal(recorder.loss, wrong)
    carrier.reset()
  }
})

t.test('a stream whose destroy throws is left open', async (t) => {
  for (const close of ['reset', 'release'] as const) {
    const carrier = new DuplexCarrier(changed({ destroy: fail }))
    const recorder = recording(carrier)
    carrier[close]()
    await turns(3)
    t.same(recorder.events, [])
  }
  const stream = changed({ destroy: fail })
  const recorder = recording(new DuplexCarrier(stream))
  stream.emit('error', wrong)
  await recorder.waitFor('lost')
  t.same(recorder.events, ['lost'])
})

t.test('an error that is emitted twice, or is no Error, is one loss', async (t) => {
  for (const [thrown, cause] of [
    [wrong, undefined],
    [undefined, undefined],
    [null, null],
    ['text', 'text'],
  ]) {
    const stream = plain()
    const recorder = recording(new DuplexCarrier(stream))
    stream.emit('error', thrown)
    stream.emit('error', new Error('another'))
    stream.emit('close')
    await turns(3)
    t.same(recorder.events, ['lost'])
    if (thrown === wrong) t.equal(recorder.loss, wrong)
    else t.match(recorder.loss, { message: /not with an Error/, cause })
  }
})

t.test('bytes and ends behind an end are ignored', async (t) => {
  const stream = plain()
  const recorder = recording(new DuplexCarrier(stream))
  stream.emit('data', Buffer.from('said'))
  stream.emit('end')
  stream.emit('data', Buffer.from('too late'))
  stream.emit('end')
  await turns(3)
  t.same(recorder.events, ['data', 'end'])
  t.equal(recorder.text, 'said')
})

t.test('a write callback that is called twice does not report a write before it has left', async (t) => {
  const callbacks: (() => void)[] = []
  const stream = changed({ write: (_chunk: Buffer, done: () => void) => callbacks.push(done) })
  Object.defineProperty(stream, 'writableLength', { value: 1 })
  const carrier = new DuplexCarrier(stream)
  const recorder = recording(carrier)
  t.equal(carrier.write(Buffer.from('one')), false)
  for (const done of callbacks.splice(0)) {
    done()
    done()
  }
  t.same(recorder.events, ['sent'])
  t.equal(carrier.write(Buffer.from('two')), false)
  t.same(recorder.events, ['sent'])
  for (const done of callbacks.splice(0)) done()
  t.same(recorder.events, ['sent', 'sent'])
})

t.test('a stream without `_writev` is given a batch as one piece', async (t) => {
  let calls = 0
  const stream = new Duplex({
    read() {},
    write(_chunk, _encoding, done) {
      if (++calls > 1) throw wrong
      setImmediate(done)
    },
  })
  const carrier = new DuplexCarrier(stream)
  const recorder = recording(carrier)
  t.equal(carrier.writeBatch([Buffer.from('one'), Buffer.from('two')]), false)
  await recorder.waitFor('sent')
  t.equal(calls, 1)
  carrier.write(Buffer.from('three'))
  await recorder.waitFor('lost')
  t.equal(recorder.loss, wrong)
})

t.test('a destroyed stream that emits nothing is a loss', async (t) => {
  const stream = plain()
  Object.defineProperty(stream, 'destroyed', { value: true })
  const recorder = recording(new DuplexCarrier(stream))
  await recorder.waitFor('lost')
  t.match(recorder.loss?.message, /closed before its end/)
})

// --- two streams as one ----------------------------------------------------------------------------------------------

t.test('an exception from one of two joined streams breaks the connection and closes the other', async (t) => {
  const cases: [object, object, (carrier: DuplexCarrier) => unknown][] = [
    [{}, { write: fail }, (carrier) => carrier.write(Buffer.from('x'))],
    [{}, { _writev: () => {}, cork: fail }, (carrier) => carrier.writeBatch([Buffer.from('x'), Buffer.from('y')])],
    [{ destroy: fail }, { write: fail }, (carrier) => carrier.write(Buffer.from('x'))],
  ]
  for (const [one, other, step] of cases) {
    const readable = Object.assign(new PassThrough(), one)
    const writable = Object.assign(new Writable({ write: (_chunk, _encoding, done) => done() }), other)
    const carrier = new DuplexCarrier(new Joined(readable, writable))
    const recorder = recording(carrier)
    step(carrier)
    await recorder.waitFor('lost')
    t.equal(recorder.loss, wrong)
    t.equal(writable.destroyed, true)
  }
})

t.test('a readable that throws does not hide that the writable has failed', async (t) => {
  const readable = new PassThrough()
  const writable = Object.assign(new Writable(), { write: fail })
  const carrier = new DuplexCarrier(new Joined(readable, writable))
  const recorder = recording(carrier)
  await turns(2)
  let asked = 0
  Object.assign(readable, { read: () => (++asked > 1 ? null : fail()) })
  carrier.write(Buffer.from('x'))
  await recorder.waitFor('lost')
  t.equal(recorder.loss, wrong)
})

t.test('a writable without `_writev` is given a batch as one piece', async (t) => {
  const got: string[] = []
  const writable = new Writable({
    write(chunk, _encoding, done) {
      got.push(String(chunk))
      setImmediate(done)
    },
  })
  const carrier = new DuplexCarrier(new Joined(new PassThrough(), writable))
  const recorder = recording(carrier)
  carrier.writeBatch([Buffer.from('one '), Buffer.from('two')])
  await recorder.waitFor('sent')
  t.same(got, ['one two'])
})

t.test('a readable whose pause throws breaks the connection', async (t) => {
  const readable = new Readable({ read() {} })
  const carrier = new DuplexCarrier(new Joined(readable, new Writable()))
  const recorder = new Recorder()
  carrier.attach(recorder)
  carrier.resume()
  await turns(2)
  carrier.pause()
  Object.assign(readable, { pause: fail })
  readable.push('as much as is taken of a stream that is paused')
  await recorder.waitFor('lost')
  t.equal(recorder.loss, wrong)
})
