// Runs the built specs on other runtimes than the Node that runs this script, and compares the failures with the known ones.
//
//   node scripts/runtimes/run.js [--on node22,bun] [--set covering|all] [--in DIR] [--jobs 2] [--verbose] [--keep DIR] [--left-out] [spec…]
//
// Node runs them unchanged (a file that imports tap prints TAP); Bun and Deno run them with tap.js in place of tap. DIR is the folder in
// which package.json of this folder is installed. A spec is given as a part of its path: `tls/server`. The last line for each runtime
// counts the assertions. At the end are a table and the problems: failures that are not listed, and listed tests that pass.
//
// With --left-out it runs the specs of which something is left out, with those tests, and prints which of them pass.

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
    'left-out': { type: 'boolean', default: false },
  },
})

const modules = join(values.in, 'node_modules')
const node = (name) => ({ program: join(modules, name, 'bin/node'), args: ['--enable-source-maps'] })
const runtimes = {
  node22: node('node22'),
  node24: node('node24'),
  node26: node('node26'),
  // Without its install script, the package has the program in a separate package.
  bun: {
    program: [join(modules, '@oven/bun-linux-x64/bin/bun'), join(modules, 'bun/bin/bun.exe')].find(existsSync),
    args: ['--preload', join(here, 'bun.js')],
  },
  deno: {
    program: join(modules, '@deno/linux-x64-glibc/deno'),
    args: ['run', '--allow-all', '--no-check', `--import-map=${join(here, 'deno.json')}`],
  },
}

/** The requested specs, by their paths in build/spec. */
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

/** Runs one spec; resolves with its output and exit status. */
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

/** Runs the specs on one runtime, several in parallel. */
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
      if (values['left-out']) {
        const never = lines.filter((line) => line.never)
        if (never.length > 0) tried(name, spec, never, await run(runtime, spec, []))
        continue
      }
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

/** Prints which of these tests have passed, and how the others failed. */
function tried(name, spec, never, result) {
  if (values.keep !== undefined) keep(values.keep, `${name}-${spec.replaceAll('/', '-')}.txt`, result)
  const { failed } = tapResults(result.output)
  if (result.end !== 0 && result.end !== 1) failed.push(`ended with ${result.end}`)
  for (const { test = '' } of never) {
    const failures = failed.filter((path) => path.startsWith(test))
    const how = failures.length === 0 ? 'nothing failed' : failures.map((path) => path.slice(test.length, test.length + 150)).join(' | ')
    console.log(`${name} ${spec} > ${test}: ${how}`)
  }
}

/** Writes the output of a spec to a file. */
function keep(folder, file, { output, errors, end }) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, file), `${output}\n--- stderr\n${errors}\n--- ended with ${end}\n`)
}

/** Adds the results of a spec, compared with its known failures. */
function judge(sum, spec, lines, { output, errors, end }) {
  const { passed, failed, skipped } = tapResults(output)
  sum.specs++
  sum.passed += passed
  sum.leftOut += skipped.filter((path) => path.endsWith('# SKIP left out here')).length
  // If the exit status contradicts the results, the whole file has failed.
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
