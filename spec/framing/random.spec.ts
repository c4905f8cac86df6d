// Bytes and values at random: nothing but messages and contract errors comes of them, the same at every cut.

import fc from 'fast-check'
import t from 'tap'
import { framed, json, lengthPrefixed, lines } from '../../lib/framing/index.js'
import { wired } from '../connection/reading/support.js'
import { cutAt, kinds, outcomeOf, settled, wireOf } from './support.js'

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
