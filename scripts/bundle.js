// Bundles a program and its imports into one file for Node, as a user's bundler does. The bundler is resolved relative to this file, so
// another project may use a copy of it.
//
//   node scripts/bundle.js esbuild|rolldown|rollup|webpack|bun esm|cjs main.mjs out.mjs

import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

const [bundler, format, input, output] = process.argv.slice(2)

const bundlers = {
  async esbuild() {
    const { build } = await import('esbuild')
    await build({
      ...{ entryPoints: [input], outfile: output, format, bundle: true, minify: true },
      ...{ platform: 'node', target: 'node20', logLevel: 'warning' },
    })
  },

  async rolldown() {
    const { rolldown } = await import('rolldown')
    const bundle = await rolldown({ input, platform: 'node' })
    await bundle.write({ file: output, format })
    await bundle.close()
  },

  async rollup() {
    const { rollup } = await import('rollup')
    const { nodeResolve } = await import('@rollup/plugin-node-resolve')
    const onwarn = ({ message }) => {
      throw new Error(message)
    }
    const bundle = await rollup({ input, external: /^node:/, plugins: [nodeResolve()], onwarn })
    await bundle.write({ file: output, format })
    await bundle.close()
  },

  async webpack() {
    const { default: webpack } = await import('webpack')
    const module = format === 'esm'
    const library = { type: module ? 'module' : 'commonjs2' }
    const options = { entry: input, mode: 'none', target: 'node20', experiments: { outputModule: module } }
    const stats = await new Promise((resolve, reject) => {
      const path = dirname(output)
      webpack({ ...options, output: { path, filename: basename(output), module, library } }, (error, stats) =>
        error ? reject(error) : resolve(stats),
      )
    })
    if (stats.hasErrors() || stats.hasWarnings()) throw new Error(stats.toString())
  },

  // The install script of the package `bun` links its binary. It may not have run.
  async bun() {
    const packages = join(import.meta.dirname, 'node_modules/@oven')
    const [binary] = readdirSync(packages)
      .map((name) => join(packages, name, 'bin/bun'))
      .filter((file) => existsSync(file))
    execFileSync(binary, ['build', input, '--target=node', `--format=${format}`, `--outfile=${output}`], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
  },
}

await bundlers[bundler]()
