// Checks the package in other forms than a folder in node_modules: bundled by each bundler, as ES modules and CommonJS, and as a
// single executable, each run in an empty folder; and loaded by `require`.

import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../entries.js'
import { addCopy, emptyProject, folder, project, result, run, together } from './tools.js'

/** The specs test dist/ with the other bundlers. */
const COVERING = ['rollup', 'bun']
const ALL = ['esbuild', 'rolldown', 'rollup', 'webpack', 'bun']
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'

const expected = readFileSync(join(root, 'scripts/consumer/bundled.txt'), 'utf8')

export async function checkBundles(library, full) {
  await checkRequire(library)
  const tools = ['esbuild@~0.28', 'rollup@^4', '@rollup/plugin-node-resolve@^16', 'bun@^1', 'postject@1.0.0-alpha.6']
  const { path, wrong } = await project('bundlers', ...tools, ...(full ? ['rolldown@^1', 'webpack@^5'] : []))
  if (wrong !== undefined) return result('bundlers can be installed', wrong)
  addCopy(path, 'linnet', library)
  copyFileSync(join(root, 'scripts/bundle.js'), join(path, 'bundle.js'))
  copyFileSync(join(root, 'scripts/consumer/bundled.mjs'), join(path, 'main.mjs'))
  const env = await identity()

  const cases = (full ? ALL : COVERING).flatMap((bundler) => ['esm', 'cjs'].map((format) => [bundler, format]))
  await together(
    cases.map(([bundler, format]) => async () => {
      const place = placeFor(`${bundler}-${format}`)
      const file = join(place, format === 'esm' ? 'main.mjs' : 'main.cjs')
      const made = await run(path, process.execPath, ['bundle.js', bundler, format, join(path, 'main.mjs'), file])
      const what = `bundled by ${bundler} (${format}) it works with nothing beside it`
      result(what, made.wrong ?? complaint(await run(place, process.execPath, [file], env)))
    }),
  )
  result('in a single executable it works', await inExecutable(path, env))
}

/** A folder outside of every project. */
function placeFor(name) {
  const place = join(folder, 'bare', name)
  mkdirSync(place, { recursive: true })
  return place
}

function complaint({ wrong, stdout, stderr }) {
  if (wrong !== undefined) return wrong
  return stdout === expected && stderr === '' ? undefined : `it said\n${stdout}${stderr}`
}

async function inExecutable(path, env) {
  const place = placeFor('executable')
  const main = join(place, 'main.cjs')
  const config = join(place, 'sea.json')
  const file = join(place, 'program')
  writeFileSync(config, JSON.stringify({ main, output: join(place, 'blob'), disableExperimentalSEAWarning: true }))
  copyFileSync(process.execPath, file)
  chmodSync(file, 0o755)
  const steps = [
    [process.execPath, ['bundle.js', 'esbuild', 'cjs', join(path, 'main.mjs'), main]],
    [process.execPath, ['--experimental-sea-config', config]],
    [process.execPath, ['node_modules/postject/dist/cli.js', file, 'NODE_SEA_BLOB', join(place, 'blob'), '--sentinel-fuse', FUSE]],
  ]
  for (const [command, args] of steps) {
    const { wrong } = await run(path, command, args)
    if (wrong !== undefined) return wrong
  }
  return complaint(await run(place, file, [], env))
}

async function checkRequire(library) {
  const path = emptyProject('required', { type: 'commonjs' })
  addCopy(path, 'linnet', library)
  writeFileSync(
    join(path, 'main.js'),
    `const { listen, Connection } = require('linnet')
     const { pair } = require('linnet/testing')
     import('linnet').then(async (imported) => {
       const server = await listen({ port: 0, host: '127.0.0.1' })
       await server.close()
       console.log(pair()[0] instanceof Connection, imported.Connection === Connection)
     })`,
  )
  const { wrong, stdout, stderr } = await run(path, process.execPath, ['main.js'])
  result('require loads it, without a warning', wrong ?? (stdout === 'true true\n' && stderr === '' ? undefined : `${stdout}${stderr}`))
}

/** A key and its certificate. */
async function identity() {
  const place = placeFor('identity')
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const { wrong } = await run(place, 'openssl', [...args, ...subject, '-keyout', 'key.pem', '-out', 'cert.pem'])
  if (wrong !== undefined) throw new Error(wrong)
  return { LINNET_KEY: readFileSync(join(place, 'key.pem'), 'utf8'), LINNET_CERT: readFileSync(join(place, 'cert.pem'), 'utf8') }
}
