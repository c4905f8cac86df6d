// Modules of Node that are slow to load, loaded on first use (`net.ts` and `tls/node.ts` do the same). `getBuiltinModule` is
// synchronous, which `startTls` and `memoryServer` need, and unlike `import()` it opens no file descriptor, so that it cannot
// fail when descriptors have run out.
// Decision: docs/decisions/own-modules-are-loaded-statically.md

import type * as Crypto from 'node:crypto'
import type * as Dns from 'node:dns'
import type * as Os from 'node:os'
import type * as Timers from 'node:timers'
import type * as Util from 'node:util'

const timers = process.getBuiltinModule('node:timers')
// Node's own timers: this module is loaded before a test installs fake ones.
const own = timersOf(timers)

function timersOf({ setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate }: typeof Timers) {
  return { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate }
}

let loadedCrypto: typeof Crypto | undefined
let loadedDns: typeof Dns | undefined
let loadedOs: typeof Os | undefined
let loadedUtil: typeof Util | undefined

/**
 * Calls `load` with Node's own timers in `node:timers`. A module of Node that is loaded while a test has fake timers there would
 * keep the fake ones for good; TLS over a stream that is not a socket does.
 */
export function withOwnTimers<T>(load: () => T): T {
  const found = timersOf(timers)
  if (found.setImmediate === own.setImmediate && found.setTimeout === own.setTimeout) return load()
  Object.assign(timers, own)
  try {
    return load()
  } finally {
    Object.assign(timers, found)
  }
}

/** node:crypto. */
export function crypto(): typeof Crypto {
  loadedCrypto ??= withOwnTimers(() => process.getBuiltinModule('node:crypto'))
  return loadedCrypto
}

/** node:dns. */
export function dns(): typeof Dns {
  loadedDns ??= withOwnTimers(() => process.getBuiltinModule('node:dns'))
  return loadedDns
}

/** node:os. */
export function os(): typeof Os {
  loadedOs ??= process.getBuiltinModule('node:os')
  return loadedOs
}

/** node:util. An import of it also loads what its rarely used exports need. */
export function util(): typeof Util {
  loadedUtil ??= process.getBuiltinModule('node:util')
  return loadedUtil
}
