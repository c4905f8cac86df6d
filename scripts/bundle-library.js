// Makes dist/*.js: a file for each entry point and one for their common code, with source maps. They contain the parts of packages that
// the library uses, so an installation needs no other package.
// Decision: docs/decisions/dist-is-a-bundle.md

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { rolldown } from 'rolldown'
import { entries, root, SHARED } from './entries.js'

const dist = join(root, 'dist')

const bundle = await rolldown({
  cwd: root,
  input: Object.fromEntries(entries.map(({ name, source }) => [name, `lib/${source}.ts`])),
  platform: 'node',
  transform: { target: 'node20.19' },
  onLog(level, log) {
    // Otherwise a name that cannot be resolved would be resolved on the user's machine.
    if (level === 'warn') throw new Error(log.message)
  },
})

// Keeps the declarations: another step makes them, and does not run each time.
const kept = [SHARED, ...entries.map(({ name }) => name)].map((name) => `${name}.d.ts`)
mkdirSync(dist, { recursive: true })
for (const name of readdirSync(dist)) if (!kept.includes(name)) rmSync(join(dist, name), { recursive: true })

const { output } = await bundle.write({
  dir: dist,
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: `${SHARED}.js`,
  // All that two entry points use goes into that one file. Otherwise there would be a file for each set of entry points.
  codeSplitting: { groups: [{ name: SHARED, minShareCount: 2 }] },
  sourcemap: true,
  // Editors read comments in the declarations, debuggers in the source maps. Here they would only slow down each start.
  comments: { annotation: true, legal: true, jsdoc: false },
})
await bundle.close()
keepPaths()
for (const { fileName } of output) if (fileName.endsWith('.map')) dropForeignSources(join(dist, fileName))

// Programs also import the files of a checkout by the paths of lib/: dist/testing/index.js.
function keepPaths() {
  for (const { name, source } of entries) {
    if (name === source) continue
    const path = join(dist, `${source}.js`)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, `export * from '../${name}.js'\n`)
  }
}

// zod is a third of the source map, and not needed to debug a program that uses linnet.
function dropForeignSources(file) {
  const map = JSON.parse(readFileSync(file, 'utf8'))
  map.sourcesContent = map.sourcesContent.map((text, at) => (map.sources[at].includes('node_modules') ? null : text))
  writeFileSync(file, JSON.stringify(map))
}

for (const { type, fileName, imports = [], dynamicImports = [] } of output) {
  if (type !== 'chunk') continue
  const foreign = [...imports, ...dynamicImports].filter(
    (name) => !name.startsWith('node:') && !output.some((file) => file.fileName === name),
  )
  if (foreign.length > 0)
    throw new Error(`${fileName} imports ${foreign.join(', ')}: everything but Node's own modules has to be in the bundle`)
  if (dynamicImports.length > 0)
    throw new Error(`${fileName} loads ${dynamicImports.join(', ')} later: that can fail for the want of a descriptor`)
}
