// node:net, loaded on first use. It takes as long to load as a third of this library, and a program that only imports linnet,
// or tests in memory, does not need it.

import type * as Net from 'node:net'
import { withOwnTimers } from './builtins.js'

let loaded: typeof Net | undefined

/** Returns node:net. */
export function net(): typeof Net {
  loaded ??= withOwnTimers(() => process.getBuiltinModule('node:net'))
  return loaded
}
