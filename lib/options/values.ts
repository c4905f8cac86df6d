// The kinds of value that options have: sizes, counts, times, flags, and a few of Node's objects. Each is one zod schema with one
// sentence that says what was expected, so that every message reads alike: "expected …, got …". A number that cannot be meant is
// marked as impossible: `checkArgument` makes a RangeError of it. No option is named here, and no default.

import type * as z from 'zod/mini'
import { custom, transform } from 'zod/mini'
import { util } from '../builtins.js'
import { hintFor, tagOf } from '../kind-of.js'
import { type Clock, LONGEST_TIMER } from '../transport/clock.js'

/** Where a transform reports what is wrong. */
export type Context = Parameters<Parameters<typeof z.transform>[0]>[1]

/** How a value that does not fit is written right, if that can be known. */
export type Meant = (input: unknown) => string | undefined

/** Adds an issue to those of `context`. */
export function report(context: Context, path: readonly (string | number)[], message: string, params?: object): void {
  context.issues.push({ code: 'custom', path: [...path], message, input: undefined, params })
}

/** The longest piece of a string that a message quotes: enough to recognise it, not enough to flood a log. */
const QUOTED = 40

/** A value as a message shows it: a scalar as it is, anything else by its kind only. Never throws. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return value.length > QUOTED ? `${util().inspect(value.slice(0, QUOTED))}…` : util().inspect(value)
  if (typeof value === 'function' || typeof value === 'symbol') return `a ${typeof value}`
  if (typeof value !== 'object' || value === null) return util().inspect(value)
  const tag = tagOf(value)
  if (tag === 'Array') return 'an array'
  const words = [tag === 'Object' ? undefined : tag, hintFor(value)].filter((word) => word !== undefined)
  return words.length === 0 ? 'an object' : `an object (${words.join(': ')})`
}

/** The sentence for a value that does not fit. */
export function mismatch(expected: string, meant?: Meant): (issue: { input?: unknown }) => string {
  return ({ input }) => {
    const instead = meant?.(input)
    return `expected ${expected}, got ${shown(input)}${instead === undefined ? '' : `; write ${instead}`}`
  }
}

/** A value for which `is` holds. If `is` throws (a getter, a Proxy), the value does not fit. */
export function value<T>(expected: string, is: (value: unknown) => boolean, meant?: Meant): z.ZodMiniType<T> {
  const passes = (value: unknown): boolean => {
    try {
      return is(value)
    } catch {
      return false
    }
  }
  return custom<T>(passes, { error: mismatch(expected, meant) })
}

/** What `make` returns for a value. If it returns undefined or throws (a getter, a Proxy), the value does not fit. */
export function made<T>(expected: string, make: (input: never) => T | undefined): z.ZodMiniType<T> {
  return transform((input: unknown, context: Context): T => {
    let result: T | undefined
    try {
      result = make(input as never)
    } catch {
      // As if it were undefined.
    }
    if (result === undefined) report(context, [], mismatch(expected)({ input }))
    return result as T
  })
}

const IMPOSSIBLE = { impossible: true }

/** How a text that says a number is written, as the environment and the command line give it. */
function meantNumber(input: unknown): string | undefined {
  const isText = typeof input === 'string' && input.trim() !== '' && input.length <= QUOTED
  return isText && !Number.isNaN(Number(input)) ? `Number(${util().inspect(input)})` : undefined
}

/** A number for which `possible` holds, and what `resolve` makes of it. NaN is a number too, and an impossible one. */
export function number(
  expected: string,
  possible: (value: number) => boolean,
  { meant = meantNumber, resolve = (value) => value }: { meant?: Meant; resolve?: (value: number) => number } = {},
): z.ZodMiniType<number> {
  return transform((input: unknown, context: Context): number => {
    const isNumber = typeof input === 'number'
    if (isNumber && possible(input)) return resolve(input)
    report(context, [], mismatch(expected, meant)({ input }), isNumber ? IMPOSSIBLE : undefined)
    return Number.NaN
  })
}

/** A whole number from `low` to `high`. */
export function whole(low: number, high: number): z.ZodMiniType<number> {
  return number(`a whole number from ${low} to ${high}`, (value) => Number.isInteger(value) && value >= low && value <= high)
}

/** A whole number from `low` on. */
export function wholeFrom(low: number): z.ZodMiniType<number> {
  return number(`a whole number, ${low} or more`, (value) => Number.isInteger(value) && value >= low)
}

/** A limit on bytes or on a count: a whole number from `low` on, or Infinity for none. */
export function limitFrom(low: number): z.ZodMiniType<number> {
  const possible = (value: number): boolean => (Number.isInteger(value) && value >= low) || value === Infinity
  return number(`a whole number, ${low} or more, or Infinity`, possible)
}

// Node's timer fires at once if its delay is beyond its range, which is the opposite of what was asked for. So a time that
// no timer can hold is Infinity, and the rest of the library asks `=== Infinity` alone.
const resolve = (ms: number): number => (ms > LONGEST_TIMER ? Infinity : ms)

/** A limit in milliseconds, fractions too; Infinity, or more than a timer can hold, means none. */
export const time: z.ZodMiniType<number> = number('milliseconds, more than 0, or Infinity for no limit', (ms) => ms > 0, { resolve })

/** The same, if 0 makes sense. */
export const timeOrZero: z.ZodMiniType<number> = number('milliseconds, 0 or more, or Infinity for no limit', (ms) => ms >= 0, { resolve })

export const flag: z.ZodMiniType<boolean> = value('true or false', (value) => typeof value === 'boolean')

// Not `instanceof`: a signal of another realm (a vm context, jsdom, a polyfill) fits as well.
export const abortSignal: z.ZodMiniType<AbortSignal> = value('an AbortSignal', (value) => {
  const signal = value as AbortSignal
  return typeof signal.aborted === 'boolean' && typeof signal.addEventListener === 'function'
})

export const clock: z.ZodMiniType<Clock> = value('a clock, as `manualClock()` makes it', (value) => {
  const { now, setTimer } = value as Clock
  return typeof now === 'function' && typeof setTimer === 'function'
})
