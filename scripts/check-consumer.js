// Checks the package as a new user gets it: installs the packed package in empty projects and uses it there. It checks the types under
// each supported compiler; all code of README.md and docs/, compiled, linted, and run with a real client; bundles, a single executable
// and `require`. The last line is `N passed, N failed`.
//
//   node scripts/check-consumer.js [linnet-0.1.0.tgz] [--full] [--only=types,lint,bundles,programs]
//
// Without a tarball it packs one. `--full` checks every combination.

import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { blocksOf, moduleOf } from './blocks.js'
import { checkBundles } from './consumer/bundles.js'
import { checkLint } from './consumer/lint.js'
import { counts, folder, project, result, run } from './consumer/tools.js'
import { checkTypes, installCompilers } from './consumer/types.js'
import { converse, freePort } from './conversation.js'
import { root } from './entries.js'

const full = process.argv.includes('--full')
const only = process.argv
  .find((argument) => argument.startsWith('--only='))
  ?.slice('--only='.length)
  .split(',')
const wanted = (part) => only === undefined || only.includes(part)
const given = process.argv.slice(2).find((argument) => argument.endsWith('.tgz'))

async function packed() {
  if (given !== undefined) return resolve(given)
  const { wrong } = await run(root, 'npm', ['pack', '--pack-destination', folder])
  if (wrong !== undefined) throw new Error(wrong)
  return join(
    folder,
    readdirSync(folder).find((name) => name.endsWith('.tgz')),
  )
}

async function check() {
  const tarball = await packed()
  const consumer = await project('consumer', tarball, '@types/node@20')
  result('the package can be installed', consumer.wrong)
  if (consumer.wrong !== undefined) return
  const installed = readdirSync(join(consumer.path, 'node_modules')).filter((name) => !name.startsWith('.'))
  const others = installed.filter((name) => !['linnet', '@types', 'undici-types'].includes(name))
  result('it brings no other package', others.length > 0 ? `it brought ${others.join(', ')}` : undefined)
  const library = join(consumer.path, 'node_modules/linnet')

  // The ports of the documentation are replaced, because another process may use them.
  const ports = [
    ['8888', await freePort()],
    ['8889', await freePort()],
  ]
  const moved = (text) => ports.reduce((text, [from, to]) => text.replaceAll(from, String(to)), text)
  const names = Object.keys(await import(pathToFileURL(join(library, 'dist/index.js')).href))
  const blocks = ['README.md', ...pagesOf('docs/guide'), ...pagesOf('docs/decisions')].flatMap((page) => blocksOf(join(root, page)))
  const modules = blocks.map(({ name, source, program }) => {
    return { file: `${name}.ts`, source: moved(program ? source : moduleOf(source, names)), program }
  })

  let out
  if (wanted('types') || wanted('programs')) {
    const compilers = await installCompilers()
    if (counts.failed > 0) return
    out = await checkTypes(compilers, library, modules, full)
  }
  if (wanted('lint')) await checkLint(library, modules)
  if (wanted('bundles')) await checkBundles(library, full)
  if (!wanted('programs')) return
  for (const { name, program, dialogue } of blocks) {
    if (!program) continue
    const lines = dialogue.map(({ command, output }) => ({ command: moved(command), output }))
    result(`${name} ${lines.length > 0 ? 'answers' : 'runs'}`, await converse(join(out, `${name}.js`), ports[0][1], lines))
  }
}

function pagesOf(path) {
  return readdirSync(join(root, path))
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => `${path}/${name}`)
}

await check()
console.log(`${counts.passed} passed, ${counts.failed} failed`)
if (counts.failed > 0) process.exitCode = 1
