// The chart for README and docs: the ratio of each contender to N3, for three scenarios side by side. The SVG is readable on light and
// dark pages. A bar beyond the scale is truncated, and shows its number.

import { contenders, type Group } from '../runner/contenders.js'
import type { Results } from '../runner/results.js'
import { ratioOf, type Spread } from './statistics.js'

const PANELS: readonly [scenario: string, title: string, detail: string][] = [
  ['pipelined', 'pipelined', '16 connections, 64 lines in flight'],
  ['deep', 'deep', '4 connections, 512 lines in flight'],
  ['many', 'many', '64 connections, 1 line in flight'],
]

// Larger ratios are truncated: the chart shows the range around N3, and Go and C are beyond it.
const MOST = 1.6
const LABELS = 196
const PANEL = 224
const GAP = 28
const VALUE = 36
const MARGIN = 14
const ROW = 22
const BAR = 13
const TOP = 74
const BOTTOM = 40

const STYLE = `
    .page { fill: #ffffff }
    text { font: 12px system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #24292f }
    .title { font-weight: 600; font-size: 13px }
    .quiet, .value { fill: #57606a; font-size: 11px }
    .strong { font-weight: 600; fill: #24292f }
    .linnet { fill: #1a7f5a } .node { fill: #8c959f } .packages { fill: #b7bec6 } .peers { fill: #7d8fd1 }
    .one { stroke: #57606a; stroke-width: 1; stroke-dasharray: 3 3 }
    .cut { stroke: #ffffff; stroke-width: 3 }
    .row { fill: #d0d7de; opacity: .35 }
    @media (prefers-color-scheme: dark) {
      .page { fill: #0d1117 }
      text, .strong { fill: #e6edf3 }
      .quiet, .value { fill: #9198a1 }
      .linnet { fill: #3fb98a } .node { fill: #6e7681 } .packages { fill: #4d545c } .peers { fill: #6a7bc4 }
      .one { stroke: #9198a1 }
      .cut { stroke: #0d1117 }
      .row { fill: #30363d }
    }`

/** The SVG, or undefined if there are no values. */
export function chart(results: Results): string | undefined {
  const panels = PANELS.filter(([scenario]) => rowsOf(results, scenario).length > 1)
  const rows = contenders.filter(({ id }) => panels.some(([scenario]) => rowsOf(results, scenario).includes(id)))
  if (panels.length === 0) return undefined
  const width = LABELS + panels.length * PANEL + (panels.length - 1) * GAP + MARGIN
  const bottom = TOP + rows.length * ROW
  const body = [
    // Has a background, because a page may be dark while the system's theme is light.
    `<rect class="page" width="${width}" height="${bottom + BOTTOM}" rx="6"/>`,
    text(MARGIN, 24, 'title', 'Echoed lines a second, as a ratio to N3 (the best hand-written node:net code)'),
    ...rows.map(({ label, group }, index) => name(label, group, index, width)),
    ...panels.flatMap(([scenario, title, detail], index) => {
      const x = LABELS + index * (PANEL + GAP)
      return [
        text(x, 50, 'title', title),
        text(x, 65, 'quiet', detail),
        `<line class="one" x1="${at(x, 1)}" x2="${at(x, 1)}" y1="${TOP - 2}" y2="${bottom}"/>`,
        ...rows.map(({ id, group }, row) => bar(x, TOP + row * ROW, group, ratioTo(results, scenario, id))),
        text(at(x, 1), bottom + 14, 'quiet', 'N3', 'middle'),
      ]
    }),
    text(MARGIN, bottom + 30, 'quiet', footer(results)),
  ]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${bottom + BOTTOM}" width="${width}" height="${bottom + BOTTOM}" role="img" aria-label="Echoed lines a second, as a ratio to the best hand-written node:net code">
  <style>${STYLE}
  </style>
  ${body.filter((line) => line !== '').join('\n  ')}
</svg>
`
}

function rowsOf(results: Results, scenario: string): string[] {
  return contenders.map(({ id }) => id).filter((id) => ratioTo(results, scenario, id) !== undefined)
}

function ratioTo(results: Results, scenario: string, contender: string): Spread | undefined {
  return ratioOf(results, scenario, 'rate', contender, 'N3')
}

function at(x: number, ratio: number): number {
  return Math.round((x + (Math.min(ratio, MOST) / MOST) * (PANEL - VALUE)) * 10) / 10
}

function name(label: string, group: Group, index: number, width: number): string {
  const y = TOP + index * ROW
  const band = index % 2 === 0 ? `<rect class="row" x="0" y="${y}" width="${width}" height="${ROW}"/>` : ''
  return `${band}${text(MARGIN, y + 15, group === 'linnet' ? 'strong' : '', label)}`
}

function bar(x: number, y: number, group: Group, spread: Spread | undefined): string {
  if (spread === undefined) return ''
  const { median } = spread
  const end = at(x, median)
  const top = y + (ROW - BAR) / 2
  // A slanted gap near the end shows that the bar is truncated.
  const cut = median > MOST ? `<line class="cut" x1="${end - 16}" y1="${top + BAR + 2}" x2="${end - 10}" y2="${top - 2}"/>` : ''
  const shown = median >= 9.95 ? median.toFixed(0) : median >= 0.095 ? median.toFixed(2) : median.toFixed(3)
  return `<rect class="${group}" x="${x}" y="${top}" width="${Math.max(end - x, 1).toFixed(1)}" height="${BAR}" rx="1.5"/>${cut}${text(x + PANEL, y + 15, 'value', shown, 'end')}`
}

function text(x: number, y: number, style: string, content: string, anchor?: string): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return `<text x="${x}" y="${y}"${style === '' ? '' : ` class="${style}"`}${anchor === undefined ? '' : ` text-anchor="${anchor}"`}>${escaped}</text>`
}

function footer({ machine, samples }: Results): string {
  const passes = new Set(samples.map(({ pass }) => pass)).size
  return `Medians of up to ${passes} passes, Node ${machine.node}, ${machine.date.slice(0, 10)}, each server on one core: bench/results.md`
}
