// What a program does before its first connection: a budget of work, so that a start does not become slower unseen. It is
// counted and not timed, so that it is the same on every machine: files and modules that are loaded, and the code that runs.
// A change that needs more raises a line here, and says why. What the files weigh is in check-weight.js.
//
//   node scripts/check-start.js     needs `npm run bundle`

import { execFileSync } from 'node:child_process'
import { root } from './entries.js'

const KB = 1000

/** Both print what is loaded after it; linnet's also which functions of its files have run so far, with their positions. */
const PROGRAM = (load, listen) => `
import { Session } from 'node:inspector'
const session = new Session()
session.connect()
const ask = (method, parameters) => {
  let answer
  session.post(method, parameters, (error, result) => { if (error) throw error; answer = result })
  return answer
}
const files = []
session.on('Debugger.scriptParsed', ({ params: { url, length } }) => { if (url.includes('/dist/')) files.push({ url, length }) })
ask('Debugger.enable')
ask('Profiler.enable')
ask('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
const functions = () => ask('Profiler.takePreciseCoverage').result.filter(({ url }) => url.includes('/dist/'))
const { createServer } = await import('node:net')
${load}
const imported = functions()
${listen}
const listened = functions()
console.log(JSON.stringify({ files, modules: process.moduleLoadList, imported, listened }))
process.exit()
`

const bare = measure('', "await new Promise((listening) => createServer().listen(0, '127.0.0.1', listening))")
const linnet = measure("const { listen } = await import('linnet')", "await listen({ port: 0, host: '127.0.0.1' })")

/** Node's own modules that linnet loads and a bare server does not: perf_hooks, os (for the size of the memory), and mostly what fs/promises loads. */
const modules = linnet.modules.filter((name) => name.startsWith('NativeModule ') && !bare.modules.includes(name))
const imported = ranIn(linnet.imported)
const listened = ranIn(linnet.listened)

const budget = [
  // The file of the entry point, and the one that all entry points share.
  { what: 'files loaded', is: linnet.files.length, most: 2, unit: 1 },
  { what: 'kB of code in them', is: sum(linnet.files.map(({ length }) => length)), most: 360 * KB, unit: KB },
  { what: 'modules of Node loaded, beyond those of a bare server', is: modules.length, most: 20, unit: 1 },
  { what: 'functions called by the import', is: imported.count, most: 75, unit: 1 },
  { what: 'kB of code that the import runs', is: imported.size, most: 48 * KB, unit: KB },
  { what: 'functions called by the first listen', is: listened.count, most: 120, unit: 1 },
  { what: 'kB of code that the first listen runs', is: listened.size, most: 24 * KB, unit: KB },
]

for (const { what, is, most, unit } of budget) {
  const [figure, limit] = [is, most].map((number) => Number((number / unit).toFixed(1)))
  if (is > most) process.exitCode = 1
  console.log(`${is > most ? 'not ok' : 'ok'} - ${figure} ${what}, of ${limit}`)
}
if (process.exitCode === 1) console.log(`modules of Node: ${modules.map((name) => name.replace('NativeModule ', '')).join(', ')}`)

function measure(load, listen) {
  // Not the options of this process: what they load would be counted.
  const { NODE_OPTIONS: _, ...env } = process.env
  const args = ['--input-type=module', '--eval', PROGRAM(load, listen)]
  return JSON.parse(execFileSync(process.execPath, args, { cwd: root, env, encoding: 'utf8', maxBuffer: 64 * 1024 * KB }))
}

/** The functions that have run, and their code without that of functions inside them. */
function ranIn(scripts) {
  let count = 0
  let size = 0
  for (const { functions } of scripts) {
    const ranges = functions.map(({ ranges: [{ startOffset: start, endOffset: end, count }] }) => ({ start, end, count, own: end - start }))
    // Outer ones first: the last one of the stack that has not ended is the one around.
    ranges.sort((a, b) => a.start - b.start || b.end - a.end)
    const around = []
    for (const range of ranges) {
      while (around.length > 0 && around.at(-1).end <= range.start) around.pop()
      const outer = around.at(-1)
      if (outer !== undefined) outer.own -= range.end - range.start
      around.push(range)
    }
    const ran = ranges.filter(({ count }) => count > 0)
    count += ran.length
    size += sum(ran.map(({ own }) => own))
  }
  return { count, size }
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0)
}
