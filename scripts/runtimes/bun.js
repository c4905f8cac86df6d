// Replaces `tap` by tap.js on Bun:  bun --preload scripts/runtimes/bun.js a.spec.js
// Modules of the examples that a spec imports use build/lib, as the spec does.

import { fileURLToPath } from 'node:url'
import { plugin } from 'bun'

const at = (path) => fileURLToPath(new URL(path, import.meta.url))
const modules = {
  tap: at('tap.js'),
  linnet: at('../../build/lib/index.js'),
  'linnet/framing': at('../../build/lib/framing/index.js'),
  'linnet/testing': at('../../build/lib/testing/index.js'),
}

plugin({
  name: 'specs',
  setup(build) {
    for (const [name, file] of Object.entries(modules)) build.module(name, async () => ({ exports: await import(file), loader: 'object' }))
  },
})
