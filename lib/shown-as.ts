// What `util.inspect` and `console.log` print for a connection or a server: its class and a few properties, but no payload and
// no keys.

import type { InspectOptions } from 'node:util'
import { util } from './builtins.js'

/** Returns `name { … }` with the facts that are defined, or `[name]` below the depth of `util.inspect`. */
export function shownAs(name: string, facts: object, depth: number, options: InspectOptions): string {
  if (depth < 0) return `[${name}]`
  const known = Object.entries(facts).filter(([, value]) => value !== undefined)
  return `${name} ${util().inspect(Object.fromEntries(known), { ...options, depth: 1 })}`
}

/** Prints an object; returns undefined for one that inherits from the class but is no instance of it. */
type Show = (object: object, depth: number, options: InspectOptions) => string | undefined

/** Makes `util.inspect` print the instances of a class by `show`. The method is no part of the class's type. */
export function showBy(prototype: object, name: string, show: Show): void {
  const value = function (this: object, depth: number, options: InspectOptions): string {
    return show(this, depth, options) ?? `[${name}]`
  }
  Object.defineProperty(prototype, Symbol.for('nodejs.util.inspect.custom'), { value, writable: true, configurable: true })
}
