// Imports a module of the examples into the process of a spec, for pairs in memory and clocks that are advanced by hand. In it the
// names `linnet`, `linnet/framing` and `linnet/testing` are build/lib, so that a spec and the example share one library. On Deno
// and Bun scripts/runtimes/ resolves these names: they do not run the hooks of Node.

import * as modules from 'node:module'

const library = new URL('../../lib/', import.meta.url).href
const examples = new URL('../../examples/', import.meta.url).href

type Next = (specifier: string, context: unknown) => unknown
type Resolve = (specifier: string, context: { parentURL?: string }, next: Next) => unknown

const hook: Resolve = (specifier, context, next) => {
  const name = /^linnet(?:\/(framing|testing))?$/.exec(specifier)
  if (name === null || !context.parentURL?.startsWith(examples)) return next(specifier, context)
  return { url: `${library}${name[1] === undefined ? '' : `${name[1]}/`}index.js`, format: 'module', shortCircuit: true }
}

// From Node 22 on, where `register` is deprecated later.
const { registerHooks } = modules as { registerHooks?: (hooks: { resolve: Resolve }) => void }
if (registerHooks !== undefined) registerHooks({ resolve: hook })
else {
  const code = `
    let library, examples
    export function initialize(data) { ({ library, examples } = data) }
    export async function resolve(specifier, context, next) { return (${hook})(specifier, context, next) }`
  modules.register(`data:text/javascript,${encodeURIComponent(code)}`, { data: { library, examples } })
}

/** `name`: the path in examples/, without its extension. */
export async function importExample<T>(name: string): Promise<T> {
  return (await import(`${examples}${name}.js`)) as T
}
