// Checks a budget for the size of an installation and the cost of a start, so that growth is visible. A change that needs more raises a
// number here, with a reason.
//
//   node scripts/check-weight.js linnet-0.1.0.tgz

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { root } from './entries.js'

const KB = 1000
const MB = 1000 * KB

const LINNET = "await (await import('linnet')).listen({ port: 0, host: '127.0.0.1' })"
const BARE =
  "const { createServer } = await import('node:net'); await new Promise((listening) => createServer().listen(0, '127.0.0.1', listening))"

const tarball = process.argv[2]
const packed = readFileSync(tarball)
const files = filesOf(gunzipSync(packed))
const sizeOf = (pattern) => files.filter(({ name }) => pattern.test(name)).reduce((sum, { size }) => sum + size, 0)

const budget = [
  // Three files (code, map, declarations) for each entry point and the shared one, six texts and package.json.
  { what: 'files', is: files.length, most: 20, unit: 1 },
  { what: 'kB to download', is: packed.length, most: 600 * KB, unit: KB },
  { what: 'kB unpacked', is: sizeOf(/./), most: 2300 * KB, unit: KB },
  { what: "kB of code that `import 'linnet'` loads", is: sizeOf(/dist\/(index|shared)\.js$/), most: 420 * KB, unit: KB },
  // Half of them are comments: what an editor shows of each method, option and codec.
  { what: 'kB of declarations', is: sizeOf(/\.d\.ts$/), most: 140 * KB, unit: KB },
  // With much more, V8 marks the whole heap again and again while much data moves (docs/performance.md). With Node 20's own 4.1
  // it makes 7; later Nodes have more of their own.
  { what: 'MB of heap after the first listen, more than of a bare server', is: heap(LINNET) - heap(BARE), most: 2.9 * MB, unit: MB },
]

let failed = 0
for (const { what, is, most, unit } of budget) {
  const [said, limit] = [is, most].map((number) => Number((number / unit).toFixed(1)))
  if (is > most) failed++
  console.log(`${is > most ? 'not ok' : 'ok'} - ${said} ${what}, of ${limit}`)
}
process.exitCode = failed > 0 ? 1 : 0

/** The files of a tar archive: for each a header of 512 bytes, then its bytes in blocks of 512. */
function filesOf(archive) {
  const found = []
  for (let at = 0; archive[at] !== 0 && at < archive.length; ) {
    const text = (from, to) => archive.toString('latin1', at + from, at + to).replace(/\0.*$/s, '')
    const size = Number.parseInt(text(124, 136), 8)
    if (text(156, 157) === '0') found.push({ name: text(0, 100), size })
    at += 512 + Math.ceil(size / 512) * 512
  }
  return found
}

/** The smallest number that a program prints in three runs: the amount of garbage that is collected by then varies. */
function heap(program) {
  const code = `${program}; console.log((await import('node:v8')).getHeapStatistics().used_heap_size); process.exit()`
  const once = () => Number(execFileSync(process.execPath, ['--input-type=module', '--eval', code], { cwd: root, encoding: 'utf8' }))
  return Math.min(once(), once(), once())
}
