// Makes one file of a program and all that it imports, for Node, as a user's bundler does.
//
//   node scripts/bundle.js esbuild|rolldown|webpack esm|cjs main.mjs out.mjs

import { basename, dirname } from 'node:path'

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
}

await bundlers[bundler]()
