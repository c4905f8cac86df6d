// Carriers change hands, as when a PROXY header was read off one: over each kind, no byte is lost, doubled or swapped on the
// way from one listener to the next, and what happened in between is told.

import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { Carrier } from '../../lib/transport/carrier.js'
import { Ear, inMemory, listening, overDuplexes, type Pair, pattern, tcpPair, turns, unixPair, writeAll } from './support.js'

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

/** Listens until the first chunk, keeps `keep` bytes of it, and hands the rest back. */
async function takeFirst(carrier: Carrier, keep: number, then: () => void = () => {}): Promise<Ear> {
  const ear = listening(carrier)
  ear.onData = (chunk) => {
    carrier.detach(chunk.subarray(keep))
    then()
  }
  await ear.hears('data')
  return ear
}

rule('what was handed back comes first, then the rest, and the first listener hears no more', async (t, [a, b]) => {
  const here = listening(a)
  a.write(Buffer.from('header payload'))
  const first = await takeFirst(b, 7)
  a.write(Buffer.from(' and more'))
  a.end()
  await here.hears('finished')
  await turns(10)
  const next = new Ear()
  b.attach(next)
  await turns(5)
  t.same(next.told, [], 'not before resume')
  b.resume()
  t.same(next.told, [], 'not within resume')
  await next.hears('end')
  t.equal(next.text, 'payload and more')
  t.same(next.told, ['data', 'end'])
  t.same(first.told, ['data'])
})

rule('the next listener may come within the data of the first', async (t, [a, b]) => {
  const here = listening(a)
  const next = new Ear()
  const data = pattern(300_000)
  const writing = writeAll(a, here, data, 5000)
  const first = await takeFirst(b, 10, () => {
    b.attach(next)
    b.resume()
  })
  await writing
  a.end()
  await next.hears('end')
  t.ok(Buffer.concat([first.all.subarray(0, 10), next.all]).equals(data))
})

rule('an end with nothing handed back is told to the next listener', async (t, [a, b]) => {
  const here = listening(a)
  a.write(Buffer.from('header'))
  a.end()
  const first = await takeFirst(b, 6)
  await here.hears('finished')
  await turns(10)
  t.same(first.told, ['data'])
  const next = listening(b)
  await next.hears('end')
  t.same(next.told, ['end'])
})

rule('a break in between is told to the next listener, behind what was handed back', async (t, [a, b]) => {
  a.write(Buffer.from('header payload'))
  await takeFirst(b, 7)
  a.reset()
  await turns(10)
  const next = new Ear()
  b.attach(next)
  b.resume()
  t.same(next.told, [])
  await next.until(() => next.has('lost') || next.has('end'))
  await turns(5)
  t.equal(next.text, 'payload')
  t.equal(next.told.length, 2, 'once')
})

rule('a break that was on its way when the listener was taken off is told to the next one', async (t, [a, b]) => {
  const first = listening(b)
  a.reset()
  b.detach()
  await turns(10)
  t.same(first.told, [])
  const next = listening(b)
  await next.until(() => next.has('lost') || next.has('end'))
  await turns(5)
  t.equal(next.told.length, 1)
})

rule('a listener that is taken off before it was told anything leaves everything to the next', async (t, [a, b]) => {
  const here = listening(a)
  a.write(Buffer.from('two three'))
  await takeFirst(b, 0)
  const second = listening(b)
  b.detach(Buffer.from('one '))
  a.end()
  await here.hears('finished')
  await turns(10)
  t.same(second.told, [])
  const third = listening(b)
  await third.hears('end')
  t.equal(third.text, 'one two three')
})

rule('a listener that is taken off before anything came leaves nothing behind', async (t, [a, b]) => {
  const first = new Ear()
  b.attach(first)
  b.detach()
  a.write(Buffer.from('hello'))
  await turns(10)
  const next = listening(b)
  await next.hears('data')
  t.equal(next.text, 'hello')
  t.same(first.told, [])
})

rule('what is detached or resumed after a reset stays silent', async (t, [a, b]) => {
  a.write(Buffer.from('header payload'))
  await takeFirst(b, 7)
  b.reset()
  b.detach(Buffer.from('more'))
  const next = listening(b)
  await turns(10)
  t.same(next.told, [])
})

rule('a reset between resume and the first byte is obeyed', async (t, [a, b]) => {
  a.write(Buffer.from('header payload'))
  await takeFirst(b, 7)
  const next = listening(b)
  b.reset()
  await turns(10)
  t.same(next.told, [])
})

for (const [kind, makePair] of kinds) {
  t.test(`however often it changes hands, all bytes arrive once and in order (${kind})`, { timeout: 120_000 }, async (t) => {
    const plan = fc.record({
      sizes: fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 12 }),
      keeps: fc.array(fc.integer({ min: 0, max: 1500 }), { maxLength: 12 }),
      waits: fc.array(fc.nat(3), { minLength: 1, maxLength: 5 }),
    })
    const property = fc.asyncProperty(plan, async ({ sizes, keeps, waits }) => {
      const [a, b] = await makePair(t)
      const here = listening(a)
      const data = pattern(sizes.reduce((sum, size) => sum + size, 0))
      let at = 0
      const heard: Buffer[] = []
      const hand = (left: readonly number[]): Promise<void> =>
        new Promise((resolve) => {
          const ear = new Ear()
          ear.onData = (chunk) => {
            const [keep, ...rest] = left
            if (keep === undefined) return void heard.push(chunk)
            heard.push(chunk.subarray(0, keep))
            b.detach(chunk.subarray(keep))
            const wait = waits[rest.length % waits.length] as number
            const next = (): void => void hand(rest).then(resolve)
            if (wait === 0) next()
            else void turns(wait).then(next)
          }
          void ear.hears('end').then(resolve)
          b.attach(ear)
          b.resume()
        })
      const done = hand(keeps)
      for (const size of sizes) {
        await writeAll(a, here, data.subarray(at, at + size))
        at += size
      }
      a.end()
      await done
      a.reset()
      b.reset()
      return Buffer.concat(heard).equals(data)
    })
    await fc.assert(property, { numRuns: 40 })
  })
}
