// Whether the lists of what is known to fail on other runtimes (scripts/runtimes/known) name specs and tests that exist: a title
// that was changed in a spec and not there would excuse nothing, and be noticed by .ci/full only.
//
//   node scripts/check-known.js tests.tap     what `npm test` printed

import { readFileSync } from 'node:fs'
import { knownOf } from './runtimes/known/index.js'

const titles = titlesOf(readFileSync(process.argv[2], 'utf8'))
const lines = ['node22', 'bun', 'deno'].flatMap(knownOf)
const wrong = new Set()
for (const { spec, test } of lines) {
  const found = titles.get(spec)
  if (found === undefined) wrong.add(`there is no spec ${spec}`)
  else if (test !== undefined && !found.some((title) => title.startsWith(test))) wrong.add(`${spec} has no test '${test}'`)
}
for (const line of wrong) console.log(line)
console.log(`${lines.length} entries, ${wrong.size} wrong`)
process.exitCode = wrong.size > 0 ? 1 : 0

/** The paths (`test > test`) of all tests and assertions, by the spec that they stand in. */
function titlesOf(text) {
  const found = new Map()
  const path = []
  for (const line of text.split('\n')) {
    const [, indentation, name] = /^( *)(?:# Subtest: |(?:not )?ok \d+ - )(.*)$/.exec(line) ?? []
    if (name === undefined) continue
    const level = Math.floor(indentation.length / 4)
    path.length = Math.min(path.length, level)
    path[level] = name.replace(/ # (time=|SKIP|TODO).*$/, '')
    const spec = /^build\/spec\/(.*)\.spec\.js$/.exec(path[0] ?? '')?.[1]
    if (spec === undefined) continue
    if (!found.has(spec)) found.set(spec, [])
    if (level > 0) found.get(spec).push(path.slice(1).join(' > '))
  }
  return found
}
