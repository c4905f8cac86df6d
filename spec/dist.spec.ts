// dist/, what an installation consists of: a file for each entry point and one for what they share. Whatever the suite says
// of lib/ has to hold in these files too: one copy of each class, with its own name, and stacks that lead to the source.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import * as errors from '../lib/errors.js'
import { program, root } from './support/program.js'

const dist = join(root, 'dist')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const scripts = ['framing.js', 'index.js', 'shared.js', 'testing.js']

async function output(t: Test, code: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  // Before the library is loaded: of what was loaded earlier Node does not read the maps.
  const prelude =
    "process.setSourceMapsEnabled(true); const linnet = await import('linnet'); const testing = await import('linnet/testing');"
  const run = program(t, prelude + code, { library: false, env })
  t.equal(await run.ends(), 0, run.stderr)
  return run.stdout
}

t.test('each file of dist is needed, and none is missing', async (t) => {
  const needed = scripts.flatMap((name) => [name, `${name}.map`, name.replace('.js', '.d.ts')])
  // And a file at the path that the entry point has in lib/, for those who import a checkout by its paths.
  t.strictSame(readdirSync(dist).sort(), [...needed, 'framing', 'testing'].sort())
  for (const name of ['framing', 'testing']) t.strictSame(readdirSync(join(dist, name)), ['index.js'])
  const code =
    "const byPath = await import('./dist/testing/index.js'); console.log(Object.keys(testing).every((name) => byPath[name] === testing[name]))"
  t.equal(await output(t, code), 'true\n')
})

t.test('an installation needs no other package, and runs nothing when it is installed', async (t) => {
  for (const kind of ['dependencies', 'peerDependencies', 'optionalDependencies', 'bundledDependencies']) t.notOk(manifest[kind], kind)
  for (const hook of ['preinstall', 'install', 'postinstall']) t.notOk(manifest.scripts[hook], hook)
})

t.test('the code imports only modules of Node and its own files, and nothing dynamically', async (t) => {
  for (const name of scripts) {
    const code = readFileSync(join(dist, name), 'utf8')
    const imported = Array.from(code.matchAll(/^(?:import|export) (?:[^;"]*from )?"([^"]+)"/gm), ([, specifier = '']) => specifier)
    t.ok(imported.length > 0, name)
    t.strictSame(
      imported.filter((specifier) => !specifier.startsWith('node:') && specifier !== './shared.js'),
      [],
      name,
    )
    t.notMatch(code, /\bimport\(|createRequire|\brequire\(|import\.meta|^await /m, name)
  }
})

t.test('the classes keep their names', async (t) => {
  const names = ['Connection', 'Server', ...Object.keys(errors).filter((name) => name.endsWith('Error') && name !== 'isLinnetError')]
  t.ok(names.length > 10)
  const said = await output(
    t,
    `for (const name of ${JSON.stringify(names)}) if (linnet[name].name !== name) console.log(name, linnet[name].name)`,
  )
  t.equal(said, '')
})

t.test('with source maps a stack has the line of the source', async (t) => {
  const throwing = `
    try { testing.pair({ no: 1 }) } catch (error) { console.log(error.stack.split('\\n').find((line) => line.includes('checkOptions'))) }
    try { new linnet.Connection() } catch (error) { console.log(error.stack.split('\\n')[1]) }`
  const [checked = '', made = ''] = (await output(t, throwing)).split('\n')
  t.match(lineOf(checked), /^options\/schema\.ts: +throw new InvalidOptionsError\(/)
  t.match(lineOf(made), /^connection\/connection\.ts: +throw new TypeError\(/)
})

/** The line of lib/ that a frame of a stack is at. */
function lineOf(frame: string): string {
  const [, place = '', line] = /\(?((?:file:\/\/)?\/[^)]*):(\d+):\d+\)?$/.exec(frame) ?? []
  const file = place.startsWith('file:') ? fileURLToPath(place) : place
  const text = readFileSync(file, 'utf8').split('\n')[Number(line) - 1]
  return `${file.slice(join(root, 'lib/').length)}: ${text}`
}

t.test('the source maps have the sources of the library unchanged', async (t) => {
  for (const name of scripts) {
    const { sources, sourcesContent } = JSON.parse(readFileSync(join(dist, `${name}.map`), 'utf8')) as {
      sources: string[]
      sourcesContent: (string | null)[]
    }
    const own = sources.flatMap((source, at) => (source.startsWith('../lib/') ? [[join(dist, source), sourcesContent[at]] as const] : []))
    t.ok(own.length > 0, name)
    for (const [file, text] of own) t.ok(text === readFileSync(file, 'utf8'), file)
    t.ok(sources.length === own.length || name === 'shared.js', 'packages are in the file that is shared')
  }
})

const ended = `
  const [a, b] = testing.pair()
  void b.end()
  console.log(await a.readUntil('\\n').catch((error) => error.stack))
  a.abort()`

t.test('an error that an event raises names the read, and no frame of the library', async (t) => {
  t.match(await output(t, ended), /^EndOfStreamError: .*\n {4}at readUntil\('\\n'\) \(linnet: .*\)\n$/)
})

t.test('with LINNET_STACKS the stack has the calling program', async (t) => {
  t.match(
    await output(t, ended, { LINNET_STACKS: '1' }),
    /^EndOfStreamError: .*\n {4}at readUntil\('\\n'\) on .*:\n[\s\S]*\n {4}at file:.*\[eval1\]/,
  )
})

t.test('THIRD-PARTY has the licence of every package that is in dist', async (t) => {
  const text = readFileSync(join(root, 'THIRD-PARTY'), 'utf8')
  t.ok(manifest.files.includes('THIRD-PARTY'))
  const packages = new Set(['typed-emitter'])
  for (const name of scripts) {
    const { sources } = JSON.parse(readFileSync(join(dist, `${name}.map`), 'utf8')) as { sources: string[] }
    for (const source of sources) {
      const [, found] = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(source) ?? []
      if (found !== undefined) packages.add(found)
    }
  }
  t.strictSame([...packages].sort(), ['typed-emitter', 'zod'])
  for (const name of packages) {
    const terms = readFileSync(join(root, 'node_modules', name, 'LICENSE'), 'utf8').trim()
    t.ok(text.includes(`\n${name}\n`), name)
    t.ok(text.includes(terms), `the licence of ${name}, word for word`)
  }
})
