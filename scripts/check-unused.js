// Files, exports and dependencies that nothing uses, as knip finds them (knip.json), and exports of lib/ that only tests use: those
// have to be on the list here, and a name on the list that the library uses, or nothing, is an error as well.
//
//   node scripts/check-unused.js

import { spawnSync } from 'node:child_process'
import { root } from './entries.js'

/** What specs and benchmarks reach behind the entry points for, by file. */
const FOR_TESTS = {
  'lib/bytes/untransferable.ts': ['markerFrom'],
  'lib/bytes/view.ts': ['viewBy'],
  'lib/client/dial.ts': ['addressesAt'],
  'lib/client/happy-eyeballs.ts': ['ATTEMPT_DELAY'],
  'lib/connection/reading/read-options.ts': ['BYTES'],
  'lib/stacks.ts': ['enablesStacks'],
  'lib/testing/check.ts': ['keeps'],
  'lib/testing/check/expect.ts': ['show'],
  'lib/testing/der.ts': ['der'],
  'lib/tls/client.ts': ['secureClient'],
  'lib/tls/shared.ts': ['LruCache'],
  'lib/transport/descriptor.ts': ['descriptorOf'],
  'lib/transport/duplex.ts': ['DuplexCarrier', 'duplexOf'],
  'lib/transport/read-turns.ts': ['PIECE_MS', 'TURN_MS'],
  'lib/turn.ts': ['afterTwoImmediates', 'afterManyImmediates'],
}

const [all, library] = [knip(), knip('--production', '--include', 'exports,files')]
const wrong = []
for (const { file, kind, name } of all) wrong.push(`${file}: ${kind} ${name} is not used`)
const seen = new Set()
for (const { file, kind, name } of library.filter(({ file }) => file.startsWith('lib/'))) {
  if (kind === 'files') wrong.push(`${file}: only tests use it`)
  if (kind !== 'exports') continue
  seen.add(`${file} ${name}`)
  if (all.some((issue) => issue.file === file && issue.name === name)) continue
  if (!FOR_TESTS[file]?.includes(name)) wrong.push(`${file}: only tests use ${name}; if that is meant, add it to scripts/check-unused.js`)
}
for (const [file, names] of Object.entries(FOR_TESTS))
  for (const name of names)
    if (!seen.has(`${file} ${name}`)) wrong.push(`scripts/check-unused.js: ${name} of ${file} is used by the library, or gone`)
for (const line of wrong) console.log(line)
console.log(`${seen.size} exports for tests, ${wrong.length} wrong`)
process.exitCode = wrong.length > 0 ? 1 : 0

/** What knip reports, one entry for each name. */
function knip(...options) {
  const args = ['--no-install', 'knip', '--no-progress', '--no-exit-code', '--reporter', 'json', ...options]
  const { stdout, stderr, status } = spawnSync('npx', args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26 })
  if (status !== 0) throw new Error(`knip failed: ${stderr || stdout}`)
  return JSON.parse(stdout).issues.flatMap(({ file, ...kinds }) =>
    Object.entries(kinds).flatMap(([kind, found]) => (Array.isArray(found) ? found.flat().map(({ name }) => ({ file, kind, name })) : [])),
  )
}
