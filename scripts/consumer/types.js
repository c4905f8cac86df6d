// Compiles the code of the documentation under the supported compilers, module resolutions and types of Node, in strict mode and with
// the declarations of every package checked. A combination that cannot compile an empty program is skipped.

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { addCopy, emptyProject, project, result, run, together } from './tools.js'

const COMPILERS = ['5.4', '5.9', '6.0', '7.0']
// All versions that exist: there are no 21 and 23.
const NODE_TYPES = [20, 22, 24, 25, 26]
const WAYS = {
  nodenext: { module: 'nodenext' },
  // Not `preserve`, which rejects a top-level `for await` in 5.4.
  bundler: { module: 'esnext', moduleResolution: 'bundler' },
}

/** The oldest, the usual and the newest compiler under both resolutions, and each version of the types at least once. */
const COVERING = [
  ['5.4', 'nodenext', 20],
  ['5.4', 'bundler', 22],
  ['5.9', 'bundler', 24],
  ['6.0', 'nodenext', 20],
  ['6.0', 'bundler', 25],
  ['7.0', 'nodenext', 26],
  ['7.0', 'bundler', 24],
]

const ALL = COMPILERS.flatMap((compiler) => Object.keys(WAYS).flatMap((way) => NODE_TYPES.map((types) => [compiler, way, types])))

/** The compilers in which a CommonJS module may import an ES module. */
const REQUIRES = ['5.9', '6.0', '7.0']

export async function installCompilers() {
  const compilers = COMPILERS.map((version) => `typescript-${version}@npm:typescript@~${version}`)
  const types = NODE_TYPES.map((version) => `node-types-${version}@npm:@types/node@${version}`)
  const { path, wrong } = await project('compilers', ...compilers, ...types)
  result(`TypeScript ${COMPILERS.join(', ')} and @types/node ${NODE_TYPES.join(', ')} can be installed`, wrong)
  return path
}

/**
 * @param {string} compilers the project with the compilers
 * @param {string} library the installed package
 * @param {{ file: string, source: string }[]} modules the code of the documentation
 * @param {boolean} full whether to check all combinations instead of the covering ones
 * @returns {Promise<string>} the folder of the compiled programs
 */
export async function checkTypes(compilers, library, modules, full) {
  const cases = full ? ALL : COVERING
  const projects = new Map(NODE_TYPES.map((types) => [types, projectWith(compilers, library, modules, types)]))
  const out = join(projects.get(20), 'out')
  const counted = new Set()
  await together(
    cases.map(([compiler, way, types]) => async () => {
      const path = projects.get(types)
      const emits = compiler === '6.0' && way === 'nodenext' && types === 20
      const include = REQUIRES.includes(compiler) && way === 'nodenext' ? ['*.ts', '*.cts'] : ['*.ts']
      const wrong = await compile(compilers, path, compiler, way, include, emits ? { noEmit: false, outDir: 'out' } : {})
      const what = `${modules.length} blocks compile under TypeScript ${compiler}, ${way}, @types/node ${types}`
      if (wrong !== undefined && (await compile(compilers, path, compiler, way, ['empty/*.ts'])) !== undefined)
        console.log(`skipped - ${what}: nor does an empty program`)
      else {
        counted.add(compiler)
        result(what, wrong)
      }
    }),
  )
  const idle = COMPILERS.filter((compiler) => !counted.has(compiler))
  result('each compiler has compiled something', idle.length > 0 ? `TypeScript ${idle.join(', ')} has not` : undefined)
  result('without @types/node, the first error says what is missing', await withoutNodeTypes(compilers, library))
  return out
}

function projectWith(compilers, library, modules, types) {
  const path = emptyProject(`types-${types}`)
  addCopy(path, 'linnet', library)
  mkdirSync(join(path, 'node_modules/@types'))
  symlinkSync(join(compilers, `node_modules/node-types-${types}`), join(path, 'node_modules/@types/node'))
  for (const { file, source } of modules) writeFileSync(join(path, file), source)
  writeFileSync(
    join(path, 'required.cts'),
    "import { listen, type Server } from 'linnet'\nexport const server: Promise<Server> = listen()\n",
  )
  mkdirSync(join(path, 'empty'))
  writeFileSync(join(path, 'empty/index.ts'), 'export {}\n')
  return path
}

/** Resolves with the errors, or undefined. */
async function compile(compilers, path, compiler, way, include, more = {}) {
  const compilerOptions = {
    // The latest target of the oldest compiler.
    ...{ target: 'es2022', lib: ['es2023', 'esnext.disposable'], types: ['node'], rootDir: '.', noEmit: true },
    ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false },
    ...WAYS[way],
    ...more,
  }
  const config = join(path, `tsconfig.${compiler}-${way}-${include[0].replace(/\W/g, '')}.json`)
  writeFileSync(config, JSON.stringify({ compilerOptions, include }))
  const tsc = join(compilers, `node_modules/typescript-${compiler}/bin/tsc`)
  return (await run(path, process.execPath, [tsc, '-p', config])).wrong
}

async function withoutNodeTypes(compilers, library) {
  const path = emptyProject('no-types')
  addCopy(path, 'linnet', library)
  writeFileSync(join(path, 'index.ts'), "import { listen } from 'linnet'\nawait listen()\n")
  const said = await compile(compilers, path, '6.0', 'bundler', ['index.ts'], { types: [] })
  const [first = 'it compiles'] = said?.split('\n') ?? []
  return /linnet\/dist\/shared\.d\.ts.* TS2688: Cannot find type definition file for 'node'/.test(first) ? undefined : first
}
