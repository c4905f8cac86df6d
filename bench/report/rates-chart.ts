// The chart of the README: the lines that each program echoes in a second, with pipelined lines. Its rows are what people write and use;
// the ratios to the fastest code by hand are in chart.ts. The SVG is readable on light and dark pages.

import type { Results } from '../runner/results.js'
import { large } from './format.js'
import { valuesOf } from './statistics.js'

const SCENARIO = 'pipelined'

type Kind = 'linnet' | 'other'

const ROWS: readonly (readonly [id: string, label: string, kind: Kind])[] = [
  ['N3', 'node:net, all lines of a chunk by hand', 'other'],
  ['linnet-batches', 'linnet, all lines that have arrived', 'linnet'],
  ['linnet-lines', 'linnet, for await over lines()', 'linnet'],
  ['linnet', 'linnet, await of each line', 'linnet'],
  ['uvloop', 'Python asyncio on uvloop', 'other'],
  ['bun', 'Bun.listen', 'other'],
  ['deno', 'Deno.listen', 'other'],
  ['N1', 'node:net, a write a line', 'other'],
  ['readline', 'node:readline', 'other'],
  ['for-await', 'for await over the socket', 'other'],
  ['asyncio', 'Python asyncio', 'other'],
  ['tornado', 'Tornado', 'other'],
]

const LABELS = 230
const BARS = 420
const VALUE = 64
const MARGIN = 14
const ROW = 24
const BAR = 14
const TITLE = 44
const BOTTOM = 28
const WIDTH = MARGIN + LABELS + BARS + VALUE + MARGIN

const STYLE = `
    .page { fill: #ffffff }
    text { font: 12px system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #24292f }
    .title, .strong { font-weight: 600 }
    .title { font-size: 13px }
    .quiet { fill: #57606a; font-size: 11px }
    .linnet { fill: #1a7f5a } .other { fill: #8c959f }
    @media (prefers-color-scheme: dark) {
      .page { fill: #0d1117 }
      text { fill: #e6edf3 }
      .quiet { fill: #9198a1 }
      .linnet { fill: #3fb98a } .other { fill: #6e7681 }
    }`

/** The SVG, or undefined if the scenario was not measured. */
export function ratesChart(results: Results): string | undefined {
  const rows = ROWS.flatMap(([id, label, kind]) => {
    const rate = valuesOf(results, SCENARIO, id, 'rate')?.median
    return rate === undefined ? [] : [{ label, kind, rate }]
  }).sort((one, other) => other.rate - one.rate)
  const [first] = rows
  if (first === undefined || rows.length < 2) return undefined
  const height = TITLE + rows.length * ROW + BOTTOM
  const body = [
    `<rect class="page" width="${WIDTH}" height="${height}" rx="6"/>`,
    text(MARGIN, 22, 'title', 'Lines echoed in a second, on one core'),
    text(MARGIN, 37, 'quiet', '16 connections, 64 lines of 64 bytes in flight on each; longer is better'),
    ...rows.flatMap(({ label, kind, rate }, index) => {
      const y = TITLE + index * ROW
      const width = Math.max((rate / first.rate) * BARS, 1).toFixed(1)
      const x = MARGIN + LABELS
      return [
        text(MARGIN, y + 16, kind === 'linnet' ? 'strong' : '', label),
        `<rect class="${kind}" x="${x}" y="${y + (ROW - BAR) / 2}" width="${width}" height="${BAR}" rx="1.5"/>`,
        text(Math.round(x + Number(width) + 6), y + 16, kind === 'linnet' ? 'strong' : 'value', large(rate)),
      ]
    }),
    text(MARGIN, height - 10, 'quiet', `Node ${results.machine.node}, ${results.machine.date.slice(0, 10)}: bench/results.md`),
  ]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="Lines echoed in a second by linnet and by other programs">
  <style>${STYLE}
  </style>
  ${body.join('\n  ')}
</svg>
`
}

function text(x: number, y: number, style: string, content: string): string {
  return `<text x="${x}" y="${y}"${style === '' ? '' : ` class="${style}"`}>${content}</text>`
}
