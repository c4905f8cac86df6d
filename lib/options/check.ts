// The two ways in which a check ends badly: options are told by an InvalidOptionsError with all its issues, the argument
// of a method by Node's TypeError or RangeError. And the table, in which every option has its line: what fits, and what
// holds where nothing is given. No option is named here,
// and nothing but these errors ever comes out.

import type * as z from 'zod/mini'
import { safeParse } from 'zod/mini'
import { InvalidOptionsError, type Issue } from '../errors.js'
import type { Lazy } from './once.js'
import type { Shape } from './record.js'

/** Where a value stands within the options. */
export type Path = readonly (string | number)[]

/** One line of a table. */
export interface Option<T> {
  readonly schema: Lazy<z.ZodMiniType<T>>
  readonly fallback: T
}

/** Options by name: a schema, a default and its reason in one place. */
export type Table<T> = { readonly [K in keyof T]: Option<T[K]> }

/** What fits, made by the first check, and what holds where the option is not given. */
export function option<T>(schema: Lazy<z.ZodMiniType<T>>, fallback: T): Option<T> {
  return { schema, fallback }
}

/** The schemas of a table. */
export function shapeOf<T extends object>(table: Table<T>): Shape<T> {
  return column(table, ({ schema }) => schema()) as Shape<T>
}

/** The defaults of a table; frozen, since all share them. */
export function defaultsOf<T extends object>(table: Table<T>): Readonly<T> {
  return Object.freeze(column(table, ({ fallback }) => fallback)) as Readonly<T>
}

function column(table: object, cell: (option: Option<unknown>) => unknown): object {
  return Object.fromEntries(Object.entries(table).map(([name, option]) => [name, cell(option)]))
}

/** An issue as it comes out of the schemas of this room. */
interface Finding extends Issue {
  readonly params?: { readonly impossible?: true; readonly cause?: unknown } | undefined
}

/**
 * Checks options.
 *
 * @throws InvalidOptionsError with an issue for everything that is wrong; its paths begin with `path`.
 */
export function checkOptions<T>(schema: z.ZodMiniType<T>, options: unknown, path: Path = []): T {
  const result = safeParse(schema, options, { jitless: true })
  if (result.success) return result.data
  const findings = result.error.issues as unknown as Finding[]
  const issues = findings.map((finding) => ({ path: [...path, ...finding.path], message: finding.message }))
  throw new InvalidOptionsError({ issues, cause: causeOf(findings) })
}

/**
 * Checks the argument of a method.
 *
 * @throws TypeError for what is no object of options, has a value of a wrong type or an unknown key
 * @throws RangeError where all types are right and a value is impossible
 */
export function checkArgument<T>(schema: z.ZodMiniType<T>, argument: unknown): T {
  const result = safeParse(schema, argument, { jitless: true })
  if (result.success) return result.data
  const findings = result.error.issues as unknown as Finding[]
  const message = findings.map(({ path, message }) => [...path, message].join(': ')).join('; ')
  const Mistake = findings.every(({ params }) => params?.impossible) ? RangeError : TypeError
  const cause = causeOf(findings)
  throw new Mistake(message, cause === undefined ? undefined : { cause })
}

// What a getter threw: the one thing that a message cannot say.
function causeOf(findings: readonly Finding[]): unknown {
  return findings.find(({ params }) => params?.cause !== undefined)?.params?.cause
}
