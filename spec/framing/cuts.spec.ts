// Each codec over bytes that are cut anywhere: the messages are the same, broken frames fail alike and take nothing, limits hold
// at the byte.

import fc from 'fast-check'
import t from 'tap'
import { framed } from '../../lib/framing/index.js'
import { unread, wired } from '../connection/reading/support.js'
import { rejection } from '../support/wait.js'
import { cutAt, kinds, outcomeOf, settled, shownError, textOf, wireOf } from './support.js'

for (const { name, make, frame, body, broken, counted } of kinds) {
  const bodies = fc.array(body, { minLength: 1, maxLength: 5 })
  const places = fc.array(fc.nat(), { maxLength: 6 })

  t.test(`${name}: what is encoded reads back at every cut`, async (t) => {
    const codec = make()
    const property = fc.asyncProperty(bodies, places, async (bodies, places) => {
      const wire = bodies.map((each) => wireOf(codec.encode(each))).join('')
      const expected = bodies.map((each) => Buffer.from(each).toString('latin1'))
      const outcome = await outcomeOf(codec, cutAt(wire, places))
      return outcome.messages.join('|') === expected.join('|') && /^EndOfStreamError/.test(outcome.error) && outcome.unread === ''
    })
    await fc.assert(property, { numRuns: 150 })
    t.pass()
  })

  t.test(`${name}: bytes are encoded as the frame that the protocol has, and read byte by byte`, async (t) => {
    const codec = make() as unknown as { encode(bytes: Buffer | string): ReturnType<ReturnType<typeof make>['encode']> }
    const property = fc.asyncProperty(body, async (body) => {
      const wire = wireOf(codec.encode(name === 'lines' ? body : Buffer.from(body, 'latin1')))
      const outcome = await outcomeOf(make(), [...frame(body)])
      return wire === frame(body) && outcome.messages.length === 1 && outcome.messages[0] === body && outcome.unread === ''
    })
    await fc.assert(property, { numRuns: 60 })
    t.pass()
  })

  t.test(`${name}: a broken frame fails alike at every cut, behind good ones too, and nothing of it is taken`, async (t) => {
    for (const bytes of broken) {
      for (const good of ['', frame('ab')]) {
        const whole = await outcomeOf(make(), [`${good}${bytes}`])
        t.match(whole.error, /^FrameError .*still unread: skip it/, JSON.stringify(bytes))
        t.equal(whole.unread, bytes)
        t.strictSame(whole.messages, good === '' ? [] : ['ab'])
        const wire = `${good}${bytes}`
        for (let at = 0; at <= wire.length; at++) {
          const cut = await outcomeOf(make(), [wire.slice(0, at), wire.slice(at)])
          if (JSON.stringify(cut) !== JSON.stringify(whole)) t.strictSame(cut, whole, `cut at ${at}`)
        }
        t.strictSame(await outcomeOf(make(), [...wire]), whole, 'byte by byte')
      }
      const { connection, push } = wired()
      const messages = framed(connection, make())
      push(`${bytes}rest`)
      const first = await rejection(messages.read())
      t.equal(shownError(await rejection(messages.read())), shownError(first), 'further reads fail alike')
      t.equal(shownError(await rejection(messages[Symbol.asyncIterator]().next())), shownError(first))
      t.equal(unread(connection), `${bytes}rest`)
      await connection.skip(bytes.length)
      t.equal(await connection.readExactly(4, 'latin1'), 'rest', 'until the program skips it')
    }
  })

  t.test(`${name}: an end in the middle of a frame is an error with the bytes that arrived, at every byte`, async (t) => {
    const wire = frame('hello')
    for (let at = 1; at < wire.length; at++) {
      const { connection, push, end } = wired()
      push(frame('first'))
      const messages = framed(connection, make())
      t.equal(textOf(await messages.read()), 'first')
      const reading = rejection(messages.read())
      push(wire.slice(0, at))
      end()
      t.match(await reading, { code: 'ERR_LINNET_END_OF_STREAM', partial: Buffer.from(wire.slice(0, at), 'latin1') })
      t.equal(unread(connection), wire.slice(0, at))
    }
  })

  t.test(`${name}: a body at the limit is read and written, one above it neither`, async (t) => {
    const limit = 20
    const most = limit - counted
    for (const [size, fits] of [
      [most - 1, true],
      [most, true],
      [most + 1, false],
    ] as const) {
      // biome-ignore format: a table
      const wire = frame('x'.repeat(size))
      for (const pieces of [[wire], [...wire]]) {
        const own = await outcomeOf(make({ maxBytes: limit }), pieces)
        const common = await outcomeOf(make(), pieces, { maxBufferSize: limit })
        t.equal(own.messages.length, fits ? 1 : 0, `${size} bytes, maxBytes`)
        t.equal(common.messages.length, fits ? 1 : 0, `${size} bytes, maxBufferSize`)
        if (fits) continue
        t.equal(own.error, `LimitExceededError ${limit} maxBytes`)
        t.equal(common.error, `LimitExceededError ${limit} maxBufferSize`)
        t.equal(own.unread, wire, 'nothing is taken')
      }
      const { connection } = wired()
      const writing = framed(connection, make({ maxBytes: limit })).write('x'.repeat(size))
      if (fits) await writing
      else t.match(await rejection(writing), { code: 'ERR_LINNET_LIMIT', limit, size: size + counted, option: 'maxBytes' })
    }
  })

  t.test(`${name}: maxBytes of the codec may exceed the connection's maxBufferSize`, async (t) => {
    const wire = frame('x'.repeat(100))
    t.strictSame((await outcomeOf(make({ maxBytes: 200 }), [wire], { maxBufferSize: 10 })).messages, ['x'.repeat(100)])
    t.strictSame((await outcomeOf(make({ maxBytes: 200 }), [...wire], { maxBufferSize: 10 })).messages, ['x'.repeat(100)])
  })

  t.test(`${name}: maxBytes of a read holds for the frame as a whole, at the byte`, async (t) => {
    const wire = frame('x'.repeat(10))
    for (const pieces of [[wire], [...wire]]) {
      for (const [maxBytes, fits] of [
        [wire.length - 1, false],
        [wire.length, true],
        [1, false],
      ] as const) {
        // biome-ignore format: a table
        const { connection, push } = wired()
        const reading = framed(connection, make()).read({ maxBytes })
        const settling = reading.catch((error: unknown) => error)
        for (const piece of pieces) {
          push(piece)
          await settled()
        }
        if (fits) t.equal(textOf(await settling), 'x'.repeat(10))
        else {
          t.match(await settling, { code: 'ERR_LINNET_LIMIT', limit: maxBytes, option: 'maxBytes' })
          t.equal(unread(connection), wire, 'nothing is taken')
        }
      }
    }
  })

  t.test(`${name}: a read that is cancelled or times out at any byte loses nothing`, async (t) => {
    const wire = frame('hello') + frame('world')
    for (let at = 0; at < frame('hello').length; at++) {
      const { connection, push, clock } = wired({ idleTimeout: 1000, readTimeout: 50 })
      const messages = framed(connection, make())
      const controller = new AbortController()
      const cancelled = rejection(messages.read({ signal: controller.signal }))
      push(wire.slice(0, at))
      await settled()
      controller.abort('enough')
      t.equal(await cancelled, 'enough')
      t.equal(unread(connection), wire.slice(0, at))
      const late = rejection(messages.read())
      await clock.pass(at === 0 ? 1000 : 50)
      t.match(await late, { code: 'ERR_LINNET_TIMEOUT', kind: at === 0 ? 'idle' : 'read', operation: 'framed.read()' })
      const next = messages[Symbol.asyncIterator]()
      const left = next.next()
      await next.return?.()
      t.strictSame(await left, { value: undefined, done: true })
      push(wire.slice(at))
      t.equal(textOf(await messages.read()), 'hello')
      t.equal(textOf(await messages.read()), 'world')
    }
  })
}
