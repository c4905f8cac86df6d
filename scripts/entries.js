// The entry points of the package: the names in its `exports`, and the source file of each in lib/.
//   '.'        dist/index.js     lib/index.ts
//   './name'   dist/name.js      lib/name/index.ts

import { readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'

/** The checkout. */
export const root = resolve(import.meta.dirname, '..')

/** The file with the common code of all entry points, and the one with their declarations. */
export const SHARED = 'shared'

const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** @type {{ specifier: string, name: string, source: string }[]} a specifier, its file in dist/ without an ending, its file in lib/ without an ending */
export const entries = Object.entries(exports)
  .filter(([path]) => path !== './package.json')
  .map(([path, { default: file }]) => ({
    specifier: path.replace('.', 'linnet'),
    name: basename(file, '.js'),
    source: path === '.' ? 'index' : `${path.slice(2)}/index`,
  }))
