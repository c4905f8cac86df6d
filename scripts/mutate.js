// Which mistakes the specs of the pure rooms do not notice: each mutation of mutations.js is put into a copy of the build, one at
// a time, and the specs that mirror the room run on it until one fails. A mutation that no spec notices has survived. Some of
// those change nothing that can be seen; the others show a spec that is missing. It is a report, not a gate: the exit code is
// 0 unless the specs fail without a mutation.
//
//   npm run mutate                                    all rooms; lib/bytes takes about ten minutes on two cores
//   npm run mutate -- lib/bytes                       one of them
//   npm run mutate -- lib/bytes/search.ts             one file, also of another room if a spec mirrors it
//   npm run mutate -- lib/options --sample 100        a hundred of its mutations, chosen by --seed
//   npm run mutate -- lib/bytes --jobs 4              so many at once; the default is the number of cores

import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { availableParallelism, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { root } from './entries.js'
import { mutated, mutationsOf } from './mutations.js'

/** Each room, and the specs that try it beside those of its own folder. */
const ROOMS = {
  'lib/bytes': ['connection/reading/until', 'connection/reading/match', 'connection/reading/try', 'danger/transferred'],
  'lib/framing': [],
  'lib/proxy-protocol': ['server/proxy-header', 'server/proxy-header-refused'],
  'lib/options': ['mistakes/option-forms', 'mistakes/option-names', 'mistakes/option-values', 'mistakes/tls-options', 'foreign'],
}

/** A spec that takes so many times as long as without a mutation, and so many milliseconds more, has noticed it: it loops. */
const PATIENCE = { times: 5, more: 5000 }

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: String(availableParallelism()) },
  },
})

const work = mkdtempSync(join(tmpdir(), 'linnet-mutate-'))
process.once('exit', () => rmSync(work, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

const chosen = filesOf(positionals.length > 0 ? positionals : Object.keys(ROOMS))
const copies = Array.from({ length: Number(values.jobs) }, (_, n) => copy(n))
const times = await withoutMutations(copies, chosen)
await report(copies, chosen, times)

// --- what is mutated, and what tries it ------------------------------------------------------------------------------------

/** @returns {{ name: string, specs: string[] }[]} files of lib/ without their ending, and the specs that try each, its own first */
function filesOf(wanted) {
  const files = Object.keys(ROOMS).flatMap((room) =>
    readdirSync(join(root, room))
      .filter((name) => name.endsWith('.ts'))
      .map((name) => ({ name: `${room}/${basename(name, '.ts')}`, specs: specsOf(room, basename(name, '.ts')) })),
  )
  return wanted.flatMap((path) => {
    const name = path.replace(/\.ts$|\/$/, '')
    const found = files.filter((file) => file.name === name || file.name.startsWith(`${name}/`))
    return found.length > 0 ? found : [mirrored(name)]
  })
}

/** A file of another room: the spec that mirrors it is all that tries it. */
function mirrored(name) {
  const spec = name.replace(/^lib\//, '')
  if (!existsSync(specFile(root, spec)))
    throw new Error(`${name} is in none of the rooms ${Object.keys(ROOMS).join(', ')}, and no spec mirrors it`)
  return { name, specs: [spec] }
}

function specsOf(room, name) {
  const folder = room.replace('lib/', '')
  const own = specsIn(folder)
  const others = ROOMS[room].flatMap((spec) => (existsSync(specFile(root, spec)) ? [spec] : missing(spec)))
  const mirror = `${folder}/${name}`
  return [...own.filter((spec) => spec === mirror), ...own.filter((spec) => spec !== mirror), ...others]
}

function specsIn(folder) {
  return readdirSync(join(root, 'build/spec', folder))
    .filter((name) => name.endsWith('.spec.js'))
    .map((name) => `${folder}/${basename(name, '.spec.js')}`)
}

function missing(spec) {
  throw new Error(`there is no spec ${spec}: mend ROOMS of scripts/mutate.js`)
}

function specFile(path, spec) {
  return join(path, 'build/spec', `${spec}.spec.js`)
}

/** A checkout as it is built, to be changed. */
function copy(n) {
  const path = join(work, String(n))
  for (const name of ['build/lib', 'build/spec', 'dist', 'package.json']) cpSync(join(root, name), join(path, name), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(path, 'node_modules'))
  return path
}

// --- running ---------------------------------------------------------------------------------------------------------------

/** Runs a spec in a copy up to its first failure: how it ended, and after how many milliseconds. */
function run(path, spec, longest) {
  const begun = performance.now()
  // Not the options of this process: tap would add its own.
  const { NODE_OPTIONS: _, ...env } = process.env
  const child = spawn(process.execPath, [specFile(path, spec)], {
    cwd: path,
    env: { ...env, TAP_BAIL: '1', NO_COLOR: '1' },
    stdio: 'ignore',
    // With a group of its own, what it has started ends with it.
    detached: true,
  })
  let late = false
  const timer = setTimeout(() => {
    late = true
    process.kill(-child.pid, 'SIGKILL')
  }, longest)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      clearTimeout(timer)
      resolve({ end: late ? 'late' : code === 0 ? 'passed' : 'failed', ms: performance.now() - begun })
    })
  })
}

/** Calls `each` with every item and the copy that it may use, as many at once as there are copies. */
async function inTurns(copies, items, each) {
  const waiting = [...items]
  const next = async (path) => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await each(item, path)
  }
  await Promise.all(copies.map(next))
}

/** How long each spec takes; a spec that fails already says nothing about a mutation. */
async function withoutMutations(copies, files) {
  const times = new Map()
  await inTurns(copies, new Set(files.flatMap(({ specs }) => specs)), async (spec, path) => {
    const { end, ms } = await run(path, spec, 240_000)
    if (end !== 'passed') throw new Error(`${spec} fails without a mutation`)
    times.set(spec, ms)
  })
  return times
}

/** `killed`: a spec has failed; `late`: one did not end; `survived`: all passed. */
async function fateOf(path, specs, times) {
  const [first, ...others] = specs
  for (const spec of [first, ...others.sort((a, b) => times.get(a) - times.get(b))]) {
    const { end } = await run(path, spec, times.get(spec) * PATIENCE.times + PATIENCE.more)
    if (end !== 'passed') return end === 'late' ? 'late' : 'killed'
  }
  return 'survived'
}

// --- the report ------------------------------------------------------------------------------------------------------------

async function report(copies, files, times) {
  const begun = performance.now()
  const sums = new Map(files.map(({ name }) => [name, { killed: 0, late: 0, survived: 0 }]))
  const all = files.flatMap((file) => {
    const source = readFileSync(join(root, 'build', `${file.name}.js`), 'utf8')
    return mutationsOf(source).map((mutation) => ({ ...file, source, mutation }))
  })
  const some = sampleOf(all)
  console.log(
    `${some.length} mutations${some.length < all.length ? ` of ${all.length}` : ''}, ${new Set(files.flatMap(({ specs }) => specs)).size} specs`,
  )
  await inTurns(copies, some, async ({ name, specs, source, mutation }, path) => {
    const file = join(path, 'build', `${name}.js`)
    writeFileSync(file, mutated(source, mutation))
    const fate = await fateOf(path, specs, times)
    writeFileSync(file, source)
    sums.get(name)[fate]++
    if (fate === 'survived') console.log(`survived  ${placeOf(name, source, mutation.start)}  ${changeOf(source, mutation)}`)
  })
  const total = { killed: 0, late: 0, survived: 0 }
  console.log('\n| file | killed | did not end | survived |\n| --- | ---: | ---: | ---: |')
  for (const [name, sum] of sums) {
    for (const fate of Object.keys(total)) total[fate] += sum[fate]
    console.log(`| ${name}.ts | ${sum.killed} | ${sum.late} | ${sum.survived} |`)
  }
  const seconds = Math.round((performance.now() - begun) / 1000)
  console.log(`\n${total.killed + total.late} killed, ${total.survived} survived, in ${seconds} s`)
}

/** All of them, or as many as were asked for: the same ones for the same seed. */
function sampleOf(all) {
  if (values.sample === undefined) return all
  const rest = [...all]
  let seed = Number(values.seed)
  const random = () => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32
  return Array.from({ length: Math.min(Number(values.sample), all.length) }, () => rest.splice(Math.floor(random() * rest.length), 1)[0])
}

/** Where a position of the build stands in lib/. */
function placeOf(name, source, position) {
  const before = source.slice(0, position).split('\n')
  const map = new SourceMap(JSON.parse(readFileSync(join(root, 'build', `${name}.js.map`), 'utf8')))
  const { originalLine = 0, originalColumn = 0 } = map.findEntry(before.length - 1, before.at(-1).length)
  return `${name}.ts:${originalLine + 1}:${originalColumn + 1}`
}

/** The line as it was and as it became, from where they differ. */
function changeOf(source, { start, end, text }) {
  const from = source.lastIndexOf('\n', start - 1) + 1
  const to = source.indexOf('\n', end)
  const line = (middle) => `${source.slice(from, start)}${middle}${source.slice(end, to)}`.trim().replace(/\s+/g, ' ')
  return `${line(source.slice(start, end))}  →  ${line(text)}`
}
