// Runs the built specs on other runtimes than the Node that runs this, and compares what fails with the list of what is known to.
//
//   node scripts/runtimes/run.js [--on node22,bun] [--set covering|all] [--in DIR] [--jobs 2] [--verbose] [--keep DIR] [spec…]
//
// Node runs them plainly (a file that imports tap prints TAP); Bun and Deno do with tap.js in the place of tap. DIR is where
// package.json of this folder is installed. A spec is a part of its path: `tls/server`. The last line for each runtime counts the
// assertions; the last lines of all are a table, and what is wrong: a failure that is not on the list, and a line of the list that
// does not fail any more.

import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { tapResults } from '../tap-results.js'
import { covering, knownOf, long } from './known/index.js'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '../..')
// As in .taprc.
const LONGEST = 240_000

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    on: { type: 'string', default: 'node22,node24,node26,bun,deno' },
    set: { type: 'string', default: 'all' },
    in: { type: 'string', default: join(root, 'node_modules/.cache/runtimes') },
    jobs: { type: 'string', default: '2' },
    verbose: { type: 'boolean', default: false },
    keep: { type: 'string' },
  },
})

const modules = join(values.in, 'node_modules')
const node = (name) => ({ program: join(modules, name, 'bin/node'), args: ['--enable-source-maps'] })
const runtimes = {
  node22: node('node22'),
  node24: node('node24'),
  node26: node('node26'),
  // Without its script for after the install, the package has the program in another package beside it.
  bun: {
    program: [join(modules, '@oven/bun-linux-x64/bin/bun'), join(modules, 'bun/bin/bun.exe')].find(existsSync),
    args: ['--preload', join(here, 'bun.js')],
  },
  deno: {
    program: join(modules, '@deno/linux-x64-glibc/deno'),
    args: ['run', '--allow-all', '--no-check', `--import-map=${join(here, 'deno.json')}`],
  },
}

/** All specs that are asked for, by their paths in build/spec. */
function specs() {
  const folder = join(root, 'build/spec')
  const all = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(({ name }) => name.endsWith('.spec.js'))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replace(/\.spec\.js$/, ''))
    .sort()
  if (positionals.length > 0) return all.filter((spec) => positionals.some((part) => spec.includes(part)))
  if (values.set === 'all') return all
  const missing = covering.filter((spec) => !all.includes(spec))
  if (missing.length > 0) throw new Error(`known/index.js names specs that are not there: ${missing.join(', ')}`)
  return covering
}

/** Runs one spec; resolves with what it printed and how it ended. */
function run({ program, args }, spec, leftOut) {
  const env = { ...process.env, NO_COLOR: '1', TAP_TIMEOUT: '240', LINNET_LEFT_OUT: leftOut.join('\n') }
  const child = spawn(program, [...args, join('build/spec', `${spec}.spec.js`)], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let [output, errors, late] = ['', '', false]
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors += text
  })
  const timer = setTimeout(() => {
    late = true
    child.kill('SIGKILL')
  }, LONGEST)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ output, errors, end: late ? 'it did not end' : (signal ?? code) })
    })
  })
}

/** Runs the specs on one runtime, some at a time. */
async function runOn(name, names) {
  const runtime = runtimes[name]
  if (!existsSync(runtime.program ?? '')) throw new Error(`${name} is not installed in ${values.in}: npm ci --ignore-scripts there`)
  const begun = performance.now()
  const expected = knownOf(name)
  const sum = { name, specs: 0, passed: 0, known: 0, leftOut: 0, wrong: [] }
  const waiting = [...names]
  const next = async () => {
    for (let spec = waiting.shift(); spec !== undefined; spec = waiting.shift()) {
      const lines = expected.filter((line) => line.spec === spec)
      if (lines.some(({ test, never }) => never && test === undefined)) {
        sum.leftOut++
        continue
      }
      const seconds = performance.now()
      const leftOut = lines.filter(({ never }) => never).map(({ test }) => test)
      const result = await run(runtime, spec, leftOut)
      if (values.keep !== undefined) keep(values.keep, `${name}-${spec.replaceAll('/', '-')}.txt`, result)
      judge(sum, spec, lines, result)
      if (values.verbose) console.log(`${name} ${spec} ${((performance.now() - seconds) / 1000).toFixed(1)} s`)
    }
  }
  await Promise.all(Array.from({ length: Number(values.jobs) }, next))
  sum.seconds = Math.round((performance.now() - begun) / 1000)
  console.log(`${name}: ${sum.passed} passed, ${sum.wrong.length} failed, ${sum.known} known to fail, ${sum.seconds} s`)
  return sum
}

/** Writes what a spec printed to a file, to read the reason of a failure. */
function keep(folder, file, { output, errors, end }) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, file), `${output}\n--- stderr\n${errors}\n--- ended with ${end}\n`)
}

/** Adds what a spec came to, against the lines of the list about it. */
function judge(sum, spec, lines, { output, errors, end }) {
  const { passed, failed, skipped } = tapResults(output)
  sum.specs++
  sum.passed += passed
  sum.leftOut += skipped.filter((path) => path.endsWith('# SKIP left out here')).length
  // A file that ended otherwise than its results say has failed as a whole.
  if (end !== 0 && (failed.length === 0 || end !== 1))
    failed.push(`the file ended with ${end}: ${errors.trim().split('\n').slice(-8).join(' | ')}`)
  const expected = lines.filter(({ never }) => !never)
  const hit = new Set()
  for (const path of failed) {
    const line = expected.find(({ test }) => test === undefined || path.replace('after the end of ', '').startsWith(test))
    if (line === undefined) {
      sum.wrong.push(`${spec} > ${path.slice(0, 300)}`)
      if (values.verbose) console.log(`${sum.name} ${spec} > ${path}`)
    } else {
      hit.add(line)
      sum.known++
    }
  }
  for (const line of expected) {
    if (!hit.has(line) && !line.sometimes) sum.wrong.push(`${spec}: known/ says that it fails, and it does not: ${line.test ?? 'the file'}`)
  }
}

const names = specs()
const sums = []
for (const name of values.on.split(',')) {
  const between = values.set === 'covering' && (name === 'node22' || name === 'node24')
  sums.push(await runOn(name, between ? names.filter((spec) => !long.includes(spec)) : names))
}

console.log('\n| runtime | specs | passed | failed | known to fail | left out | seconds |\n| --- | --- | --- | --- | --- | --- | --- |')
for (const { name, specs, passed, wrong, known, leftOut, seconds } of sums) {
  console.log(`| ${name} | ${specs} | ${passed} | ${wrong.length} | ${known} | ${leftOut} | ${seconds} |`)
}
const wrong = sums.flatMap((sum) => sum.wrong.map((line) => `${sum.name}: ${line}`))
if (wrong.length > 0) console.log(`\n${wrong.join('\n')}`)
process.exitCode = wrong.length > 0 ? 1 : 0
