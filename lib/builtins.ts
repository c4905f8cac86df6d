// Modules of Node that take as long to load as a part of this library, loaded when they are first needed (`net.ts` and
// `tls/node.ts` do the same). By `getBuiltinModule` and not by `import()`: it needs no descriptor, so it cannot fail for the
// want of one; and what is decided at a call (`startTls`, `memoryServer`) cannot wait.

import type * as Crypto from 'node:crypto'
import type * as Dns from 'node:dns'
import type * as Timers from 'node:timers'

const timers = process.getBuiltinModule('node:timers')
// Node's own, as this module is loaded before a test replaces them.
const own = timersOf(timers)

function timersOf({ setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate }: typeof Timers) {
  return { setTimeout, clearTimeout, setInterval, clearInterval, setImmediate, clearImmediate }
}

let loadedCrypto: typeof Crypto | undefined
let loadedDns: typeof Dns | undefined

/**
 * Loads a module by `load`, with Node's own timers: a module of Node keeps for ever what `node:timers` has when it is loaded (TLS
 * over a stream that is no socket does), and a test's fake timers stand there as well.
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
