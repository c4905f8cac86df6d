import t from 'tap'
import { ratioOf, spread, valuesOf } from '../../bench/report/statistics.js'
import type { Measures, Sample } from '../../bench/runner/results.js'

const sample = (contender: string, pass: number, measures: Measures): Sample => ({ scenario: 'many', contender, pass, ...measures })

t.test('a spread is the median and the quartiles, between two values in proportion', async (t) => {
  t.same(spread([5, 1, 3, 2, 4]), { median: 3, low: 2, high: 4, count: 5 })
  t.same(spread([4, 1, 3, 2]), { median: 2.5, low: 1.75, high: 3.25, count: 4 })
  t.same(spread([7]), { median: 7, low: 7, high: 7, count: 1 })
  t.equal(spread([]), undefined)
})

t.test('a spread leaves the order of its values alone, and sorts them as numbers', async (t) => {
  const values = [10, 9, 100]
  t.equal(spread(values)?.median, 10)
  t.same(values, [10, 9, 100])
})

t.test('the values of a contender are those of its scenario that have the measure', async (t) => {
  const samples = [sample('linnet', 0, { rate: 1, p99: 4 }), sample('linnet', 1, { rate: 3 }), sample('N3', 0, { rate: 9 })]
  t.match(valuesOf({ samples }, 'many', 'linnet', 'rate'), { median: 2, count: 2 })
  t.match(valuesOf({ samples }, 'many', 'linnet', 'p99'), { median: 4, count: 1 })
  t.equal(valuesOf({ samples }, 'deep', 'linnet', 'rate'), undefined)
})

t.test('a ratio is taken within a pass, not between medians', async (t) => {
  // The machine becomes ten times as fast in the last pass: each ratio stays the same.
  const speeds = [1, 2, 10]
  const samples = speeds.flatMap((speed, pass) => [sample('linnet', pass, { rate: 8 * speed }), sample('N3', pass, { rate: 10 * speed })])
  t.match(ratioOf({ samples }, 'many', 'rate', 'linnet', 'N3'), { median: 0.8, low: 0.8, high: 0.8, count: 3 })
})

t.test('a pass that lacks one side, or has nothing to divide by, is left out of a ratio', async (t) => {
  const samples = [
    sample('linnet', 0, { collections: 3 }),
    sample('N3', 0, { collections: 0 }),
    sample('linnet', 1, { collections: 3 }),
    sample('linnet', 2, { collections: 3 }),
    sample('N3', 2, { collections: 6 }),
    sample('N3', 3, { collections: 1 }),
  ]
  t.match(ratioOf({ samples }, 'many', 'collections', 'linnet', 'N3'), { median: 0.5, count: 1 })
  t.equal(ratioOf({ samples }, 'many', 'rate', 'linnet', 'N3'), undefined)
})
