// The only door to zod, which checks the options and is loaded by the first check of real ones, not by `import 'linnet'`:
// `zod/mini` brings the messages of all its languages along, and takes longer to load than all the rest of the library.
// So no other module imports it but for its types, and every schema is a function that makes it when it is first needed.
// There are two ways to load it, since some of those who check cannot wait; whichever comes first serves all.

import { createRequire } from 'node:module'
import type * as Mini from 'zod/mini'

/** What is made when it is first called for: a schema, or the schemas of a table. */
export type Lazy<T> = () => T

/** Makes a thing on the first call, and answers every later one with the same thing. What `make` throws is not kept. */
export function once<T extends object>(make: () => T): Lazy<T> {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}

let loaded: typeof Mini | undefined

/**
 * zod, at once: what is loaded, or else its CommonJS build, which alone can be loaded without waiting. `pair()`,
 * `Connection.from()` and `setLimits` check before they return, and so come here unprepared.
 *
 * A bundler does not see this `require`. In a bundle it finds zod in `node_modules`, or `loadZod` must have come first.
 *
 * @throws what `require` throws where zod is not installed
 */
export function zod(): typeof Mini {
  loaded ??= createRequire(import.meta.url)('zod/mini') as typeof Mini
  return loaded
}

/**
 * Loads zod by an `import`, for those who can wait, as `listen` can: it blocks nobody, a bundler sees it, and it is the
 * copy that a program has already loaded which imports zod itself. Afterwards `zod()` finds it; if zod is there, in
 * either build, this does nothing.
 *
 * Rejects with what `import` rejects with where zod is not installed.
 */
export async function loadZod(): Promise<void> {
  if (loaded !== undefined) return
  const imported = await import('zod/mini')
  // Not `loaded ??= await …`, which looks before it waits: a check may have come meanwhile, and schemas of that build exist.
  loaded ??= imported
}

/**
 * Has zod there before a check, for those who can wait. It is required where it can be: an import opens all of its files
 * at once, more than fifty, and fails where a process may not have so many open (EMFILE, `ulimit -n 64`). The import is
 * for a bundle, where there is nothing to require.
 *
 * @param require - how it is tried first
 */
export async function prepareZod(require: () => unknown = zod): Promise<void> {
  try {
    require()
  } catch {
    await loadZod()
  }
}
