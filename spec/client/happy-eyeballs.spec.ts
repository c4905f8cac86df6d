// The race between several addresses: lib/client/happy-eyeballs.ts, with attempts and a clock that the test controls.

import type { LookupAddress } from 'node:dns'
import fc from 'fast-check'
import t from 'tap'
import { ATTEMPT_DELAY, interleaved, race } from '../../lib/client/happy-eyeballs.js'
import { manualClock } from '../../lib/testing/index.js'
import { isPending, rejection, turns } from '../support/wait.js'
import { Held } from './support.js'

const address = (text: string): LookupAddress => ({ address: text, family: text.includes(':') ? 6 : 4 })
const texts = (addresses: LookupAddress[]): string[] => addresses.map(({ address }) => address)

t.test('addresses alternate between the families, beginning with that of the first address', async (t) => {
  const cases: [string, string][] = [
    ['::1 ::2 ::3 1.1.1.1 2.2.2.2', '::1 1.1.1.1 ::2 2.2.2.2 ::3'],
    ['1.1.1.1 ::1 ::2 ::3', '1.1.1.1 ::1 ::2 ::3'],
    ['1.1.1.1 2.2.2.2 ::1', '1.1.1.1 ::1 2.2.2.2'],
    ['1.1.1.1 2.2.2.2', '1.1.1.1 2.2.2.2'],
    ['::1', '::1'],
  ]
  for (const [found, tried] of cases) t.equal(texts(interleaved(found.split(' ').map(address))).join(' '), tried)
})

t.test('an address that is named twice is tried once', async (t) => {
  t.strictSame(texts(interleaved(['::1', '127.0.0.1', '::1', '127.0.0.1'].map(address))), ['::1', '127.0.0.1'])
})

t.test('no address is lost or invented, and those of a family keep their order', async (t) => {
  const one = fc.oneof(
    fc.nat(20).map((n) => `::${n}`),
    fc.nat(20).map((n) => `10.0.0.${n}`),
  )
  fc.assert(
    fc.property(fc.array(one), (found) => {
      const tried = texts(interleaved(found.map(address)))
      const unique = [...new Set(found)]
      const of = (list: string[], six: boolean): string => list.filter((text) => text.includes(':') === six).join()
      return tried.length === unique.length && of(tried, true) === of(unique, true) && of(tried, false) === of(unique, false)
    }),
  )
  t.pass()
})

/** A race between three places, with the attempts that were begun. */
function racing() {
  const clock = manualClock()
  const begun: { [place in 'a' | 'b' | 'c']?: Held<string> } = {}
  const dial = (place: 'a' | 'b' | 'c'): Held<string> => {
    const attempt = new Held<string>()
    begun[place] = attempt
    return attempt
  }
  const attempt = race(['a', 'b', 'c'] as const, dial, clock)
  const cuts = (): Record<string, number> => Object.fromEntries(Object.entries(begun).map(([place, { cuts }]) => [place, cuts]))
  return { attempt, begun, clock, cuts, tried: () => Object.keys(begun).join('') }
}

t.test('when the first place connects no other is tried', async (t) => {
  const { attempt, begun, clock, cuts, tried } = racing()
  begun.a?.resolve('A')
  t.equal(await attempt.done, 'A')
  await clock.advance(10_000)
  t.equal(tried(), 'a')
  t.strictSame(cuts(), { a: 0 })
})

t.test('the next place is tried after 250 ms, not before', async (t) => {
  const { begun, clock, tried } = racing()
  t.equal(ATTEMPT_DELAY, 250)
  t.equal(tried(), 'a')
  await clock.advance(249)
  t.equal(tried(), 'a')
  await clock.advance(1)
  t.equal(tried(), 'ab')
  await clock.advance(249)
  t.equal(tried(), 'ab')
  await clock.advance(1)
  t.equal(tried(), 'abc')
  await clock.advance(10_000)
  t.equal(Object.keys(begun).length, 3)
})

t.test('the next place is tried at once when one fails, and the one after it 250 ms later', async (t) => {
  const { begun, clock, tried } = racing()
  await clock.advance(100)
  begun.a?.reject(new Error('refused'))
  await turns()
  t.equal(tried(), 'ab')
  await clock.advance(249)
  t.equal(tried(), 'ab', 'the remaining time of the first one does not count')
  await clock.advance(1)
  t.equal(tried(), 'abc')
})

t.test('an earlier attempt that fails late starts the next one too', async (t) => {
  const { begun, clock, tried } = racing()
  await clock.advance(250)
  t.equal(tried(), 'ab')
  begun.a?.reject(new Error('unreachable'))
  await turns()
  t.equal(tried(), 'abc')
})

t.test('a later attempt may win, and each of the others is cut once', async (t) => {
  const { attempt, begun, clock, cuts } = racing()
  await clock.advance(500)
  begun.b?.resolve('B')
  t.equal(await attempt.done, 'B')
  t.strictSame(cuts(), { a: 1, b: 0, c: 1 })
})

t.test('of two that connect in one turn the first wins and the other is cut', async (t) => {
  const { attempt, begun, clock, cuts } = racing()
  await clock.advance(250)
  begun.b?.resolve('B')
  begun.a?.resolve('A')
  t.equal(await attempt.done, 'B')
  await turns()
  t.strictSame(cuts(), { a: 1, b: 0 })
})

t.test('an attempt that fails after another has won changes nothing', async (t) => {
  const { attempt, begun, clock, tried } = racing()
  await clock.advance(250)
  begun.b?.resolve('B')
  begun.a?.reject(new Error('too late'))
  t.equal(await attempt.done, 'B')
  await turns()
  t.equal(tried(), 'ab')
})

t.test('when all have failed the AggregateError has their errors in the order of the failures', async (t) => {
  const { attempt, begun, clock } = racing()
  await clock.advance(500)
  const [first, second, third] = ['first', 'second', 'third'].map((text) => new Error(text)) as [Error, Error, Error]
  begun.b?.reject(first)
  begun.c?.reject(second)
  t.ok(await isPending(attempt.done), 'the last one may still connect')
  begun.a?.reject(third)
  const error = (await rejection(attempt.done)) as AggregateError
  t.type(error, AggregateError)
  t.strictSame(error.errors, [first, second, third])
})

t.test('a race that is cut starts no attempt, and never settles', async (t) => {
  const { attempt, begun, clock, cuts, tried } = racing()
  await clock.advance(250)
  attempt.cut()
  attempt.cut()
  begun.a?.reject(new Error('cut'))
  begun.b?.resolve('B')
  await clock.advance(10_000)
  t.equal(tried(), 'ab')
  t.strictSame(cuts(), { a: 1, b: 1 })
  t.ok(await isPending(attempt.done))
})

t.test('a race that is cut after it was won cuts its winner', async (t) => {
  const { attempt, begun, cuts } = racing()
  begun.a?.resolve('A')
  await attempt.done
  attempt.cut()
  t.strictSame(cuts(), { a: 1 })
})
