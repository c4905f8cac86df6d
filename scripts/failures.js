// Lists the failures of a test run, one line each, for the end of a long log: each failed assertion with its file and the titles of
// its tests, and the lines, functions and branches that are not covered.
//
//   node scripts/failures.js tests.tap [lcov.info]

import { existsSync, readFileSync } from 'node:fs'
import { tapResults } from './tap-results.js'

const [tap, lcov] = process.argv.slice(2)
for (const path of tapResults(readFileSync(tap, 'utf8')).failed) console.log(`not ok: ${path}`)
if (lcov !== undefined && existsSync(lcov)) for (const line of notCovered(readFileSync(lcov, 'utf8'))) console.log(line)

/** The uncovered parts of an lcov report: `not covered: file: lines 7-8, 12; functions f; branches in lines 20`. */
function notCovered(text) {
  const misses = []
  for (const record of text.split('end_of_record\n')) {
    const file = /^SF:(.*)$/m.exec(record)?.[1]
    if (file === undefined) continue
    const lines = [...record.matchAll(/^DA:(\d+),0$/gm)].map(([, line]) => Number(line))
    const functions = [...record.matchAll(/^FNDA:0,(.*)$/gm)].map(([, name]) => name)
    const branches = [...record.matchAll(/^BRDA:(\d+),\d+,\d+,(?:0|-)$/gm)].map(([, line]) => Number(line))
    const parts = []
    if (lines.length > 0) parts.push(`lines ${ranges(lines)}`)
    if (functions.length > 0) parts.push(`functions ${functions.join(', ')}`)
    if (branches.length > 0) parts.push(`branches in lines ${ranges(branches)}`)
    if (parts.length > 0) misses.push(`not covered: ${file}: ${parts.join('; ')}`)
  }
  return misses
}

function ranges(numbers) {
  const found = []
  for (const number of [...new Set(numbers)].sort((a, b) => a - b)) {
    const last = found.at(-1)
    if (last?.to === number - 1) last.to = number
    else found.push({ from: number, to: number })
  }
  return found.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(', ')
}
