// Preloaded by `node --import`, it runs specs on dist/ instead of build/lib: an import of a compiled entry point resolves to that of
// the bundle. An import of an internal module of the library fails with an error.

import { register } from 'node:module'
import { pathToFileURL } from 'node:url'
import { entries, root } from './entries.js'

const base = pathToFileURL(`${root}/`).href
const library = `${base}build/lib/`
const bundled = Object.fromEntries(entries.map(({ name, source }) => [`${library}${source}.js`, `${base}dist/${name}.js`]))

const hooks = `
  let library, bundled
  export function initialize(data) { ({ library, bundled } = data) }
  export async function resolve(specifier, context, next) {
    const resolved = await next(specifier, context)
    if (!resolved.url.startsWith(library)) return resolved
    const url = bundled[resolved.url]
    if (url === undefined) throw new Error(context.parentURL + ' reaches behind the entry points: ' + resolved.url)
    return { ...resolved, url }
  }`

register(`data:text/javascript,${encodeURIComponent(hooks)}`, { data: { library, bundled } })
