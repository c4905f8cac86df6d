// Objects and lists of options as zod schemas: each is read once, property by property, and all that is wrong with it is
// told together, an unknown key by its own path. They know no option by name, and no default: what was not given is not
// there, and what is inherited neither. The rule they keep: a getter that throws or a proxy that lies is an issue like any other, never an exception.

import type * as z from 'zod/mini'
import { array, object, optional, pipe, safeParse, transform } from 'zod/mini'
import type { Issue } from '../errors.js'
import { bare, isOptions } from './own.js'
import { suggestion } from './suggestion.js'
import { mismatch, shown } from './values.js'

/** The schemas of an object's properties. All of them may be left out. */
export type Shape<T> = { readonly [K in keyof T]: z.ZodMiniType<T[K]> }

/** The properties that were given, not checked yet. */
export type Given = { readonly [name: string]: unknown }

/** Where a transform reports what is wrong. */
export type Context = Parameters<Parameters<typeof z.transform>[0]>[1]

const optionals = new WeakMap<z.ZodMiniType, z.ZodMiniType>()

/** The schema of a property that may be left out; one for all records that have it, since each costs some of the start. */
function leftOut(schema: z.ZodMiniType): z.ZodMiniType {
  const known = optionals.get(schema) ?? optional(schema)
  optionals.set(schema, known)
  return known
}

/** Reports one thing that is wrong. */
export function report(context: Context, path: readonly (string | number)[], message: string, params?: object): void {
  context.issues.push({ code: 'custom', path: [...path], message, input: undefined, params })
}

/**
 * An object with the properties of `shape`, each of which may be left out (`undefined` is left out), and no others.
 * `contradictions` sees what was given and says what cannot go together; `meant` says how what is no object is written as
 * one. `elsewhere` says where an option belongs that is unknown here. The output holds only what was given.
 */
export function record<T extends object>(
  shape: Shape<T>,
  contradictions?: (given: Given) => Issue[],
  meant?: (input: unknown) => string | undefined,
  elsewhere?: (key: string) => string | undefined,
): z.ZodMiniType<Partial<T>> {
  const names = Object.keys(shape)
  const properties = object(Object.fromEntries(names.map((name) => [name, leftOut(shape[name as keyof T])]))) as z.ZodMiniType<Partial<T>>

  return transform((input: unknown, context: Context) => {
    if (!isOptions(input)) {
      report(context, [], mismatch('an object of options', meant)({ input }))
      return bare({})
    }
    const given = read(input, names, context, elsewhere)
    for (const { path, message } of contradictions?.(given) ?? []) report(context, path, message)
    // Run here and not as the next schema of a pipe, which would not run at all once an unknown key was reported:
    // whoever made two mistakes shall hear of both. Without code generation, which costs more than a check ever wins.
    const result = safeParse(properties, given, { jitless: true })
    if (!result.success) context.issues.push(...(result.error.issues as Context['issues']))
    return bare(result.data as Partial<T>)
  })
}

// The only place that touches a program's object, and it looks at each property once: a getter may throw, or say
// something else the second time, and nothing behind this should have to think of that.
function read(
  input: Record<string, unknown>,
  names: readonly string[],
  context: Context,
  elsewhere: (key: string) => string | undefined = () => undefined,
): Given {
  const given: Record<string, unknown> = Object.create(null)
  let at: string[] = []
  try {
    const keys = Object.keys(input)
    for (const name of names) {
      if (!keys.includes(name)) continue
      at = [name]
      const property = input[name]
      if (property !== undefined) given[name] = property
    }
    at = []
    for (const key of keys) if (!names.includes(key)) report(context, [key], unknown(key, names, elsewhere(key)))
  } catch (cause) {
    report(context, at, UNREADABLE, { cause })
  }
  return given
}

const UNREADABLE = 'expected something that can be read, got an exception'

/** More names than this are no help in a message. */
const FEW = 12

function unknown(key: string, names: readonly string[], elsewhere: string | undefined): string {
  const instead = elsewhere ?? suggestion(key, names)
  if (instead !== undefined) return `unknown option; ${instead}`
  return names.length > FEW ? 'unknown option' : `unknown option; expected one of ${names.join(', ')}`
}

/** One element that is not in a list. */
function meantList(input: unknown): string | undefined {
  if (typeof input === 'string') return `[${shown(input)}]`
  return isOptions(input) ? 'a list, [{ … }]' : undefined
}

/** A list with at least so many elements, copied before it is looked at, for the reason given at `read`. */
export function list<T>(expected: string, element: z.ZodMiniType<T>, least = 1): z.ZodMiniType<T[]> {
  // Only the copy leaves this function: zod asks what a transform returns whether it is a Promise, and refuses one by an
  // error of another kind.
  const copy = transform((input: unknown, context: Context): unknown[] => {
    let items: unknown[] | undefined
    try {
      if (Array.isArray(input)) items = [...input]
    } catch (cause) {
      report(context, [], UNREADABLE, { cause })
      return []
    }
    if (items === undefined) report(context, [], mismatch(expected, meantList)({ input }))
    else if (items.length < least) report(context, [], `expected ${expected}, got an empty one`)
    return items ?? []
  })
  return pipe(copy, array(element))
}

/** What `make` makes of a value, which it looks at once; what it makes nothing of, or throws at, does not fit. */
export function made<T>(expected: string, make: (input: never) => T | undefined): z.ZodMiniType<T> {
  return transform((input: unknown, context: Context): T => {
    let result: T | undefined
    try {
      result = make(input as never)
    } catch {
      // A getter of the program's.
    }
    if (result === undefined) report(context, [], mismatch(expected)({ input }))
    return result as T
  })
}
