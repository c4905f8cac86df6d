import t from 'tap'
import { ratesChart } from '../../bench/report/rates-chart.js'
import type { Results, Sample } from '../../bench/runner/results.js'

const sample = (contender: string, rate: number, scenario = 'pipelined'): Sample => ({ scenario, contender, pass: 0, rate })
const results = (samples: Sample[]): Results => ({ machine: { node: 'v20', date: '2026-11-30' }, samples }) as unknown as Results

t.test('the fastest stands first, and a bar is as long as its share of that one', async (t) => {
  const svg = ratesChart(results([sample('N1', 110_000), sample('linnet', 1_100_000), sample('linnet', 5e6, 'deep'), sample('N4', 9e9)]))
  const bars = Array.from(svg?.matchAll(/<rect class="(linnet|other)"[^>]* width="([\d.]+)"/g) ?? [], ([, kind, width]) => [
    kind,
    Number(width),
  ])
  t.strictSame(bars, [
    ['linnet', 420],
    ['other', 42],
  ])
  t.match(svg, '>1.10 M<')
  t.match(svg, '>110 k<')
})

t.test('where nothing can be compared there is no chart', async (t) => {
  t.equal(ratesChart(results([])), undefined)
  t.equal(ratesChart(results([sample('linnet', 1)])), undefined)
  t.equal(ratesChart(results([sample('linnet', 1, 'deep'), sample('N1', 1, 'deep')])), undefined)
})
