// Node's own TLS, loaded when it is first needed: a program without TLS does not pay for it. Not by `import()`, since what
// is decided at a call (`startTls`, `memoryServer`) cannot wait.

import type Tls from 'node:tls'
import { withOwnTimers } from '../builtins.js'

let loaded: typeof Tls | undefined

export function nodeTls(): typeof Tls {
  loaded ??= withOwnTimers(() => process.getBuiltinModule('node:tls') as typeof Tls)
  return loaded
}
