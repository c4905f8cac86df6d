// Runs the danger specs and those of the testing kit on dist/: rules that hold for the modules of lib/ must hold for the bundle too.
// Specs that import internal modules cannot run on it. They are listed here, and an outdated entry is an error.
//
//   node scripts/test-bundle.js                  all; needs `npm run build:all`
//   node scripts/test-bundle.js --covering       those that take a few seconds each, or test differences of a bundle
//   node scripts/test-bundle.js danger/reset …   these

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { root } from './entries.js'

const specs = join(root, 'build/spec')
const entry = /\/build\/lib\/((framing|testing)\/)?index\.js$/

/** Specs that import internal modules. */
const INSIDE = ['danger/injection', 'danger/kept-text', 'danger/one-failure', 'danger/transferred', 'testing/check', 'testing/der']

/** The specs that .ci/run has time for: conversations, TLS, and leaks. Specs that start separate programs run on dist/ in any case. */
const COVERING = [
  ...['danger/descriptors', 'danger/early-answer', 'danger/leaks', 'danger/reset', 'danger/shutdown'],
  ...[
    'danger/stderr',
    'danger/tls',
    'testing/certificate',
    'testing/conformance',
    'testing/manual-clock',
    'testing/memory-connect',
    'testing/memory-server',
    'testing/pair',
    'testing/pair-run',
    'testing/pair-wire',
    'testing/statements',
  ],
]

function reaches(file, seen = new Set()) {
  if (seen.has(file)) return false
  seen.add(file)
  const imports = Array.from(readFileSync(file, 'utf8').matchAll(/^(?:import|export) (?:[^;]*? from )?'(\.[^']+)'/gm), ([, path]) => path)
  return imports.some((path) => {
    const found = resolve(file, '..', path)
    return found.startsWith(join(root, 'build/lib/')) ? !entry.test(found) : existsSync(found) && reaches(found, seen)
  })
}

const wanted = process.argv[2] === '--covering' ? COVERING : process.argv.slice(2)
const all = ['danger', 'testing'].flatMap((folder) =>
  readdirSync(join(specs, folder))
    .filter((name) => name.endsWith('.spec.js'))
    .map((name) => join(specs, folder, name)),
)
const named = (file) => relative(specs, file).replace('.spec.js', '')
for (const file of all) {
  if (reaches(file) === INSIDE.includes(named(file))) continue
  console.error(
    `${named(file)} ${reaches(file) ? 'reaches' : 'does not reach'} behind the entry points: mend INSIDE of scripts/test-bundle.js`,
  )
  process.exit(1)
}

const unknown = wanted.filter((name) => !all.some((file) => named(file) === name) || INSIDE.includes(name))
if (unknown.length > 0) throw new Error(`these cannot be run on the bundle, or are not there: ${unknown.join(', ')}`)
const files = all.filter((file) => !INSIDE.includes(named(file)) && (wanted.length === 0 || wanted.includes(named(file))))
const args = ['--no-install', 'tap', '--disable-coverage', '--node-arg=--import=./scripts/on-bundle.js', ...files]
const { status } = spawnSync('npx', args, { cwd: root, stdio: 'inherit' })
process.exitCode = status ?? 1
