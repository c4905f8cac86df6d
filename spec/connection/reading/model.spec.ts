import fc from 'fast-check'
import t from 'tap'
import {
  batches,
  type Case,
  chunks,
  delimiters,
  exactly,
  into,
  line,
  lineBatches,
  lines,
  match,
  peek,
  skip,
  skipUntil,
  some,
  toEnd,
  until,
} from './cases.js'
import { play, scripts } from './model.js'

const sizes = [1, 2, 3, 5, 9]

/** Every kind of read, in the forms that are tried. */
const cases: Record<string, readonly Case[]> = {
  readUntil: delimiters.map((each) => until(each)),
  readLine: [line(), ...delimiters.map((each) => line(each))],
  readExactly: [0, ...sizes].map(exactly),
  readInto: sizes.flatMap((n) => [into(n, false), into(n, true)]),
  read: [some],
  readToEnd: [toEnd],
  readUntilMatch: [match(/;/), match(/\r?\n/), match(/^a.b/s), match(/(a|b);+b/), match(/a*;/)],
  peek: [0, ...sizes].map(peek),
  skip: [0, ...sizes].map(skip),
  skipUntil: delimiters.map((each) => skipUntil(each)),
  lines: [lines(), ...delimiters.map((each) => lines(each))],
  lineBatches: [lineBatches(), ...delimiters.map((each) => lineBatches(each))],
  batches: delimiters.flatMap((each) => [batches(each), batches(each, 'latin1'), batches(each, 'ascii')]),
  chunks: [undefined, ...sizes].map(chunks),
}
const others = Object.values(cases).map((each) => each[0] as Case)

for (const [name, mine] of Object.entries(cases)) {
  t.test(`${name}: whatever is cut, cancelled, timed out, limited or ended, it takes what the model takes`, async (t) => {
    await fc.assert(
      fc.asyncProperty(scripts(mine, others), (script) => play(script)),
      { numRuns: 1000 },
    )
    t.pass()
  })
}
