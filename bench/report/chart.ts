// The chart for README and docs: the ratio of each contender to N3, for three scenarios of lines side by side, and below them for framed
// messages. The SVG is readable on light and dark pages. A bar beyond the scale is truncated, and shows its number.

import { type Contender, contenders, type Group, shortNameOf } from '../runner/contenders.js'
import type { Results } from '../runner/results.js'
import { ratioOf, type Spread } from './statistics.js'

interface Panel {
  readonly scenario: string
  readonly title: string
  readonly detail: string
}

/** Panels with the same rows, whose ratios are taken to the same contender. */
interface Block {
  readonly reference: string
  readonly panels: readonly Panel[]
}

/** A block, and the contenders that are measured in it. */
interface Filled extends Block {
  readonly rows: readonly Contender[]
}

const LINES: Block = {
  reference: 'N3',
  panels: [
    { scenario: 'pipelined', title: 'pipelined', detail: '16 connections, 64 lines in flight' },
    { scenario: 'deep', title: 'deep', detail: '4 connections, 512 lines in flight' },
    { scenario: 'many', title: 'many', detail: '64 connections, 1 line in flight' },
  ],
}

// Framed messages: below the lines, beside each other.
const FRAMED: readonly Block[] = [
  {
    reference: 'N3-length',
    panels: [{ scenario: 'framed-length', title: 'framed by length', detail: '16 connections, 64 messages in flight' }],
  },
  { reference: 'N3-json', panels: [{ scenario: 'framed-json', title: 'framed as JSON', detail: '16 connections, 64 objects in flight' }] },
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
// The title of the chart; that of a panel, two lines; the name of the reference below a panel; the footer.
const TITLE = 36
const HEAD = 38
const FOOT = 24
const BOTTOM = 16

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
  const bands = [[LINES], FRAMED].map((blocks) => blocks.map((block) => filled(results, block)).filter(({ rows }) => rows.length > 1))
  const drawn = bands.filter((blocks) => blocks.length > 0)
  if (drawn.length === 0) return undefined
  const width = Math.max(...drawn.map(widthOf)) + MARGIN
  const body = [text(MARGIN, 24, 'title', 'Echoed messages a second, as a ratio to N3 (the best hand-written node:net code)')]
  let y = TITLE
  for (const blocks of drawn) {
    let x = 0
    for (const block of blocks) {
      body.push(...draw(results, block, x, y))
      x += widthOf([block]) + GAP
    }
    y += HEAD + Math.max(...blocks.map(({ rows }) => rows.length)) * ROW + FOOT
  }
  const height = y + BOTTOM
  body.push(text(MARGIN, y + 6, 'quiet', footer(results)))
  // Has a background, because a page may be dark while the system's theme is light.
  body.unshift(`<rect class="page" width="${width}" height="${height}" rx="6"/>`)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Echoed messages a second, as a ratio to the best hand-written node:net code">
  <style>${STYLE}
  </style>
  ${body.filter((line) => line !== '').join('\n  ')}
</svg>
`
}

/** The block without the panels that have no values beside those of the reference. */
function filled(results: Results, { reference, panels }: Block): Filled {
  const measured = ({ id }: Contender, { scenario }: Panel): boolean => ratioTo(results, scenario, id, reference) !== undefined
  const some = panels.filter((panel) => contenders.filter((contender) => measured(contender, panel)).length > 1)
  return { reference, panels: some, rows: contenders.filter((contender) => some.some((panel) => measured(contender, panel))) }
}

function widthOf(blocks: readonly Block[]): number {
  const widths = blocks.map(({ panels }) => LABELS + panels.length * PANEL + (panels.length - 1) * GAP)
  return widths.reduce((sum, width) => sum + width + GAP, -GAP)
}

function draw(results: Results, block: Filled, left: number, y: number): string[] {
  const { reference, panels, rows } = block
  const top = y + HEAD
  const bottom = top + rows.length * ROW
  return [
    ...rows.map(({ label, group }, index) => name(label, group, left, top + index * ROW, index % 2 === 0 ? widthOf([block]) : 0)),
    ...panels.flatMap(({ scenario, title, detail }, index) => {
      const x = left + LABELS + index * (PANEL + GAP)
      return [
        text(x, y + 14, 'title', title),
        text(x, y + 29, 'quiet', detail),
        `<line class="one" x1="${at(x, 1)}" x2="${at(x, 1)}" y1="${top - 2}" y2="${bottom}"/>`,
        ...rows.map(({ id, group }, row) => bar(x, top + row * ROW, group, ratioTo(results, scenario, id, reference))),
        text(at(x, 1), bottom + 14, 'quiet', shortNameOf(reference), 'middle'),
      ]
    }),
  ]
}

function ratioTo(results: Results, scenario: string, contender: string, reference: string): Spread | undefined {
  return ratioOf(results, scenario, 'rate', contender, reference)
}

function at(x: number, ratio: number): number {
  return Math.round((x + (Math.min(ratio, MOST) / MOST) * (PANEL - VALUE)) * 10) / 10
}

/** The name of a row, on a band of that width. */
function name(label: string, group: Group, x: number, y: number, width: number): string {
  const band = width > 0 ? `<rect class="row" x="${x}" y="${y}" width="${width}" height="${ROW}"/>` : ''
  return `${band}${text(x + MARGIN, y + 15, group === 'linnet' ? 'strong' : '', label)}`
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
