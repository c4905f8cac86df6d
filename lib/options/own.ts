// Options of a method that are checked by hand. Only an object's own members count: what it inherits is no option.

import { kindOf, tagOf } from '../kind-of.js'
import { suggestion } from './suggestion.js'

/** A copy of the own members of an options object, which inherits nothing. */
export function ownMembers<Name extends string>(options: object | undefined): { [name in Name]?: unknown } {
  return Object.assign(Object.create(null), options)
}

/** The same for an object whose members are known: checked options, or an argument of one of Node's functions. Reads each member once. */
export function withoutPrototype<T extends object>(object: T): T {
  return Object.assign(Object.create(null), object)
}

/** The value of an option. Only a member of the object itself counts, not one of its prototype. */
export function ownOption(options: unknown, name: string): unknown {
  if (typeof options !== 'object' || options === null || !Object.hasOwn(options, name)) return undefined
  return (options as Record<string, unknown>)[name]
}

/** Whether a value can be an object of options. */
export function isOptions(input: unknown): input is Record<string, unknown> {
  // An instance of a program's own class fits, and so does a module namespace. A Map, a Promise that was not awaited, a URL, a signal or
  // an array is a mistake: it would count as an empty object.
  if (typeof input !== 'object' || input === null) return false
  const tag = tagOf(input)
  return tag === 'Object' || tag === 'Module'
}

/** What a value is that is no object of options, and how a signal is written as one. */
export function noOptions(value: unknown): string {
  const signal = typeof value === 'object' && value !== null && /^Abort(Signal|Controller)$/.test(tagOf(value))
  return `${kindOf(value)}${signal ? ': write { signal }' : ''}`
}

/** The sentence for an option that a method does not have. */
export function unknownOption(what: string, name: string, known: readonly string[]): string {
  return `${what} has no option '${name}'; ${suggestion(name, known, "'") ?? `expected one of ${known.join(', ')}`}`
}

/**
 * The options of a method: own enumerable members, all of which `known` names. A member that is undefined is not given.
 *
 * @throws TypeError for a value that is no object of options, or has an unknown option
 */
export function optionsOf<Name extends string>(options: unknown, method: string, known: readonly Name[]): { [name in Name]?: unknown } {
  if (options === undefined) return ownMembers(options)
  if (!isOptions(options)) throw new TypeError(`options must be an object, not ${noOptions(options)}`)
  const own = ownMembers<string>(options)
  for (const name of Object.keys(own)) {
    if (own[name] !== undefined && !known.includes(name as Name)) throw new TypeError(unknownOption(method, name, known))
  }
  return own as { [name in Name]?: unknown }
}
