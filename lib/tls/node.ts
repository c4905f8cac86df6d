// Node's TLS module, loaded at first use, so that a program without TLS does not load it. `import()` is not possible, because
// `startTls` and `memoryServer` need it synchronously.

import type Tls from 'node:tls'
import { withOwnTimers } from '../builtins.js'

let loaded: typeof Tls | undefined

export function nodeTls(): typeof Tls {
  loaded ??= withOwnTimers(() => process.getBuiltinModule('node:tls') as typeof Tls)
  return loaded
}
