import fc from 'fast-check'
import t from 'tap'
import type { Delimiter } from '../../lib/bytes/delimiter.js'
import { ByteQueue } from '../../lib/bytes/queue.js'
import { queueOf, startSearch } from './search-support.js'
import { cut, foundBy, same, textsOver, winner } from './support.js'

/** Delimiters that overlap each other and themselves, with letters that they are made of. */
interface Case {
  delimiters: readonly string[]
  letters: string
}

const someCase: fc.Arbitrary<Case> = fc.oneof(
  fc.record({
    delimiters: fc.uniqueArray(fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 }),
    letters: fc.constant('ab'),
  }),
  fc.constantFrom<Case[]>(
    { delimiters: ['a', 'ab', 'abc', 'bab'], letters: 'abc' },
    { delimiters: ['aab', 'aa', 'b'], letters: 'ab' },
    { delimiters: ['abab', 'ba', 'bb'], letters: 'ab' },
    { delimiters: ['abab'], letters: 'ab' },
    { delimiters: ['aaab'], letters: 'ab' },
    { delimiters: ['aaaa', 'ab'], letters: 'ab' },
    { delimiters: ['\n', '\r\n'], letters: '\r\na' },
    { delimiters: ['\r\n'], letters: '\r\na' },
    { delimiters: ['\r\n\r\n', '\n\n'], letters: '\r\n' },
    { delimiters: ['\r', '\n', '\r\n'], letters: '\r\na' },
  ),
)

/** A text of a case's letters and a foreign one, which is rare. `filler` foreign ones stand before all. */
const textOf = ({ letters }: Case, maxLength: number, filler: fc.Arbitrary<number>) =>
  fc
    .tuple(filler, fc.array(fc.integer({ min: 0, max: letters.length * 4 }), { maxLength }))
    .map(
      ([count, picks]) =>
        'x'.repeat(count) + picks.map((pick) => letters[pick % letters.length === pick ? pick : pick >> 2] ?? 'x').join(''),
    )

// Around the window in which lists are looked for, and beyond its doubling.
const filler = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: 2040, max: 2052 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 7000 }) },
)

const places = fc.oneof(
  { weight: 3, arbitrary: fc.array(fc.nat(9999), { maxLength: 12 }) },
  // Byte by byte, as far as most texts go.
  { weight: 1, arbitrary: fc.constant([...Array(100).keys()]) },
  { weight: 1, arbitrary: fc.integer({ min: 2040, max: 2060 }).map((from) => [...Array(40).keys()].map((each) => each + from)) },
)

t.test('the end that is found does not depend on how the bytes were cut', async (t) => {
  fc.assert(
    fc.property(
      someCase.chain((each) => fc.tuple(fc.constant(each), textOf(each, 12, filler))),
      places,
      fc.boolean(),
      ([{ delimiters }, text], places, taken) => {
        const queue = new ByteQueue()
        // Something was taken from the first chunk before: positions are not indexes.
        if (taken) {
          queue.push(Buffer.from('aba'))
          queue.push(Buffer.from('b'))
          queue.skip(4)
        }
        const search = startSearch(delimiters)
        // The model is slow, and nothing can begin in the filler.
        const filler = /^x*/.exec(text)?.[0].length as number
        const model = (length: number, ended: boolean) => {
          const { end, matched } = winner(text.slice(filler, Math.max(filler, length)), delimiters, ended)
          return { end: end === 0 ? 0 : end + filler, matched }
        }
        let seen = 0
        for (const piece of cut(text, places)) {
          queue.push(piece)
          seen += piece.length
          const expected = model(seen, false)
          const found = foundBy(search, queue, false)
          same(`end in ${seen} of ${text}`, found.end, expected.end)
          same(`matched in ${seen} of ${text}`, found.matched, expected.matched)
          if (found.end > 0) {
            const all = model(text.length, true)
            same('end in all', found.end, all.end)
            same('matched in all', found.matched, all.matched)
            same('asked again', search.find(queue, false), found.end)
            return
          }
        }
        const expected = model(text.length, true)
        const found = foundBy(search, queue, true)
        same('end at the end', found.end, expected.end)
        same('matched at the end', found.matched, expected.matched)
      },
    ),
    { numRuns: 4000 },
  )
  t.pass('not in 4000 runs against a model')
})

t.test('the earliest end is that of some continuation, and no byte is passed that a delimiter needs', async (t) => {
  const runs = { waiting: 0, withWhole: 0, passed: 0 }
  fc.assert(
    fc.property(
      someCase.chain((each) => fc.tuple(fc.constant(each), textOf(each, 8, fc.constant(0)))),
      places,
      fc.nat(),
      ([{ delimiters, letters }, text], places, pick) => {
        const queue = new ByteQueue()
        const search = startSearch(delimiters)
        for (const piece of cut(text, places)) {
          queue.push(piece)
          if (search.find(queue, false) > 0) return
        }
        if (text.length === 0) search.find(queue, false)
        const earliest = search.earliestEnd(queue)
        const passed = search.ruledOut(queue)
        const longest = Math.max(...delimiters.map((each) => each.length))
        const continuations = textsOver(`${letters}x`, longest)
        let least = Number.POSITIVE_INFINITY
        for (const continuation of continuations) {
          const all = text + continuation
          const { end, matched } = winner(all, delimiters, true)
          if (end === 0) continue
          least = Math.min(least, end)
          if (passed > end - matched) throw new Error(`${passed} bytes passed, and the delimiter of ${JSON.stringify(all)} starts before`)
          same(`end in ${JSON.stringify(all)} without what passed`, winner(all.slice(passed), delimiters, true).end, end - passed)
        }
        same(`earliest in ${JSON.stringify(text)} for ${delimiters}`, earliest, least)
        runs.waiting++
        if (winner(text, delimiters, true).end > 0) runs.withWhole++
        if (passed > 0) runs.passed++
        // And with the real thing: what passed is dropped, and a fresh search goes on with one continuation.
        const continuation = continuations[pick % continuations.length] as string
        const fresh = startSearch(delimiters)
        queue.skip(passed)
        same('found without more bytes', fresh.find(queue, false), 0)
        queue.push(Buffer.from(continuation))
        const expected = winner(text + continuation, delimiters, true)
        const found = foundBy(fresh, queue, true)
        same('end of a fresh search', found.end, expected.end === 0 ? 0 : expected.end - passed)
        same('matched of a fresh search', found.matched, expected.matched)
        // The first search finds the same when it gets the same bytes all at once.
        const whole = queueOf(text, continuation)
        same('end of the search that went on', search.find(whole, true), expected.end)
      },
    ),
    { numRuns: 3000 },
  )
  t.ok(runs.waiting > 1000 && runs.withWhole > 50 && runs.passed > 300, `in none of ${JSON.stringify(runs)} runs against all continuations`)
})

t.test('a delimiter of many bytes is found across chunks', async (t) => {
  const boundary = '--boundary-with-ab-and-ab-and-abc'
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 5000 }),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 60 }),
      (filler, piece, begun) => {
        // A beginning of it stands before it, which makes the search go back.
        const text = `${'-'.repeat(filler)}${boundary.slice(0, begun)}${boundary}`
        for (const delimiters of [[boundary], [boundary, `${boundary}--`, `x${boundary}`]]) {
          const search = startSearch(delimiters)
          const queue = new ByteQueue()
          let end = 0
          for (let at = 0; at < text.length && end === 0; at += piece) {
            queue.push(Buffer.from(text.slice(at, at + piece)))
            end = search.find(queue, at + piece >= text.length)
          }
          same('end', end, winner(text, delimiters, true).end)
        }
      },
    ),
    { numRuns: 1000 },
  )
  t.pass('not in 1000 runs')
})

t.test('the match that starts first wins, then the longest', async (t) => {
  const first = (text: string, delimiters: Delimiter) => foundBy(startSearch(delimiters), queueOf(text), true)
  t.same(first('xaab', ['b', 'aab']), { end: 4, matched: 3 }, 'the one that starts first')
  t.same(first('xab', ['a', 'ab']), { end: 3, matched: 2 }, 'of these the longest')
  t.same(first('a\r\nb\n', ['\n', '\r\n']), { end: 3, matched: 2 })
  t.same(first('a\nb\r\n', ['\n', '\r\n']), { end: 2, matched: 1 })
  t.same(first('grün€', '€'), { end: 0, matched: 0 }, 'text is UTF-8, these bytes are not')
  t.same(foundBy(startSearch('€'), queueOf(Buffer.from('grün€')), false), { end: 8, matched: 3 })
})

t.test('a search waits for a longer match exactly while it may still complete', async (t) => {
  const queue = queueOf('xa')
  const search = startSearch(['a', 'abc'])
  t.equal(search.find(queue, false), 0)
  t.equal(search.earliestEnd(queue), 2)
  t.equal(search.ruledOut(queue), 1)
  queue.push(Buffer.from('b'))
  t.equal(search.find(queue, false), 0)
  t.equal(search.find(queue, true), 2, 'the end of the stream decides')
  queue.push(Buffer.from('x'))
  t.equal(search.find(queue, false), 2, 'so does another byte')
  t.equal(search.matched, 1)
})

t.test('a search that found nothing passes the bytes that can belong to no delimiter', async (t) => {
  for (const [delimiter, text, earliest, passed] of [
    ['\n', '', 1, 0],
    ['\n', 'abc', 4, 3],
    ['\r\n', 'abc\r', 5, 3],
    ['\r\n', 'abc', 5, 3],
    [['\n', '\r\n'], 'abc', 4, 3],
    [['\n', '\r\n'], 'abc\r', 5, 3],
    [['\n', '\r\n'], '', 1, 0],
  ] as const) {
    const queue = queueOf(text)
    const search = startSearch(delimiter as Delimiter)
    t.equal(search.find(queue, false), 0)
    t.equal(search.earliestEnd(queue), earliest, `earliest in ${JSON.stringify(text)}`)
    t.equal(search.ruledOut(queue), passed, `passed in ${JSON.stringify(text)}`)
  }
})
