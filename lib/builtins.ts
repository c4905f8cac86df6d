// Modules of Node that take as long to load as a part of this library, loaded when they are first needed (`net.ts` and
// `tls/node.ts` do the same). By `getBuiltinModule` and not by `import()`: it needs no descriptor, so it cannot fail for the
// want of one; and what is decided at a call (`startTls`, `memoryServer`) cannot wait.

import type * as Crypto from 'node:crypto'
import type * as Dns from 'node:dns'

let loadedCrypto: typeof Crypto | undefined
let loadedDns: typeof Dns | undefined

/** node:crypto. */
export function crypto(): typeof Crypto {
  loadedCrypto ??= process.getBuiltinModule('node:crypto')
  return loadedCrypto
}

/** node:dns. */
export function dns(): typeof Dns {
  loadedDns ??= process.getBuiltinModule('node:dns')
  return loadedDns
}
