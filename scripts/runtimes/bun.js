// Replaces `tap` by tap.js on Bun:  bun --preload scripts/runtimes/bun.js a.spec.js

import { fileURLToPath } from 'node:url'
import { plugin } from 'bun'

const tap = fileURLToPath(new URL('tap.js', import.meta.url))

plugin({
  name: 'tap',
  setup(build) {
    build.module('tap', async () => ({ exports: await import(tap), loader: 'object' }))
  },
})
