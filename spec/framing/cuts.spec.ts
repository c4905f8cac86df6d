// Each codec over bytes that are cut anywhere: the messages are the same, broken frames fail alike and take nothing, limits hold
// at the byte.

import fc from 'fast-check'
import t from 'tap'
import { framed, json, lengthPrefixed, lines } from '../../lib/framing/index.js'
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

t.test('bytes at random come to messages and contract errors, the same at every cut', async (t) => {
  const likely = fc.constantFrom('0', '1', '3', ':', ',', '\r\n', '\n', '\0', '--=', 'Content-Length: 2', 'a', '\x80', '\xff', '\x02')
  const random = fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('latin1'))
  const bytes = fc.array(fc.oneof(likely, random), { maxLength: 12 }).map((parts) => parts.join(''))
  const contract = /^(EndOfStreamError|LimitExceededError|FrameError) /
  let runs = 0
  const property = fc.asyncProperty(fc.constantFrom(...kinds), bytes, fc.array(fc.nat(), { maxLength: 5 }), async (kind, bytes, places) => {
    const whole = await outcomeOf(kind.make(), [bytes], { maxBufferSize: 300 })
    const cut = await outcomeOf(kind.make(), cutAt(bytes, places), { maxBufferSize: 300 })
    runs++
    return contract.test(whole.error) && JSON.stringify(whole) === JSON.stringify(cut)
  })
  await fc.assert(property, { numRuns: 12_000 })
  t.ok(runs >= 12_000)
})

t.test('JSON at random comes to values and FrameErrors, in the frames of each codec that has a length', async (t) => {
  const text = fc.oneof(
    fc.json(),
    fc.string(),
    fc.json().map((text) => text.slice(0, -1)),
    fc.constantFrom('null', '1e999', '{"__proto__":1}'),
  )
  const property = fc.asyncProperty(fc.array(text, { maxLength: 4 }), fc.array(fc.nat(), { maxLength: 4 }), async (texts, places) => {
    const codec = lengthPrefixed({ bytes: 2 })
    const wire = texts.map((text) => wireOf(codec.encode(text))).join('')
    const { connection, push, end } = wired()
    const messages = framed(connection, json(codec))
    const found: boolean[] = []
    const reading = (async () => {
      for (;;) {
        const result = await messages.read().then(
          () => true,
          (error) => (error.code === 'ERR_LINNET_FRAME' ? false : error),
        )
        if (typeof result !== 'boolean') return result.code
        found.push(result)
      }
    })()
    for (const piece of cutAt(wire, places)) {
      push(piece)
      await settled()
    }
    end()
    const parses = texts.map((text) => {
      try {
        JSON.parse(text)
        return true
      } catch {
        return false
      }
    })
    return (await reading) === 'ERR_LINNET_END_OF_STREAM' && JSON.stringify(found) === JSON.stringify(parses)
  })
  await fc.assert(property, { numRuns: 1000 })
  t.pass()
})

t.test('values read back as they were written, in lines', async (t) => {
  const value = fc.jsonValue().filter((value) => !JSON.stringify(value).includes('__proto__'))
  const property = fc.asyncProperty(fc.array(value, { maxLength: 5 }), fc.array(fc.nat(), { maxLength: 4 }), async (values, places) => {
    const codec = json(lines())
    const { connection, push } = wired()
    const messages = framed(connection, codec)
    const all = (async () => {
      const read: unknown[] = []
      while (read.length < values.length) read.push(await messages.read())
      return read
    })()
    for (const piece of cutAt(values.map((each) => wireOf(codec.encode(each))).join(''), places)) {
      push(piece)
      await settled()
    }
    return JSON.stringify(await all) === JSON.stringify(values)
  })
  await fc.assert(property, { numRuns: 300 })
  t.pass()
})
