import t from 'tap'
import { chart } from '../../bench/report/chart.js'
import type { Results, Sample } from '../../bench/runner/results.js'

const sample = (scenario: string, contender: string, rate: number): Sample => ({ scenario, contender, pass: 0, rate })
const results = (samples: Sample[]): Results => ({ machine: { node: 'v20', date: '2026-11-30' }, samples }) as unknown as Results

const LINES = [sample('pipelined', 'N3', 100), sample('pipelined', 'linnet', 50)]
const LENGTHS = [sample('framed-length', 'N3-length', 10), sample('framed-length', 'linnet-length', 7)]

/** The numbers beside the bars. */
function values(svg: string | undefined): string[] {
  return Array.from(svg?.matchAll(/class="value"[^>]*>([^<]*)/g) ?? [], ([, value = '']) => value)
}

t.test('a bar is the ratio to the best by hand of its own scenario', async (t) => {
  t.strictSame(values(chart(results([...LINES, ...LENGTHS]))), ['0.50', '1.00', '0.70', '1.00'])
})

t.test('scenarios that were not measured take no room', async (t) => {
  const lines = chart(results(LINES)) ?? ''
  const both = chart(results([...LINES, ...LENGTHS])) ?? ''
  const height = (svg: string): number => Number(/height="(\d+)"/.exec(svg)?.[1])
  t.strictSame(values(lines), ['0.50', '1.00'])
  t.notMatch(lines, 'framed by length')
  t.ok(height(lines) < height(both))
  t.strictSame(values(chart(results(LENGTHS))), ['0.70', '1.00'])
})

t.test('where only a reference was measured there is no chart', async (t) => {
  t.equal(chart(results([])), undefined)
  t.equal(chart(results([sample('framed-json', 'N3-json', 1)])), undefined)
})
