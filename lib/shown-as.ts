// How a connection or a server is printed by `util.inspect` and `console.log`: its name and a few facts, no payload, no key.

import { type InspectOptions, inspect } from 'node:util'

/** `name { … }` with those facts that there are; the name alone within objects that are printed in short. */
export function shownAs(name: string, facts: object, depth: number, options: InspectOptions): string {
  if (depth < 0) return `[${name}]`
  const known = Object.entries(facts).filter(([, value]) => value !== undefined)
  return `${name} ${inspect(Object.fromEntries(known), { ...options, depth: 1 })}`
}

/** What shows an object; undefined for one that only inherits from a class of ours. */
type Show = (object: object, depth: number, options: InspectOptions) => string | undefined

/** Has `util.inspect` and `console.log` show the instances of a class by `show`. Not a member of the class's type. */
export function showBy(prototype: object, name: string, show: Show): void {
  const value = function (this: object, depth: number, options: InspectOptions): string {
    return show(this, depth, options) ?? `[${name}]`
  }
  Object.defineProperty(prototype, inspect.custom, { value, writable: true, configurable: true })
}
