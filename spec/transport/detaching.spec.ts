// `detach` and `attach`: one listener follows another, as after a PROXY header. Over each kind of carrier no byte is lost,
// doubled or reordered, and events from between two listeners are reported to the next one.

import { Duplex } from 'node:stream'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { Carrier } from '../../lib/transport/carrier.js'
import { DuplexCarrier } from '../../lib/transport/duplex.js'
import { inMemory, next, overDuplexes, type Pair, pattern, Recorder, recording, tcpPair, turns, unixPair, writeAll } from './support.js'

const kinds: readonly [string, (t: Test) => Promise<Pair>][] = [
  ['TCP', tcpPair],
  ['Unix sockets', unixPair],
  ['memory', inMemory],
  ['Duplexes', overDuplexes],
]

function rule(name: string, body: (t: Test, pair: Pair) => Promise<void>): void {
  for (const [kind, makePair] of kinds)
    t.test(`${name} (${kind})`, { timeout: 20_000 }, async (t) => {
      const pair = await makePair(t)
      t.teardown(() => {
        for (const carrier of pair) carrier.reset()
      })
      await body(t, pair)
    })
}

/** Listens until the first chunk, keeps `keep` bytes of it, and gives the rest back. */
async function takeFirst(carrier: Carrier, keep: number, then: () => void = () => {}): Promise<Recorder> {
  const recorder = recording(carrier)
  recorder.onData = (chunk) => {
    carrier.detach(chunk.subarray(keep))
    then()
  }
  await recorder.waitFor('data')
  return recorder
}

rule(
  'the next listener receives the bytes that were given back, then the rest, and the first one receives nothing more',
  async (t, [a, b]) => {
    const here = recording(a)
    a.write(Buffer.from('header payload'))
    const first = await takeFirst(b, 7)
    a.write(Buffer.from(' and more'))
    a.end()
    await here.waitFor('finished')
    await turns(10)
    const next = new Recorder()
    b.attach(next)
    await turns(5)
    t.same(next.events, [], 'not before resume')
    b.resume()
    t.same(next.events, [], 'not within resume')
    await next.waitFor('end')
    t.equal(next.text, 'payload and more')
    t.same(next.events, ['data', 'end'])
    t.same(first.events, ['data'])
  },
)

rule('the next listener may be attached within `data` of the first', async (t, [a, b]) => {
  const here = recording(a)
  const next = new Recorder()
  const data = pattern(300_000)
  const writing = writeAll(a, here, data, 5000)
  const first = await takeFirst(b, 10, () => {
    b.attach(next)
    b.resume()
  })
  await writing
  a.end()
  await next.waitFor('end')
  t.ok(Buffer.concat([first.all.subarray(0, 10), next.all]).equals(data))
})

rule('an end with no bytes given back is reported to the next listener', async (t, [a, b]) => {
  const here = recording(a)
  a.write(Buffer.from('header'))
  a.end()
  const first = await takeFirst(b, 6)
  await here.waitFor('finished')
  await turns(10)
  t.same(first.events, ['data'])
  const next = recording(b)
  await next.waitFor('end')
  t.same(next.events, ['end'])
})

rule('a break between two listeners is reported to the next one, behind the bytes that were given back', async (t, [a, b]) => {
  a.write(Buffer.from('header payload'))
  await takeFirst(b, 7)
  a.reset()
  await turns(10)
  const next = new Recorder()
  b.attach(next)
  b.resume()
  t.same(next.events, [])
  await next.until(() => next.has('lost') || next.has('end'))
  await turns(5)
  t.equal(next.text, 'payload')
  t.equal(next.events.length, 2, 'once')
})

rule('an end that no listener has received is kept over two detaches', async (t, [a, b]) => {
  const here = recording(a)
  a.write(Buffer.from('header'))
  a.end()
  await takeFirst(b, 6)
  await here.waitFor('finished')
  await turns(10)
  const second = recording(b)
  b.detach()
  await turns(10)
  t.same(second.events, [])
  const third = recording(b)
  await third.waitFor('end')
  t.same(third.events, ['end'])
})

rule('a break that no listener has received is kept over two detaches', async (t, [a, b]) => {
  a.write(Buffer.from('header payload'))
  await takeFirst(b, 7)
  a.reset()
  await turns(10)
  const second = recording(b)
  b.detach()
  await turns(10)
  t.same(second.events, [])
  const third = recording(b)
  await third.until(() => third.has('lost') || third.has('end'))
  await turns(5)
  t.equal(third.text, 'payload')
  t.equal(third.events.length, 2, 'once')
})

rule('a break that is on its way during a detach is reported to the next listener', async (t, [a, b]) => {
  const first = recording(b)
  a.reset()
  b.detach()
  await turns(10)
  t.same(first.events, [])
  const next = recording(b)
  await next.until(() => next.has('lost') || next.has('end'))
  await turns(5)
  t.equal(next.events.length, 1)
})

rule('a listener that is detached before its first event leaves all events to the next one', async (t, [a, b]) => {
  const here = recording(a)
  a.write(Buffer.from('two three'))
  await takeFirst(b, 0)
  const second = recording(b)
  b.detach(Buffer.from('one '))
  a.end()
  await here.waitFor('finished')
  await turns(10)
  t.same(second.events, [])
  const third = recording(b)
  await third.waitFor('end')
  t.equal(third.text, 'one two three')
})

rule('a listener that is detached before any bytes arrive changes nothing for the next one', async (t, [a, b]) => {
  const first = new Recorder()
  b.attach(first)
  b.detach()
  a.write(Buffer.from('hello'))
  await turns(10)
  const next = recording(b)
  await next.waitFor('data')
  t.equal(next.text, 'hello')
  t.same(first.events, [])
})

// The end, or the error, of a stream is reported before the first listener is attached: only then does the carrier itself keep it.
t.test('an end or a loss from before the first listener is kept over two detaches', async (t) => {
  for (const event of ['end', 'lost'] as const) {
    const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() }).on('error', () => {}).resume()
    if (event === 'end') stream.push(null)
    else stream.destroy(new Error('broken before'))
    await next(stream, event === 'end' ? 'end' : 'close')
    const carrier = new DuplexCarrier(stream)
    const earlier: Recorder[] = []
    for (const unread of [Buffer.from('two'), Buffer.from('one ')]) {
      earlier.push(recording(carrier))
      carrier.detach(unread)
      await turns(5)
    }
    const last = recording(carrier)
    await last.waitFor(event)
    await turns(5)
    t.same(last.events, ['data', event])
    t.equal(last.text, 'one two')
    for (const one of earlier) t.same(one.events, [])
    carrier.reset()
  }
})

rule('after a reset, detach and resume cause no event', async (t, [a, b]) => {
  a.write(Buffer.from('header payload'))
  await takeFirst(b, 7)
  b.reset()
  b.detach(Buffer.from('more'))
  const next = recording(b)
  await turns(10)
  t.same(next.events, [])
})

rule('a reset between resume and the first byte prevents all events', async (t, [a, b]) => {
  a.write(Buffer.from('header payload'))
  await takeFirst(b, 7)
  const next = recording(b)
  b.reset()
  await turns(10)
  t.same(next.events, [])
})

for (const [kind, makePair] of kinds) {
  t.test(`over any number of listeners all bytes arrive once and in order (${kind})`, { timeout: 120_000 }, async (t) => {
    const plan = fc.record({
      sizes: fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 12 }),
      keeps: fc.array(fc.integer({ min: 0, max: 1500 }), { maxLength: 12 }),
      waits: fc.array(fc.nat(3), { minLength: 1, maxLength: 5 }),
    })
    const property = fc.asyncProperty(plan, async ({ sizes, keeps, waits }) => {
      const [a, b] = await makePair(t)
      const here = recording(a)
      const data = pattern(sizes.reduce((sum, size) => sum + size, 0))
      let at = 0
      const received: Buffer[] = []
      const listen = (remaining: readonly number[]): Promise<void> =>
        new Promise((resolve) => {
          const recorder = new Recorder()
          recorder.onData = (chunk) => {
            const [keep, ...rest] = remaining
            if (keep === undefined) return void received.push(chunk)
            received.push(chunk.subarray(0, keep))
            b.detach(chunk.subarray(keep))
            const wait = waits[rest.length % waits.length] as number
            const next = (): void => void listen(rest).then(resolve)
            if (wait === 0) next()
            else void turns(wait).then(next)
          }
          void recorder.waitFor('end').then(resolve)
          b.attach(recorder)
          b.resume()
        })
      const done = listen(keeps)
      for (const size of sizes) {
        await writeAll(a, here, data.subarray(at, at + size))
        at += size
      }
      a.end()
      await done
      a.reset()
      b.reset()
      return Buffer.concat(received).equals(data)
    })
    await fc.assert(property, { numRuns: 40 })
  })
}
