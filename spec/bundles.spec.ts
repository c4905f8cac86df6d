// The library in one file, as bundlers make it: ES modules and CommonJS, run where nothing can be loaded from beside it. What
// is found only while a program runs (a module that a bundler does not see, `import.meta` in CommonJS) shows here. More
// bundlers, and a single executable, are tried on the packed package by scripts/check-consumer.js.

import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { identityOf } from './support/certificates.js'
import { program, root } from './support/program.js'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'linnet-bundle-')))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

const { key, cert } = identityOf()
const dist = (file: string): string => JSON.stringify(join(root, 'dist', file))
const source = readFileSync(join(root, 'scripts/consumer/bundled.mjs'), 'utf8')
const expected = readFileSync(join(root, 'scripts/consumer/bundled.txt'), 'utf8')
const input = join(folder, 'entry.mjs')
const entries = { "'linnet'": 'index.js', "'linnet/framing'": 'framing.js', "'linnet/testing'": 'testing.js' }
writeFileSync(
  input,
  Object.entries(entries).reduce((text, [specifier, file]) => text.replace(specifier, dist(file)), source),
)

for (const bundler of ['esbuild', 'rolldown', 'webpack']) {
  for (const format of ['esm', 'cjs'] as const) {
    t.test(`the library works in one file that ${bundler} makes (${format})`, async (t) => {
      const place = join(folder, `${bundler}-${format}`)
      mkdirSync(place)
      const file = join(place, format === 'esm' ? 'main.mjs' : 'main.cjs')
      await promisify(execFile)(process.execPath, [join(root, 'scripts/bundle.js'), bundler, format, input, file])
      const env = { LINNET_KEY: String(key), LINNET_CERT: String(cert) }
      const run = program(t, `process.chdir(${JSON.stringify(place)}); await import(${JSON.stringify(file)})`, { library: false, env })
      t.equal(await run.ends(60_000), 0)
      t.equal(run.stdout, expected)
      t.equal(run.stderr, '')
    })
  }
}
