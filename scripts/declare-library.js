// Makes dist/*.d.ts from the declarations that tsc has written to build/types: all of them rolled up in one file, from which the file of
// each entry point exports its names. They include the declarations of packages, and exclude internal members. It also writes the
// report of the API, build/api.md (see scripts/check-api.js).
// Decision: docs/decisions/dist-is-a-bundle.md

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor'
import { entries, root, SHARED } from './entries.js'

const types = join(root, 'build/types')
const work = join(root, 'build/declarations')
const dist = join(root, 'dist')

/** The part of a declaration that replaces an internal constructor. */
const INTERNAL_CONSTRUCTOR = /\/\*\* @internal \*\/\n\s*constructor\([^;]*\);/g

/** The import of events.ts. Under `nodenext` the name is the module, and the interface its `default`. */
const EMITTER = [
  ["import type Module from 'typed-emitter';", "import type { default as TypedEventEmitter, EventMap } from 'typed-emitter';"],
  ['Module.EventMap', 'EventMap'],
  ['Module.default<', 'TypedEventEmitter<'],
]

/** The base class of `Connection` whose methods `Reader` has: their names are looked up in it. */
const READER_BASE = 'ReadMethods'

/** A class with its comment: 1 the comment, 2 exported or not, 3 the name, 4 the base class, 5 what it implements, 6 the members. */
const CLASS =
  /((?:^\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n)?)^(export )?declare (?:abstract )?class (\w+)(?: extends (\w+))?([^{\n]*)\{\n([\s\S]*?)^\}\n/gm

const HEADER = `/// <reference types="node" preserve="true" />
// TypedEventEmitter and EventMap are those of typed-emitter, © 2018 Andy Wermke, MIT: see THIRD-PARTY.
`

/** @type {{ specifier: string, name: string, names: { name: string, type: boolean }[] }[]} */
const faces = entries.map((entry) => ({ ...entry, names: namesOf(`${entry.source}.d.ts`) }))
oneMeaningEach()
prepareTypes()
const report = rollUp()
writeEntries()
writeFileSync(join(root, 'build/api.md'), `${listOf(faces)}\n${report}`)

/** The exports of a file of re-exports. */
function namesOf(file) {
  const text = readFileSync(join(types, file), 'utf8').replace(/^\s*\/\/.*$/gm, '')
  const names = []
  const rest = text.replace(/export (type )?\{([^}]*)\} from '[^']+';?/g, (_, allTypes, list) => {
    for (const item of list.split(',').map((item) => item.trim())) {
      if (item !== '') names.push({ name: item.replace(/^type /, ''), type: allTypes !== undefined || item.startsWith('type ') })
    }
    return ''
  })
  if (rest.trim() !== '') throw new Error(`${file} has more than re-exports: ${rest.trim()}`)
  return names
}

function oneMeaningEach() {
  const all = faces.flatMap(({ names }) => names.map(({ name }) => name))
  const twice = all.filter((name, at) => all.indexOf(name) !== at)
  if (twice.length > 0) throw new Error(`two entry points export ${twice.join(', ')}`)
}

// A copy, because tsc may not rewrite unchanged files.
function prepareTypes() {
  rmSync(work, { recursive: true, force: true })
  const files = readdirSync(types, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.d.ts'))
  const texts = new Map(files.map((name) => [name, readFileSync(join(types, name), 'utf8')]))
  const bases = new Set([...texts.values()].flatMap((text) => Array.from(text.matchAll(/class \w+ extends (\w+)/g), ([, name]) => name)))
  let emitters = 0
  for (let [name, text] of texts) {
    text = text.replace(INTERNAL_CONSTRUCTOR, (_, at) => {
      const [, declared] = text.slice(0, at).match(/[\s\S]*^export declare (?:abstract )?class (\w+)/m)
      return `${bases.has(declared) ? 'protected' : 'private'} constructor();`
    })
    if (text.includes(EMITTER[0][0])) emitters++
    for (const [from, to] of EMITTER) text = text.replaceAll(from, to)
    if (text.includes('@internal')) throw new Error(`${name}: only constructors can be internal`)
    mkdirSync(join(work, name, '..'), { recursive: true })
    writeFileSync(join(work, name), text)
  }
  if (emitters !== 1) throw new Error('typed-emitter is not imported as it is expected to be')
  writeFileSync(join(work, 'entries.d.ts'), entries.map(({ source }) => `export * from './${source}.js'\n`).join(''))
}

/** Writes the declarations; returns the report. */
function rollUp() {
  const entry = join(work, 'entries.d.ts')
  const file = join(dist, `${SHARED}.d.ts`)
  const compilerOptions = {
    ...{ target: 'es2023', lib: ['es2023', 'esnext.disposable'], module: 'preserve', moduleResolution: 'bundler' },
    ...{ types: ['node'], strict: true, skipLibCheck: true },
  }
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: entry,
      bundledPackages: ['typed-emitter'],
      newlineKind: 'lf',
      compiler: { overrideTsconfig: { compilerOptions, files: [entry] } },
      apiReport: { enabled: true, includeForgottenExports: true, reportFileName: 'report', reportFolder: work, reportTempFolder: work },
      docModel: { enabled: false },
      tsdocMetadata: { enabled: false },
      dtsRollup: { enabled: true, untrimmedFilePath: file },
      messages: {
        compilerMessageReporting: { default: { logLevel: 'error' } },
        // Some types are used and not exported on purpose. typedoc checks the comments.
        extractorMessageReporting: { default: { logLevel: 'none' }, 'ae-wrong-input-file-type': { logLevel: 'error' } },
        tsdocMessageReporting: { default: { logLevel: 'none' } },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(root, 'package.json'),
  })
  const { succeeded } = Extractor.invoke(config, {
    localBuild: true,
    messageCallback(message) {
      message.handled = message.logLevel !== 'error'
    },
  })
  if (!succeeded) throw new Error('the declarations cannot be rolled up')
  writeFileSync(file, HEADER + mergeBases(readFileSync(file, 'utf8')))
  const found = readdirSync(work).find((name) => name.startsWith('report'))
  return readFileSync(join(work, found), 'utf8')
}

/**
 * Moves the members of base classes that are not exported into the class that extends them: an editor then shows
 * `Connection.readUntil`, and no class that a program cannot import.
 */
function mergeBases(text) {
  const classes = new Map(
    Array.from(text.matchAll(CLASS), ([all, , exported, name, base, , members]) => [name, { all, exported, base, members }]),
  )
  const inherited = (name) => {
    const base = classes.get(name)
    if (base === undefined || base.exported) return ''
    text = text.replace(base.all, '')
    return inherited(base.base) + base.members.replace(/^ {4}(#private|protected constructor\(\));\n/gm, '')
  }
  const reads = inherited(READER_BASE)
  const names = new Set(Array.from(reads.matchAll(/^ {4}(\w+|\[Symbol\.asyncIterator\])\(/gm), ([, name]) => name))
  const keys = Array.from(names, (name) => (name.startsWith('[') ? `typeof ${name.slice(1, -1)}` : `'${name}'`))
  text = text.replace(`Pick<${READER_BASE}, keyof ${READER_BASE}>`, `Pick<Connection, ${keys.join(' | ')}>`)
  for (const [name, { all, exported, base, members }] of classes) {
    if (!exported || base === undefined || !classes.has(base) || classes.get(base).exported) continue
    const merged = inherited(base) + members
    text = text.replace(all, () => all.replace(` extends ${base}`, '').replace(members, () => merged))
    if (name !== 'Connection') throw new Error(`${name} extends ${base}, which is not exported`)
  }
  if (text.includes(READER_BASE)) throw new Error(`${READER_BASE} is left in the declarations`)
  return text
}

function writeEntries() {
  for (const { name, names } of faces) {
    const list = names.map(({ name, type }) => `  ${type ? 'type ' : ''}${name},\n`).join('')
    writeFileSync(join(dist, `${name}.d.ts`), `export {\n${list}} from './${SHARED}.js'\n`)
  }
}

function listOf(faces) {
  const list = faces.map(({ specifier, names }) => `- \`${specifier}\`: ${names.map(({ name }) => `\`${name}\``).join(', ')}\n`)
  return `# What each entry point exports\n\n${list.join('')}`
}
