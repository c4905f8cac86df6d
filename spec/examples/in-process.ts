// Imports a module of the examples into the process of a spec, for pairs in memory and clocks that are advanced by hand. In it the
// names `linnet`, `linnet/framing` and `linnet/testing` are build/lib, so that a spec and the example share one library.

import { register } from 'node:module'

const library = new URL('../../lib/', import.meta.url).href
const examples = new URL('../../examples/', import.meta.url).href

const hooks = `
  let library, examples
  export function initialize(data) { ({ library, examples } = data) }
  export async function resolve(specifier, context, next) {
    const name = /^linnet(?:\\/(framing|testing))?$/.exec(specifier)
    if (name === null || !context.parentURL?.startsWith(examples)) return next(specifier, context)
    return { url: library + (name[1] === undefined ? '' : name[1] + '/') + 'index.js', format: 'module', shortCircuit: true }
  }`

register(`data:text/javascript,${encodeURIComponent(hooks)}`, { data: { library, examples } })

/** `name`: the path in examples/, without its extension. */
export async function importExample<T>(name: string): Promise<T> {
  return (await import(`${examples}${name}.js`)) as T
}
