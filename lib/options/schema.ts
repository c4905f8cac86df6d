// Strict objects and lists of options as zod schemas, the table that has one line for each option, and the two checks that throw.
// A check reports every mistake at once: unknown keys by their own path, values that do not fit, and contradictions beside both.
// No option is named here.
//
// zod's `strictObject` is not used: it reports all unknown keys of an object as one issue at the path of the object, and takes the text of
// that issue from Object.prototype if a program has put a `message` there. It would also need one more schema for each optional member,
// made at import.
// Decision: docs/decisions/options-are-checked-by-zod.md

import type * as z from 'zod/mini'
import { safeParse, transform } from 'zod/mini'
import { InvalidOptionsError, type Issue } from '../errors.js'
import { isOptions, withoutPrototype } from './own.js'
import { suggestion } from './suggestion.js'
import { type Context, type Meant, mismatch, report, shown } from './values.js'

/** Where a value stands within the options. */
export type Path = readonly (string | number)[]

/** A schema for each option of `T`. */
export type Shape<T> = { readonly [K in keyof T]-?: z.ZodMiniType<Exclude<T[K], undefined>> }

/** Options of `T` that passed a check: those that were given. */
export type Checked<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

/** Options of `T` with a value for each. */
export type Resolved<T> = { [K in keyof T]-?: Exclude<T[K], undefined> }

/** `T`, with the types that its schemas make of some options. */
export type Replaced<T, R> = Omit<T, keyof R> & R

/** What holds for a strict object beyond its members. */
export interface Rules<T> {
  /** Reports what cannot go together. A member that was given is `in` its argument; its value is undefined if it does not fit. */
  readonly contradictions?: ((given: Checked<T>) => readonly Issue[]) | undefined
  /** How an input that is no object is written as options. */
  readonly meant?: Meant | undefined
  /** What to do about an unknown key, if that is known better than by its spelling. */
  readonly elsewhere?: ((key: string) => string | undefined) | undefined
}

/**
 * An object with the members of `shape` and no others. Each may be left out, and `undefined` is left out. Only own enumerable members
 * count. The output has the members that were given, and inherits nothing.
 */
export function strictObject<T extends object>(shape: Shape<T>, rules: Rules<T> = {}): z.ZodMiniType<Checked<T>> {
  const { contradictions, meant, elsewhere } = rules
  const names = Object.keys(shape) as (keyof T & string)[]
  return transform((input: unknown, context: Context) => {
    const checked = withoutPrototype({}) as Checked<T>
    if (!isOptions(input)) {
      report(context, [], mismatch('an object of options', meant)({ input }))
      return checked
    }
    const given = membersOf(input, names, context, elsewhere)
    if (given === undefined) return checked
    for (const name of names) if (name in given) checked[name] = parsed(shape[name], given[name], context, [name]) as never
    for (const { path, message } of contradictions?.(checked) ?? []) report(context, path, message)
    return checked
  })
}

const UNREADABLE = 'expected something that can be read, got an exception'

/** The own members of a program's object, each read once: a getter may throw, or return another value the second time. */
function membersOf(
  input: Record<string, unknown>,
  names: readonly string[],
  context: Context,
  elsewhere: Rules<object>['elsewhere'],
): Record<string, unknown> | undefined {
  const given: Record<string, unknown> = withoutPrototype({})
  let at: string[] = []
  try {
    for (const key of Object.keys(input)) {
      at = [key]
      if (!names.includes(key)) report(context, at, unknownKey(key, names, elsewhere?.(key)))
      else {
        const member = input[key]
        if (member !== undefined) given[key] = member
      }
    }
    return given
  } catch (cause) {
    report(context, at, UNREADABLE, { cause })
    return undefined
  }
}

/** More names than this do not help in a message. */
const FEW = 12

function unknownKey(key: string, names: readonly string[], elsewhere: string | undefined): string {
  const instead = elsewhere ?? suggestion(key, names)
  if (instead !== undefined) return `unknown option; ${instead}`
  return names.length > FEW ? 'unknown option' : `unknown option; expected one of ${names.join(', ')}`
}

/** How one element is written as a list. */
function meantList(input: unknown): string | undefined {
  if (typeof input === 'string') return `[${shown(input)}]`
  return isOptions(input) ? 'a list, [{ … }]' : undefined
}

/** A list of at least `least` elements, copied before its elements are checked: a Proxy may give others the second time. */
export function list<T>(expected: string, element: z.ZodMiniType<T>, least = 1): z.ZodMiniType<T[]> {
  return transform((input: unknown, context: Context): T[] => {
    let items: unknown[] = []
    try {
      if (!Array.isArray(input)) report(context, [], mismatch(expected, meantList)({ input }))
      else if ((items = [...input]).length < least) report(context, [], `expected ${expected}, got an empty one`)
    } catch (cause) {
      report(context, [], UNREADABLE, { cause })
    }
    return items.map((item, at) => parsed(element, item, context, [at]) as T)
  })
}

/** What `schema` makes of a value at `path`. If it does not fit: undefined, and its issues are added to those of `context`. */
export function parsed<T>(schema: z.ZodMiniType<T>, input: unknown, context: Context, path: Path = []): T | undefined {
  const result = safeParse(schema, input)
  if (result.success) return result.data
  const issues = result.error.issues.map((issue) => ({ ...issue, path: [...path, ...issue.path] }))
  context.issues.push(...(issues as Context['issues']))
  return undefined
}

/** One line of a table: what fits, and what holds if nothing is given. */
export interface Option<T> {
  readonly schema: z.ZodMiniType<T>
  readonly fallback: T
}

/** Options by name: schema, default and the reason for it in one place. */
export type Table<T> = { readonly [K in keyof T]: Option<T[K]> }

export function option<T>(schema: z.ZodMiniType<T>, fallback: T): Option<T> {
  return { schema, fallback }
}

/** The schemas of a table. */
export function shapeOf<T extends object>(table: Table<T>): Shape<T> {
  return column(table, 'schema') as Shape<T>
}

/** The defaults of a table; frozen, since all share them. */
export function defaultsOf<T extends object>(table: Table<T>): Readonly<T> {
  return Object.freeze(column(table, 'fallback')) as Readonly<T>
}

function column(table: object, of: keyof Option<unknown>): object {
  return Object.fromEntries(Object.entries(table).map(([name, option]) => [name, option[of]]))
}

/** An issue as the schemas of this room report it. */
interface Finding extends Issue {
  readonly params?: { readonly impossible?: true; readonly cause?: unknown } | undefined
}

/**
 * Checks options.
 *
 * @throws InvalidOptionsError with an issue for each mistake; its paths begin with `path`
 */
export function checkOptions<T>(schema: z.ZodMiniType<T>, options: unknown, path: Path = []): T {
  const result = safeParse(schema, options)
  if (result.success) return result.data
  const findings = result.error.issues as unknown as Finding[]
  const issues = findings.map((finding) => ({ path: [...path, ...finding.path], message: finding.message }))
  throw new InvalidOptionsError({ issues, cause: causeOf(findings) })
}

/**
 * Checks the argument of a method.
 *
 * @throws TypeError for a value that is no object of options, a member of a wrong type, or an unknown key
 * @throws RangeError if all types are right and a value is impossible
 */
export function checkArgument<T>(schema: z.ZodMiniType<T>, argument: unknown): T {
  const result = safeParse(schema, argument)
  if (result.success) return result.data
  const findings = result.error.issues as unknown as Finding[]
  const message = findings.map(({ path, message }) => [...path, message].join(': ')).join('; ')
  const Mistake = findings.every(({ params }) => params?.impossible) ? RangeError : TypeError
  const cause = causeOf(findings)
  throw new Mistake(message, cause === undefined ? undefined : { cause })
}

/** What a getter threw. */
function causeOf(findings: readonly Finding[]): unknown {
  return findings.find(({ params }) => params?.cause !== undefined)?.params?.cause
}
