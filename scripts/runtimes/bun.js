// Replaces `tap` by tap.js on Bun:  bun --preload scripts/runtimes/bun.js a.spec.js
// Modules of the examples that a spec imports use build/lib, as the spec does.

import { fileURLToPath } from 'node:url'
import { plugin } from 'bun'

const tap = fileURLToPath(new URL('tap.js', import.meta.url))
const build = fileURLToPath(new URL('../../build/', import.meta.url))

plugin({
  name: 'specs',
  setup({ module, onResolve }) {
    module('tap', async () => ({ exports: await import(tap), loader: 'object' }))
    onResolve({ filter: /^linnet(\/(framing|testing))?$/ }, ({ path, importer }) =>
      importer.startsWith(`${build}examples/`) ? { path: `${build}lib${path.slice('linnet'.length)}/index.js` } : undefined,
    )
  },
})
