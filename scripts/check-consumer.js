// What a stranger meets: installs the packed package in an empty project, compiles all code of README.md and docs/ there
// under each TypeScript that is promised to work, strictly and with the typings of every dependency checked too, and runs
// the programs against a real client. It ends with a line `N passed, N failed`.
//
//   node scripts/check-consumer.js [linnet-0.1.0.tgz]        without a tarball it packs one

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { blocksOf, moduleOf } from './blocks.js'
import { converse, freePort } from './conversation.js'

const COMPILERS = ['5.9', '6.0', '7.0']
const root = resolve(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'linnet-consumer-'))
let passed = 0
let failed = 0

function result(what, wrong) {
  if (wrong === undefined) passed++
  else failed++
  console.log(wrong === undefined ? `ok - ${what}` : `not ok - ${what}\n${wrong.replace(/^/gm, '    ')}`)
}

/** Runs a command; what it said if it failed. */
function run(cwd, command, ...args) {
  try {
    execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
    return undefined
  } catch (error) {
    return `${error.stdout ?? ''}${error.stderr ?? ''}` || String(error)
  }
}

function project(name, ...packages) {
  const path = join(folder, name)
  mkdirSync(path)
  writeFileSync(join(path, 'package.json'), JSON.stringify({ name, private: true, type: 'module' }))
  return { path, wrong: run(path, 'npm', 'install', '--no-audit', '--no-fund', '--loglevel=error', ...packages) }
}

function packed() {
  if (process.argv[2] !== undefined) return resolve(process.argv[2])
  execFileSync('npm', ['pack', '--pack-destination', folder], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
  return join(
    folder,
    readdirSync(folder).find((name) => name.endsWith('.tgz')),
  )
}

async function check() {
  const compilers = project('compilers', ...COMPILERS.map((version) => `typescript-${version}@npm:typescript@~${version}`))
  result(`TypeScript ${COMPILERS.join(', ')} can be installed`, compilers.wrong)

  const consumer = project('consumer', packed(), '@types/node@20')
  const others =
    consumer.wrong ?? readdirSync(join(consumer.path, 'node_modules')).filter((name) => !/^\.|^linnet$|^@types$|^undici-types$/.test(name))
  result(
    'the package can be installed, and brings no other',
    consumer.wrong ?? (others.length > 0 ? `it brought ${others.join(', ')}` : undefined),
  )
  if (failed > 0) return

  const port = await freePort()
  const index = pathToFileURL(join(consumer.path, 'node_modules/linnet/dist/index.js'))
  const names = Object.keys(await import(index.href))
  const pages = ['README.md', ...globPages()]
  const blocks = pages.flatMap((page) => blocksOf(join(root, page)))
  for (const { name, source, program } of blocks) {
    writeFileSync(join(consumer.path, `${name}.ts`), (program ? source : moduleOf(source, names)).replaceAll('8888', String(port)))
  }

  for (const version of COMPILERS) {
    const compilerOptions = {
      ...{ target: 'es2023', module: 'nodenext', types: ['node'], rootDir: '.', outDir: `out-${version}` },
      ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false },
    }
    writeFileSync(join(consumer.path, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
    const tsc = join(compilers.path, `node_modules/typescript-${version}/bin/tsc`)
    result(
      `${blocks.length} blocks of ${pages.length} pages compile under TypeScript ${version}`,
      run(consumer.path, process.execPath, tsc, '-p', '.'),
    )
  }
  if (failed > 0) return

  for (const { name, program, dialogue } of blocks) {
    if (!program) continue
    const lines = dialogue.map(({ command, output }) => ({ command: command.replaceAll('8888', String(port)), output }))
    result(`${name} ${lines.length > 0 ? 'answers' : 'runs'}`, await converse(join(consumer.path, `out-6.0/${name}.js`), port, lines))
  }
}

function globPages() {
  return ['docs/guide', 'docs/decisions'].flatMap((path) =>
    existsSync(join(root, path))
      ? readdirSync(join(root, path))
          .filter((name) => name.endsWith('.md'))
          .sort()
          .map((name) => `${path}/${name}`)
      : [],
  )
}

try {
  await check()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
console.log(`${passed} passed, ${failed} failed`)
if (failed > 0) process.exitCode = 1
