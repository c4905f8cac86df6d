// node:net, when it is first needed. It takes as long to load as a third of this library, and whoever only imports us, or
// tests in memory, needs none of it. Rooms that are loaded when somebody listens or connects import it as usual.

import type * as Net from 'node:net'
import { withOwnTimers } from './builtins.js'

let loaded: typeof Net | undefined

export function net(): typeof Net {
  loaded ??= withOwnTimers(() => process.getBuiltinModule('node:net'))
  return loaded
}
