// node:net, when it is first needed. It takes as long to load as a third of this library, and whoever only imports us, or
// tests in memory, needs none of it. Rooms that are loaded when somebody listens or connects import it as usual.

import type * as Net from 'node:net'

let loaded: typeof Net | undefined

export function net(): typeof Net {
  loaded ??= process.getBuiltinModule('node:net')
  return loaded
}
